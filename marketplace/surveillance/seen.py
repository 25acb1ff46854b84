"""What the detectors look at: trades, orders, bids, reviews of a while, as values."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, or_, select

from listings.tables import products
from marketplace.community.tables import ratings
from marketplace.surveillance.tables import ties
from marketplace.trading.mistakes import BUSTED
from marketplace.trading.tables import (
    contest_bids,
    contests,
    offers,
    orders,
)
from marketplace.trading.tender_tables import tender_bids
from settlement.journal import read
from settlement.tables import journal, payouts, trades

ROWS_MAX = 200_000  # of each kind, the latest
LATEST_MAX = 20_000  # of auctions' bids, tenders' and reviews, read at each look


class Traded(NamedTuple):
    """One trade on the market; personal prices and filed trades are none."""

    trade: int
    at_us: int
    instrument: int
    price: int
    quantity: int
    buyer: int
    seller: int
    taker: str
    buy_order: int
    sell_order: int


class Placed(NamedTuple):
    """One order, how much of it traded, and when it was cancelled, if it was."""

    order: int
    at_us: int
    member: int
    instrument: int
    side: str
    price: int | None
    quantity: int
    filled: int
    cancelled_us: int | None
    evergreen: bool


class Bid(NamedTuple):
    """One bid in a contest."""

    contest: int
    vendor: int
    member: int
    at_us: int
    price: int
    won: bool  # its bidder has won


class Review(NamedTuple):
    """One review of a vendor's product."""

    rating: int
    at_us: int
    member: int
    vendor: int
    points: int  # 1 to 5


class Tendered(NamedTuple):
    """One opened bid of a tender."""

    tender: int  # the demand
    at_us: int
    buyer: int
    vendor: int
    value: int  # minor units, in all
    won: bool


class Seen(NamedTuple):
    """All of it, the earliest first; *group* names each member's owner."""

    deals: tuple[Traded, ...] = ()
    orders: tuple[Placed, ...] = ()
    bids: tuple[Bid, ...] = ()
    reviews: tuple[Review, ...] = ()
    tenders: tuple[Tendered, ...] = ()
    group: Mapping[int, int] = {}

    def owner(self, member: int) -> int:
        """Return who stands behind a member: the least member of its group."""
        return self.group.get(member, member)


def look(db: Connection, since_us: int) -> Seen:
    """Return what happened since *since_us*, ROWS_MAX of each kind.

    Of auctions, tenders and reviews it is the latest LATEST_MAX, whenever that was.
    """
    return Seen(
        _deals(db, since_us),
        _orders(db, since_us),
        _bids(db),
        _reviews(db),
        _tenders(db),
        groups(db),
    )


def groups(db: Connection) -> dict[int, int]:
    """Return the owner of each member that shares one with another.

    Members belong together if the desk has tied them, or if their payouts went to the
    same account.
    """
    paid = select(payouts.c.destination, payouts.c.member).distinct()
    pairs = [(row.member, row.other) for row in db.execute(select(ties))]
    to: dict[str, int] = {}
    for place, member in db.execute(paid.order_by(payouts.c.member)):
        pairs.append((to.setdefault(place, member), member))
    return grouped(pairs)


def grouped(pairs: list[tuple[int, int]]) -> dict[int, int]:
    """Return member → the least member that *pairs* connect it to."""
    found: dict[int, int] = {}

    def root(member: int) -> int:
        while found.get(member, member) != member:
            member = found[member]
        return member

    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        found[low] = found[high] = low
    return {member: root(member) for member in found}


def _since(table: Any, since_us: int) -> Any:
    """Return the condition for rows since a moment, by number: both grow together."""
    before = select(table.c.id).where(table.c.at_us < since_us)
    last = before.order_by(table.c.id.desc()).limit(1).scalar_subquery()
    return table.c.id > func.coalesce(last, 0)


def _latest(
    db: Connection, query: Any, key: Any, most: int = ROWS_MAX
) -> list[Row[Any]]:
    return list(reversed(db.execute(query.order_by(key.desc()).limit(most)).all()))


def _deals(db: Connection, since_us: int) -> tuple[Traded, ...]:
    names = ("id", *Traded._fields[1:])
    query = select(*(trades.c[name] for name in names)).where(
        _since(trades, since_us),
        trades.c.origin.in_(("book", "pinned", "auction")),
        trades.c.id.not_in(BUSTED),
    )
    return tuple(Traded._make(row) for row in _latest(db, query, trades.c.id))


def _orders(db: Connection, since_us: int) -> tuple[Placed, ...]:
    ended = _cancelled(db, since_us)
    query = select(orders).where(_since(orders, since_us))
    found = []
    for row in _latest(db, query, orders.c.id):
        cancelled_us = ended.get(row.id) if row.state == "cancelled" else None
        filled = 0 if row.evergreen else row.quantity - row.remaining
        where = row.id, row.at_us, row.member, row.instrument, row.side, row.price
        more = row.quantity, filled, cancelled_us, bool(row.evergreen)
        found.append(Placed(*where, *more))
    return tuple(found)


def _cancelled(db: Connection, since_us: int) -> dict[int, int]:
    """Return when orders were cancelled by request, as the journal has it."""
    query = select(journal.c.body).where(
        journal.c.at_us >= since_us,
        or_(*(journal.c.body.like(f'%"{kind}"%') for kind in ENDING)),
    )
    entries = (read(body) for body in db.execute(query).scalars())
    return {
        entry.command[2]: entry.at_us
        for entry in entries
        if entry.applied and entry.kind in ENDING
    }


ENDING = ("CancelOrder", "ReplaceOrder")  # [by, member, order, …]


def _bids(db: Connection) -> tuple[Bid, ...]:
    """Return the latest bids of auctions: patterns in them take weeks."""
    query = (
        select(contest_bids, contests.c.vendor, contests.c.winner)
        .join(contests, contests.c.id == contest_bids.c.contest)
        .where(contests.c.kind == "ascending")
    )
    return tuple(
        Bid(
            *(row.contest, row.vendor, row.member, row.at_us, row.price),
            row.winner == row.member,
        )
        for row in _latest(db, query, contest_bids.c.id, LATEST_MAX)
    )


def _reviews(db: Connection) -> tuple[Review, ...]:
    """Return the latest reviews: a ring is built over months."""
    query = select(ratings, products.c.vendor).join(
        products, products.c.id == ratings.c.product
    )
    return tuple(
        Review(row.id, row.at_us, row.member, row.vendor, row.quality)
        for row in _latest(db, query, ratings.c.id, LATEST_MAX)
    )


def _tenders(db: Connection) -> tuple[Tendered, ...]:
    """Return the opened bids of the latest tenders: patterns in them take months."""
    query = (
        select(offers)
        .join(tender_bids, tender_bids.c.offer == offers.c.id)
        .where(tender_bids.c.offer.is_not(None))
    )
    return tuple(
        Tendered(
            *(row.demand, row.at_us, row.member, row.vendor),
            row.price * row.quantity,
            row.state == "taken",
        )
        for row in _latest(db, query, tender_bids.c.offer, LATEST_MAX)
    )
