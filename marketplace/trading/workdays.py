"""The working days of the exchange: Monday to Friday, but for the days it published.

In China the State Council moves working days around holidays every year, so the
exceptions are data that the house publishes by a command (`SetWorkdays`).
"""

from collections.abc import Mapping

from marketplace.trading.timetable import DAY_US, EAST_US, day_of

THURSDAY = 3  # 1970-01-01
WEEKEND = (5, 6)  # 0 is Monday
EXCEPTIONS_MAX = 10_000  # days that differ from their weekday


class Workdays:
    """The days that were published as unlike their weekday."""

    def __init__(self) -> None:
        """Start with none."""
        self.exceptions: dict[int, bool] = {}  # day since 1970 → whether it is worked
        self.changed: dict[int, int] = {}  # day → seq, since the last drain

    def deadline_us(self, at_us: int, days: int) -> int:
        """Return the end of the working day that is *days* after that of *at_us*."""
        return deadline_us(at_us, days, self.exceptions)


def is_worked(day: int, exceptions: Mapping[int, bool]) -> bool:
    """Tell whether the exchange works on *day*, counted from 1970."""
    said = exceptions.get(day)
    return (day + THURSDAY) % 7 not in WEEKEND if said is None else said


def deadline_us(at_us: int, days: int, exceptions: Mapping[int, bool]) -> int:
    """Return the end of the working day that is *days* after the day of *at_us*."""
    day = day_of(at_us)
    while days:
        day += 1
        days -= is_worked(day, exceptions)
    return (day + 1) * DAY_US - EAST_US
