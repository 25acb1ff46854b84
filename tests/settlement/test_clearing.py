"""Clearing: delivery, payment and fee in one set of transfers, or none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.clearing import Trade, clear
from settlement.errors import InsufficientBalance
from settlement.fees import FeeSchedule
from settlement.ledger import HOUSE, Ledger, Pocket, Transfer

VERA, CAT, CNY, SUN = 1, 2, 1, 1_000
FREE, HELD, OPEN = Pocket.FREE, Pocket.HELD, Pocket.OPEN


def trade(price, quantity, fee=0):
    """Return a trade in which cat buys SUN of vera."""
    return Trade(
        7, 3, 9, SUN, price, quantity, CNY, CAT, VERA, 1, 2, "buy", fee, "book",
        "settled",
    )  # fmt: skip


def given_to(ledger, owner, asset, pocket, amount):
    """Bring *amount* into an account from outside."""
    source = ledger.number(HOUSE, asset, OPEN)
    ledger.post(
        1, [Transfer(source, ledger.number(owner, asset, pocket), amount, "", 0)]
    )


def test_the_buyer_pays_the_price_and_the_seller_bears_the_fee():
    ledger = Ledger()
    given_to(ledger, CAT, CNY, FREE, 100)
    ledger.post(3, clear(ledger, trade(12, 3, fee=1), FREE, OPEN))
    balance = ledger.balance
    assert (balance(CAT, CNY), balance(VERA, CNY), balance(HOUSE, CNY)) == (64, 35, 1)
    assert (balance(CAT, SUN), balance(VERA, SUN, OPEN)) == (3, -3)


def test_each_transfer_says_why_and_for_which_trade():
    moves = clear(Ledger(), trade(12, 3, fee=1), FREE, OPEN)
    assert [(move.reason, move.amount, move.subject) for move in moves] == [
        ("delivery", 3, 7),
        ("payment", 36, 7),
        ("fee", 1, 7),
    ]


@pytest.mark.parametrize("pays_from", [FREE, HELD])
@pytest.mark.parametrize("delivers_from", [FREE, HELD])
def test_each_side_gives_from_the_pocket_that_was_named(pays_from, delivers_from):
    ledger = Ledger()
    for pocket in (FREE, HELD):
        given_to(ledger, CAT, CNY, pocket, 100)
        given_to(ledger, VERA, SUN, pocket, 10)
    ledger.post(3, clear(ledger, trade(12, 3), pays_from, delivers_from))
    assert ledger.balance(CAT, CNY, pays_from) == 64
    assert ledger.balance(CAT, CNY, HELD if pays_from is FREE else FREE) == 100
    assert ledger.balance(VERA, SUN, delivers_from) == 7
    assert ledger.balance(VERA, SUN, HELD if delivers_from is FREE else FREE) == 10


def test_what_costs_nothing_is_delivered_without_money_moving():
    moves = clear(Ledger(), trade(0, 3), FREE, OPEN)
    assert [move.reason for move in moves] == ["delivery"]


@pytest.mark.parametrize(("cash", "units"), [(35, 3), (36, 2)])
def test_without_the_money_or_the_units_neither_moves(cash, units):
    ledger = Ledger()
    given_to(ledger, CAT, CNY, FREE, cash)
    given_to(ledger, VERA, SUN, FREE, units)
    before = ledger.balance(CAT, CNY), ledger.balance(VERA, SUN)
    with pytest.raises(InsufficientBalance):
        ledger.post(3, clear(ledger, trade(12, 3, fee=1), FREE, FREE))
    assert (ledger.balance(CAT, CNY), ledger.balance(VERA, SUN)) == before
    assert ledger.balance(CAT, SUN) == ledger.balance(VERA, CNY) == 0


@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(0, 5_000))
def test_gross_is_net_and_fee_and_every_asset_sums_to_zero(price, quantity, bps):
    ledger, value = Ledger(), price * quantity
    if value:
        given_to(ledger, CAT, CNY, FREE, value)
    fee = FeeSchedule(1, bps).fee(value)
    ledger.post(3, clear(ledger, trade(price, quantity, fee), FREE, OPEN))
    assert ledger.balance(VERA, CNY) + ledger.balance(HOUSE, CNY) == value
    assert ledger.balance(HOUSE, CNY) == fee
    assert ledger.balance(CAT, CNY) == 0
    assert ledger.balance(CAT, SUN) == quantity
    assert set(ledger.totals().values()) == {0}
