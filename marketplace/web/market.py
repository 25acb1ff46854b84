"""The market by class, sector and region, its vendors, the indices, the definitions."""

from collections.abc import Mapping
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import visibility
from listings.vocabulary import PROVINCES
from marketplace.dimensions import called, codes
from marketplace.indices import index_of, newest_weights
from marketplace.language import language
from marketplace.members import organisations
from marketplace.services import services
from marketplace.trading import liquidity
from marketplace.web import charts, tabulation
from marketplace.web.figures import figures
from marketplace.web.forms import Form, choice, read, text
from marketplace.web.layout import midnight_us
from marketplace.web.statistics import bp
from settlement.errors import NotFound
from settlement.money import BY_CODE, CURRENCIES, DEFAULT
from settlement.statistics.questions import Figures, question, questions

BROKEN_DOWN = ("class", "sector", "industry", "vendor_region", "buyer_region",
               "data_region", "model", "origin", "licence")  # fmt: skip
REGIONS = ("vendor_region", "buyer_region", "data_region")
SHADES = 5  # of the tiles, by the largest
# Where the tile of each province is: about where the province is, no boundaries.
TILES = tuple(
    tuple(line.split())
    for line in (
        "-- -- -- -- -- -- 23 --",
        "-- -- -- -- 15 -- 22 --",
        "65 -- 62 64 14 11 12 21",
        "-- 63 -- 61 41 13 37 --",
        "54 51 50 42 34 32 31 --",
        "-- 53 52 43 36 33 -- --",
        "-- -- 45 44 35 -- 71 --",
        "-- -- 46 82 81 -- -- --",
    )
)
INDEX_BY = ("class", "sector")


MEASURES = ("turnover", "listed")  # of the tiles
LESS = ("settled", "median", "cr5_buyers", "hhi_buyers")  # in the files alone


class BreakdownForm(Form):
    """Which month, in which currency; which figure the tiles show."""

    tiles = choice(MEASURES, needed=False)

    month = text(7, needed=False)
    currency = choice(BY_CODE, needed=False, default=DEFAULT)


class IndexForm(Form):
    """By what the indices are told apart."""

    by = choice(INDEX_BY, needed=False, default="class")
    currency = choice(BY_CODE, needed=False, default=DEFAULT)


@bp.get("/by/<dimension>")
def breakdown(dimension: str) -> ResponseReturnValue:
    """Show the market of a month by class, sector, region or another dimension."""
    if dimension not in BROKEN_DOWN:
        raise NotFound("dimension", dimension[:40])
    asked = read(BreakdownForm(), request.args)
    turnover = figures("s05_turnover", by=(dimension,))
    months = sorted({row["period"] for row in charts.records(turnover)}, reverse=True)
    chosen = asked["month"]
    month = chosen if chosen in months else next(iter(months), "")
    parts = [turnover, figures("s06_trades", by=(dimension,))]
    parts.append(figures("s14_concentration", by=(dimension,)))
    if dimension in question("s01_listed").dimensions:
        parts.append(figures("s01_listed", by=(dimension,)))
    merged = _merged(parts, dimension, month, asked["currency"])
    told = any(row.get("turnover") is not None for row in merged)
    measure = asked["tiles"] or ("turnover" if told else "listed")
    return render_template(
        "statistics/breakdown.html",
        dimension=dimension,
        dimensions=[(name, tabulation.column_name(name)) for name in BROKEN_DOWN],
        sources=parts,
        rows=merged,
        chart=_bars(turnover, merged, dimension, asked["currency"]),
        tiles=_tiles(merged, dimension, measure) if dimension in REGIONS else None,
        measure=measure,
        measures=[(name, tabulation.column_name(name)) for name in MEASURES]
        if len(parts) > len(MEASURES) + 1
        else [],
        columns=_columns(dimension, parts),
        month=month,
        months=[(each, each) for each in months],
        currency=asked["currency"],
        currencies=[(each.code, each.code) for each in CURRENCIES],
    )


def _columns(dimension: str, parts: list[Figures]) -> list[str]:
    """Return the columns of the table: each measure once, without its parts."""
    measures = [name for part in parts for name in part.question.measures]
    return [dimension, *(name for name in dict.fromkeys(measures) if name not in LESS)]


def _merged(
    parts: list[Figures], dimension: str, month: str, currency: str
) -> list[dict[str, Any]]:
    """Return one row for each code with the measures of all *parts*."""
    found: dict[str, dict[str, Any]] = {}
    for part in parts:
        for row in charts.in_currency(charts.records(part), currency):
            if row["period"] == month:
                found.setdefault(row[dimension], {}).update(row)
    return sorted(found.values(), key=lambda row: -(row.get("turnover") or -1))


def _bars(
    found: Figures, rows: list[dict[str, Any]], dimension: str, currency: str
) -> charts.Chart | None:
    told = [row for row in rows if row.get("turnover") is not None]
    if not told:
        return None
    shown = [
        {**row, dimension: called(row[dimension], dimension, language())}
        for row in told
    ]
    names = {"turnover": tabulation.column_name("turnover")}
    places = BY_CODE[currency].exponent
    return charts.bars(
        tabulation.title(found.question), shown, dimension, names, places
    )


def _tiles(
    rows: list[dict[str, Any]], dimension: str, measure: str
) -> list[list[dict[str, Any] | None]]:
    """Return the grid of provinces, each with its figure and its shade."""
    known = {row[dimension]: row[measure] for row in rows if measure in row}
    most = max((value for value in known.values() if value), default=0)
    return [
        [_tile(code, known, most) if code in PROVINCES else None for code in line]
        for line in TILES
    ]


def _tile(code: str, known: Mapping[str, int | None], most: int) -> dict[str, Any]:
    value = known.get(code)
    shade = 1 + (SHADES - 1) * value // most if value and most else 0
    return {
        "code": code,
        "name": getattr(PROVINCES[code], language()),
        "value": value,
        "there": code in known,
        "shade": shade,
    }


@bp.get("/vendors")
def ranking() -> ResponseReturnValue:
    """Show the ranking of vendors of a month, by its rule."""
    asked = read(BreakdownForm(), request.args)
    found = figures("top_vendors")
    rows = charts.in_currency(charts.records(found), asked["currency"])
    months = sorted({row["period"] for row in rows}, reverse=True)
    month = asked["month"] if asked["month"] in months else next(iter(months), "")
    there = [row for row in rows if row["period"] == month]
    with services().reads.connect() as db:
        names = organisations.names(db, {row["vendor"] for row in there})
    return render_template(
        "statistics/ranking.html",
        figures=found,
        rows=there,
        names=names,
        month=month,
        months=[(each, each) for each in months],
        currency=asked["currency"],
        currencies=[(each.code, each.code) for each in CURRENCIES],
    )


@bp.get("/indices")
def indices() -> ResponseReturnValue:
    """Show the price and activity indices, their constituents, and the liquidity."""
    asked = read(IndexForm(), request.args)
    by, currency = asked["by"], asked["currency"]
    found = index_of(services(), currency, by)
    with services().reads.connect() as db:
        hidden = visibility.hidden_instruments(db)
        liquid = liquidity.liquid(db, midnight_us(liquidity.DAYS))
    names = {
        code: called(code, by, language()) if code else gettext("All of the market")
        for code in found.levels
    }
    return render_template(
        "statistics/indices.html",
        found=found,
        names=names,
        prices=_lines(found.levels, names, "fisher", gettext("Price index (Fisher)")),
        activity=_lines(found.levels, names, "activity", gettext("Activity index")),
        weights=newest_weights(found, hidden),
        liquid=[one for one in liquid if one.instrument not in hidden],
        by=by,
        choices=[(name, tabulation.column_name(name)) for name in INDEX_BY],
        currency=currency,
        currencies=[(each.code, each.code) for each in CURRENCIES],
    )


def _lines(
    levels: Mapping[str, Any], names: Mapping[str, str], measure: str, title: str
) -> charts.Chart | None:
    """Return a line for the whole market and one for each group."""
    weeks = sorted({level.week for line in levels.values() for level in line})
    if not weeks:
        return None
    series = []
    for code, line in levels.items():
        known = {level.week: getattr(level, measure) for level in line}
        series.append(
            {"name": names[code], "values": [known.get(week) for week in weeks]}
        )
    return charts.lines(title, weeks, series)


@bp.get("/definitions")
def definitions() -> ResponseReturnValue:
    """Show what each figure means, by indicator, with unit, source and rule."""
    return render_template(
        "statistics/definitions.html",
        questions=sorted(
            questions().values(), key=lambda one: (not one.indicator, one.code)
        ),
        codes=codes(),
    )
