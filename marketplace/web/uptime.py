"""How a service answered, as pages show it: a strip of days, and a chart of latency."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from flask_babel import gettext

from listings.quality.availability import PERIOD_DAYS, Availability, Figures
from marketplace.formatting import date
from marketplace.language import bilingual
from settlement import clock

# From how many basis points of uptime a day is shown as what.
TONES = ((9_990, "good"), (9_500, "wait"), (0, "bad"))


class Shown(NamedTuple):
    """One day of the strip; a day without calls has no figures."""

    date: str
    figures: Figures | None
    tone: str


def strip(service: Availability) -> list[Shown]:
    """Return the last PERIOD_DAYS days up to the newest one with calls."""
    known = {day.at_us: day.figures for day in service.days}
    last_us = service.days[-1].at_us
    shown = []
    for back in reversed(range(PERIOD_DAYS)):
        at_us = last_us - back * clock.DAY_US
        figures = known.get(at_us)
        shown.append(Shown(date(at_us), figures, _tone(figures)))
    return shown


def _tone(figures: Figures | None) -> str:
    if figures is None:
        return "none"
    return next(tone for least, tone in TONES if figures.uptime_bps >= least)


def chart(service: Availability) -> dict[str, Any]:
    """Return the lines of the middle and the slow answers of each day."""
    days = strip(service)
    return _chart("lines", [day.date for day in days], [day.figures for day in days])


def side_by_side(served: Sequence[tuple[Any, Figures]]) -> dict[str, Any]:
    """Return the bars of the middle and the slow answers of (product, figures)."""
    names = [bilingual(product, "title") for product, _ in served]
    return _chart("bars", names, [figures for _, figures in served])


def _chart(
    kind: str, labels: list[str], figures: Sequence[Figures | None]
) -> dict[str, Any]:
    series = {
        gettext("Half are faster than"): [one and one.p50_us for one in figures],
        gettext("95 of 100 are faster than"): [one and one.p95_us for one in figures],
    }
    return {
        "kind": kind,
        "title": gettext("Milliseconds until the answer"),
        "places": 3,  # microseconds, shown as milliseconds
        "labels": labels,
        "series": [{"name": name, "values": values} for name, values in series.items()],
    }
