"""The venue's limits: what they refuse, by which reference, and who sets them."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.control import Decide, Propose, StopTrading
from marketplace.trading.limits import FatFinger, Limits, TooFast, TooManyUntraded
from marketplace.trading.orders import Reason, WouldTake
from marketplace.trading.stops import OWN, TradingHalted, TradingStopped
from marketplace.trading.venue import OrderTooLarge, PriceBand, WrongOrder
from settlement.clock import DAY_US, SECOND_US
from settlement.errors import InsufficientBalance, NotFound, OwnWork
from settlement.ledger import Pocket
from tests.scenario import PURPOSE, SECOND, STAFF, SUN, VERA, Play

ANN, BOB, CAT = 11, 12, 13
CASH = 10_000


@pytest.fixture
def stage():
    """ANN holds 50 SUN, BOB and CAT have cash; the last trade was at 100."""
    play = Play()
    for member in (ANN, BOB, CAT):
        play.do(c.SetStanding(STAFF, member, verified=True))
    play.do(c.GrantRight(STAFF, ANN, SUN, 50, PURPOSE))
    for member in (BOB, CAT):
        payin = play.do(c.RequestPayin(member, member, 1, CASH, "cash"))
        play.do(c.ConfirmPayin(STAFF, payin))
    place(play, ANN, "sell", 100, 1)
    place(play, BOB, "buy", 100, 1)
    return play


def place(stage, member, side, price, quantity, **rest):
    line = c.Line(SUN, side, price, quantity, purpose=PURPOSE, **rest)
    return stage.do(c.PlaceOrder(member, member, line))


def limit(stage, instrument=SUN, **limits):
    values = (instrument, tuple(Limits(**limits)))
    number = stage.do(Propose(STAFF, "SetLimits", values, "to keep order"))
    stage.do(Decide(SECOND, number, approve=True))


def free_and_held(stage, member):
    balance = stage.market.ledger.balance
    return balance(member, 1), balance(member, 1, Pocket.HELD)


def test_a_limit_outside_the_dynamic_band_is_refused(stage):
    limit(stage, dynamic_bps=1_000)
    for price in (89, 111):
        with pytest.raises(PriceBand) as refused:
            place(stage, BOB, "buy", price, 1)
        assert (refused.value.floor, refused.value.ceiling) == (90, 110)
    place(stage, ANN, "sell", 110, 1)
    assert place(stage, BOB, "buy", 110, 1).trades
    place(stage, ANN, "sell", 121, 1)  # the band has moved with the price


def test_the_static_collar_stays_all_day_and_moves_at_midnight(stage):
    limit(stage, static_bps=1_000)
    place(stage, BOB, "buy", 500, 1)  # before today nothing was traded
    stage.do(c.CancelAll(BOB, BOB))
    stage.at_us += DAY_US
    place(stage, ANN, "sell", 110, 1)
    assert place(stage, BOB, "buy", 110, 1).trades
    with pytest.raises(PriceBand):
        place(stage, ANN, "sell", 111, 1)
    stage.at_us += DAY_US
    place(stage, ANN, "sell", 121, 1)


@pytest.mark.parametrize(("last", "edge"), [(50, 90), (200, 110)])
def test_bands_that_do_not_meet_leave_the_nearer_edge_of_the_collar(stage, last, edge):
    stage.at_us += DAY_US
    place(stage, ANN, "sell", last, 1)
    assert place(stage, BOB, "buy", last, 1).trades
    limit(stage, static_bps=1_000, dynamic_bps=1_000)
    with pytest.raises(PriceBand) as refused:
        place(stage, BOB, "buy", 100, 1)
    assert (refused.value.floor, refused.value.ceiling) == (edge, edge)
    assert place(stage, BOB, "buy", edge, 1).remaining == 1


def test_a_market_order_takes_to_the_edge_of_the_band_and_pays_no_more(stage):
    for price in (100, 110, 120):
        place(stage, ANN, "sell", price, 2)
    limit(stage, dynamic_bps=1_000)
    placed = place(stage, BOB, "buy", None, 6, time_in_force="IOC")
    assert [trade[1:] for trade in placed.trades] == [(100, 2), (110, 2)]
    assert (placed.cancelled, placed.reason) == (2, str(Reason.PRICE_BAND))
    whole = place(stage, CAT, "buy", None, 3, time_in_force="FOK")
    assert whole.reason == str(Reason.FILL_OR_KILL)


def test_fat_fingers_are_those_that_would_hurt(stage):
    limit(stage, finger_times=10)
    for side, price, member in (("buy", 1_001, BOB), ("sell", 9, ANN)):
        with pytest.raises(FatFinger):
            place(stage, member, side, price, 1)
    assert place(stage, BOB, "buy", 1, 1).remaining == 1
    assert place(stage, ANN, "sell", 5_000, 1).remaining == 1


def test_one_order_is_worth_at_most_so_much(stage):
    limit(stage, value_max=500)
    with pytest.raises(OrderTooLarge):
        place(stage, BOB, "buy", 90, 6)
    assert place(stage, BOB, "buy", 90, 5).remaining == 5


def test_a_member_places_so_many_orders_in_a_second(stage):
    stage.at_us += SECOND_US
    limit(stage, second_max=3)
    for _ in range(3):
        place(stage, BOB, "buy", 90, 1)
    with pytest.raises(TooFast):
        place(stage, BOB, "buy", 90, 1)
    assert place(stage, CAT, "buy", 90, 1).remaining == 1
    assert stage.do(c.CancelAll(BOB, BOB)) == 3
    stage.at_us += SECOND_US
    assert place(stage, BOB, "buy", 90, 1).remaining == 1


def test_orders_need_trades_and_a_new_day_begins_anew(stage):
    limit(stage, untraded_max=2)
    for _ in range(2):
        place(stage, CAT, "buy", 90, 1)
    with pytest.raises(TooManyUntraded) as refused:
        place(stage, CAT, "buy", 90, 1)
    assert (refused.value.placed, refused.value.traded) == (2, 0)
    place(stage, ANN, "sell", 90, 1)
    assert place(stage, CAT, "buy", 90, 1).remaining == 1
    place(stage, CAT, "buy", 90, 1)
    with pytest.raises(TooManyUntraded):
        place(stage, CAT, "buy", 90, 1)
    stage.at_us += DAY_US
    assert place(stage, CAT, "buy", 90, 1).remaining == 1


def test_an_instrument_takes_over_what_it_leaves_open_and_may_switch_off(stage):
    limit(stage, instrument=0, value_max=500, second_max=5)
    with pytest.raises(OrderTooLarge):
        place(stage, BOB, "buy", 90, 6)
    limit(stage, value_max=0)
    assert place(stage, BOB, "buy", 90, 6).remaining == 6
    assert stage.market.venues[SUN].limits == Limits(second_max=5)


def test_two_persons_set_limits(stage):
    values = (SUN, tuple(Limits(value_max=1)))
    number = stage.do(Propose(STAFF, "SetLimits", values, "slips"))
    with pytest.raises(OwnWork):
        stage.do(Decide(STAFF, number, approve=True))
    assert stage.market.venues[SUN].limits is None
    stage.do(Decide(STAFF, number, approve=False))  # withdrawn
    with pytest.raises(NotFound):
        stage.do(Decide(SECOND, number, approve=True))
    assert stage.market.venues[SUN].limits is None


@pytest.mark.parametrize(
    ("kind", "values", "reason"),
    [
        ("SetLimits", (SUN, (None,) * 6), " "),
        ("SetLimits", (SUN, (10_000, *(None,) * 5)), "why"),
        ("SetLimits", (SUN, (None, -1, *(None,) * 4)), "why"),
        ("SetLimits", (SUN, (None, None, 1, *(None,) * 3)), "why"),
        ("SetLimits", (SUN, (None,) * 7), "why"),
        ("SetLimits", (), "why"),
        ("PlaceOrder", (SUN,), "why"),
    ],
)
def test_what_cannot_be_is_not_proposed(stage, kind, values, reason):
    with pytest.raises(WrongOrder):
        stage.do(Propose(STAFF, kind, values, reason))
    assert not stage.market.proposals


def test_a_replaced_order_is_new_and_uses_what_the_old_one_held(stage):
    first = place(stage, BOB, "buy", 90, 10).order
    second = place(stage, CAT, "buy", 91, 1).order
    placed = stage.do(c.ReplaceOrder(BOB, BOB, first, 91, 100))
    assert free_and_held(stage, BOB) == (CASH - 100 - 9_100, 9_100)
    assert placed.order > second
    assert stage.market.orders_changed[first][1] is Reason.AMENDED
    fills = place(stage, ANN, "sell", 91, 1).trades
    assert len(fills) == 1
    assert second not in stage.market.orders  # the replaced one waits behind


def test_less_at_the_same_price_keeps_the_place(stage):
    first = place(stage, BOB, "buy", 90, 10).order
    place(stage, CAT, "buy", 90, 1)
    assert stage.do(c.ReplaceOrder(BOB, BOB, first, 90, 4)).order == first
    assert free_and_held(stage, BOB)[1] == 360
    place(stage, ANN, "sell", 90, 4)
    assert first not in stage.market.orders


def test_a_refused_replacement_leaves_the_order_where_it_was(stage):
    place(stage, ANN, "sell", 100, 5)
    first = place(stage, BOB, "buy", 90, 10).order
    before = free_and_held(stage, BOB)
    for price, quantity, refusal, post_only in (
        (95, 1_000, InsufficientBalance, False),
        (100, 1, WouldTake, True),
        (90, 10, WrongOrder, False),
        (90, 0, WrongOrder, False),
    ):
        with pytest.raises(refusal):
            stage.do(c.ReplaceOrder(BOB, BOB, first, price, quantity, post_only))
    with pytest.raises(NotFound):
        stage.do(c.ReplaceOrder(CAT, CAT, first, 91, 1))
    assert stage.market.orders[first].remaining == 10
    assert free_and_held(stage, BOB) == before


def test_an_offer_is_replaced_within_what_its_member_holds(stage):
    first = place(stage, ANN, "sell", 120, 49).order
    with pytest.raises(InsufficientBalance):
        stage.do(c.ReplaceOrder(ANN, ANN, first, 121, 50))
    assert stage.do(c.ReplaceOrder(ANN, ANN, first, 121, 49)).remaining == 49


def test_an_instrument_or_a_currency_is_halted_alone(stage):
    waiting = place(stage, BOB, "buy", 90, 1).order
    for scope in (SUN, 1):
        stage.do(StopTrading(STAFF, 0, False, "news", scope))
        with pytest.raises(TradingHalted) as refused:
            place(stage, CAT, "buy", 90, 1)
        assert refused.value.reason == "news"
        with pytest.raises(OwnWork):
            stage.do(c.AllowTrading(STAFF, 0, scope))
        stage.do(c.AllowTrading(SECOND, 0, scope))
    stage.do(StopTrading(STAFF, 0, True, "other market", 2))
    assert place(stage, CAT, "buy", 90, 1).remaining == 1
    assert stage.do(StopTrading(STAFF, 0, True, "news", SUN)) == 2
    assert waiting not in stage.market.orders
    for member, scope in ((BOB, SUN), (0, OWN), (0, 77)):
        with pytest.raises(WrongOrder):
            stage.do(StopTrading(STAFF, member, False, "news", scope))


def test_a_member_stops_itself_and_the_house_does_not_undo_it_by_its_own_stop(stage):
    place(stage, BOB, "buy", 90, 1)
    assert stage.do(StopTrading(BOB, BOB, True, "runaway", OWN)) == 1
    with pytest.raises(TradingStopped):
        place(stage, BOB, "buy", 90, 1)
    stage.do(StopTrading(STAFF, BOB, True, "a look"))
    stage.do(c.AllowTrading(SECOND, BOB))
    with pytest.raises(TradingStopped):
        place(stage, BOB, "buy", 90, 1)
    with pytest.raises(OwnWork):
        stage.do(c.AllowTrading(BOB, BOB, OWN))
    stage.do(c.AllowTrading(SECOND, BOB, OWN))
    assert place(stage, BOB, "buy", 90, 1).remaining == 1
    assert VERA in stage.market.verified
