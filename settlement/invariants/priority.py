"""Price-time priority, derived again from the records."""

import heapq
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection

from settlement import ids
from settlement.invariants.violation import Violation, ask

Moment = tuple[int, int]  # journal number, trade number
STILL: Moment = (1 << 63, 0)  # later than any record

WAITED = """
    SELECT o.id, o.instrument, o.side, o.price, o.state, r.released
    FROM orders o
    LEFT JOIN (SELECT subject, MAX(seq) AS released FROM transfers
               WHERE reason = 'release' GROUP BY subject) r ON r.subject = o.id
    WHERE o.price IS NOT NULL AND o.time_in_force IN ('GTC', 'GTD')
    ORDER BY o.id
"""
MATCHED = """
    SELECT id, seq, instrument, buy_order, sell_order, taker FROM trades
    WHERE origin = 'book' ORDER BY id
"""


class Rank(NamedTuple):
    """The place of an order in its queue: smaller is served first."""

    key: int  # the price of an offer, minus the price of a bid
    order: int


class Queue:
    """One side of one book, as far as the records prove who waited when."""

    def __init__(self) -> None:
        """Start with nobody."""
        self.coming: list[Rank] = []  # in order of their numbers
        self.waiting: list[Rank] = []  # a heap
        self._next = 0

    def let_in(self, before: int) -> None:
        """Let those wait whose number is below *before*."""
        coming = self.coming
        while self._next < len(coming) and coming[self._next].order < before:
            heapq.heappush(self.waiting, coming[self._next])
            self._next += 1


def first_come_first_served(db: Connection) -> Iterator[Violation]:
    """B3: no trade passes over an order that was better, or as good and earlier.

    Each side of each book is played again. An order counts as waiting from its own
    number until the last moment at which the records prove that it still was: it waits
    now, it was traded with later, or its hold was released later. So what is found is
    certain; an evergreen offer that was cancelled without a later trade is not missed.
    """
    proved = _proved(db)
    queues: dict[tuple[int, str], Queue] = {}
    ranks: dict[int, Rank] = {}
    for row in ask(db, WAITED):
        if row.id in proved:
            rank = Rank(row.price if row.side == "sell" else -row.price, row.id)
            ranks[row.id] = rank
            queue = queues.setdefault((row.instrument, row.side), Queue())
            queue.coming.append(rank)
    for row in ask(db, MATCHED):
        taker_buys = row.taker == "buy"
        side = "sell" if taker_buys else "buy"
        maker = row.sell_order if taker_buys else row.buy_order
        arrived = row.buy_order if taker_buys else row.sell_order
        found = queues.get((row.instrument, side), Queue())
        found.let_in(before=arrived)
        first = _first(found.waiting, proved, (row.seq, row.id))
        if first is None or first != ranks.get(maker):
            yield _passed_over(row.id, maker, arrived, first)


def _proved(db: Connection) -> dict[int, Moment]:
    """Return for each order the last moment at which it certainly waited."""
    proved: dict[int, Moment] = {}
    for row in ask(db, MATCHED):
        maker = row.sell_order if row.taker == "buy" else row.buy_order
        proved[maker] = (row.seq, row.id)
    for row in ask(db, WAITED):
        if row.state in ("open", "partial"):
            proved[row.id] = STILL
        elif row.released is not None:
            released = (row.released, 0)
            proved[row.id] = max(released, proved.get(row.id, released))
    return proved


def _first(
    waiting: list[Rank], proved: dict[int, Moment], moment: Moment
) -> Rank | None:
    """Return who should be served at *moment*; forget those no longer proved."""
    while waiting and proved[waiting[0].order] < moment:
        heapq.heappop(waiting)
    return waiting[0] if waiting else None


def _passed_over(trade: int, maker: int, arrived: int, first: Rank | None) -> Violation:
    name, taken = ids.encode("trade", trade), ids.encode("order", maker)
    if first is None or first.order == maker or maker > arrived:
        return Violation("B3", f"Trade {name} took order {taken}, which did not wait.")
    passed = ids.encode("order", first.order)
    return Violation(
        "B3", f"Trade {name} took order {taken}; order {passed} was before it."
    )
