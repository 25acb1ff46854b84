"""Notices while a right's use nears its budget or quota: at 85 % and at 100 % (B4).

Counted use is followed by its number; each line is told once for a period and a sum,
so that who sets more aside is told again. A budget is used up when it does not pay one
more unit.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, func, select

from listings.plans import Plan, charge
from listings.tables import instruments
from marketplace.community.notices import notify
from marketplace.metering.spending import period_at, used
from marketplace.trading.usage import charged
from marketplace.trading.usage_tables import periods, uses
from settlement import clock, statements
from settlement.ids import encode
from settlement.tables import entitlements

LINES = (100, 85)  # percent, the highest first
STEP_S = 2.0
AT_ONCE = 1_000  # uses looked at in one step
BACK = 10_000  # uses before the newest that are looked at again after a restart


class Near(NamedTuple):
    """What of a right nears its end: kind of notice, percent, and of how much."""

    kind: str
    percent: int  # one of LINES
    period: int
    of: int  # minor units, units or deliveries


class Nearing:
    """Follows counted use, and tells holders what is nearly used up."""

    def __init__(self, reads: Engine, writes: Engine) -> None:
        """Look at the last uses first: what was told before is not told again."""
        self._reads, self._writes = reads, writes
        self._seen: int | None = None

    def step(self) -> int:
        """Look at what was counted since the last step; return how many were told."""
        with self._reads.connect() as db:
            if self._seen is None:
                self._seen = max(
                    0, (db.scalar(select(func.max(uses.c.id))) or 0) - BACK
                )
            query = (
                select(uses.c.id, uses.c.entitlement)
                .where(uses.c.id > self._seen)
                .order_by(uses.c.id)
                .limit(AT_ONCE)
            )
            rows = db.execute(query).all()
            due = [
                (right, near)
                for number in sorted({row.entitlement for row in rows})
                for right in [_right(db, number)]
                for near in near_of(db, right, clock.now_us())
            ]
        told = 0
        if due:
            with self._writes.begin() as db:
                told = sum(_tell(db, right, near) for right, near in due)
        if rows:
            self._seen = rows[-1].id
        return told


def near_of(db: Connection, right: Any, now_us: int) -> Iterator[Near]:
    """Yield what of a right has come to a line, each by its highest."""
    if right.deliveries_max is not None:
        yield from _near("use_pack", 0, right.deliveries, right.deliveries_max)
    _, plan = charged(statements.frozen(db, right.terms).body)
    if plan is None:
        return
    period, _ = period_at(plan, right.from_us, now_us)
    units, allowed, _ = used(db, right.id, period)
    if plan.quota is not None:
        yield from _near("use_quota", period, units, plan.quota)
    paid = select(periods.c.amount).where(
        periods.c.entitlement == right.id, periods.c.period == period
    )
    spent = db.scalar(paid) or 0
    if spent:
        whole = spent + allowed
        is_empty = _next(plan, units) > allowed
        yield from _near("use_budget", period, whole if is_empty else spent, whole)


def _next(plan: Plan, units: int) -> int:
    """Return what one more unit costs, in minor units."""
    return charge(plan, units + 1).total - charge(plan, units).total


def _near(kind: str, period: int, part: int, whole: int) -> Iterator[Near]:
    for line in LINES:
        if part * 100 >= line * whole:
            yield Near(kind, line, period, whole)
            return


def _right(db: Connection, number: int) -> Any:
    query = (
        select(entitlements, instruments.c.product)
        .join(instruments, instruments.c.id == entitlements.c.instrument)
        .where(entitlements.c.id == number)
    )
    return db.execute(query).one()


def _tell(db: Connection, right: Any, near: Near) -> int:
    facts = {
        "percent": near.percent,
        "href": f"/rights/{encode('entitlement', right.id)}/service",
    }
    cause = f"{near.kind} {right.id} {near.period} {near.percent} {near.of}"
    return notify(db, [right.holder], near.kind, cause, right.product, facts)
