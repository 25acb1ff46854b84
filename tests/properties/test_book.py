"""Whatever the flow, the book does what its naive twin does, and nothing is lost."""

import json
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.trading.book import EMPTY_MAX, Book, Ladder
from marketplace.trading.matcher import Matcher
from marketplace.trading.orders import BUY, SELL, Order, OrderState
from tests.properties.naive_book import NaiveMarket

IDS = st.integers(1, 40).map(str)
QUANTITIES = st.integers(1, 6)
PLACES = st.fixed_dictionaries(
    {
        "op": st.just("place"),
        "id": IDS,
        "side": st.sampled_from(["buy", "sell"]),
        "price": st.integers(1, 5) | st.none(),
        "quantity": QUANTITIES,
    },
    optional={
        "member": st.sampled_from(["ann", "bob", "cat", None]),
        "instrument": st.sampled_from(["SUN", "RAIN", None]),
        "time_in_force": st.sampled_from(["GTC", "IOC", "FOK"]),
        "post_only": st.booleans(),
    },
)
DATED = st.builds(
    lambda place, expires_us: {
        **place,
        "time_in_force": "GTD",
        "expires_us": expires_us,
    },
    PLACES,
    st.integers(0, 20),
)
OTHERS = st.one_of(
    st.fixed_dictionaries({"op": st.just("cancel"), "id": IDS}),
    st.fixed_dictionaries({"op": st.just("reduce"), "id": IDS, "quantity": QUANTITIES}),
)
FLUSH = st.just({"op": "flush"})
TIMED = st.builds(
    lambda op, at_us: {**op, "at_us": at_us}, OTHERS | PLACES, st.integers(0, 20)
)
# Most of a flow are plain orders, so that a book builds up before it is flushed.
FLOWS = st.lists(
    st.one_of(PLACES, PLACES, PLACES, PLACES, DATED, OTHERS, OTHERS, TIMED)
    | st.integers(0, 15).flatmap(lambda n: PLACES if n else FLUSH),
    max_size=60,
)


def encode(op):
    return json.dumps(op).encode()


@given(FLOWS, st.booleans())
@settings(deadline=None)
def test_the_matcher_and_its_naive_twin_tell_the_same_story(flow, allow_self_trade):
    matcher = Matcher(allow_self_trade=allow_self_trade)
    twin = NaiveMarket(allow_self_trade=allow_self_trade)
    for line, op in enumerate(flow, 1):
        assert matcher.feed(encode(op)) == twin.feed(line, op), op
    waiting = sorted(
        (event["id"], event["remaining"], event["price"]) for event in matcher.resting()
    )
    assert waiting == sorted(
        (order["id"], order["remaining"], order["price"]) for order in twin.waiting
    )


@given(FLOWS)
@settings(deadline=None)
def test_the_top_is_told_exactly_when_it_changes(flow):
    matcher, twin, shown = Matcher(top=True), NaiveMarket(), {}
    for line, op in enumerate(flow, 1):
        told = [e for e in matcher.feed(encode(op)) if e["event"] == "top"]
        twin.feed(line, op)
        for instrument in ("SUN", "RAIN", None):
            sides = twin.top(instrument, "buy"), twin.top(instrument, "sell")
            news = [(e["bid"], e["ask"]) for e in told if e["instrument"] == instrument]
            changed = sides != shown.get(instrument, (None, None))
            assert news == ([sides] if changed else [])
            shown[instrument] = sides


@given(FLOWS)
@settings(deadline=None)
def test_no_book_is_ever_crossed(flow):
    matcher, sides = Matcher(top=True), {}
    for op in flow:
        for event in matcher.feed(encode(op)):
            if event["event"] == "top":
                sides[event["instrument"]] = event["bid"], event["ask"]
        for bid, ask in sides.values():
            assert bid is None or ask is None or bid[0] < ask[0]


@given(FLOWS)
@settings(deadline=None)
def test_every_unit_of_an_order_ends_exactly_once(flow):
    matcher, placed, gone, left = Matcher(), Counter(), Counter(), {}
    for op in flow:
        for event in matcher.feed(encode(op)):
            match event["event"]:
                case "flushed":
                    placed, gone, left = Counter(), Counter(), {}
                case "accepted":
                    placed[event["id"]] = op["quantity"]
                case "trade":
                    gone[event["maker"]] += event["quantity"]
                    gone[event["taker"]] += event["quantity"]
                case "cancelled" | "expired":
                    gone[event["id"]] += event["quantity"]
                case "reduced":
                    gone[event["id"]] += op["quantity"]
    left = Counter({event["id"]: event["remaining"] for event in matcher.resting()})
    assert placed == gone + left


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
SPOILT = st.builds(
    lambda op, field, value: {**op, field: value},
    PLACES | OTHERS | FLUSH,
    st.sampled_from(
        [
            "op",
            "id",
            "side",
            "price",
            "quantity",
            "member",
            "instrument",
            "at_us",
            "time_in_force",
            "expires_us",
            "post_only",
            "colour",
        ]
    ),
    JSON,
)
LINES = st.binary(max_size=40) | JSON.map(encode) | SPOILT.map(encode)


@given(st.lists(LINES, max_size=20))
@settings(deadline=None)
def test_every_line_is_answered_whatever_it_holds(flow):
    matcher = Matcher()
    for line in flow:
        before = list(matcher.resting())
        events = matcher.feed(line)
        assert events
        json.dumps(events).encode()
        if events[-1]["event"] == "refused" and len(events) == 1:
            assert list(matcher.resting()) == before


def assert_sound(ladder: Ladder) -> None:
    """Check what the ladder promises about its own structure."""
    assert sorted(ladder.heap) == sorted(ladder.queues)
    empty = [queue for queue in ladder.queues.values() if queue.first is None]
    assert ladder.empty == len(empty)
    assert len(empty) <= len(ladder.queues) // 2 + EMPTY_MAX
    for key, queue in ladder.queues.items():
        orders = list(queue)
        assert [order.behind for order in orders] == [*orders[1:], None][: len(orders)]
        assert [order.ahead for order in orders] == [None, *orders][: len(orders)]
        assert queue.last is (orders[-1] if orders else None)
        assert all(ladder.sign * order.price == key for order in orders)
        assert all(order.remaining for order in orders)


@given(st.randoms(use_true_random=False), st.integers(1, 400))
@settings(deadline=None, max_examples=30)
def test_a_ladder_stays_sound_and_forgets_the_prices_nobody_uses(random, spread):
    book, live = Book(), []
    for number in range(600):
        if live and random.random() < 0.55:
            order = live.pop(random.randrange(len(live)))
            if order.state in {OrderState.OPEN, OrderState.PARTIAL}:
                book.remove(order)
                order.cancel()
        else:
            side = BUY if random.random() < 0.5 else SELL
            price = 1_000 + (1 if side is SELL else -1) * random.randint(-2, spread)
            order = Order(number, number, 1, side, price, random.randint(1, 9))
            book.place(order)
            live.append(order)
        if number % 50 == 0:
            assert_sound(book._ladder(BUY))
            assert_sound(book._ladder(SELL))
    for side in (BUY, SELL):
        assert_sound(book._ladder(side))
        assert len(book.levels(side, 10_000)) == len(
            {order.price for order in book.orders(side)}
        )
