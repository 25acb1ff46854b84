"""Designations with what was kept of them, month by month; made and ended."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from listings import instruments
from listings.instruments import Instrument
from marketplace.pricing.dispersion import month_of, period
from marketplace.surveillance import presence
from marketplace.surveillance.presence import Kept, Owed
from marketplace.surveillance.tables import designations
from marketplace.trading import reads
from settlement import clock
from settlement.errors import NotFound
from settlement.ids import encode


class Line(NamedTuple):
    """A designation with what was kept in each month, the newest first."""

    row: Row[Any]
    symbol: str
    months: list[tuple[str, Kept]]


def measured(db: Connection, member: int | None = None) -> list[Line]:
    """Return designations, a vendor's or all, measured this month and the last."""
    return _lines(db, presence.designated(db, member))


def one(db: Connection, number: int) -> Line:
    """Return a designation, measured; NotFound if there is none."""
    return _lines(db, [_row(db, number)])[0]


def _row(db: Connection, number: int) -> Row[Any]:
    row = db.execute(select(designations).where(designations.c.id == number)).first()
    if row is None:
        raise NotFound("designation", encode("designation", number))
    return row


def _lines(db: Connection, rows: list[Row[Any]]) -> list[Line]:
    now_us = clock.now_us()
    month = month_of(now_us)
    begins_us, _ = period(month)
    months = month, month_of(begins_us - 1)
    books = reads.books_of(db, {row.instrument for row in rows})
    found = []
    for row in rows:
        kept = []
        for name in months:
            first_us, last_us = period(name)
            within = row.from_us < last_us and (row.until_us or now_us) > first_us
            if within:
                until_us = min(last_us, now_us)
                of = presence.of_designation(db, row, first_us, until_us)
                kept.append((name, of))
        found.append(Line(row, books[row.instrument].symbol, kept))
    return found


def traded(db: Connection, symbol: str) -> Instrument | None:
    """Return the instrument with a symbol, None if it was never on the market.

    NotFound if there is no such symbol.
    """
    unit = instruments.by_symbol(db, symbol)
    return unit if reads.books_of(db, [unit.id]) else None


def designate(db: Connection, unit: Instrument, owed: Owed, by: int) -> int:
    """Put the vendor of an instrument under obligations from now on; the number."""
    return presence.designate(db, unit.id, unit.vendor, owed, clock.now_us(), by)


def end(db: Connection, number: int) -> None:
    """End a designation now; one that has ended stays as it is. NotFound."""
    _row(db, number)
    presence.end(db, clock.now_us(), designations.c.id == number)
