"""What streams watch: many instruments or members at once, one statement a question.

Read in one transaction, so that all answers are of the same position of the journal.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, func, or_, select, text, union

from marketplace.trading.book import Level
from marketplace.trading.mistakes import standing
from marketplace.trading.reads import FINITE, LIVE, Levels
from marketplace.trading.tables import (
    books,
    contest_bids,
    contests,
    orders,
    prints,
    stops,
)
from settlement.tables import trades, writer

LEVELS_MAX = 50  # prices of one side that a stream shows
PRINTS_MAX = 500  # trades read in one step; the rest comes with the next
CONTESTS_MAX = 500
ORDERS_MAX = 1_000  # waiting orders of one member that its stream shows
CHUNK = 5_000  # numbers in one statement


class Standing(NamedTuple):
    """A contest as everybody sees it while it takes bids."""

    contest: int
    instrument: int
    kind: str
    closes_us: int
    bids: int | None  # None: sealed, so nobody is told
    bidders: int | None
    best: int | None


def freeze(db: Connection) -> int:
    """Let all that follows see one moment; return the journal's position then."""
    if db.dialect.name == "postgresql":  # SQLite's transactions are so anyway
        db.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    return db.scalar(select(writer.c.seq)) or 0


def depths(db: Connection, instruments: Collection[int]) -> dict[int, Levels]:
    """Return the best LEVELS_MAX prices of both sides of each of *instruments*."""
    key = orders.c.instrument, orders.c.side, orders.c.price
    query = (
        select(*key, FINITE, func.count(), func.sum(orders.c.evergreen))
        .where(LIVE, orders.c.instrument.in_(instruments), orders.c.price.is_not(None))
        .group_by(*key)
    )
    bids: dict[int, list[Level]] = {number: [] for number in instruments}
    offers: dict[int, list[Level]] = {number: [] for number in instruments}
    for instrument, side, *numbers in db.execute(query):
        (bids if side == "buy" else offers)[instrument].append(
            Level(*map(int, numbers))
        )
    return {
        number: Levels(
            tuple(sorted(bids[number], key=lambda at: -at.price)[:LEVELS_MAX]),
            tuple(sorted(offers[number], key=lambda at: at.price)[:LEVELS_MAX]),
        )
        for number in instruments
    }


def halted(db: Connection, instruments: Collection[int]) -> set[int]:
    """Return those of *instruments* in which the house takes no orders now."""
    stopped = select(stops.c.scope).where(stops.c.ended_seq.is_(None))
    scopes = set(db.execute(stopped.where(stops.c.member == 0)).scalars())
    if not scopes:
        return set()
    query = select(books.c.instrument, books.c.currency)
    return {
        number
        for number, currency in db.execute(query.where(_among(instruments)))
        if scopes & {0, number, currency}
    }


def standings(db: Connection, instruments: Collection[int]) -> list[Standing]:
    """Return the contests of *instruments* that take bids, soonest close first."""
    query = (
        select(
            contests,
            func.count(contest_bids.c.id).label("bids"),
            func.count(contest_bids.c.member.distinct()).label("bidders"),
            func.max(contest_bids.c.price).label("best"),
        )
        .outerjoin(contest_bids, contest_bids.c.contest == contests.c.id)
        .where(contests.c.instrument.in_(instruments), contests.c.state == "open")
        .group_by(contests.c.id)
        .order_by(contests.c.closes_us, contests.c.id)
        .limit(CONTESTS_MAX)
    )
    return [_standing(row) for row in db.execute(query)]


def _standing(row: Row[Any]) -> Standing:
    told = row.kind == "ascending"
    shown = (row.bids, row.bidders, row.best) if told else (None, None, None)
    return Standing(row.id, row.instrument, row.kind, row.closes_us, *shown)


def prints_after(
    db: Connection, number: int, instruments: Collection[int]
) -> list[Row[Any]]:
    """Return what the tape tells of *instruments* after its line *number*, in order.

    PRINTS_MAX of them: who gets as many asks again after the last one.
    """
    query = select(prints).where(prints.c.id > number)
    query = query.where(prints.c.instrument.in_(instruments))
    return list(db.execute(query.order_by(prints.c.id).limit(PRINTS_MAX)))


def last_print(db: Connection) -> int:
    """Return the number of the tape's last line; 0 before the first."""
    return db.scalar(select(func.max(prints.c.id))) or 0


def trades_after(db: Connection, number: int) -> list[Row[Any]]:
    """Return the trades after number *number*, of everybody, the earliest first."""
    query = _trades().where(trades.c.id > number)
    return list(db.execute(query.order_by(trades.c.id).limit(PRINTS_MAX)))


def trades_between(
    db: Connection, after: int, to: int, members: Collection[int]
) -> list[Row[Any]]:
    """Return the trades of *members* in the records after *after*, up to *to*."""
    span = trades.c.seq > after, trades.c.seq <= to
    mine = union(
        select(trades.c.id).where(trades.c.buyer.in_(members), *span),
        select(trades.c.id).where(trades.c.seller.in_(members), *span),
    )
    query = _trades().where(trades.c.id.in_(select(mine.subquery().c.id)))
    return list(db.execute(query.order_by(trades.c.id)))


def _trades() -> Select[Any]:
    return (
        select(trades, (trades.c.price * trades.c.quantity).label("value"))
        .add_columns(books.c.symbol, standing().label("corrected"))
        .join(books, books.c.instrument == trades.c.instrument)
    )


def last_trade(db: Connection) -> int:
    """Return the number of the last trade; 0 before the first."""
    return db.scalar(select(func.max(trades.c.id))) or 0


def last_orders(db: Connection, members: Collection[int]) -> dict[int, int]:
    """Return the number of the last order of each of *members* that has any."""
    query = select(orders.c.member, func.max(orders.c.id))
    found = db.execute(query.where(orders.c.member.in_(members)).group_by("member"))
    return {row.member: row[1] for row in found}


def orders_seen(
    db: Connection, known: Sequence[int], last: Mapping[int, int]
) -> list[Row[Any]]:
    """Return the orders *known*, and each member's after its *last* one."""
    query = select(
        orders,
        books.c.symbol,
        books.c.currency,
    ).join(books, books.c.instrument == orders.c.instrument)
    found: list[Row[Any]] = []
    for start in range(0, len(known), CHUNK):
        numbers = known[start : start + CHUNK]
        found += db.execute(query.where(orders.c.id.in_(numbers)))
    newer = [
        (orders.c.member == member) & (orders.c.id > number)
        for member, number in last.items()
    ]
    for start in range(0, len(newer), CHUNK // 50):
        found += db.execute(query.where(or_(*newer[start : start + CHUNK // 50])))
    return sorted(found, key=lambda row: row.id)


def _among(instruments: Collection[int]) -> Any:
    return books.c.instrument.in_(instruments)
