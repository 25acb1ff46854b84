"""The matcher: what each line of an order file is answered with.

Each scenario is an order file above the line and its answers below, one per row.
"""

import json
import re
import shlex

import pytest

from marketplace.trading.matcher import STALE_MAX, Matcher

ORDER = re.compile(
    r"(?:(?P<member>\w+) )?(?P<side>bids|offers) (?P<id>\w+): (?P<quantity>\d+) "
    r"@ (?P<price>\d+|market)(?P<rest>.*)"
)


def operation(row):
    """Read e.g. ``ann bids 1: 5 @ 100 FOK post_only SUN till 7``, or JSON."""
    row, _, at_us = row.partition(" at ")
    clock = {"at_us": int(at_us)} if at_us else {}
    if row == "flush":
        return {"op": "flush", **clock}
    if found := ORDER.fullmatch(row):
        side = {"bids": "buy", "offers": "sell"}[found["side"]]
        price = None if found["price"] == "market" else int(found["price"])
        op = {"op": "place", "id": found["id"], "side": side, "price": price, **clock}
        op["quantity"] = int(found["quantity"])
        if found["member"]:
            op["member"] = found["member"]
        words = shlex.split(found["rest"])
        if "till" in words:
            where = words.index("till")
            op |= {"time_in_force": "GTD", "expires_us": int(words[where + 1])}
            del words[where : where + 2]
        meaning = {"post_only": ("post_only", True)}
        meaning |= {kind: ("time_in_force", kind) for kind in ("GTC", "IOC", "FOK")}
        return op | dict(meaning.get(word, ("instrument", word)) for word in words)
    verb, name, *by = row.split()
    op = {"op": verb, "id": name, **clock}
    return op | {"quantity": int(by[-1])} if by else op


def told(event):
    """Write an event as a row."""
    return " ".join("-" if value is None else str(value) for value in event.values())


@pytest.fixture(autouse=True)
def scenario(request):
    """Play the docstring of the test, if it has one."""
    text = request.function.__doc__
    if not text:
        return
    asked, _, answers = text.partition("---")
    name = request.node.name
    matcher = Matcher(top="top" in name, allow_self_trade="allow" in name)
    rows = [row.strip() for row in asked.strip().splitlines()]
    found = [
        told(event)
        for row in rows
        for event in matcher.feed(json.dumps(operation(row)).encode())
    ]
    assert found == [row.strip() for row in answers.strip().splitlines()]


def test_an_accepted_orders_trades_and_its_cancelled_rest_follow_it():
    """
    ann bids 1: 5 @ 100
    bob bids 2: 5 @ 101
    cat offers 3: 12 @ 100 IOC
    ---
    accepted 1
    accepted 2
    accepted 3
    trade 2 3 101 5
    trade 1 3 100 5
    cancelled 3 2 immediate_or_cancel
    """


def test_a_market_order_never_waits():
    """
    bids 1: 5 @ market
    bids 2: 5 @ market IOC
    bids 3: 5 @ market FOK
    ---
    accepted 1
    cancelled 1 5 no_liquidity
    accepted 2
    cancelled 2 5 immediate_or_cancel
    accepted 3
    cancelled 3 5 fill_or_kill
    """


def test_fill_or_kill_is_all_or_nothing():
    """
    offers 1: 5 @ 100
    bids 2: 6 @ 100 FOK
    bids 3: 5 @ 100 FOK
    ---
    accepted 1
    accepted 2
    cancelled 2 6 fill_or_kill
    accepted 3
    trade 1 3 100 5
    """


def test_the_newer_of_a_members_orders_is_cancelled_when_they_meet():
    """
    bob offers 1: 1 @ 99
    ann offers 2: 5 @ 100
    ann bids 3: 5 @ 100
    ---
    accepted 1
    accepted 2
    accepted 3
    trade 1 3 99 1
    cancelled 3 4 self_trade
    """


def test_self_trades_can_be_allowed():
    """
    ann offers 1: 5 @ 100
    ann bids 2: 5 @ 100
    ---
    accepted 1
    accepted 2
    trade 1 2 100 5
    """


def test_orders_without_a_member_are_of_different_members():
    """
    offers 1: 5 @ 100
    bids 2: 5 @ 100
    ---
    accepted 1
    accepted 2
    trade 1 2 100 5
    """


def test_a_post_only_order_that_would_trade_is_refused():
    """
    offers 1: 5 @ 100
    bids 2: 5 @ 100 post_only
    bids 2: 5 @ 99 post_only
    ---
    accepted 1
    refused 2 2 would_take
    accepted 2
    """


def test_a_reduced_order_keeps_its_priority():
    """
    bids 1: 5 @ 100
    bids 2: 5 @ 100
    reduce 1 by 3
    offers 3: 3 @ 100
    ---
    accepted 1
    accepted 2
    reduced 1 2
    accepted 3
    trade 1 3 100 2
    trade 2 3 100 1
    """


def test_a_reduction_by_all_that_is_left_ends_the_order_and_by_more_is_refused():
    """
    bids 1: 5 @ 100
    reduce 1 by 6
    reduce 1 by 5
    reduce 1 by 1
    offers 2: 1 @ 100
    ---
    accepted 1
    refused 2 1 reduce_too_large
    reduced 1 0
    refused 4 1 order_ended
    accepted 2
    """


def test_only_a_waiting_order_is_cancelled():
    """
    cancel 1
    bids 1: 5 @ 100
    cancel 1
    cancel 1
    ---
    refused 1 1 unknown_order
    accepted 1
    cancelled 1 5 requested
    refused 4 1 order_ended
    """


def test_an_id_is_used_once_until_a_flush():
    """
    bids 1: 5 @ 100
    bids 1: 5 @ 101
    cancel 1
    offers 1: 5 @ 100
    flush
    offers 1: 5 @ 100
    ---
    accepted 1
    refused 2 1 duplicate_id
    cancelled 1 5 requested
    refused 4 1 duplicate_id
    flushed
    accepted 1
    """


def test_each_instrument_has_its_own_book():
    """
    bids 1: 5 @ 100 SUN
    offers 2: 5 @ 100 RAIN
    offers 3: 5 @ 100
    offers 4: 5 @ 100 SUN
    ---
    accepted 1
    accepted 2
    accepted 3
    accepted 4
    trade 1 4 100 5
    """


def test_an_order_expires_before_the_first_line_that_has_reached_its_time():
    """
    bids 1: 5 @ 100 till 20
    bids 2: 4 @ 101 till 10
    offers 3: 1 @ 100 at 9
    offers 4: 1 @ 100 at 20
    offers 5: 1 @ 100 till 20
    offers 6: 1 @ 100 at 19
    ---
    accepted 1
    accepted 2
    accepted 3
    trade 2 3 101 1
    expired 2 3
    expired 1 5
    accepted 4
    refused 5 5 already_expired
    refused 6 6 time_went_back
    """


def test_an_order_that_ended_before_its_date_does_not_expire():
    """
    bids 1: 5 @ 100 till 20
    cancel 1
    bids 2: 5 @ 100 till 20
    flush
    bids 1: 5 @ 100 at 30
    ---
    accepted 1
    cancelled 1 5 requested
    accepted 2
    flushed
    accepted 1
    """


def test_the_top_is_told_after_a_line_that_changes_it():
    """
    bids 1: 5 @ 100
    bids 2: 5 @ 99
    bids 3: 5 @ 100
    offers 4: 7 @ 100
    offers 5: 1 @ 102 RAIN till 9
    reduce 3 by 1
    cancel 3 at 9
    flush
    flush
    ---
    accepted 1
    top - [100, 5] -
    accepted 2
    accepted 3
    top - [100, 10] -
    accepted 4
    trade 1 4 100 5
    trade 3 4 100 2
    top - [100, 3] -
    accepted 5
    top RAIN - [102, 1]
    reduced 3 2
    top - [100, 2] -
    expired 5 1
    cancelled 3 2 requested
    top RAIN - -
    top - [99, 5] -
    flushed
    top - - -
    flushed
    """


def feed(matcher, *rows):
    return [
        e for row in rows for e in matcher.feed(json.dumps(operation(row)).encode())
    ]


def test_events_have_the_fields_of_the_protocol():
    events = feed(
        Matcher(top=True),
        "offers 1: 5 @ 100 till 9",
        "bids 2: 7 @ 100 IOC",
        "bids 3: 7 @ 100 till 9",
        "reduce 3 by 1",
        "cancel 9",
        "flush at 9",
    )
    assert events == [
        {"event": "accepted", "id": "1"},
        {"event": "top", "instrument": None, "bid": None, "ask": [100, 5]},
        {"event": "accepted", "id": "2"},
        {"event": "trade", "maker": "1", "taker": "2", "price": 100, "quantity": 5},
        {
            "event": "cancelled",
            "id": "2",
            "quantity": 2,
            "reason": "immediate_or_cancel",
        },
        {"event": "top", "instrument": None, "bid": None, "ask": None},
        {"event": "accepted", "id": "3"},
        {"event": "top", "instrument": None, "bid": [100, 7], "ask": None},
        {"event": "reduced", "id": "3", "remaining": 6},
        {"event": "top", "instrument": None, "bid": [100, 6], "ask": None},
        {"event": "refused", "line": 5, "id": "9", "code": "unknown_order"},
        {"event": "expired", "id": "3", "quantity": 6},
        {"event": "flushed"},
        {"event": "top", "instrument": None, "bid": None, "ask": None},
    ]


def test_the_resting_orders_are_told_buys_then_sells_and_best_first():
    matcher = Matcher()
    feed(
        matcher,
        "offers 1: 5 @ 103",
        "bids 2: 5 @ 99",
        "offers 3: 5 @ 102 RAIN",
        "bids 4: 5 @ 100",
        "offers 5: 5 @ 102",
        "offers 6: 1 @ 100",
        "bids 7: 2 @ 99",
    )
    assert [told(event) for event in matcher.resting()] == [
        "resting - buy 4 100 4",
        "resting - buy 2 99 5",
        "resting - buy 7 99 2",
        "resting - sell 5 102 5",
        "resting - sell 1 103 5",
        "resting RAIN sell 3 102 5",
    ]
    assert matcher.waiting == 6
    fields = " ".join(next(matcher.resting()))
    assert fields == "event instrument side id price remaining"


def test_a_malformed_line_is_refused_by_its_number_and_changes_nothing():
    matcher = Matcher()
    feed(matcher, "bids 1: 5 @ 100")
    before = list(matcher.resting())
    line = b'{"op":"cancel","id":"1","id":"1"}'
    refused = {"event": "refused", "line": 2, "id": None, "code": "duplicate_field"}
    assert matcher.feed(line) == [refused]
    line = b'{"op":"cancel","id":"1","why":1}'
    refused = {"event": "refused", "line": 3, "id": "1", "code": "unknown_field"}
    assert matcher.feed(line) == [refused]
    assert list(matcher.resting()) == before


def test_the_dates_of_ended_orders_are_forgotten():
    matcher = Matcher()
    for number in range(5 * STALE_MAX):
        feed(matcher, f"bids {number}: 1 @ 1 till 9", f"cancel {number}")
    assert len(matcher._dates) <= STALE_MAX + 1


def test_the_tally_counts_what_happened():
    matcher = Matcher()
    feed(matcher, "bids 1: 5 @ 100", "offers 2: 3 @ 100", "cancel 3")
    kinds = "lines", "accepted", "refused", "trade", "traded"
    assert [matcher.tally[kind] for kind in kinds] == [3, 2, 1, 1, 3]
