"""The release calendar: up to which day is counted, and when that is published.

A month is published three times: as it stands after its tenth and its twentieth day
(旬; preliminary, the coarse tables alone), and when it is over. Each appears on the
fifth day after its last one at ten in the morning, Beijing time, and never earlier.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from settlement import clock
from settlement.statistics.tape import ZONE_US

TENTHS = (10, 20)  # the days of a month after which it is published as it stands
DELAY_DAYS = 5
AT_HOUR = 10


class Cut(NamedTuple):
    """What one publication counts: a month up to a day of it."""

    last_day: date

    @classmethod
    def on(cls, day: str) -> "Cut":
        """Return the cut after *day*, ``2026-11-20``."""
        return cls(date.fromisoformat(day))

    @property
    def period(self) -> str:
        """Return the month, ``2026-11``."""
        return f"{self.last_day:%Y-%m}"

    @property
    def is_final(self) -> bool:
        """Tell whether it is the whole month."""
        return (self.last_day + timedelta(1)).day == 1

    @property
    def is_planned(self) -> bool:
        """Tell whether the calendar has a publication of it."""
        return self.last_day.day in TENTHS or self.is_final

    @property
    def ends_us(self) -> int:
        """Return the moment after its last day."""
        return _us(self.last_day + timedelta(1))

    @property
    def release_us(self) -> int:
        """Return when it is published at the earliest."""
        there = self.last_day + timedelta(DELAY_DAYS)
        return _us(there) + AT_HOUR * clock.HOUR_US


def cuts(first: date, until: date) -> Iterator[Cut]:
    """Yield the cuts of the calendar from *first* to *until*, both in it."""
    day = first
    while day <= until:
        cut = Cut(day)
        if cut.is_planned:
            yield cut
        day += timedelta(1)


def coming(now_us: int, days: int = 60) -> list[Cut]:
    """Return the cuts whose release is yet to come in the next days, soonest first."""
    today = clock.moment(now_us + ZONE_US).date()
    found = cuts(today - timedelta(DELAY_DAYS + 1), today + timedelta(days))
    return [cut for cut in found if cut.release_us > now_us]


def due(now_us: int, days: int = 120) -> list[Cut]:
    """Return the cuts of the last days whose period is over, the newest first."""
    today = clock.moment(now_us + ZONE_US).date()
    found = [
        cut for cut in cuts(today - timedelta(days), today) if cut.ends_us <= now_us
    ]
    return found[::-1]


def _us(day: date) -> int:
    """Return when a day of the exchange's begins."""
    return (day - date(1970, 1, 1)).days * clock.DAY_US - ZONE_US
