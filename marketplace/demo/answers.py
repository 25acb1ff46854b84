"""How the demo's services answered: made up from a seed, and labelled so.

Nothing is called: the addresses are of no real machine.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from math import sin, tau
from random import Random

from sqlalchemy import Connection

from listings.quality import availability
from listings.quality.availability import PAUSE_US, PERIOD_DAYS, Call
from settlement import clock

_MS = 1_000  # microseconds
# product → milliseconds of the middle answer, share of calls that fail by themselves,
# and outages: days before the end, hour, hours
SERVICES: Mapping[str, tuple[int, float, tuple[tuple[int, float, float], ...]]] = {
    "WXAPI": (118, 0.0004, ((19, 2.0, 1.5), (6, 14.25, 0.5))),
    "SOLARFC": (412, 0.0015, ((23, 9.0, 7.0), (11, 20.0, 3.0), (2, 3.0, 2.0))),
}


def measure(
    db: Connection, numbers: Mapping[str, int], seed: int, until: datetime
) -> None:
    """Give the services of SERVICES their calls of the days before *until*."""
    end_us = clock.from_datetime(until)
    for code, (middle_ms, failing, outages) in SERVICES.items():
        product, random = numbers[code], Random(f"{seed}/{code}")
        url = f"https://api.example.com/v1/{code.lower()}"
        availability.measure(db, product, url, 0, source="demo")
        down = [
            (end_us - day * clock.DAY_US + int(hour * clock.HOUR_US), hours)
            for day, hour, hours in outages
        ]
        calls = _calls(random, end_us, middle_ms, failing, down)
        availability.record(db, ((product, at_us, call) for at_us, call in calls))


def _calls(
    random: Random,
    end_us: int,
    middle_ms: int,
    failing: float,
    down: list[tuple[int, float]],
) -> Iterator[tuple[int, Call]]:
    first_us = end_us - PERIOD_DAYS * clock.DAY_US
    for at_us in range(first_us, end_us, PAUSE_US):
        late_us = random.randrange(5 * clock.SECOND_US)
        busy = 1 + 0.35 * sin(tau * (at_us % clock.DAY_US) / clock.DAY_US)
        latency_us = int(middle_ms * busy * random.lognormvariate(0, 0.32) * _MS)
        if any(from_us <= at_us < from_us + h * clock.HOUR_US for from_us, h in down):
            call = Call(None, "no_answer", 5_000 * _MS)
        elif random.random() < failing:
            call = Call(random.choice((500, 502, 503)), "", latency_us * 3)
        else:
            call = Call(200, "", latency_us)
        yield at_us + late_us, call
