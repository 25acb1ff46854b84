"""The trading calendar of a market: which phase begins when, day by day.

Pure: the moment is an argument. Days are counted in the market's own zone, a fixed
number of minutes east of UTC (no summer time), so that a day has always 1,440 minutes.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

MINUTE_US = 60_000_000  # the core imports no clock, not even its units
DAY_MIN = 1_440  # minutes
DAY_US = DAY_MIN * MINUTE_US
STEPS_MAX = 24  # a day
HOLIDAYS_MAX = 400
SEARCH_MAX = 1_000  # days that are looked through for the next that trades
ZONE_MAX = 14 * 60  # minutes
EAST_US = 8 * 60 * MINUTE_US  # the exchange keeps the time of China


class Phase(StrEnum):
    """What a market does with the orders that arrive."""

    CONTINUOUS = "continuous"  # they trade at once where they can
    CALL = "call"  # they collect for one price
    CLOSED = "closed"  # they are refused; cancels are taken


class Action(StrEnum):
    """What a timetable may do: begin a phase, or uncross a call that goes on."""

    CONTINUOUS = "continuous"
    CALL = "call"
    CLOSED = "closed"
    UNCROSS = "uncross"


class Due(NamedTuple):
    """The next thing that a timetable does."""

    at_us: int
    action: Action


class Timetable(NamedTuple):
    """What happens on which days; see `check` for what is possible."""

    zone_min: int  # minutes east of UTC: 480 in China
    weekdays: tuple[int, ...]  # 0 is Monday
    holidays: tuple[int, ...]  # days since 1970, when nothing happens
    steps: tuple[tuple[int, str], ...]  # (minute of the day, action), in order


def day_of(at_us: int) -> int:
    """Return the exchange's own day of a moment, counted from 1970."""
    return (at_us + EAST_US) // DAY_US


def possible(table: Timetable) -> bool:
    """Tell whether this is a timetable: in order, within the limits, not empty."""
    minutes = [minute for minute, _ in table.steps]
    return (
        abs(table.zone_min) <= ZONE_MAX
        and 0 < len(table.steps) <= STEPS_MAX
        and minutes == sorted(set(minutes))
        and all(0 <= minute < DAY_MIN for minute in minutes)
        and all(action in set(Action) for _, action in table.steps)
        and 0 < len(table.weekdays) == len(set(table.weekdays))
        and all(0 <= day <= 6 for day in table.weekdays)
        and len(table.holidays) <= HOLIDAYS_MAX
        and all(0 <= day < 10**6 for day in table.holidays)
    )


def after(table: Timetable, at_us: int) -> Due | None:
    """Return what happens first after *at_us*; None if all days are holidays."""
    return next((due for due in coming(table, at_us) if due.at_us > at_us), None)


def coming(table: Timetable, at_us: int) -> Iterator[Due]:
    """Yield what happens from the day of *at_us* on, in order."""
    east_us = table.zone_min * MINUTE_US
    today = (at_us + east_us) // DAY_US
    weekdays, holidays = set(table.weekdays), set(table.holidays)
    for day in range(today, today + SEARCH_MAX):
        # 1 January 1970 was a Thursday, the day 3 of a week that begins with Monday 0.
        if (day + 3) % 7 not in weekdays or day in holidays:
            continue
        begins_us = day * DAY_US - east_us
        for minute, action in table.steps:
            yield Due(begins_us + minute * MINUTE_US, Action(action))


def decode(values: Any) -> Timetable:
    """Return the timetable that was written as a JSON array."""
    zone_min, weekdays, holidays, steps = values
    return Timetable(
        zone_min,
        tuple(weekdays),
        tuple(holidays),
        tuple((minute, action) for minute, action in steps),
    )
