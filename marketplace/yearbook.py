"""The yearly report: the published months of a year as a document with charts.

It says nothing that is not published: a year's figure is the sum of its months' cells
as they stand in force, and is withheld where one of them is. The publications that it
rests on are named with their hashes, so that each number can be computed again.
"""

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from listings.vocabulary import Name
from marketplace import formatting
from marketplace.dimensions import DIMENSIONS, codes
from marketplace.disclosed import ask_publicly
from marketplace.documents import pdf
from marketplace.paper import DASH, Grid, Line, Section, joined, printable, same
from marketplace.services import Services
from settlement import clock, ids
from settlement.canonical import canonical, sha256_of
from settlement.errors import NotFound
from settlement.money import BY_CODE, DEFAULT
from settlement.statistics import publications
from settlement.statistics.questions import Figures, question
from settlement.statistics.schedule import Cut

BY = ("class", "sector", "vendor_region", "model", "origin")
BARS_MAX = 12  # of one chart; what is smaller is in the tables of the site
FULL = 100  # the length of the longest bar, per cent
WITHHELD = Name("不予披露", "withheld")
PRELIMINARY = Name("（未完）", " (not over)")


class Bar(NamedTuple):
    """One bar of a chart; *value* in minor units of the report's currency, or a count.

    None where it is withheld.
    """

    name: Name
    value: int | None


class Chart(NamedTuple):
    """Bars under a title."""

    title: Name
    bars: tuple[Bar, ...]
    money: bool  # whether the values are money


class Yearbook(NamedTuple):
    """All that the report of a year says, in one currency."""

    year: int
    currency: str
    months: tuple[str, ...]
    turnover: int | None
    before: int | None  # turnover of the same months a year ago, if they are published
    trades: int | None
    charts: tuple[Chart, ...]
    sources: tuple[Any, ...]  # rows of the publications


def years(parts: Services) -> list[tuple[int, list[str]]]:
    """Return the years of which a month is published, the newest first.

    Each with the currencies that were paid in.
    """
    with parts.reads.connect() as db:
        rows = publications.in_force(db, clock.now_us())
    paid: dict[int, set[str]] = {int(row.period[:4]): set() for row in rows}
    for row in _records(ask_publicly(parts, "s05_turnover", by=())):
        if (year := int(row["period"][:4])) in paid:
            paid[year].add(row["currency"])
    return [
        (year, [code for code in BY_CODE if code in paid[year]] or [DEFAULT])
        for year in sorted(paid, reverse=True)
    ]


def compiled(parts: Services, year: int, currency: str) -> Yearbook:
    """Return the report of *year*; NotFound if no month of it is published."""
    turnover = ask_publicly(parts, "s05_turnover", by=())
    trades = ask_publicly(parts, "s06_trades", by=())
    with parts.reads.connect() as db:
        rows = publications.in_force(db, clock.now_us())
    sources = tuple(row for row in rows if row.period.startswith(f"{year}-"))
    if not sources:
        raise NotFound("year", str(year))
    months = tuple(sorted(row.period for row in sources))
    ago = tuple(f"{int(month[:4]) - 1}{month[4:]}" for month in months)
    values = _monthly(turnover, "turnover", currency)
    counts = _monthly(trades, "trades", currency)
    charts = [
        _by_month(
            Name("成交额（按月）", "Turnover by month"), values, months, money=True
        ),
        _by_month(Name("成交笔数（按月）", "Trades by month"), counts, months),
    ]
    charts += [_chart(parts, name, months, currency) for name in BY]
    whole = all(month in values for month in ago)
    return Yearbook(
        year,
        currency,
        months,
        _sum(values.get(month, 0) for month in months),
        _sum(values[month] for month in ago) if whole else None,
        _sum(counts.get(month, 0) for month in months),
        tuple(charts),
        sources,
    )


def printed(book: Yearbook, address: str) -> bytes:
    """Return the report as PDF; equal reports give equal bytes."""
    said = {
        "charts": json.dumps([_drawn(chart, book.currency) for chart in book.charts]),
        "facts": json.dumps(printable(_facts(book))),
        "sources": json.dumps(printable(_sources(book))),
        "year": str(book.year),
        "address": address,
    }
    return pdf("yearbook", said | {"hash": sha256_of(canonical(said))})


def _monthly(found: Figures, measure: str, currency: str) -> dict[str, int | None]:
    """Return a measure of the whole market by month, None where it is withheld."""
    return {
        row["period"]: row[measure]
        for row in _records(found)
        if row["currency"] == currency
    }


def _records(found: Figures) -> list[dict[str, Any]]:
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def _sum(values: Iterable[int | None]) -> int | None:
    """Return the sum; None if one is withheld."""
    total = 0
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _by_month(
    title: Name,
    values: dict[str, int | None],
    months: tuple[str, ...],
    *,
    money: bool = False,
) -> Chart:
    bars = tuple(Bar(same(month), values.get(month, 0)) for month in months)
    return Chart(title, bars, money)


def _chart(
    parts: Services, dimension: str, months: tuple[str, ...], currency: str
) -> Chart:
    """Return the year's turnover by a dimension, the largest first."""
    found = ask_publicly(parts, "s05_turnover", by=(dimension,))
    cells: dict[str, list[int | None]] = {}
    for row in _records(found):
        if row["period"] in months and row["currency"] == currency:
            cells.setdefault(row[dimension], []).append(row["turnover"])
    sums = {code: _sum(values) for code, values in cells.items()}
    ordered = sorted(sums, key=lambda code: (-(sums[code] or 0), code))[:BARS_MAX]
    names = codes().get(dimension, {})
    bars = tuple(Bar(names.get(code, same(code)), sums[code]) for code in ordered)
    asked, by = question("s05_turnover"), DIMENSIONS[dimension]
    title = Name(
        f"{asked.title_zh}（按{by.zh}）", f"{asked.title_en} by {by.en.lower()}"
    )
    return Chart(title, bars, money=True)


def _drawn(chart: Chart, currency: str) -> dict[str, Any]:
    """Return a chart as the template takes it: names, lengths in per cent, values."""
    longest = max((bar.value or 0 for bar in chart.bars), default=0)
    return {
        "title": joined(chart.title),
        "bars": [
            (
                f"{bar.name.zh} {bar.name.en}"
                if bar.name.zh != bar.name.en
                else bar.name.zh,
                (bar.value or 0) * FULL // longest if longest else 0,
                _said(bar.value, currency, money=chart.money),
            )
            for bar in chart.bars
        ],
    }


def _said(value: int | None, currency: str, *, money: bool) -> str:
    if value is None:
        return f"{WITHHELD.zh} {WITHHELD.en}"
    return formatting.amount(value, currency) if money else f"{value:,}"


def _facts(book: Yearbook) -> Section:
    def money(value: int | None) -> Name:
        return (
            WITHHELD if value is None else same(formatting.amount(value, book.currency))
        )

    last = book.sources[-1].last_day
    over = Cut.on(last).is_final
    span = ", ".join(book.months)
    growth = DASH
    if over and book.before and book.turnover is not None:
        grown = Decimal(book.turnover) / Decimal(book.before) - 1
        growth = same(f"{grown:+.1%}")
    lines = (
        Line(
            Name("已公布的月份", "Months that are published"),
            Name(span, span)
            if over
            else Name(span + PRELIMINARY.zh, span + PRELIMINARY.en),
        ),
        Line(Name("成交额", "Turnover"), money(book.turnover)),
        Line(
            Name("较上年同期", "Against the same months a year ago"),
            growth,
        ),
        Line(
            Name("成交笔数", "Trades"),
            WITHHELD if book.trades is None else same(f"{book.trades:,}"),
        ),
    )
    return Section(Name("概览", "At a glance"), lines)


def _sources(book: Yearbook) -> Section:
    heads = (
        Name("公布", "Publication"),
        Name("月份", "Month"),
        Name("截至", "Up to"),
        Name("版次", "Vintage"),
        Name("SHA-256", "SHA-256"),
    )
    rows = tuple(
        (
            same(ids.encode("publication", row.id)),
            same(row.period),
            same(row.last_day),
            same(str(row.vintage)),
            same(row.sha256[:16]),
        )
        for row in book.sources
    )
    return Section(Name("数据来源", "Sources"), grid=Grid(heads, rows))
