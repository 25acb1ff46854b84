"""Corrections: trades that do not count, or at another price, by adding a record.

Self-trades, circular trades and what was busted or unwound are no market (reliability
T1). Nothing is edited: a correction is a row, and putting a trade back is another.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from settlement import clock
from settlement.claim_tables import busts
from settlement.errors import Invalid, NotFound, Refusal
from settlement.ids import encode
from settlement.statistics.tables import corrections
from settlement.store import next_numbers
from settlement.tables import trades

REASON_MAX = 2_000  # characters
SHOWN_MAX = 200
EXCLUDE, RESTORE, ADJUST = "exclude", "restore", "adjust"


@dataclass(eq=False)
class AlreadySo(Refusal):
    """The trade is excluded, or counted, already."""

    trade: str


def correct(db: Connection, trade: int, event: str, reason: str, by: int) -> int:
    """Take *trade* out of the statistics, or put it back; the correction's number.

    NotFound, Invalid without a reason, AlreadySo if it changes nothing.
    """
    if not reason.strip() or len(reason) > REASON_MAX:
        raise Invalid({"reason": ["Give a reason."]})
    if db.scalar(select(trades.c.id).where(trades.c.id == trade)) is None:
        raise NotFound("trade", encode("trade", trade))
    if is_excluded(db, trade) == (event == EXCLUDE):
        raise AlreadySo(encode("trade", trade))
    return _append(db, trade, event, reason.strip(), by)


def follow_bust(
    db: Connection, bust: int, trade: int, price: int | None, reason: str, by: int
) -> int:
    """Take a busted trade out, or count an adjusted one at *price*; the number.

    Each bust is followed once: `followed` tells how far.
    """
    if price is None:
        return _append(db, trade, EXCLUDE, reason, by, bust=bust)
    charged = select(trades.c.fee).where(trades.c.id == trade).scalar_subquery()
    back = select(func.sum(busts.c.fee)).where(
        busts.c.trade == trade, busts.c.id <= bust
    )
    fee = db.scalar(select(charged - back.scalar_subquery()))
    return _append(db, trade, ADJUST, reason, by, bust=bust, price=price, fee=fee)


def followed(db: Connection) -> int:
    """Return the number of the last bust that the corrections have followed."""
    return db.scalar(select(func.max(corrections.c.bust))) or 0


def _append(
    db: Connection, trade: int, event: str, reason: str, by: int, **more: int | None
) -> int:
    (number,) = next_numbers(db, corrections.c.id)
    said = {"id": number, "trade": trade, "event": event, "reason": reason} | more
    row = said | {"at_us": clock.now_us(), "by_user": by}
    db.execute(insert(corrections).values(**row))
    return number


def is_excluded(db: Connection, trade: int) -> bool:
    """Tell whether the last correction of *trade* takes it out."""
    query = select(corrections.c.event).where(
        corrections.c.trade == trade, corrections.c.event != ADJUST
    )
    return db.scalar(query.order_by(corrections.c.id.desc()).limit(1)) == EXCLUDE


def newest(db: Connection, limit: int = SHOWN_MAX) -> list[Row[Any]]:
    """Return the corrections, newest first."""
    query = select(corrections).order_by(corrections.c.id.desc()).limit(limit)
    return list(db.execute(query))
