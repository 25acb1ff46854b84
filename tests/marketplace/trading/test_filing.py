"""Filed deals: confirmed by the other side, checked by a third hand, no trades."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.filings import OPEN_MAX, TooManyFilings
from marketplace.trading.market import Market
from marketplace.trading.snapshot import state
from marketplace.trading.venue import NotVerified, WrongOrder
from settlement.errors import IllegalMove, NotFound, OwnWork
from tests.floor import CASH, CAT, CNY, DAN, STAFF, VERA, opening

DEAL = c.FileTrade(VERA, VERA, CAT, True, "Sun", CNY, 500, 10, "", "ab" * 32)
YES = c.ConfirmFiling(CAT, CAT, 1, True, "")


@pytest.fixture
def market():
    """A floor where VERA has filed a deal with CAT."""
    market = Market()
    for seq, command in enumerate([*opening(), DEAL], start=20):
        market.apply(command, seq, seq)
    return market


def test_a_deal_is_confirmed_and_registered_and_moves_nothing(market):
    market.apply(YES, 40, 40)
    market.apply(c.RegisterFiling(STAFF, 1, True, ""), 41, 41)
    filing = market.filings.changed[1]
    assert (str(filing.state), filing.seller, filing.buyer) == ("registered", VERA, CAT)
    assert market.filings.live == {}
    assert market.ledger.balance(CAT, CNY) == CASH
    assert market.trades_new == []


def test_it_is_contested_with_a_reason_or_withdrawn_by_who_filed_it(market):
    market.apply(YES._replace(agrees=False, reason="never"), 40, 40)
    assert str(market.filings.changed[1].state) == "contested"
    market.apply(DEAL, 41, 41)
    market.apply(c.WithdrawFiling(VERA, VERA, 2), 42, 42)
    assert market.filings.live == {}


def test_a_registrar_refuses_with_a_reason(market):
    market.apply(YES, 40, 40)
    market.apply(c.RegisterFiling(STAFF, 1, False, "no contract"), 41, 41)
    assert market.filings.changed[1].reason == "no contract"


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (DEAL._replace(other=VERA), WrongOrder),
        (DEAL._replace(other=99), NotVerified),
        (DEAL._replace(title=" "), WrongOrder),
        (DEAL._replace(title="x" * 201), WrongOrder),
        (DEAL._replace(amount=-1), WrongOrder),
        (DEAL._replace(currency=77), WrongOrder),
        (DEAL._replace(dealt_us=41), WrongOrder),
        (DEAL._replace(evidence="x"), WrongOrder),
        (YES._replace(member=VERA), NotFound),
        (YES._replace(member=DAN), NotFound),
        (YES._replace(filing=-1), NotFound),
        (YES._replace(agrees=False), WrongOrder),
        (c.WithdrawFiling(CAT, CAT, 1), NotFound),
        (c.RegisterFiling(STAFF, 1, True, ""), IllegalMove),
        (c.RegisterFiling(VERA, 1, True, ""), OwnWork),
        (c.RegisterFiling(STAFF, 1, False, ""), WrongOrder),
    ],
)
def test_a_refused_step_leaves_no_trace(market, command, refusal):
    before = state(market)
    with pytest.raises(refusal):
        market.apply(command, 40, 40)
    assert state(market) == before


def test_who_confirmed_it_does_not_register_it_nor_is_it_answered_twice(market):
    market.apply(YES, 40, 40)
    with pytest.raises(OwnWork):
        market.apply(c.RegisterFiling(CAT, 1, True, ""), 41, 41)
    with pytest.raises(IllegalMove):
        market.apply(YES, 42, 42)
    with pytest.raises(IllegalMove):
        market.apply(c.WithdrawFiling(VERA, VERA, 1), 43, 43)


def test_a_member_has_so_many_waiting(market):
    for seq in range(OPEN_MAX - 1):
        market.apply(DEAL, 40 + seq, 400)
    with pytest.raises(TooManyFilings):
        market.apply(DEAL, 400, 400)
