"""The book: who trades with whom, at which price, and what waits."""

from itertools import count

import pytest

from marketplace.trading.book import EMPTY_MAX, Book
from marketplace.trading.orders import (
    BUY,
    FOK,
    GTD,
    IOC,
    SELL,
    Order,
    OrderState,
    Reason,
    WouldTake,
)

ANN, BOB, CAT = 1, 2, 3
numbers = count(1)


def bid(member, quantity, price, time_in_force="GTC", **more):
    return order(member, BUY, quantity, price, time_in_force, **more)


def offer(member, quantity, price, time_in_force="GTC", **more):
    return order(member, SELL, quantity, price, time_in_force, **more)


def order(member, side, quantity, price, time_in_force, **more):
    kind = {"IOC": IOC, "FOK": FOK, "GTD": GTD}.get(time_in_force)
    if kind is not None:
        more["time_in_force"] = kind
    return Order(next(numbers), member, 1, side, price, quantity, **more)


def book_of(*orders, **options):
    book = Book(**options)
    for waiting in orders:
        assert book.place(waiting) == ([], None)
    return book


def test_an_empty_book_has_nothing_to_show():
    book = Book()
    assert book.best(BUY) is None
    assert book.best(SELL) is None
    assert book.levels(SELL, 5) == []
    assert book.orders(BUY) == []
    assert book.available(bid(ANN, 5, None)) == 0


def test_the_cheapest_offer_fills_first_and_at_its_own_price():
    dear, cheap = offer(ANN, 5, 12), offer(BOB, 5, 11)
    book = book_of(dear, cheap)
    assert book.place(bid(CAT, 7, 12)) == ([(cheap, 5), (dear, 2)], None)
    assert book.best(SELL) is dear
    assert dear.remaining == 3


def test_the_highest_bid_fills_first():
    low, high = bid(ANN, 5, 11), bid(BOB, 5, 12)
    book = book_of(low, high)
    assert book.place(offer(CAT, 7, 11)) == ([(high, 5), (low, 2)], None)


def test_at_one_price_the_earlier_order_fills_first():
    early, late = offer(ANN, 5, 11), offer(BOB, 5, 11)
    book = book_of(early, late)
    assert book.place(bid(CAT, 6, 11)) == ([(early, 5), (late, 1)], None)


def test_the_rest_of_an_order_waits():
    book = book_of(offer(ANN, 5, 11))
    taker = bid(CAT, 8, 11)
    fills, reason = book.place(taker)
    assert (len(fills), reason) == (1, None)
    assert (taker.state, taker.remaining) == (OrderState.PARTIAL, 3)
    assert book.best(BUY) is taker
    assert book.best(SELL) is None


def test_prices_that_do_not_meet_do_not_trade():
    book = book_of(offer(ANN, 5, 12))
    assert book.place(bid(CAT, 5, 11)) == ([], None)
    assert (book.best(BUY).price, book.best(SELL).price) == (11, 12)


@pytest.mark.parametrize(
    ("time_in_force", "price", "reason"),
    [
        ("IOC", 11, Reason.IMMEDIATE_OR_CANCEL),
        ("IOC", None, Reason.IMMEDIATE_OR_CANCEL),
        ("GTC", None, Reason.NO_LIQUIDITY),
        ("GTD", None, Reason.NO_LIQUIDITY),
    ],
)
def test_what_may_not_wait_is_cancelled(time_in_force, price, reason):
    book = book_of(offer(ANN, 5, 11))
    taker = bid(CAT, 8, price, time_in_force)
    fills, told = book.place(taker)
    assert ([quantity for _, quantity in fills], told) == ([5], reason)
    assert (taker.state, taker.remaining) == (OrderState.CANCELLED, 3)
    assert book.best(BUY) is None


@pytest.mark.parametrize("price", [11, None])
def test_fill_or_kill_leaves_no_trace_if_it_cannot_fill(price):
    waiting = offer(ANN, 5, 11)
    book = book_of(waiting, offer(BOB, 5, 13))
    taker = bid(CAT, 11, price, "FOK")
    assert book.place(taker) == ([], Reason.FILL_OR_KILL)
    assert (waiting.remaining, taker.remaining) == (5, 11)


def test_fill_or_kill_fills_if_it_can():
    book = book_of(offer(ANN, 5, 11), offer(BOB, 5, 12))
    taker = bid(CAT, 10, 12, "FOK")
    fills, reason = book.place(taker)
    assert ([quantity for _, quantity in fills], reason) == ([5, 5], None)
    assert taker.state is OrderState.FILLED


def test_an_order_stops_at_one_of_the_same_member():
    first, own, third = offer(ANN, 2, 10), offer(CAT, 2, 11), offer(BOB, 2, 12)
    book = book_of(first, own, third)
    taker = bid(CAT, 6, 12)
    assert book.place(taker) == ([(first, 2)], Reason.SELF_TRADE)
    assert (taker.state, taker.remaining) == (OrderState.CANCELLED, 4)
    assert book.best(SELL) is own


def test_an_order_that_is_full_before_its_own_is_not_stopped():
    book = book_of(offer(ANN, 2, 10), offer(CAT, 2, 11))
    assert book.place(bid(CAT, 2, 11))[1] is None


def test_fill_or_kill_does_not_count_on_the_members_own_orders():
    book = book_of(offer(ANN, 2, 10), offer(CAT, 2, 11), offer(BOB, 9, 12))
    assert book.place(bid(CAT, 4, 12, "FOK")) == ([], Reason.FILL_OR_KILL)
    assert book.best(SELL).remaining == 2


def test_self_trades_may_be_allowed():
    own = offer(CAT, 2, 11)
    book = book_of(own, allow_self_trade=True)
    assert book.place(bid(CAT, 2, 11)) == ([(own, 2)], None)


def test_a_post_only_order_that_would_trade_is_refused_without_trace():
    waiting = offer(ANN, 5, 11)
    book = book_of(waiting)
    taker = bid(CAT, 5, 12, post_only=True)
    with pytest.raises(WouldTake) as refused:
        book.place(taker)
    assert refused.value.price == 11
    assert (waiting.remaining, taker.state) == (5, OrderState.OPEN)
    assert book.best(BUY) is None


def test_a_post_only_order_waits_if_nothing_is_left_at_the_price():
    waiting = offer(ANN, 5, 11)
    book = book_of(waiting)
    book.remove(waiting)
    maker = bid(CAT, 5, 12, post_only=True)
    assert book.place(maker) == ([], None)
    assert book.best(BUY) is maker


def test_an_evergreen_offer_serves_any_quantity_and_keeps_its_place():
    posted, behind = offer(ANN, 1, 11, evergreen=True), offer(BOB, 5, 11)
    book = book_of(posted, behind)
    assert book.place(bid(CAT, 1_000, 11)) == ([(posted, 1_000)], None)
    assert book.place(bid(CAT, 7, None, "FOK")) == ([(posted, 7)], None)
    assert book.orders(SELL) == [posted, behind]


def test_an_evergreen_offer_fills_every_bid_at_its_price_and_then_waits():
    low, high = bid(BOB, 5, 11), bid(CAT, 3, 12)
    book = book_of(low, high, bid(BOB, 5, 10))
    posted = offer(ANN, 1, 11, evergreen=True)
    assert book.place(posted) == ([(high, 3), (low, 5)], None)
    assert book.best(SELL) is posted
    assert book.best(BUY).price == 10


def test_no_bid_is_evergreen():
    with pytest.raises(AssertionError):
        Book().place(bid(ANN, 1, 11, evergreen=True))


def test_levels_sum_the_finite_orders_and_count_the_evergreen_apart():
    book = book_of(
        offer(ANN, 5, 12),
        offer(BOB, 2, 11),
        offer(ANN, 1, 11, evergreen=True),
        offer(CAT, 3, 11),
        offer(CAT, 3, 13),
    )
    assert book.levels(SELL, 2) == [(11, 5, 3, 1), (12, 5, 1, 0)]
    assert len(book.levels(SELL, 9)) == 3


def test_orders_are_told_in_order_of_priority():
    waiting = [bid(ANN, 1, 10), bid(ANN, 1, 12), bid(ANN, 1, 11), bid(ANN, 1, 12)]
    book = book_of(*waiting)
    expected = [waiting[1], waiting[3], waiting[2], waiting[0]]
    assert book.orders(BUY) == expected


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_removed_order_leaves_the_others_in_order(gone):
    waiting = [offer(ANN, 1, 10), offer(BOB, 1, 10), offer(CAT, 1, 10)]
    book = book_of(*waiting)
    book.remove(waiting.pop(gone))
    assert book.orders(SELL) == waiting
    fills, _ = book.place(bid(4, 2, 10))
    assert [maker for maker, _ in fills] == waiting


def test_an_order_cannot_be_removed_twice():
    waiting = offer(ANN, 1, 10)
    book = book_of(waiting, offer(BOB, 1, 10))
    book.remove(waiting)
    with pytest.raises(AssertionError):
        book.remove(waiting)


def test_a_price_is_used_again_after_it_was_empty():
    first, second = offer(ANN, 1, 10), offer(BOB, 1, 10)
    book = book_of(first)
    book.remove(first)
    book.place(second)
    assert book.best(SELL) is second
    assert book.levels(SELL, 5) == [(10, 1, 1, 0)]


def test_orders_from_records_rest_without_matching():
    book = Book()
    early, late = offer(ANN, 5, 10, remaining=2), offer(BOB, 5, 10)
    book.rest(early)
    book.rest(late)
    assert book.orders(SELL) == [early, late]
    assert book.available(bid(CAT, 9, 10)) == 7


def test_what_is_available_is_no_more_than_what_is_asked():
    book = book_of(offer(ANN, 5, 10), offer(BOB, 5, 12))
    assert book.available(bid(CAT, 7, 12)) == 7
    assert book.available(bid(CAT, 7, 11)) == 5
    assert book.available(offer(CAT, 7, 11)) == 0


def test_prices_that_nobody_uses_are_forgotten():
    book = book_of(bid(ANN, 1, 1_000_000))
    for price in range(1, 10_000):
        passing = bid(BOB, 1, price)
        book.place(passing)
        book.remove(passing)
    assert len(book._bids.heap) <= 2 * EMPTY_MAX + 2
    assert len(book.levels(BUY, 10)) == 1


def test_ten_thousand_offers_at_one_price_are_taken_in_turn():
    waiting = [offer(ANN, 1, 10) for _ in range(10_000)]
    book = book_of(*waiting)
    taken = [book.place(bid(BOB, 1, 10))[0][0].maker for _ in waiting]
    assert taken == waiting
    assert book.best(SELL) is None
