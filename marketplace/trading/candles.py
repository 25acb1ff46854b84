"""Candles of the public tape: the prices of an interval, and what was traded in it.

Volume and turnover are lower bounds, as the tape tells them; see `tape`.
"""

from datetime import UTC, datetime
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from marketplace.trading.tables import prints
from settlement.clock import DAY_US, SECOND_US

CANDLES_MAX = 2_000  # in one answer

_VALUE = prints.c.price * prints.c.quantity


class Candle(NamedTuple):
    """The prices of one interval, and what was traded in it."""

    begins_us: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int
    trades: int


MONTH = 0  # not a width: months differ in length


def candles(
    db: Connection, instrument: int, width_us: int, from_us: int, until_us: int
) -> tuple[Candle, ...]:
    """Return the candles of the intervals with trades, the earliest first.

    Intervals are *width_us* long and counted from 1970; trades from *from_us* up to,
    not including, *until_us*; the latest CANDLES_MAX intervals. MONTH for *width_us*
    gives the months in UTC of as many days.
    """
    if width_us == MONTH:
        return by_month(candles(db, instrument, DAY_US, from_us, until_us))
    begins = (prints.c.at_us - prints.c.at_us % width_us).label("begins_us")
    spans = (
        select(
            begins,
            func.min(prints.c.trade).label("first"),
            func.max(prints.c.trade).label("last"),
            func.max(prints.c.price).label("high"),
            func.min(prints.c.price).label("low"),
            func.sum(prints.c.quantity).label("volume"),
            func.sum(_VALUE).label("turnover"),
            func.count().label("trades"),
        )
        .where(prints.c.instrument == instrument)
        .where(prints.c.at_us >= from_us, prints.c.at_us < until_us)
        .group_by(begins)
        .order_by(begins.desc())
        .limit(CANDLES_MAX)
        .subquery()
    )
    first, last = prints.alias("first"), prints.alias("last")
    prices = (first.c.price, spans.c.high, spans.c.low, last.c.price)
    sums = (spans.c.volume, spans.c.turnover, spans.c.trades)
    query = (
        select(spans.c.begins_us, *prices, *sums)
        .join(first, first.c.trade == spans.c.first)
        .join(last, last.c.trade == spans.c.last)
        .order_by(spans.c.begins_us)
    )
    return tuple(Candle(*map(int, row)) for row in db.execute(query))


def by_month(days: tuple[Candle, ...]) -> tuple[Candle, ...]:
    """Return the candles of months made of those of *days*, the earliest first."""
    months: list[Candle] = []
    for begins_us, group in groupby(days, key=lambda day: _month(day.begins_us)):
        own = list(group)
        months.append(
            Candle(
                begins_us,
                own[0].open,
                max(day.high for day in own),
                min(day.low for day in own),
                own[-1].close,
                sum(day.volume for day in own),
                sum(day.turnover for day in own),
                sum(day.trades for day in own),
            )
        )
    return tuple(months)


def _month(at_us: int) -> int:
    """Return when the month of a moment began."""
    day = datetime.fromtimestamp(at_us // SECOND_US, UTC)
    return int(datetime(day.year, day.month, 1, tzinfo=UTC).timestamp()) * SECOND_US
