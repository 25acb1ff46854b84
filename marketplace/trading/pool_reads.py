"""Group buys from the records: what runs, how far one is, and the member's own part."""

import json
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, func, select

from listings import visibility
from marketplace.trading.pool_tables import pool_members, pools
from marketplace.trading.pools import price_for
from marketplace.trading.tables import books
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.store import PAGE_MAX, Page, page

p, m = pools.c, pool_members.c
_JOINED = select(func.count()).where(m.pool == p.id).correlate(pools).scalar_subquery()


class Tier(NamedTuple):
    """A step of the schedule: from how many licensees, the price of one right."""

    least: int
    price: int


class Standing(NamedTuple):
    """A group buy as it stands; prices are for each unit, in minor units."""

    pool: Row[Any]
    tiers: tuple[Tier, ...]
    joined: int
    price: int  # at which it would close now, or did
    next: Tier | None  # the tier that more licensees reach
    mine: Row[Any] | None  # the visitor's part


def _query() -> Select[Any]:
    return select(pools, books.c.symbol, _JOINED.label("joined")).join(
        books, books.c.instrument == p.instrument
    )


def running(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the group buys that may be joined, the newest first."""
    hidden = visibility.hidden_instruments(db)
    seen = p.instrument.not_in(hidden) | (p.vendor == member)
    query = _query().where(p.state == "open", seen)
    return _page(db, query, before, limit)


def of_member(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the group buys that the member opened or joined."""
    joined = select(m.pool).where(m.member == member)
    query = _query().where((p.vendor == member) | p.id.in_(joined))
    return _page(db, query, before, limit)


def one(db: Connection, number: int, member: int) -> Standing:
    """Return how a group buy stands; NotFound if there is none to be seen."""
    row = db.execute(_query().where(p.id == number)).first()
    if row is None:
        raise NotFound("pool", encode("pool", number))
    mine = db.execute(
        select(pool_members).where(m.pool == number, m.member == member)
    ).first()
    if mine is None and row.vendor != member:
        visibility.check_instrument(db, row.instrument, member)
    tiers = tuple(Tier(*tier) for tier in json.loads(row.tiers))
    price = row.price
    if price is None:
        price = price_for(tiers, max(1, row.joined))
    more = next((tier for tier in tiers if tier.least > row.joined), None)
    return Standing(row, tiers, row.joined, price, more, mine)


def of_instruments(db: Connection, numbers: list[int]) -> tuple[Row[Any], ...]:
    """Return the group buys that run in these instruments."""
    query = _query().where(p.state == "open", p.instrument.in_(numbers))
    return tuple(db.execute(query.order_by(p.id).limit(PAGE_MAX)))


def _page(db: Connection, query: Select[Any], before: int | None, limit: int) -> Page:
    limit = min(limit, PAGE_MAX)
    if before is not None:
        query = query.where(p.id < before)
    rows = db.execute(query.order_by(p.id.desc()).limit(limit + 1)).all()
    return page(rows, limit)
