"""How services answered buyers' calls: uptime and latency by day, as measured.

Latencies are kept in classes, each a quarter longer than the one before, so that a
percentile is right within an eighth. A call is up as `listings.quality.availability`
has it.
"""

import math
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert as upsert_postgres
from sqlalchemy.dialects.sqlite import insert as upsert_sqlite

from listings.quality.availability import FAILED, PERIOD_DAYS, ZONE_US, Day, Figures
from marketplace.metering.meter import Note
from marketplace.metering.tables import latencies as t
from settlement import clock

DOWN = -1  # the class of calls that were not answered, or by a failure
GROWTH = 1.25
FIRST_US = 100  # the end of class 0


class Health(NamedTuple):
    """What is shown of a service: the whole time, and each day with calls."""

    whole: Figures
    days: list[Day]


def add(db: Connection, found: Iterable[Note]) -> None:
    """Add calls to the days and classes that they belong to."""
    sums: Counter[tuple[int, int, int]] = Counter()
    for note in found:
        made = note.answered
        assert made is not None
        up = made.status is not None and made.status < FAILED
        day = (note.begun.at_us + ZONE_US) // clock.DAY_US
        kind = class_of(made.latency_us) if up else DOWN
        sums[note.begun.product, day, kind] += 1
    if not sums:
        return
    make = upsert_postgres if db.dialect.name == "postgresql" else upsert_sqlite
    names = ("product", "day", "class")
    rows = [
        {**dict(zip(names, key, strict=True)), "calls": n}
        for key, n in sorted(sums.items())
    ]
    statement = make(t)
    db.execute(
        statement.on_conflict_do_update(
            index_elements=list(names),
            set_={"calls": t.c.calls + statement.excluded.calls},
        ),
        rows,
    )


def of_product(db: Connection, product: int) -> Health | None:
    """Return how a service answered in the last days; None if nobody called it."""
    since = (clock.now_us() + ZONE_US) // clock.DAY_US - PERIOD_DAYS
    query = (
        select(t.c.day, t.c["class"], func.sum(t.c.calls).label("calls"))
        .where(t.c.product == product, t.c.day > since)
        .group_by(t.c.day, t.c["class"])
        .order_by(t.c.day, t.c["class"])
    )
    days: dict[int, Counter[int]] = {}
    for day, kind, calls in db.execute(query):
        days.setdefault(day, Counter())[kind] += int(calls)
    if not days:
        return None
    whole = sum(days.values(), Counter())
    return Health(
        figures(whole),
        [Day(d * clock.DAY_US - ZONE_US, figures(found)) for d, found in days.items()],
    )


def figures(found: Counter[int]) -> Figures:
    """Return what calls by class come to."""
    total = sum(found.values())
    up = total - found[DOWN]
    return Figures(total, up, *(_percentile(found, up, part) for part in (50, 95)))


def class_of(latency_us: int) -> int:
    """Return the class of a latency."""
    if latency_us <= FIRST_US:
        return 0
    return math.ceil(math.log(latency_us / FIRST_US, GROWTH))


def middle_us(kind: int) -> int:
    """Return the latency that stands for a class."""
    return int(FIRST_US * math.pow(GROWTH, kind - 0.5))


def _percentile(found: Counter[int], up: int, part: int) -> int | None:
    """Return the nearest-rank percentile of the calls that were up."""
    left = -(-up * part // 100)
    for kind in sorted(kind for kind in found if kind != DOWN):
        left -= found[kind]
        if left <= 0:
            return middle_us(kind)
    return None
