"""Mandates from the records: the member's, one with what it has left, a user's own."""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, or_, select

from marketplace.trading.mandate_tables import WAITS, mandates
from marketplace.trading.mandates import OutsideMandate
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


def bounded(db: Connection, holders: Iterable[int]) -> set[int]:
    """Return which of these users a mandate bounds; one that ran out bounds on."""
    latest = (
        select(func.max(_m.id)).where(_m.holder.in_(set(holders))).group_by(_m.holder)
    )
    bounds = select(_m.holder).where(
        _m.id.in_(latest), or_(_m.agent == 1, _m.state != "ended")
    )
    return set(db.execute(bounds).scalars())


def check_unbounded(db: Connection, user: int) -> None:
    """Refuse with OutsideMandate what costs a member, but is not its user's command."""
    if bounded(db, [user]):
        row = of_user(db, user)
        raise OutsideMandate(row.id if row is not None else 0, "command")


def left(db: Connection, row: Row[Any], now_us: int) -> Left:
    """Return how a mandate's budget stands at *now_us*."""
    return lefts(db, [row], now_us)[row.id]


def lefts(db: Connection, rows: Iterable[Row[Any]], now_us: int) -> dict[int, Left]:
    """Return how each mandate's budget stands at *now_us*, by number."""
    rows = list(rows)
    placed = (_o.by_user == _m.holder) & (_o.seq > _m.seq)
    waiting = (
        select(_m.id, func.sum(_o.price * _o.remaining))
        .join_from(mandates, orders, placed & (_o.side == "buy") & WAITS)
        .where(_m.id.in_([row.id for row in rows if row.state == "active"]))
        .group_by(_m.id)
    )
    waits = {number: int(cost or 0) for number, cost in db.execute(waiting)}
    return {row.id: _left(row, waits.get(row.id, 0), now_us) for row in rows}


def _left(row: Row[Any], waits: int, now_us: int) -> Left:
    today = row.today if row.day == day_of(now_us) else 0
    if row.state != "active":
        return Left(today, 0, 0)
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
        .where(_o.member == row.member, _o.by_user == row.holder)  # by the member's
        .where(_o.side == "buy", _o.seq > row.seq)
    )
    return list(db.execute(query.order_by(_o.id.desc()).limit(limit)))
