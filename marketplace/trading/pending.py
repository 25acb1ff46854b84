"""What waits in escrow: for a buyer to accept, for a vendor to deliver, for staff.

Amounts are in minor units, moments in microseconds UTC. Lists are by what is due first.
"""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, case, func, select
from sqlalchemy import literal_column as literally

from marketplace.trading.tables import books
from settlement.store import PAGE_MAX
from settlement.tables import escrows, trades, workdays

# Written out, not bound: a partial index is used only when its words are repeated.
OPEN: ColumnElement[bool] = literally(
    "trades.state IN ('escrowed', 'delivered', 'disputed')"
)
_VALUE = trades.c.price * trades.c.quantity
TRADED = (
    "id", "seq", "at_us", "instrument", "price", "quantity", "currency", "buyer",
    "seller", "fee", "origin", "state",
)  # fmt: skip
_LEFT = _VALUE - escrows.c.released - escrows.c.refunded
_DUE = case(
    (escrows.c.accept_by_us.is_(None), escrows.c.deliver_by_us),
    (escrows.c.deliver_by_us.is_(None), escrows.c.accept_by_us),
    (escrows.c.accept_by_us < escrows.c.deliver_by_us, escrows.c.accept_by_us),
    else_=escrows.c.deliver_by_us,
)


class Waiting(NamedTuple):
    """The money that waits in one currency, of how many trades."""

    currency: int
    amount: int
    trades: int


def _query() -> Select[Any]:
    return (
        select(
            *(trades.c[name] for name in TRADED),
            *(column for column in escrows.c if column.name != "fee"),
            escrows.c.fee.label("charged"),
            books.c.symbol,
            books.c.vendor,
            _VALUE.label("value"),
            _LEFT.label("left"),
            _DUE.label("due_us"),
        )
        .join(escrows, escrows.c.trade == trades.c.id)
        .join(books, books.c.instrument == trades.c.instrument)
    )


def of_buyer(
    db: Connection, member: int, limit: int = PAGE_MAX
) -> tuple[Row[Any], ...]:
    """Return the member's purchases that wait."""
    return _open(db, trades.c.buyer == member, limit)


def of_seller(
    db: Connection, member: int, limit: int = PAGE_MAX
) -> tuple[Row[Any], ...]:
    """Return the member's sales that wait."""
    return _open(db, trades.c.seller == member, limit)


def queue(db: Connection, limit: int = PAGE_MAX) -> tuple[Row[Any], ...]:
    """Return all that waits, for staff."""
    return _open(db, None, limit)


def _open(
    db: Connection, which: ColumnElement[bool] | None, limit: int
) -> tuple[Row[Any], ...]:
    query = _query().where(OPEN)
    if which is not None:
        query = query.where(which)
    last = case((_DUE.is_(None), 1), else_=0)
    query = query.order_by(last, _DUE, trades.c.id).limit(min(limit, PAGE_MAX))
    return tuple(db.execute(query))


def of_trade(db: Connection, number: int) -> Row[Any] | None:
    """Return how a trade in escrow stands, or stood; None if it settled at once."""
    return db.execute(_query().where(trades.c.id == number)).first()


def totals(db: Connection) -> tuple[Waiting, ...]:
    """Return what waits in all, one line a currency."""
    query = (
        select(trades.c.currency, func.sum(_LEFT), func.count())
        .join(escrows, escrows.c.trade == trades.c.id)
        .where(OPEN)
        .group_by(trades.c.currency)
        .order_by(trades.c.currency)
    )
    return tuple(Waiting(*map(int, row)) for row in db.execute(query))


def exceptions(db: Connection) -> dict[int, bool]:
    """Return the days (since 1970) that are worked or not, unlike their weekday."""
    query = select(workdays.c.day, workdays.c.worked).order_by(workdays.c.day)
    return {day: bool(worked) for day, worked in db.execute(query)}
