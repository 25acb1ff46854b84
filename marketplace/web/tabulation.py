"""Figures as they are shown: names of columns and codes, units, a chart of a table."""

from typing import Any

from flask_babel import gettext

from marketplace import formatting
from marketplace.dimensions import COLUMNS, KEYS, MONEY, SHARES, called
from marketplace.language import language
from marketplace.web import charts
from settlement.money import BY_CODE, DEFAULT
from settlement.statistics.questions import Figures, Question

SHARE_BPS = 10_000
# Figures that there need not be: no base to compare with, nothing metered.
WITHOUT_BASE = ("month_on_month", "year_on_year", "hit_rate")
PLACES = 3  # decimals of a figure that is neither whole, nor money, nor a share


def title(asked: Question) -> str:
    """Return the question's title in the visitor's language."""
    return asked.title_zh if language() == "zh" else asked.title_en


def column_name(column: str) -> str:
    """Return what a column is called, in the visitor's language."""
    name = COLUMNS.get(column)
    return str(getattr(name, language())) if name else column


def is_figure(column: str) -> bool:
    """Tell whether a column has figures, and not what they are of."""
    return column not in KEYS


def cell(value: Any, column: str, currency: str = DEFAULT) -> str:
    """Return a figure as it is shown; withheld ones say so."""
    if value is None:
        return "–" if column in WITHOUT_BASE else str(gettext("withheld"))
    if column in MONEY:
        return formatting.amount(round(value), currency)
    if column in SHARES:
        return formatting.percent(round(value * SHARE_BPS))
    if column == "begins_us":
        return formatting.date(value)
    if isinstance(value, float):
        return f"{value:.{PLACES}f}"
    whole = isinstance(value, int)
    return formatting.number(value) if whole else called(str(value), column, language())


def chart(found: Figures, currency: str) -> charts.Chart | None:
    """Return the first measure as bars: by period, or of the last one by dimension.

    None if there is nothing to draw: no figures, or none that is published.
    """
    measures = [name for name in found.question.measures if name in found.columns]
    keys = (*found.by, *found.question.cells)
    rows = [
        row
        for row in charts.in_currency(charts.records(found), currency)
        if measures and row[measures[0]] is not None
    ]
    dated = "period" in found.columns
    if not rows or not (dated or keys):
        return None
    if keys and dated:
        last = max(row["period"] for row in rows)
        rows = [row for row in rows if row["period"] == last]
    measure, label = measures[0], (keys or ("period",))[0]
    shown = [{**row, label: _label(row, keys or ("period",))} for row in rows]
    places = BY_CODE[currency].exponent if measure in MONEY else 0
    return charts.bars(
        title(found.question), shown, label, {measure: column_name(measure)}, places
    )


def _label(row: dict[str, Any], keys: tuple[str, ...]) -> str:
    """Return what a row is of: its codes by name; no term where it has no end."""
    said = [called(str(row[key]), key, language()) for key in keys if row[key] != 0]
    return " · ".join(said)
