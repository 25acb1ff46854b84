"""Commands on money coming in and going out: numbers, texts, and who is named."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.snapshot import digest
from marketplace.trading.venue import WrongOrder
from settlement.errors import InsufficientBalance, NotFound, OwnWork
from settlement.ledger import Pocket
from settlement.payments.payins import AmountOutOfRange, UnknownCurrency
from tests.scenario import PURPOSE, STAFF, SUN, Play

CAT, DAN, ASKER, SECOND, THIRD = 11, 12, 20, 902, 903
PAYIN = c.RequestPayin(ASKER, CAT, 1, 1_000, "无锡 invoice 7")
PAYOUT = c.RequestPayout(ASKER, CAT, 1, 400, "工商银行 6222 …")
ODD = ["", " ", "x" * 201, "a\nb", "a\x00b", "\x1b[2J", "\ud800", "\ue000", "\u0378"]


@pytest.fixture
def stage():
    """A market in which cat has paid in 1,000 fen."""
    play = Play()
    for member in (CAT, DAN):
        play.do(c.SetStanding(STAFF, member, verified=True))
    play.do(c.ConfirmPayin(STAFF, play.do(PAYIN)))
    return play


def purse(stage):
    """Return what cat has, free and held."""
    balance = stage.market.ledger.balance
    return balance(CAT, 1), balance(CAT, 1, Pocket.HELD)


def refused(stage, command, refusal):
    """Check that *command* is refused so, and changes nothing."""
    before = digest(stage.market)
    with pytest.raises(refusal):
        stage.do(command)
    assert digest(stage.market) == before


@pytest.mark.parametrize("text", ODD)
def test_odd_texts_are_refused(stage, text):
    refused(stage, PAYIN._replace(reference=text), WrongOrder)
    refused(stage, PAYOUT._replace(destination=text), WrongOrder)


@pytest.mark.parametrize("amount", [0, -1, 10**15 + 1, 2**63])
def test_amounts_outside_the_limits_are_refused(stage, amount):
    refused(stage, PAYIN._replace(amount=amount), AmountOutOfRange)
    refused(stage, PAYOUT._replace(amount=amount), AmountOutOfRange)


@pytest.mark.parametrize("currency", [0, 9, SUN, 2**63])
def test_only_currencies_come_in_and_go_out(stage, currency):
    refused(stage, PAYIN._replace(currency=currency), UnknownCurrency)
    refused(stage, PAYOUT._replace(currency=currency), UnknownCurrency)


def test_a_payout_passes_three_pairs_of_hands(stage):
    number = stage.do(PAYOUT)
    refused(stage, c.ApprovePayout(ASKER, number), OwnWork)
    stage.do(c.ApprovePayout(SECOND, number))
    refused(stage, c.PayPayout(SECOND, number), OwnWork)
    stage.do(c.PayPayout(THIRD, number))
    assert purse(stage) == (600, 0)
    refused(stage, c.PayPayout(THIRD, number), NotFound)


def test_money_held_for_a_bid_cannot_be_paid_out_nor_the_reverse(stage):
    line = c.Line(SUN, "buy", 7, 100, purpose=PURPOSE)
    stage.do(c.PlaceOrder(CAT, CAT, line))
    refused(stage, PAYOUT, InsufficientBalance)
    stage.do(c.CancelAll(CAT, CAT))
    stage.do(PAYOUT)
    refused(stage, c.PlaceOrder(CAT, CAT, line), InsufficientBalance)


def test_another_member_cannot_withdraw_a_payout(stage):
    number = stage.do(PAYOUT)
    refused(stage, c.CancelPayout(30, DAN, number), NotFound)
    stage.do(c.CancelPayout(ASKER, CAT, number))
    assert purse(stage) == (1_000, 0)


@pytest.mark.parametrize("approved", [False, True])
def test_a_failed_payout_frees_the_money(stage, approved):
    number = stage.do(PAYOUT)
    if approved:
        stage.do(c.ApprovePayout(SECOND, number))
    stage.do(c.FailPayout(THIRD, number))
    assert purse(stage) == (1_000, 0)


def test_a_rejected_payin_never_arrives(stage):
    number = stage.do(PAYIN)
    refused(stage, c.RejectPayin(ASKER, number), OwnWork)
    stage.do(c.RejectPayin(STAFF, number))
    refused(stage, c.ConfirmPayin(STAFF, number), NotFound)
    assert purse(stage) == (1_000, 0)


def test_a_large_payin_waits_for_a_second_person(stage):
    number = stage.do(PAYIN._replace(amount=10_000_001))
    assert stage.do(c.ConfirmPayin(STAFF, number)) == "pending"
    refused(stage, c.ApprovePayin(STAFF, number), OwnWork)
    refused(stage, c.ApprovePayin(ASKER, number), OwnWork)
    stage.do(c.ApprovePayin(SECOND, number))
    assert purse(stage) == (10_001_001, 0)


@pytest.mark.parametrize(
    "kind",
    [
        c.ConfirmPayin, c.ApprovePayin, c.RejectPayin,
        c.ApprovePayout, c.PayPayout, c.FailPayout,
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(stage, kind):
    for number in (0, -1, 77, 2**70):
        refused(stage, kind(STAFF, number), NotFound)
