"""Reminders before a right ends: 60, 30 and 7 days, once each (feature F9).

Days are the exchange's. Who buys for less than so many days is not told at once: a
reminder is due from the day on that is so many days before the last, if the right was
held before that day. After a time without service the nearest one alone is told.
"""

from typing import Any

from sqlalchemy import Connection, Engine, select

from listings.tables import instruments
from marketplace.community.holders import LIVE
from marketplace.community.notices import notify
from settlement import clock, ids
from settlement.statistics.tape import ZONE_US
from settlement.tables import entitlements

DAYS = (7, 30, 60)  # before the end, the nearest first
STEP_S = 60.0
_e = entitlements.c


class Reminders:
    """Tells holders, once in each of the exchange's days, which rights end soon."""

    def __init__(self, reads: Engine, writes: Engine) -> None:
        """Look at once when first asked."""
        self._reads = reads
        self._writes = writes
        self._day = -1

    def step(self) -> int:
        """Tell what is due if the day is new; return to how many it was news."""
        day = day_of(clock.now_us())
        if day == self._day:
            return 0
        with self._reads.connect() as db:
            due = ending(db, clock.now_us())
        told = 0
        if due:
            with self._writes.begin() as db:
                told = sum(_tell(db, right, days) for right, days in due)
        self._day = day
        return told


def ending(db: Connection, now_us: int) -> list[tuple[Any, int]]:
    """Return the rights that a reminder is due of, each with that one's days."""
    last = (day_of(now_us) + DAYS[-1] + 1) * clock.DAY_US - ZONE_US
    query = (
        select(_e.id, _e.holder, _e.from_us, _e.until_us, instruments.c.product)
        .join(instruments, instruments.c.id == _e.instrument)
        .where(_e.state.in_(LIVE), _e.until_us > now_us, _e.until_us < last)
        .order_by(_e.id)
    )
    found: list[tuple[Any, int]] = []
    for row in db.execute(query):
        days = due_of(row.from_us, row.until_us, now_us)
        if days is not None:
            found.append((row, days))
    return found


def due_of(from_us: int, until_us: int, now_us: int) -> int | None:
    """Return which reminder of a right is the last that was due by now, if any."""
    end = day_of(until_us)
    for days in DAYS:
        if day_of(from_us) < end - days <= day_of(now_us):
            return days
    return None


def day_of(at_us: int) -> int:
    """Return the number of the exchange's day that a moment is in."""
    return (at_us + ZONE_US) // clock.DAY_US


def _tell(db: Connection, right: Any, days: int) -> int:
    end = day_of(right.until_us)
    facts = {
        "days": end - day_of(clock.now_us()),
        "date": clock.moment(right.until_us + ZONE_US).date().isoformat(),
        "href": f"/rights/{ids.encode('entitlement', right.id)}",
    }
    cause = f"renewal {right.id} {end} {days}"
    return notify(db, [right.holder], "renewal", cause, right.product, facts)
