"""When things happen in the demo: four weeks of days, busy in office hours."""

import math
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from settlement import clock

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = 28
WEEKEND = 0.3  # of a working day's trading
GROWTH = 1.45  # the last day beside the first
_RUSHES = ((10.3, 1.1), (15.1, 1.4), (20.5, 1.0))  # hour and width, hours
_RUSH_SHARES = (46, 44, 10)


class Day(NamedTuple):
    """One day of the demo's four weeks."""

    number: int  # from 0
    date: date
    begins_us: int
    busy: float  # beside an ordinary working day

    def at(self, hour: float) -> int:
        """Return the moment *hour* hours into the day, microseconds UTC."""
        return self.begins_us + int(hour * 3600 * clock.SECOND_US)

    def sometime(self, random: Random) -> int:
        """Return a moment of the day, mostly within office hours."""
        middle, width = random.choices(_RUSHES, _RUSH_SHARES)[0]
        hour = random.gauss(middle, width)
        if not 8.6 <= hour <= 23.4:
            hour = random.uniform(9.0, 11.5)
        return self.at(hour) + random.randrange(clock.SECOND_US)


def midnight(now_us: int) -> datetime:
    """Return the last midnight in Shanghai, where the demo's weeks end."""
    now = clock.moment(now_us).astimezone(ZONE)
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def days(until: datetime) -> Iterator[Day]:
    """Yield the DAYS days before *until*, a midnight."""
    for index in range(DAYS):
        begins = until - timedelta(days=DAYS - index)
        rest = WEEKEND if begins.weekday() >= 5 else 1.0
        grown = GROWTH ** (index / DAYS)
        wave = 1 + 0.18 * math.sin(index * 1.9) + 0.1 * math.sin(index * 0.7 + 1)
        yield Day(
            index, begins.date(), clock.from_datetime(begins), rest * grown * wave
        )


def poisson(random: Random, mean: float) -> int:
    """Return a count of events that happen *mean* times on average (Knuth)."""
    floor, product, count = math.exp(-mean), random.random(), 0
    while product > floor:
        product *= random.random()
        count += 1
    return count
