"""A period of days: which rows of a question's figures are of it.

Only whole rows are left out, each a day, a month or an interval. A question that adds
up a whole period is not asked for others: the difference of two answers would tell what
each of them withholds.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from marshmallow import ValidationError, fields, validates_schema

from listings.marking import N_
from marketplace.language import TIMEZONE
from marketplace.web.forms import NOT_A_DAY, Form
from settlement.clock import moment
from settlement.statistics.questions import Figures

ENDS_FIRST = N_("The period ends before it begins.")
COLUMNS = ("day", "period", "begins_us")  # those that say when a row was


class Period(NamedTuple):
    """From the first to the last day, both in it; None: no end on that side."""

    first: date | None
    last: date | None


class PeriodForm(Form):
    """From which day until which."""

    from_day = fields.Date(load_default=None, error_messages={"invalid": NOT_A_DAY})
    until_day = fields.Date(load_default=None, error_messages={"invalid": NOT_A_DAY})

    @validates_schema
    def in_order(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a period that ends before it begins."""
        first, last = data.get("from_day"), data.get("until_day")
        if first and last and last < first:
            raise ValidationError(ENDS_FIRST, "until_day")


def period(typed: dict[str, Any]) -> Period:
    """Return the period in the values of a `PeriodForm`."""
    return Period(typed["from_day"], typed["until_day"])


def dated(columns: Sequence[str]) -> str | None:
    """Return the column that says when a row was, or None if it is of all time."""
    return next((name for name in COLUMNS if name in columns), None)


def within(figures: Figures, asked: Period) -> Figures:
    """Return the rows of *figures* that are of the period; all if they have no day."""
    column = dated(figures.columns)
    if column is None or asked == Period(None, None):
        return figures
    place = figures.columns.index(column)
    rows = [row for row in figures.rows if _is_of(asked, row[place])]
    measures = [figures.columns.index(name) for name in figures.question.measures]
    withheld = sum(any(row[at] is None for at in measures) for row in rows)
    return figures._replace(rows=rows, withheld=withheld)


def _is_of(asked: Period, when: date | str | int) -> bool:
    """Tell whether a day, a month or the moment of an interval is of the period.

    A month is when a day of it is.
    """
    if isinstance(when, str):
        first, last = ((day and f"{day:%Y-%m}") for day in asked)
        return (not first or first <= when) and (not last or when <= last)
    if isinstance(when, int):
        when = moment(when).astimezone(ZoneInfo(TIMEZONE)).date()
    return (not asked.first or asked.first <= when) and (
        not asked.last or when <= asked.last
    )
