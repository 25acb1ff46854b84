"""The call auction by example; the properties hold it against its naive twin."""

import json
import time

import pytest

from marketplace.trading.auction import (
    ENDLESS,
    NOTHING,
    Call,
    ImmediateInCall,
    Indication,
    Step,
    determine,
)
from marketplace.trading.book import Book
from marketplace.trading.matcher import Matcher
from marketplace.trading.orders import BUY, IOC, PRICE_MAX, SELL, Order, Reason


def feed(*ops):
    """Return the events of the last of *ops*."""
    matcher = Matcher()
    return [matcher.feed(json.dumps(op).encode()) for op in ops]


def place(name, side, price, quantity, **more):
    return {
        "op": "place",
        "id": name,
        "side": side,
        "price": price,
        "quantity": quantity,
        **more,
    }


CALL = {"op": "phase", "phase": "call", "reference": 100}
INDICATIVE, UNCROSS = {"op": "indicative"}, {"op": "uncross"}


def test_most_volume_wins_then_the_least_surplus():
    assert determine([Step(105, 5)], [Step(100, 3), Step(104, 2)], 100) == Indication(
        104, 5, 0, None
    )
    assert determine([Step(105, 5), Step(102, 9)], [Step(100, 5)], 200).surplus == 0


def test_pressure_decides_between_equals():
    assert determine([Step(105, 9)], [Step(100, 5)], 101) == Indication(105, 5, 4, BUY)
    assert determine([Step(105, 5)], [Step(100, 9)], 104) == Indication(100, 5, 4, SELL)


def test_without_pressure_the_reference_decides_and_the_higher_of_two_equally_near():
    balanced = [Step(105, 5)], [Step(100, 5)]
    assert determine(*balanced, 103).price == 103
    assert determine(*balanced, 90).price == 100
    assert determine(*balanced, None).price == 105
    even = [Step(106, 5)], [Step(100, 5)]
    assert determine(*even, 103, tick=2).price == 104


def test_market_orders_alone_meet_at_the_reference():
    assert determine([Step(None, 3)], [Step(None, 2)], 70) == Indication(70, 2, 1, BUY)
    assert determine([Step(None, 3)], [Step(None, 2)], None) == NOTHING
    assert determine([Step(None, 3)], [], 70) == NOTHING


def test_an_evergreen_offer_is_endless_and_no_bid_pays_more_than_it_asks():
    found = determine([Step(120, 3), Step(110, 4)], [Step(100, ENDLESS)], 150)
    assert found == Indication(100, 7, None, SELL)


def test_a_price_range_of_a_trillion_ticks_takes_no_time():
    bids = [Step(PRICE_MAX - n, 1 + n % 7) for n in range(5_000)]
    offers = [Step(1 + n, 1 + n % 5) for n in range(5_000)]
    begun = time.perf_counter()
    found = determine(bids, offers, 5)
    assert time.perf_counter() - begun < 1
    assert found.price is not None
    assert PRICE_MAX - 5_000 < found.price < PRICE_MAX
    assert found.quantity == sum(offer.quantity for offer in offers)
    assert found.surplus == sum(
        bid.quantity for bid in bids if bid.price >= found.price
    ) - sum(offer.quantity for offer in offers)


def test_orders_collect_then_trade_at_one_price_market_orders_first():
    *_, told, traded = feed(
        CALL,
        place("1", "buy", 103, 4),
        place("2", "sell", 99, 6),
        place("3", "buy", None, 3),
        INDICATIVE,
        UNCROSS,
    )
    fields = {"price": 103, "quantity": 6, "surplus": 1, "side": "buy"}
    assert told == [{"event": "indicative", **fields}]
    assert traded == [
        {"event": "uncross", **fields},
        {"event": "trade", "maker": "2", "taker": "3", "price": 103, "quantity": 3},
        {"event": "trade", "maker": "1", "taker": "2", "price": 103, "quantity": 3},
    ]


def test_what_a_call_leaves_stays_and_a_market_order_ends_with_the_call():
    *_, ended, sold = feed(
        CALL,
        place("1", "buy", 103, 4),
        place("2", "buy", None, 3),
        place("3", "sell", 100, 2),
        UNCROSS,
        {"op": "phase", "phase": "continuous"},
        place("4", "sell", 103, 1),
    )
    assert ended == [
        {"event": "cancelled", "id": "2", "quantity": 1, "reason": "no_liquidity"},
        {"event": "phase", "phase": "continuous", "reference": 103},
    ]
    assert sold[1] == {
        "event": "trade", "maker": "1", "taker": "4", "price": 103, "quantity": 1,
    }  # fmt: skip


def test_a_call_that_ends_crossed_is_uncrossed_first():
    events = feed(
        CALL,
        place("1", "buy", 103, 4),
        place("2", "sell", 100, 4),
        {"op": "phase", "phase": "continuous"},
    )[-1]
    assert [event["event"] for event in events] == ["uncross", "trade", "phase"]
    assert events[0]["price"] == 100


def test_there_is_no_indication_outside_a_call_and_nothing_immediate_in_one():
    codes = [
        events[-1].get("code")
        for events in feed(
            INDICATIVE,
            UNCROSS,
            CALL,
            place("1", "buy", 5, 1, time_in_force="IOC"),
            {"op": "phase", "phase": "open"},
            {"op": "phase", "phase": "call", "reference": 0},
        )
    ]
    assert codes == [
        "not_in_call", "not_in_call", None, "immediate_in_call", "bad_phase",
        "bad_reference",
    ]  # fmt: skip


def test_a_members_own_orders_never_overlap_in_a_call():
    call = Call(Book(), 100)
    first = Order(1, 7, 1, SELL, 100, 5)
    assert call.place(first) == ([], None)
    assert call.place(Order(2, 7, 1, BUY, 99, 5)) == ([], None)
    assert call.place(Order(3, 7, 1, BUY, 100, 5)) == ([], Reason.SELF_TRADE)
    assert call.place(Order(4, 7, 1, BUY, None, 5)) == ([], Reason.SELF_TRADE)
    call.book.remove(first)
    first.cancel()
    assert call.place(Order(5, 7, 1, BUY, 100, 5)) == ([], None)
    with pytest.raises(ImmediateInCall):
        call.place(Order(6, 8, 1, BUY, 100, 5, IOC))


def test_many_orders_of_one_member_are_remembered_only_while_they_wait():
    call = Call(Book(), 100)
    for number in range(1, 2_000):
        order = Order(number, 7, 1, SELL, 100, 5)
        call.place(order)
        call.book.remove(order)
        order.cancel()
    assert len(call._own[7, SELL]._heap) <= 64
