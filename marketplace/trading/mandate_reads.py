"""Mandates from the records: the member's, one with what it has left, a user's own."""

import json
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, select

from marketplace.trading.mandate_tables import mandates
from marketplace.trading.tables import books, orders
from marketplace.trading.timetable import day_of
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.store import PAGE_MAX, Page, page

_m, _o = mandates.c, orders.c


class Left(NamedTuple):
    """How a mandate's budget stands, in minor units."""

    today: int  # spent on this day of the exchange
    waits: int  # in the books: it may trade at any moment
    left: int  # that may still be ordered today


def of_member(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the member's mandates, the newest first."""
    limit = min(limit, PAGE_MAX)
    query = select(mandates).where(_m.member == member)
    if before is not None:
        query = query.where(_m.id < before)
    return page(db.execute(query.order_by(_m.id.desc()).limit(limit + 1)).all(), limit)


def one(db: Connection, number: int, member: int) -> Row[Any]:
    """Return a mandate of the member; NotFound if it is another's."""
    query = select(mandates).where(_m.id == number, _m.member == member)
    row = db.execute(query).first()
    if row is None:
        raise NotFound("mandate", encode("mandate", number))
    return row


def of_user(db: Connection, user: int) -> Row[Any] | None:
    """Return the mandate that bounds a user, if one does or did."""
    query = select(mandates).where(_m.holder == user).order_by(_m.id.desc())
    return db.execute(query.limit(1)).first()


def left(db: Connection, row: Row[Any], now_us: int) -> Left:
    """Return how a mandate's budget stands at *now_us*."""
    today = row.today if row.day == day_of(now_us) else 0
    if row.state != "active":
        return Left(today, 0, 0)
    waiting = select(func.coalesce(func.sum(_o.price * _o.remaining), 0)).where(
        _o.by_user == row.holder,
        _o.side == "buy",
        _o.state.in_(("open", "partial")),
        _o.seq > row.seq,
    )
    waits = int(db.execute(waiting).scalar_one())
    rest = row.daily_max - today - waits
    if row.total_max is not None:
        rest = min(rest, row.total_max - row.spent - waits)
    return Left(today, waits, max(0, rest))


def instruments_of(row: Row[Any]) -> tuple[int, ...]:
    """Return the instruments that a mandate names; none: any."""
    return tuple(json.loads(row.instruments))


def purposes_of(row: Row[Any]) -> tuple[str, ...]:
    """Return the purposes that a mandate names; none: any."""
    return tuple(json.loads(row.purposes))


def orders_under(db: Connection, row: Row[Any], limit: int = 20) -> list[Row[Any]]:
    """Return the latest orders to buy of a mandate's user since it was given."""
    query = (
        select(orders, books.c.symbol)
        .join(books, books.c.instrument == _o.instrument)
        .where(_o.by_user == row.holder, _o.side == "buy", _o.seq > row.seq)
    )
    return list(db.execute(query.order_by(_o.id.desc()).limit(limit)))
