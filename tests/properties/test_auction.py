"""Whatever collects, the call does what its naive twin does, which tries every tick."""

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.trading.auction import Call, Step, determine
from marketplace.trading.book import Book
from marketplace.trading.matcher import Matcher
from marketplace.trading.orders import BUY, SELL, Order
from tests.properties import naive_auction
from tests.properties.naive_book import NaiveMarket
from tests.properties.test_book import DATED, OTHERS, PLACES, TIMED, encode

NAMES = st.sampled_from(["SUN", "RAIN", None])
COLLECTED = st.builds(lambda o: {**o, "time_in_force": "GTC"}, PLACES)
CALLS = st.one_of(
    st.fixed_dictionaries(
        {"op": st.just("phase"), "phase": st.sampled_from(["call", "continuous"])},
        optional={"instrument": NAMES, "reference": st.integers(1, 8) | st.none()},
    ),
    st.fixed_dictionaries(
        {"op": st.sampled_from(["indicative", "uncross"])},
        optional={"instrument": NAMES},
    ),
)
ONE_BOOK = st.builds(
    lambda op: {k: v for k, v in op.items() if k != "instrument"},
    st.one_of(COLLECTED, COLLECTED, COLLECTED, COLLECTED, OTHERS, CALLS),
)
ORDERS = st.lists(
    st.fixed_dictionaries(
        {
            "side": st.sampled_from(["buy", "sell"]),
            "price": st.integers(1, 30) | st.none(),
            "remaining": st.integers(1, 9),
        }
    ),
    max_size=14,
)
REFERENCES = st.integers(1, 35) | st.none()


def steps(orders, side, tick):
    return [
        Step(o["price"] and o["price"] * tick, o["remaining"])
        for o in orders
        if o["side"] == side
    ]


@given(ORDERS, REFERENCES, st.integers(1, 3))
@settings(deadline=None, max_examples=400)
def test_the_price_is_the_one_that_trying_every_tick_finds(orders, reference, tick):
    for order in orders:
        order["price"] = order["price"] and order["price"] * tick
    found = determine(
        [Step(o["price"], o["remaining"]) for o in orders if o["side"] == "buy"],
        [Step(o["price"], o["remaining"]) for o in orders if o["side"] == "sell"],
        reference,
        tick,
    )
    expected = naive_auction.indication(orders, reference, tick)
    assert (found.price, found.quantity) == (expected["price"], expected["quantity"])
    assert (found.surplus, found.side) == (expected["surplus"], expected["side"])


@given(st.lists(st.one_of(PLACES, PLACES, DATED, OTHERS, TIMED, CALLS), max_size=50))
@settings(deadline=None)
def test_the_matcher_and_its_twin_tell_the_same_story_of_calls(flow):
    assert_same_story(flow, allow_self_trade=False)


@given(st.lists(ONE_BOOK, max_size=60), st.booleans())
@settings(deadline=None, max_examples=200)
def test_they_do_in_one_crowded_book_that_begins_with_a_call(flow, allow_self_trade):
    first = {"op": "phase", "phase": "call", "reference": 3}
    assert_same_story([first, *flow], allow_self_trade=allow_self_trade)


def assert_same_story(flow, *, allow_self_trade):
    matcher = Matcher(allow_self_trade=allow_self_trade)
    twin = NaiveMarket(allow_self_trade=allow_self_trade)
    for line, op in enumerate(flow, 1):
        assert matcher.feed(encode(op)) == twin.feed(line, op), op
    waiting = {event["id"]: event["remaining"] for event in matcher.resting()}
    assert waiting == {order["id"]: order["remaining"] for order in twin.waiting}


@given(ORDERS, REFERENCES)
@settings(deadline=None)
def test_an_uncross_leaves_no_crossed_book_and_breaks_no_limit(orders, reference):
    book = Book()
    call = Call(book, reference)
    for number, o in enumerate(orders, 1):
        side = BUY if o["side"] == "buy" else SELL
        call.place(Order(number, number, 1, side, o["price"], o["remaining"]))
    found, matches = call.uncross()
    assert sum(match.quantity for match in matches) == found.quantity
    for buy, sell, _ in matches:
        assert buy.price is None or buy.price >= found.price
        assert sell.price is None or sell.price <= found.price
    assert not call.indicate().quantity
    bid, offer = book.levels(BUY, 1), book.levels(SELL, 1)
    assert not bid or not offer or bid[0].price < offer[0].price


@given(ORDERS, REFERENCES, st.integers(1, 30), st.integers(0, 12))
@settings(deadline=None)
def test_no_price_is_outside_the_band(orders, reference, floor, width):
    ceiling = floor + width
    found = determine(
        steps(orders, "buy", 1),
        steps(orders, "sell", 1),
        reference,
        1,
        floor,
        ceiling,
    )
    inside = [
        price
        for price in naive_auction.candidates(orders, reference, 1)
        if floor <= price <= ceiling
    ]
    most = max((min(naive_auction.at(price, orders)) for price in inside), default=0)
    assert found.quantity == most
    assert found.price is None if not most else floor <= found.price <= ceiling
