"""Erroneous trades, from the records: what is known of one, who waits, what was done.

Prices and amounts are in minor units, moments in microseconds UTC.
"""

import json
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    ScalarSelect,
    Select,
    case,
    func,
    select,
)

from marketplace.trading.questioning import AdjustTrade, BustTrade
from marketplace.trading.restoring import PRICED
from marketplace.trading.tables import books, proposals
from marketplace.trading.timetable import DAY_US, EAST_US, day_of
from marketplace.trading.workdays import Workdays
from settlement import ids
from settlement.busts import WINDOW_DAYS, Mark, NotWhole, Struck
from settlement.claim_tables import busts
from settlement.errors import NotFound
from settlement.store import PAGE_MAX
from settlement.tables import contracts, entitlements, escrows, trades, workdays

KINDS = (BustTrade.__name__, AdjustTrade.__name__)
BUSTED = select(busts.c.trade).where(busts.c.price.is_(None))


class Question(NamedTuple):
    """A bust or an adjustment that waits for its second person."""

    id: int
    at_us: int
    by_user: int
    struck: Struck
    price: int | None  # None: a bust
    reason: str


def price_now() -> ScalarSelect[Any]:
    """Return the price to which the trade of a query was adjusted last, if it was."""
    adjusted = select(busts.c.price).where(busts.c.trade == trades.c.id)
    return adjusted.order_by(busts.c.id.desc()).limit(1).scalar_subquery()


def standing() -> ColumnElement[str | None]:
    """Return what became of the trade of a query: busted, adjusted, or nothing."""
    of = select(case((func.count() == func.count(busts.c.price), "adjusted"),
                     else_="busted"))  # fmt: skip
    query = of.where(busts.c.trade == trades.c.id).having(func.count() > 0)
    return query.scalar_subquery()


def trade(db: Connection, number: int) -> Row[Any]:
    """Return any trade, with what became of it and of the right; NotFound."""
    value = (trades.c.price * trades.c.quantity).label("value")
    query = (
        select(
            *(trades, value, books.c.symbol, standing().label("corrected")),
            *(contracts.c.fee_schedule, contracts.c.fee_rule),
            entitlements.c.id.label("right"),
            entitlements.c.state.label("right_state"),
            entitlements.c.deliveries,
            entitlements.c.quantity.label("units"),
            escrows.c.released,
        )
        .join(books, books.c.instrument == trades.c.instrument)
        .join(contracts, contracts.c.trade == trades.c.id)
        .join(entitlements, entitlements.c.trade == trades.c.id)
        .outerjoin(escrows, escrows.c.trade == trades.c.id)
    )
    row = db.execute(query.where(trades.c.id == number)).first()
    if row is None:
        raise NotFound("trade", ids.encode("trade", number))
    return row


def struck_trade(db: Connection, number: int) -> Struck:
    """Return a trade as a bust needs it; NotFound, NotWhole if it settled in part."""
    row = trade(db, number)
    if row.state == "settled" and row.released not in (None, row.value):
        raise NotWhole
    before, mark = None, earlier(db, row)
    if mark is not None:
        begins_us = day_of(mark.at_us) * DAY_US - EAST_US
        before = _mark(db, row.instrument, trades.c.at_us < begins_us)
    return Struck(
        row.id, row.at_us, row.buyer, row.seller, row.instrument, row.currency,
        row.price, row.quantity, row.fee_schedule, row.fee_rule, row.right, mark,
        before,
    )  # fmt: skip


def earlier(db: Connection, row: Row[Any]) -> Mark | None:
    """Return the trade that made the price before that of *row*, if it made one."""
    if row.origin not in PRICED:
        return None
    return _mark(db, row.instrument, trades.c.id < row.id)


def until_us(db: Connection, at_us: int) -> int:
    """Return until when a trade of *at_us* may be questioned."""
    calendar = Workdays()
    for day, worked, _ in db.execute(select(workdays)):
        calendar.exceptions[day] = bool(worked)
    return calendar.deadline_us(at_us, WINDOW_DAYS)


def _mark(db: Connection, instrument: int, which: ColumnElement[bool]) -> Mark | None:
    """Return the latest trade of those that made a price and were not busted."""
    query = select(trades.c.id, trades.c.price, trades.c.at_us).where(
        trades.c.instrument == instrument, trades.c.origin.in_(PRICED), which
    )
    query = query.where(trades.c.id.not_in(BUSTED))
    row = db.execute(query.order_by(trades.c.id.desc()).limit(1)).first()
    return None if row is None else Mark(*row)


def busts_of(db: Connection, number: int) -> tuple[Row[Any], ...]:
    """Return what was done to a trade, the first first, with the reason."""
    query = _done().where(busts.c.trade == number)
    return tuple(db.execute(query.order_by(busts.c.id)))


def busts_after(db: Connection, position: int) -> tuple[Row[Any], ...]:
    """Return the busts after a number, in order, with their trades: for followers."""
    query = _done(trades.c.instrument, trades.c.buyer, trades.c.seller).join(
        trades, trades.c.id == busts.c.trade
    )
    query = query.where(busts.c.id > position).order_by(busts.c.id)
    return tuple(db.execute(query.limit(PAGE_MAX)))


def _done(*more: ColumnElement[Any]) -> Select[Any]:
    why = proposals.c.decided_seq == busts.c.seq
    said = proposals.c.reason, proposals.c.decided_by
    return select(busts, *said, *more).join(proposals, why)


def questions(db: Connection, about: int | None = None) -> list[Question]:
    """Return the questions that wait, the oldest first, or those on one trade."""
    query = select(proposals).where(
        proposals.c.state == "open", proposals.c.kind.in_(KINDS)
    )
    found = []
    for row in db.execute(query.order_by(proposals.c.id).limit(PAGE_MAX)):
        values, *price = json.loads(row.body)
        struck = Struck.of(values)
        if about in (None, struck.trade):
            by = row.id, row.at_us, row.by_user
            found.append(Question(*by, struck, price[0] if price else None, row.reason))
    return found
