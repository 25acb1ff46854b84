"""Free trials: once, free, over when the paid right begins."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.market import Market
from marketplace.trading.venue import (
    AboveCeiling,
    AlreadyTried,
    FixedFact,
    WrongOrder,
)
from tests.floor import CAT, CNY, DAN, STAFF, SUN, VERA, opening

TRY = 1_001
LISTED = c.ListInstrument(
    STAFF, TRY, "TRY", VERA, CNY, 1, 1, "{}", ("analysis",), 5_000, 3,
    transferable=False, price_max=0, trial_of=SUN,
)  # fmt: skip


def tries(member=CAT, quantity=1):
    """Return the order that begins a trial."""
    line = c.Line(TRY, "buy", 0, quantity, "IOC", purpose="analysis")
    return c.PlaceOrder(member, member, line)


def buys(member=CAT):
    """Return the order that buys the paid right."""
    line = c.Line(SUN, "buy", 12, 1, "IOC", purpose="analysis")
    return c.PlaceOrder(member, member, line)


@pytest.fixture
def market():
    """A floor with a trial of SUN, posted at no price."""
    market = Market()
    posted = c.PlaceOrder(VERA, VERA, c.Line(TRY, "sell", 0, 1, evergreen=True))
    for seq, command in enumerate([*opening(), LISTED, posted], start=1):
        market.apply(command, seq, seq)
    return market


def test_a_member_tries_once_and_pays_nothing(market):
    before = market.ledger.balance(CAT, CNY)
    assert market.apply(tries(), 20, 20).state == "filled"
    assert market.ledger.balance(CAT, CNY) == before
    with pytest.raises(AlreadyTried):
        market.apply(tries(), 21, 21)
    market.apply(c.Tick(), 22, 6_000)  # it is over, and still was the one
    with pytest.raises(AlreadyTried):
        market.apply(c.GrantRight(STAFF, CAT, TRY, 1, "analysis"), 23, 6_001)
    assert market.apply(tries(DAN), 24, 6_002).state == "filled"


def test_a_bid_that_waits_for_a_trial_is_the_one(market):
    market.apply(c.CancelAll(VERA, VERA, TRY), 20, 20)
    line = c.Line(TRY, "buy", 0, 1, purpose="analysis")
    market.apply(c.PlaceOrder(CAT, CAT, line), 21, 21)
    with pytest.raises(AlreadyTried):
        market.apply(c.PlaceOrder(CAT, CAT, line), 22, 22)


def test_a_trial_is_of_one_unit(market):
    with pytest.raises(WrongOrder):
        market.apply(tries(quantity=2), 20, 20)


def test_the_paid_right_ends_the_trial_in_the_same_step(market):
    market.apply(tries(), 20, 20)
    market.apply(buys(), 21, 21)
    (right,) = market.rights.live.values()
    assert (right.instrument, right.holder) == (SUN, CAT)
    assert market.ledger.balance(CAT, TRY) == 0
    assert not any(market.ledger.totals().values())


def test_the_trial_of_another_member_goes_on(market):
    market.apply(tries(DAN), 20, 20)
    market.apply(buys(), 21, 21)
    assert {right.holder for right in market.rights.live.values()} == {CAT, DAN}


def test_a_trial_costs_nothing_ever(market):
    with pytest.raises(AboveCeiling):
        market.apply(c.PlaceOrder(VERA, VERA, c.Line(TRY, "sell", 1, 1)), 20, 20)


@pytest.mark.parametrize(
    "odd",
    [
        {"price_max": 1},
        {"price_max": None},
        {"transferable": True},
        {"trial_of": 1_002},
        {"instrument": 1_002},
    ],
)
def test_a_trial_is_free_and_the_only_one(market, odd):
    command = LISTED._replace(instrument=1_002, symbol="TWO")._replace(**odd)
    with pytest.raises(WrongOrder):
        market.apply(command, 20, 20)


def test_a_right_does_not_become_a_trial(market):
    with pytest.raises(FixedFact):
        market.apply(LISTED._replace(trial_of=1_009), 20, 20)
