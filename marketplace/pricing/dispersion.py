"""Price dispersion: did buyers in the same conditions pay the same? For staff.

深圳经济特区数据条例 69, 94 (domain §2). One row for each instrument and month over the
vendor's own sales; personal prices are counted with the reasons that they recorded.
"""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from math import isqrt
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, func, select

from marketplace.language import TIMEZONE
from marketplace.trading.tables import books, offers
from settlement import clock
from settlement.errors import NotFound
from settlement.store import PAGE_MAX
from settlement.tables import trades

MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)
INSTRUMENTS_MAX = 5_000  # in one report
_SALE = trades.c.seller == books.c.vendor


class Dispersion(NamedTuple):
    """The unit prices of one instrument in one month; prices in minor units."""

    instrument: int
    symbol: str
    currency: int
    trades: int
    buyers: int
    lowest: int
    median: int  # the lower of the two in the middle
    highest: int
    variation_bps: int  # standard deviation ÷ mean, rounded down
    personal: int  # trades at a personal price
    reasons: dict[str, int]  # of these


def period(month: str) -> tuple[int, int]:
    """Return when a month begins and ends on the exchange's calendar; or NotFound."""
    found = MONTH.fullmatch(month)
    if found is None:
        raise NotFound("month", month[:20])
    year, number = int(found[1]), int(found[2])
    following = (year + number // 12, number % 12 + 1)
    zone = ZoneInfo(TIMEZONE)
    first, last = (
        clock.from_datetime(datetime(y, m, 1, tzinfo=zone))
        for y, m in ((year, number), following)
    )
    return first, last


def month_of(at_us: int) -> str:
    """Return the month of a moment, 2026-11."""
    return clock.moment(at_us).astimezone(ZoneInfo(TIMEZONE)).strftime("%Y-%m")


def report(db: Connection, month: str) -> list[Dispersion]:
    """Return the dispersion of each instrument sold in *month*, the widest first."""
    from_us, until_us = period(month)
    within = (trades.c.at_us >= from_us, trades.c.at_us < until_us, _SALE)
    buyers = (
        select(trades.c.instrument, func.count(trades.c.buyer.distinct()))
        .join(books, books.c.instrument == trades.c.instrument)
        .where(*within)
        .group_by(trades.c.instrument)
    )
    how_many = {row[0]: row[1] for row in db.execute(buyers)}
    prices = (
        select(trades.c.instrument, books.c.symbol, books.c.currency, trades.c.price)
        .add_columns(func.count().label("times"))
        .join(books, books.c.instrument == trades.c.instrument)
        .where(*within)
        .group_by(*(trades.c.instrument, books.c.symbol, books.c.currency))
        .group_by(trades.c.price)
        .order_by(trades.c.instrument, trades.c.price)
    )
    paid: dict[tuple[int, str, int], list[tuple[int, int]]] = {}
    for row in db.execute(prices):
        key = (row.instrument, row.symbol, row.currency)
        paid.setdefault(key, []).append((row.price, row.times))
    reasons = _reasons(db, within)
    found = [
        _dispersion(key, steps, how_many[key[0]], reasons.get(key[0], Counter()))
        for key, steps in paid.items()
    ]
    found.sort(key=lambda row: (-row.variation_bps, row.symbol))
    return found[:INSTRUMENTS_MAX]


def _reasons(db: Connection, within: Iterable[Any]) -> dict[int, Counter[str]]:
    query = (
        select(trades.c.instrument, offers.c.reason, func.count().label("times"))
        .join(offers, offers.c.trade == trades.c.id)
        .join(books, books.c.instrument == trades.c.instrument)
        .where(*within)
        .group_by(trades.c.instrument, offers.c.reason)
    )
    found: dict[int, Counter[str]] = {}
    for row in db.execute(query):
        found.setdefault(row.instrument, Counter())[row.reason] = row.times
    return found


def _dispersion(
    key: tuple[int, str, int],
    steps: list[tuple[int, int]],
    buyers: int,
    reasons: Counter[str],
) -> Dispersion:
    count, median, variation = measures(steps)
    lowest, highest = steps[0][0], steps[-1][0]
    return Dispersion(
        *key,
        count,
        buyers,
        lowest,
        median,
        highest,
        variation,
        reasons.total(),
        dict(sorted(reasons.items())),
    )


def measures(steps: list[tuple[int, int]]) -> tuple[int, int, int]:
    """Return count, lower median and variation (bps) of (price, times), ascending."""
    count = sum(times for _, times in steps)
    total = sum(price * times for price, times in steps)
    squares = sum(price * price * times for price, times in steps)
    seen, median = 0, steps[0][0]
    for price, times in steps:
        if seen * 2 >= count:
            break
        seen, median = seen + times, price
    spread = isqrt((count * squares - total * total) * 10**8)
    return count, median, spread // total if total else 0


def sales(
    db: Connection, instrument: int, month: str, before: int | None = None
) -> list[Row[Any]]:
    """Return a page of the sales behind one row, newest first, with their reasons."""
    from_us, until_us = period(month)
    query = (
        select(trades, offers.c.reason, offers.c.note, offers.c.by_user)
        .join(books, books.c.instrument == trades.c.instrument)
        .outerjoin(offers, offers.c.trade == trades.c.id)
        .where(trades.c.instrument == instrument, _SALE)
        .where(trades.c.at_us >= from_us, trades.c.at_us < until_us)
    )
    if before is not None:
        query = query.where(trades.c.id < before)
    return list(db.execute(query.order_by(trades.c.id.desc()).limit(PAGE_MAX)))
