"""Calls in the market: held at the limit, one price, the rest to the last cent."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.auction import ImmediateInCall, NotInCall
from marketplace.trading.orders import Reason
from marketplace.trading.timetable import Phase, Timetable
from marketplace.trading.venue import (
    InstrumentClosed,
    NoReference,
    OffTick,
    OrderTooLarge,
    PriceBand,
    WrongOrder,
)
from settlement.clock import DAY_US, MINUTE_US
from settlement.errors import InsufficientBalance
from settlement.ledger import Pocket
from tests.scenario import PURPOSE, STAFF, SUN, VERA, Play

ANN, BOB, CAT, DAN = 11, 12, 13, 14
CASH = 10_000


@pytest.fixture
def stage():
    """A call with reference 100: ANN holds 20 SUN, the others have cash."""
    play = Play()
    for member in (ANN, BOB, CAT, DAN):
        play.do(c.SetStanding(STAFF, member, verified=True))
    play.do(c.GrantRight(STAFF, ANN, SUN, 20, PURPOSE))
    for member in (BOB, CAT, DAN):
        payin = play.do(c.RequestPayin(member, member, 1, CASH, "cash"))
        play.do(c.ConfirmPayin(STAFF, payin))
    play.do(c.SetPhase(STAFF, SUN, "call", 100))
    return play


def place(stage, member, side, price, quantity, **rest):
    line = c.Line(SUN, side, price, quantity, purpose=PURPOSE, **rest)
    return stage.do(c.PlaceOrder(member, member, line))


def free_and_held(stage, member, asset=1):
    balance = stage.market.ledger.balance
    return balance(member, asset), balance(member, asset, Pocket.HELD)


def test_a_call_settles_at_one_price_and_gives_every_cent_above_it_back(stage):
    stage.do(c.PublishFees(STAFF, 100))
    place(stage, BOB, "buy", 120, 4)
    place(stage, CAT, "buy", 110, 4)
    place(stage, ANN, "sell", 100, 6)
    assert free_and_held(stage, BOB) == (CASH - 480, 480)
    assert free_and_held(stage, ANN, SUN) == (14, 6)
    found = stage.do(c.Uncross(STAFF, SUN))
    assert found == c.Uncrossed(110, 6, 2, "buy", 2)
    assert free_and_held(stage, BOB) == (CASH - 440, 0)
    assert free_and_held(stage, CAT) == (CASH - 440, 220)
    assert free_and_held(stage, ANN) == (660 - 5 - 3, 0)  # less the fees, rounded up
    assert [t.origin for t in stage.market.trades_new] == ["auction"] * 2
    assert {t.price for t in stage.market.trades_new} == {110}
    assert [r.quantity for r in stage.market.rights.of(BOB, SUN)] == [4]


def test_what_is_left_stays_and_trades_on_afterwards(stage):
    left = place(stage, BOB, "buy", 120, 4).order
    place(stage, ANN, "sell", 100, 1)
    stage.do(c.SetPhase(STAFF, SUN, "continuous"))
    assert stage.market.orders[left].remaining == 3
    assert place(stage, ANN, "sell", 100, 2).trades[0][1:] == (120, 2)


def test_a_market_bid_holds_the_bands_edge_and_trades_first(stage):
    place(stage, BOB, "buy", 150, 3)
    placed = place(stage, CAT, "buy", None, 5)
    assert placed.remaining == 5
    assert free_and_held(stage, CAT) == (CASH - 1_000, 1_000)
    place(stage, ANN, "sell", 90, 6)
    assert stage.do(c.Uncross(STAFF, SUN)).price == 150
    assert free_and_held(stage, CAT) == (CASH - 750, 0)
    assert free_and_held(stage, BOB) == (CASH - 450, 300)


def test_a_market_order_that_is_left_ends_with_the_call_not_with_the_uncross(stage):
    order = place(stage, CAT, "buy", None, 5).order
    place(stage, ANN, "sell", 90, 2)
    stage.do(c.Uncross(STAFF, SUN))
    assert stage.market.orders[order].remaining == 3
    assert stage.do(c.SetPhase(STAFF, SUN, "call")) is None
    assert order not in stage.market.orders
    assert stage.market.orders_changed[order][1] is Reason.NO_LIQUIDITY
    assert free_and_held(stage, CAT) == (CASH - 180, 0)


def test_a_market_bid_needs_a_reference_and_money_for_the_edge(stage):
    with pytest.raises(InsufficientBalance):
        place(stage, CAT, "buy", None, 51)
    stage.do(c.SetPhase(STAFF, SUN, "call", 10**12))
    with pytest.raises(OrderTooLarge):
        place(stage, CAT, "buy", None, 10**9)
    stage.market.venues[SUN].last = None
    stage.do(c.SetPhase(STAFF, SUN, "call"))
    with pytest.raises(NoReference):
        place(stage, CAT, "buy", None, 1)


def test_no_limit_outside_the_band_is_taken(stage):
    for price in (49, 201):
        with pytest.raises(PriceBand):
            place(stage, BOB, "buy", price, 1)
    assert place(stage, BOB, "buy", 50, 1).remaining == 1


def test_a_posted_price_is_endless_and_nobody_pays_more(stage):
    place(stage, VERA, "sell", 100, 1, evergreen=True)
    place(stage, BOB, "buy", 120, 4)
    place(stage, CAT, "buy", 110, 4)
    assert stage.do(c.Uncross(STAFF, SUN)) == c.Uncrossed(100, 8, None, "sell", 2)
    assert free_and_held(stage, BOB) == (CASH - 400, 0)


def test_own_orders_never_overlap_in_a_call(stage):
    place(stage, ANN, "sell", 100, 1)
    payin = stage.do(c.RequestPayin(ANN, ANN, 1, CASH, "cash"))
    stage.do(c.ConfirmPayin(STAFF, payin))
    placed = place(stage, ANN, "buy", 100, 1)
    assert (placed.cancelled, placed.reason) == (1, "self_trade")
    assert free_and_held(stage, ANN) == (CASH, 0)


def test_nothing_immediate_in_a_call_and_no_uncross_outside(stage):
    with pytest.raises(ImmediateInCall):
        place(stage, BOB, "buy", 100, 1, time_in_force="IOC")
    stage.do(c.SetPhase(STAFF, SUN, "closed"))
    with pytest.raises(InstrumentClosed):
        place(stage, BOB, "buy", 100, 1)
    with pytest.raises(NotInCall):
        stage.do(c.Uncross(STAFF, SUN))


def test_a_halt_stops_the_uncross_and_lets_cancels_through(stage):
    order = place(stage, BOB, "buy", 120, 4).order
    place(stage, ANN, "sell", 100, 4)
    stage.do(c.SuspendInstrument(STAFF, SUN))
    for command in (c.Uncross(STAFF, SUN), c.SetPhase(STAFF, SUN, "continuous")):
        with pytest.raises(InstrumentClosed):
            stage.do(command)
    assert stage.do(c.CancelOrder(BOB, BOB, order)) == 4


@pytest.mark.parametrize(
    ("phase", "reference", "refusal"),
    [("lunch", None, WrongOrder), ("call", 0, WrongOrder), ("call", 105, OffTick)],
)
def test_a_phase_that_cannot_be_is_refused(stage, phase, reference, refusal):
    stage.market.venues[SUN].tick = 10
    with pytest.raises(refusal):
        stage.do(c.SetPhase(STAFF, SUN, phase, reference))


def test_a_ceiling_that_falls_during_a_call_binds_it(stage):
    market_bid = place(stage, CAT, "buy", None, 5).order
    place(stage, BOB, "buy", 160, 1)
    stage.do(
        c.ListInstrument(
            STAFF, SUN, "SUN", VERA, 1, 1, 1, '{"title":"Sun"}', (), None, None,
            transferable=True, price_max=150,
        )
    )  # fmt: skip
    venue = stage.market.venues[SUN]
    assert venue.phase is Phase.CALL
    assert venue.call.ceiling == 150
    assert not stage.market.orders
    assert stage.market.orders_changed[market_bid][1] is Reason.ABOVE_CEILING
    assert free_and_held(stage, CAT) == (CASH, 0)


def test_a_timetable_uncrosses_each_day_and_says_when_next(stage):
    table = Timetable(0, (0, 1, 2, 3, 4, 5, 6), (), ((60, "uncross"), (61, "closed")))
    due_us = stage.do(c.SetTimetable(STAFF, SUN, table))
    assert due_us == 60 * MINUTE_US == stage.market.next_due_us()
    place(stage, BOB, "buy", 120, 4)
    place(stage, ANN, "sell", 100, 4)
    stage.at_us = due_us
    stage.do(c.Tick())
    venue = stage.market.venues[SUN]
    assert venue.call.reference == venue.last == 100
    assert stage.market.next_due_us() == 61 * MINUTE_US
    stage.at_us = 61 * MINUTE_US
    stage.do(c.Tick())
    assert venue.phase is Phase.CLOSED
    assert stage.market.next_due_us() == DAY_US + 60 * MINUTE_US
    stage.do(c.SetTimetable(STAFF, SUN, None))
    assert stage.market.next_due_us() is None
    with pytest.raises(WrongOrder):
        stage.do(c.SetTimetable(STAFF, SUN, table._replace(weekdays=())))


def test_a_halt_holds_the_timetable_too(stage):
    table = Timetable(0, (0, 1, 2, 3, 4, 5, 6), (), ((60, "closed"),))
    stage.at_us = stage.do(c.SetTimetable(STAFF, SUN, table))
    stage.do(c.SuspendInstrument(STAFF, SUN))
    stage.do(c.Tick())
    assert stage.market.venues[SUN].phase is Phase.CALL
    assert stage.market.next_due_us() == DAY_US + 60 * MINUTE_US
