"""What members see of metered use: tabs and periods, single uses, single calls."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, cast, func, select

from listings import tables as listed
from listings.plans import Bill, Plan, charge
from marketplace.members.tables import members
from marketplace.metering.spending import owed, period_at
from marketplace.metering.standing import ZONE_US
from marketplace.metering.tables import calls
from marketplace.trading import usage_tables as u
from marketplace.trading.proceeds import tax_of_use
from marketplace.trading.usage import charged
from settlement import clock, statements, store
from settlement.store import Page, Whole
from settlement.tables import entitlements

PERIODS_MAX = 24  # shown
DAYS = 30  # of a chart


class Tab(NamedTuple):
    """A right's use: how it is counted, what is set aside, its last periods."""

    mode: str
    plan: Plan | None
    period: int  # that runs now
    ends_us: int
    held: int  # minor units
    allowed: int
    owed: int  # of earlier use, to be paid before more
    periods: list[Row[Any]]
    tax_bps: int  # in what it costs
    tax: int  # of the running period so far, minor units

    @property
    def now(self) -> Row[Any] | None:
        """Return what the running period came to so far, if anything."""
        found = [row for row in self.periods if row.period == self.period]
        return found[0] if found else None

    @property
    def bill(self) -> Bill | None:
        """Return the running period line by line; None if use costs nothing."""
        if self.plan is None:
            return None
        return charge(self.plan, self.now.units if self.now else 0)


class Day(NamedTuple):
    """The use of one day."""

    at_us: int
    calls: int
    units: int
    amount: int  # minor units


def tab(db: Connection, right: Row[Any]) -> Tab:
    """Return the use of a right so far."""
    mode, plan = charged(statements.frozen(db, right.terms).body)
    period, ends_us = period_at(plan, right.from_us, clock.now_us())
    row = db.execute(
        select(u.tabs).where(u.tabs.c.entitlement == right.id)
    ).one_or_none()
    query = (
        select(u.periods)
        .where(u.periods.c.entitlement == right.id)
        .order_by(u.periods.c.period.desc())
        .limit(PERIODS_MAX)
    )
    held, allowed = (row.held, row.allowed) if row else (0, 0)
    periods = list(db.execute(query))
    unpaid = owed(db, right.id)
    tax = tax_of_use(db, right.id, period)
    return Tab(mode, plan, period, ends_us, held, allowed, unpaid, periods, *tax)


def uses_of(
    db: Connection, entitlement: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of what was counted at once under a right, the newest first."""
    query = select(u.uses).where(u.uses.c.entitlement == entitlement)
    return _page(db, query, u.uses.c.id, before, limit)


def calls_under(
    db: Connection, entitlement: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the calls under a right, the newest first."""
    query = select(calls).where(calls.c.entitlement == entitlement)
    return _page(db, query, calls.c.id, before, limit)


def calls_of_product(
    db: Connection, product: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the calls of a service with their callers, the newest first."""
    query = (
        select(calls, entitlements.c.holder)
        .join(entitlements, entitlements.c.id == calls.c.entitlement)
        .where(calls.c.product == product)
    )
    return _page(db, query, calls.c.id, before, limit)


def days_of(db: Connection, entitlement: int) -> list[Day]:
    """Return the use of each of the last DAYS days with any, the oldest first."""
    since_us = clock.now_us() - DAYS * clock.DAY_US
    named = ((u.uses.c.at_us + ZONE_US) // clock.DAY_US).label("day")
    query = (
        select(
            named,
            *(
                cast(func.sum(column), Whole)
                for column in (u.uses.c.calls, u.uses.c.units, u.uses.c.amount)
            ),
        )
        .where(u.uses.c.entitlement == entitlement, u.uses.c.at_us >= since_us)
        .group_by(named)
        .order_by(named)
    )
    return [
        Day(int(at) * clock.DAY_US - ZONE_US, *rest) for at, *rest in db.execute(query)
    ]


def customers(db: Connection, product: int) -> list[Row[Any]]:
    """Return who used a service: each right's holder, calls, units, what was paid."""
    p, i = u.periods.c, listed.instruments.c
    query = (
        select(
            *(u.tabs.c.entitlement, u.tabs.c.holder, u.tabs.c.currency),
            *(members.c.name_zh, members.c.name_en),
            cast(func.coalesce(func.sum(p.calls), 0), Whole).label("calls"),
            cast(func.coalesce(func.sum(p.units), 0), Whole).label("units"),
            cast(func.coalesce(func.sum(p.amount), 0), Whole).label("amount"),
            cast(func.coalesce(func.sum(p.fee), 0), Whole).label("fee"),
        )
        .join(listed.instruments, i.id == u.tabs.c.instrument)
        .join(members, members.c.id == u.tabs.c.holder)
        .outerjoin(u.periods, p.entitlement == u.tabs.c.entitlement)
        .where(i.product == product)
        .group_by(
            *(u.tabs.c.entitlement, u.tabs.c.holder, u.tabs.c.currency),
            *(members.c.name_zh, members.c.name_en),
        )
        .order_by(u.tabs.c.entitlement.desc())
        .limit(store.PAGE_MAX)
    )
    return list(db.execute(query))


def _page(
    db: Connection, query: Any, column: Any, before: int | None, limit: int
) -> Page:
    if before is not None:
        query = query.where(column < before)
    rows = db.execute(query.order_by(column.desc()).limit(limit + 1)).all()
    return store.page(rows, limit)
