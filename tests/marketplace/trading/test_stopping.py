"""The kill switch: at once, for one or for all; cancels always work."""

import time

import pytest

from marketplace.trading import commands as c
from marketplace.trading.orders import Reason
from marketplace.trading.stops import TradingStopped
from marketplace.trading.venue import WrongOrder
from settlement.errors import NotFound, OwnWork
from settlement.ledger import HOUSE, Pocket
from tests.scenario import PURPOSE, SECOND, STAFF, SUN, VERA, Play

BOB, CAT = 12, 13


@pytest.fixture
def stage():
    """BOB and CAT have cash and a bid each; VERA's posted price waits."""
    play = Play()
    for member in (BOB, CAT):
        play.do(c.SetStanding(STAFF, member, verified=True))
        payin = play.do(c.RequestPayin(member, member, 1, 1_000, "cash"))
        play.do(c.ConfirmPayin(STAFF, payin))
        bid(play, member)
    play.do(c.PlaceOrder(VERA, VERA, c.Line(SUN, "sell", 90, 1, evergreen=True)))
    return play


def bid(stage, member, price=10):
    line = c.Line(SUN, "buy", price, 1, purpose=PURPOSE)
    return stage.do(c.PlaceOrder(member, member, line)).order


def test_a_stopped_member_places_nothing_and_its_orders_are_gone(stage):
    assert stage.do(c.StopTrading(STAFF, BOB, True, "runaway program")) == 1
    with pytest.raises(TradingStopped):
        bid(stage, BOB)
    assert bid(stage, CAT)
    assert stage.market.orders_changed[1][1] is Reason.STOPPED
    assert stage.market.ledger.balance(BOB, 1, Pocket.HELD) == 0


def test_a_stop_for_everybody_may_leave_the_orders_and_lets_cancels_through(stage):
    assert stage.do(c.StopTrading(STAFF, HOUSE, False, "drill")) == 0
    for command in (
        c.SetPhase(STAFF, SUN, "call"),
        c.PlaceOrder(CAT, CAT, c.Line(SUN, "buy", 95, 1, purpose=PURPOSE)),
    ):
        with pytest.raises(TradingStopped):
            stage.do(command)
    assert stage.do(c.CancelOrder(CAT, CAT, 2)) == 1
    assert stage.do(c.StopTrading(STAFF, HOUSE, True, "in earnest")) == 2
    assert not stage.market.orders


def test_another_person_lets_trading_go_on(stage):
    stage.do(c.StopTrading(STAFF, BOB, False, "drill"))
    with pytest.raises(OwnWork):
        stage.do(c.AllowTrading(STAFF, BOB))
    stage.do(c.AllowTrading(SECOND, BOB))
    assert bid(stage, BOB)
    with pytest.raises(NotFound):
        stage.do(c.AllowTrading(SECOND, BOB))


def test_a_stop_needs_a_reason(stage):
    for command in (
        c.StopTrading(STAFF, BOB, True, " "),
        c.StopTrading(STAFF, -1, True, "drill"),
    ):
        with pytest.raises(WrongOrder):
            stage.do(command)


def test_ten_thousand_orders_are_cancelled_within_a_second(stage):
    payin = stage.do(c.RequestPayin(CAT, CAT, 1, 900_000, "cash"))
    stage.do(c.ConfirmPayin(STAFF, payin))
    for _ in range(9_998):
        bid(stage, CAT)
    begun = time.process_time()
    assert stage.do(c.StopTrading(STAFF, HOUSE, True, "drill")) == 10_001
    assert time.process_time() - begun < 1
