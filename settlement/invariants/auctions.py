"""Invariants of call auctions, derived again from the records without the core's code.

What an uncross could choose from is known for certain only of orders that provably
waited: they trade in it or later, wait now, or were released later. The checks count
these alone, so that what they find is wrong in any case.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row

from settlement import ids
from settlement import journal as journal_module
from settlement.invariants.violation import Violation, ask, asset_name

UNCROSSED = """
    SELECT seq, instrument, price, quantity, surplus, side, floor, ceiling
    FROM auctions ORDER BY seq, instrument
"""
TRADES = """
    SELECT t.id, t.seq, t.instrument, t.price, t.quantity, t.buyer, t.seller,
           t.buy_order, t.sell_order, b.price AS bid, s.price AS ask,
           b.side AS up, s.side AS down, b.member AS bidder, s.member AS asker
    FROM trades t LEFT JOIN orders b ON b.id = t.buy_order
    LEFT JOIN orders s ON s.id = t.sell_order
    WHERE t.origin = 'auction' ORDER BY t.seq, t.instrument, t.id
"""
# Every order that might have waited for an uncross, and when its hold was released.
ORDERS = """
    SELECT o.id, o.seq, o.instrument, o.side, o.price, o.evergreen, o.quantity, o.state,
           r.released
    FROM orders o
    LEFT JOIN (SELECT subject, MAX(seq) AS released FROM transfers
               WHERE reason = 'release' GROUP BY subject) r ON r.subject = o.id
    WHERE o.instrument IN (SELECT instrument FROM auctions)
    AND o.time_in_force IN ('GTC', 'GTD') ORDER BY o.id
"""
FILLS = """
    SELECT seq, buy_order, sell_order, quantity FROM trades
    WHERE instrument IN (SELECT instrument FROM auctions) ORDER BY seq
"""
STILL = 1 << 63  # later than any record

Key = tuple[int, int]  # journal number, instrument


class Waiting(NamedTuple):
    """One order that an uncross could choose."""

    id: int
    side: str
    price: int | None
    endless: bool
    left: int  # before the uncross, at least
    taken: int  # by the uncross


def one_price_within_limits(db: Connection) -> Iterator[Violation]:
    """B4 and B5: all trades of an uncross have its price, within limits and band."""
    uncrossed = {(row.seq, row.instrument): row for row in ask(db, UNCROSSED)}
    told: dict[Key, int] = dict.fromkeys(uncrossed, 0)
    for trade in ask(db, TRADES):
        key = trade.seq, trade.instrument
        name = ids.encode("trade", trade.id)
        auction = uncrossed.get(key)
        if auction is None:
            yield Violation("B4", f"Trade {name} is of an uncross that is not there.")
            continue
        told[key] += trade.quantity
        for problem in _faults(trade, auction):
            yield Violation("B4", f"Trade {name} {problem}.")
        if trade.buyer == trade.seller:
            yield Violation("B5", f"Trade {name} is of a member with itself.")
        if (trade.bidder, trade.asker) != (trade.buyer, trade.seller):
            yield Violation("B5", f"Trade {name} names other members than its orders.")
    for key, auction in uncrossed.items():
        if told[key] != auction.quantity:
            yield Violation(
                "B4", f"{_title(key)} traded {told[key]}, not {auction.quantity}."
            )


def _faults(trade: Row[Any], auction: Row[Any]) -> Iterator[str]:
    if (trade.up, trade.down) != ("buy", "sell"):
        yield "lacks the order of one side"
    if trade.price != auction.price:
        yield f"at {trade.price} is not at the uniform price {auction.price}"
    if not auction.floor <= trade.price <= auction.ceiling:
        yield f"at {trade.price} is outside the band of its call"
    if trade.bid is not None and trade.price > trade.bid:
        yield f"at {trade.price} is above the bid's limit {trade.bid}"
    if trade.ask is not None and trade.price < trade.ask:
        yield f"at {trade.price} is below the offer's limit {trade.ask}"


class Life(NamedTuple):
    """One order of an instrument that is auctioned, as far as the records prove it."""

    row: Row[Any]
    fills: list[tuple[int, int]]  # (record, quantity)
    until: int  # the last record at which it certainly waited

    def at(self, seq: int) -> Waiting | None:
        """Return the order as the uncross in record *seq* found it, if it waited."""
        o = self.row
        if not o.seq < seq <= self.until:
            return None
        before = sum(quantity for then, quantity in self.fills if then < seq)
        taken = sum(quantity for then, quantity in self.fills if then == seq)
        left = max(o.quantity - before, taken)
        return Waiting(o.id, o.side, o.price, bool(o.evergreen), left, taken)


def _lives(db: Connection) -> dict[int, list[Life]]:
    """Return the orders of each instrument that is auctioned."""
    fills: dict[int, list[tuple[int, int]]] = {}
    for trade in ask(db, FILLS):
        for order in (trade.buy_order, trade.sell_order):
            fills.setdefault(order, []).append((trade.seq, trade.quantity))
    lives: dict[int, list[Life]] = {}
    for row in ask(db, ORDERS):
        own = fills.get(row.id, [])
        until = max(own[-1][0] if own else 0, (row.released or 0) - 1)
        if row.state in ("open", "partial"):
            until = STILL
        lives.setdefault(row.instrument, []).append(Life(row, own, until))
    return lives


def most_volume_by_priority(db: Connection) -> Iterator[Violation]:
    """B3: no other price trades more; market orders first, then price, then time."""
    lives = _lives(db)
    for auction in ask(db, UNCROSSED):
        key = auction.seq, auction.instrument
        found = [life.at(auction.seq) for life in lives.get(auction.instrument, [])]
        waiting = [order for order in found if order is not None]
        limits = {o.price for o in waiting if o.price is not None}
        inside = [p for p in limits if auction.floor <= p <= auction.ceiling]
        most = max((_volume(waiting, price) for price in inside), default=0)
        if most > auction.quantity:
            yield Violation(
                "B3",
                f"{_title(key)} traded {auction.quantity}; {most} were possible.",
            )
        if auction.price is not None:
            yield from _passed_over(key, waiting, auction.price)


def _volume(waiting: list[Waiting], price: int) -> int:
    bids = [o for o in waiting if o.side == "buy"]
    offers = [o for o in waiting if o.side == "sell"]
    demand = sum(o.left for o in bids if o.price is None or o.price >= price)
    eligible = [o for o in offers if o.price is None or o.price <= price]
    if any(o.endless for o in eligible):
        return demand
    return min(demand, sum(o.left for o in eligible))


def _passed_over(key: Key, waiting: list[Waiting], price: int) -> Iterator[Violation]:
    """Find who got something although one before it did not get all."""
    for side, sign in (("buy", -1), ("sell", 1)):
        queue = [o for o in waiting if o.side == side]
        queue = [o for o in queue if o.price is None or sign * (price - o.price) >= 0]
        queue.sort(key=lambda o: (o.price is not None, sign * (o.price or 0), o.id))
        short: Waiting | None = None
        for order in queue:
            if order.taken and short is not None:
                first, later = (ids.encode("order", o.id) for o in (short, order))
                yield Violation(
                    "B3", f"{_title(key)} filled {later} before all of {first}."
                )
                break
            if order.endless or order.taken < order.left:
                short = order


def auctions_as_journalled(db: Connection) -> Iterator[Violation]:
    """A4: what a command answered of an uncross is what stands in the records."""
    rows = {(row.seq, row.instrument): row for row in ask(db, UNCROSSED)}
    found = "SELECT seq, body FROM journal ORDER BY seq"
    for seq, body in ask(db, found):
        _, _, _, _, _, kind, command, (outcome, *rest) = json.loads(body)
        applied = outcome == journal_module.APPLIED
        if not applied or kind not in ("Uncross", "SetPhase") or rest[0] is None:
            continue
        row = rows.get((seq, command[1]))
        if (
            row is None
            or [row.price, row.quantity, row.surplus, row.side] != (rest[0][:4])
        ):
            yield Violation(
                "A4", f"{_title((seq, command[1]))} is not what the journal says."
            )


def _title(key: Key) -> str:
    return f"The uncross of {asset_name(key[1])} in record {key[0]}"
