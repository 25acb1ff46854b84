"""Orders: what they may become."""

import pytest

from marketplace.trading.orders import (
    BUY,
    GTC,
    ORDER,
    SELL,
    Order,
    OrderEvent,
    OrderState,
    TimeInForce,
    WouldTake,
)
from settlement.errors import IllegalMove


def order(quantity=10, **more):
    return Order(1, 2, 3, BUY, 100, quantity, **more)


def test_a_new_order_is_open_and_wants_everything():
    placed = order()
    assert (placed.state, placed.remaining) == (OrderState.OPEN, 10)
    assert placed.time_in_force is GTC


def test_an_order_is_partial_until_its_rest_is_filled():
    placed = order()
    placed.fill(4)
    assert (placed.state, placed.remaining) == (OrderState.PARTIAL, 6)
    placed.fill(6)
    assert (placed.state, placed.remaining) == (OrderState.FILLED, 0)


@pytest.mark.parametrize("quantity", [0, -1, 11])
def test_an_order_cannot_trade_what_it_does_not_have(quantity):
    with pytest.raises(AssertionError):
        order().fill(quantity)


def test_an_evergreen_offer_does_not_run_out():
    posted = Order(1, 2, 3, SELL, 100, 5, evergreen=True)
    posted.fill(1_000)
    assert (posted.state, posted.remaining) == (OrderState.OPEN, 5)


def test_a_cancelled_order_keeps_what_it_did_not_trade():
    placed = order()
    placed.fill(4)
    placed.cancel()
    assert (placed.state, placed.remaining) == (OrderState.CANCELLED, 6)


def test_an_expired_order_keeps_what_it_did_not_trade():
    placed = order()
    placed.expire()
    assert (placed.state, placed.remaining) == (OrderState.EXPIRED, 10)


@pytest.mark.parametrize("end", ["cancel", "expire"])
def test_an_order_ends_only_once(end):
    placed = order()
    placed.cancel()
    with pytest.raises(IllegalMove):
        getattr(placed, end)()


def test_a_filled_order_cannot_be_cancelled():
    placed = order()
    placed.fill(10)
    with pytest.raises(IllegalMove):
        placed.cancel()


def test_a_reduced_order_wants_less_in_all_and_has_traded_the_same():
    placed = order()
    placed.fill(4)
    placed.reduce(5)
    assert (placed.quantity, placed.remaining) == (5, 1)
    assert placed.quantity - placed.remaining == 4


@pytest.mark.parametrize("by", [0, -1, 10, 11])
def test_a_reduction_leaves_something_and_takes_something(by):
    with pytest.raises(AssertionError):
        order().reduce(by)


def test_an_order_is_read_back_as_it_was():
    back = order(
        remaining=3, state=OrderState.PARTIAL, placed_seq=9, purpose="research"
    )
    assert (back.quantity, back.remaining, back.state) == (10, 3, OrderState.PARTIAL)
    assert (back.placed_seq, back.purpose) == (9, "research")


def test_no_move_leads_out_of_an_end():
    ends = {OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED}
    assert not ends & {state for state, _ in ORDER.moves}
    assert set(ORDER.moves.values()) | {OrderState.OPEN} == set(OrderState)
    assert {event for _, event in ORDER.moves} == set(OrderEvent)


def test_an_order_tells_about_itself():
    market = Order(7, 2, 3, SELL, None, 5, TimeInForce.IOC)
    assert repr(market) == "<Order 7: member 2 sells 5/5 @ market IOC open>"


def test_the_refusal_to_take_has_a_code_and_tells_the_price():
    refusal = WouldTake(120)
    assert (refusal.code, refusal.facts()) == ("would_take", {"price": 120})
