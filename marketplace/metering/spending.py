"""What the use of a right came to, and what may still be spent, as recorded."""

from sqlalchemy import Connection, and_, func, select

from listings.plans import Plan
from marketplace.trading import usage_tables as u
from settlement import clock


def period_at(plan: Plan | None, from_us: int, now_us: int) -> tuple[int, int]:
    """Return the number of the period at a moment, and when it ends."""
    length_us = (plan or Plan()).period_days * clock.DAY_US
    number = max(0, now_us - from_us) // length_us
    return number, from_us + (number + 1) * length_us


def owed(db: Connection, entitlement: int) -> int:
    """Return what the use of a right came to beyond what was paid, in minor units."""
    p = u.periods.c
    unpaid = select(func.coalesce(func.sum(p.due - p.amount), 0))
    return int(db.execute(unpaid.where(p.entitlement == entitlement)).scalar_one())


def used(db: Connection, entitlement: int, period: int) -> tuple[int, int, int]:
    """Return the units of a period so far, what may still be spent, what is owed."""
    query = (
        select(u.periods.c.units, u.tabs.c.allowed)
        .select_from(u.tabs)
        .outerjoin(
            u.periods,
            and_(
                u.periods.c.entitlement == u.tabs.c.entitlement,
                u.periods.c.period == period,
            ),
        )
        .where(u.tabs.c.entitlement == entitlement)
    )
    row = db.execute(query).one_or_none()
    if row is None:
        return 0, 0, 0
    return row.units or 0, row.allowed, owed(db, entitlement)
