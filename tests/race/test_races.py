"""Real races: many at once want what only some can have (reliability 6.13)."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from marketplace.trading import commands as c
from settlement import tables as s
from settlement.errors import NotFound, Refusal
from tests.floor import (
    BUY,
    CASH,
    CAT,
    DAN,
    PRICE,
    STAFF,
    SUN,
    VERA,
    bid,
    count,
    line,
    money,
    proven,
    trading,
)

CROWD = 30


@pytest.fixture
def floor(database_url):
    """A gateway with the floor open, on each engine."""
    with trading(database_url) as gateway:
        yield gateway


def at_once(gateway, asks):
    """Submit all (command, key) at the same moment; each result or refusal."""
    barrier = threading.Barrier(len(asks))

    def ask(command, key):
        barrier.wait()
        try:
            return gateway.submit(command, key).result
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(len(asks)) as pool:
        return [answer.result() for answer in [pool.submit(ask, *one) for one in asks]]


def codes(answers):
    """Count the answers: "ok" or a refusal's code."""
    return Counter(a.code if isinstance(a, Refusal) else "ok" for a in answers)


def test_the_same_key_fifty_times_has_one_effect(floor):
    answers = at_once(floor, [(BUY, "once")] * 50)
    assert {answer.trades for answer in answers} == {answers[0].trades}
    assert count(floor._reads, s.trades) == 1
    assert money(floor._reads, CAT) == CASH - PRICE
    proven(floor._reads)


def test_one_balance_is_not_spent_twice(floor):
    """Bids, buys and payouts of a third of the balance each: three or four succeed."""
    third = CASH // 3
    kinds = (
        bid(1, third),
        c.PlaceOrder(CAT, CAT, line("buy", PRICE, third // PRICE, time_in_force="IOC")),
        c.RequestPayout(CAT, CAT, 1, third, "bank"),
    )
    answers = at_once(floor, [(kinds[n % 3], None) for n in range(CROWD)])
    assert codes(answers)["ok"] in (3, 4)  # a buy takes a little less than a third
    assert codes(answers).keys() == {"ok", "insufficient_balance"}
    assert money(floor._reads, CAT) >= 0
    proven(floor._reads)


def test_orders_of_random_size_never_come_to_more_than_the_balance(floor):
    chance = random.Random(7)
    sizes = [chance.randrange(1, CASH // 5) for _ in range(CROWD)]
    answers = at_once(floor, [(bid(1, size), None) for size in sizes])
    accepted = sum(
        size
        for size, answer in zip(sizes, answers, strict=True)
        if not isinstance(answer, Refusal)
    )
    refused = [
        size
        for size, answer in zip(sizes, answers, strict=True)
        if isinstance(answer, Refusal)
    ]
    assert accepted <= CASH < accepted + min(refused)
    assert money(floor._reads, CAT, 1) == accepted
    proven(floor._reads)


def test_the_last_units_are_sold_once(floor):
    floor.submit(c.DelistInstrument(STAFF, SUN))
    floor.submit(
        c.ListInstrument(
            STAFF, SUN + 1, "RARE", VERA, 1, 1, 1, "{}", (), None, None,
            transferable=True,
        )
    )  # fmt: skip
    floor.submit(c.PlaceOrder(VERA, VERA, c.Line(SUN + 1, "sell", 5, 3)))
    asks = [
        c.PlaceOrder(who, who, c.Line(SUN + 1, "buy", 5, 1, "IOC", purpose="x"))
        for who in (CAT, DAN)
    ]
    answers = at_once(floor, [(asks[n % 2], None) for n in range(CROWD)])
    assert sum(len(answer.trades) for answer in answers) == 3
    assert count(floor._reads, s.entitlements) == 3
    proven(floor._reads)


def test_an_order_is_cancelled_once(floor):
    order = floor.submit(bid(9, 10)).result.order
    answers = at_once(floor, [(c.CancelOrder(CAT, CAT, order), None)] * CROWD)
    assert codes(answers) == {"ok": 1, "not_found": CROWD - 1}
    assert money(floor._reads, CAT) == CASH
    proven(floor._reads)


def test_a_fill_and_a_cancel_share_the_order_between_them(floor):
    order = floor.submit(bid(9, 20)).result.order
    sell = c.PlaceOrder(VERA, VERA, line("sell", 9, 1, time_in_force="IOC"))
    cancel = c.CancelOrder(CAT, CAT, order)
    answers = at_once(floor, [(sell, None)] * 20 + [(cancel, None)] * 2)
    sold = sum(len(a.trades) for a in answers[:20])
    cancelled = [a for a in answers[20:] if not isinstance(a, NotFound)]
    assert sold + sum(cancelled) == 20
    assert money(floor._reads, CAT) == CASH - 9 * sold
    proven(floor._reads)


def test_a_quota_of_deliveries_is_kept(floor):
    floor.submit(
        c.ListInstrument(
            STAFF, SUN + 1, "MET", VERA, 1, 1, 1, "{}", (), None, 5, transferable=False
        )
    )
    right = floor.submit(c.GrantRight(STAFF, CAT, SUN + 1, 1, "x")).result
    deliver = c.Deliver(CAT, CAT, right, 1, "ab" * 32, 9)
    answers = at_once(floor, [(deliver, None)] * CROWD)
    assert codes(answers) == {"ok": 5, "quota_used_up": CROWD - 5}
    assert count(floor._reads, s.receipts) == 5
    proven(floor._reads)


def test_a_payin_is_credited_once_and_a_payout_paid_once(floor):
    payin = floor.submit(c.RequestPayin(CAT, CAT, 1, 50, "cash")).result
    answers = at_once(floor, [(c.ConfirmPayin(STAFF, payin), None)] * CROWD)
    assert codes(answers) == {"ok": 1, "not_found": CROWD - 1}
    payout = floor.submit(c.RequestPayout(CAT, CAT, 1, 50, "bank")).result
    steps = [c.ApprovePayout(902, payout), c.PayPayout(903, payout)]
    steps += [c.CancelPayout(CAT, CAT, payout), c.FailPayout(902, payout)]
    at_once(floor, [(steps[n % 4], None) for n in range(CROWD)])
    assert money(floor._reads, CAT) + money(floor._reads, CAT, 1) in (CASH, CASH + 50)
    proven(floor._reads)
