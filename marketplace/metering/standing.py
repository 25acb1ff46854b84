"""How a right stands with its service: what the records say, and what is under way.

The records are read afresh every FRESH_S; between two looks each process counts what
its own calls use, so that quota, budget and limits hold to the unit within a process.
Several processes see each other's calls once they were counted, within a second or two.
"""

import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from listings import plans
from listings.plans import UNITS_MAX, Plan, charge
from listings.tables import products
from marketplace.delivery import files
from marketplace.delivery.licence import licence_of
from marketplace.members import users
from marketplace.metering import keys
from marketplace.metering.keys import BadServiceKey
from marketplace.metering.spending import period_at, used
from marketplace.metering.tables import endpoints
from marketplace.trading import usage_tables as u
from marketplace.trading.escrows import NotYetDelivered
from marketplace.trading.usage import charged
from settlement import clock, ids, statements
from settlement import tables as s
from settlement.entitlements import QuotaUsedUp
from settlement.errors import Refusal

FRESH_S = 0.4  # after which the records are asked again
Calls = tuple[int, int]  # which second or day, how many calls in it
ZONE_US = 8 * clock.HOUR_US  # days begin at midnight in China


@dataclass(eq=False)
class NotConnected(Refusal):
    """The vendor has not said yet where this service is called."""


@dataclass(eq=False)
class CalledTooFast(Refusal):
    """This right's calls of this second or day are used up."""

    within: str  # second or day
    limit: int
    retry_after_s: int


@dataclass(eq=False)
class BudgetUsedUp(Refusal):
    """What was set aside for the use of this right is used up; set more aside."""

    entitlement: str
    allowed: int  # minor units


@dataclass(eq=False)
class PeriodUsedUp(Refusal):
    """The plan's quota of this period is used up."""

    entitlement: str
    quota: int


@dataclass(eq=False)
class UseUnpaid(BudgetUsedUp):
    """Earlier use of this right is not paid in full; set money aside for it first."""

    owed: int  # minor units


class Key(NamedTuple):
    """A living key of the right."""

    row: Any
    networks: tuple[Any, ...]


class Facts(NamedTuple):
    """What the records say of a right, at one moment."""

    right: Any
    product: int
    endpoint: Any
    mode: str
    plan: Plan | None
    period: int
    ends_us: int  # of the period; then the next one is looked at
    units: int  # of the period
    charged: int  # minor units, for these
    allowed: int
    owed: int  # minor units, of use that was counted and not paid
    most: int | None  # deliveries, of what has been delivered so far
    keeps: bool  # the licence lets answers be kept
    sample: str  # JSON of the listing
    keys: dict[str, Key]
    read_s: float


class Taken(NamedTuple):
    """Units noted at a place of a meter, until the records have them."""

    meter: str
    place: int
    period: int
    units: int


@dataclass(eq=False)
class Standing:
    """One right in this process."""

    entitlement: int
    facts: Facts | None = None
    pending: deque[Taken] = field(default_factory=deque)
    waiting: Counter[int] = field(default_factory=Counter)  # units of these, by period
    under_way: int = 0  # units of calls that are being made
    second: tuple[int, int] = (0, 0)  # (which, calls in it)
    day: tuple[int, int] = (-1, 0)
    guard: threading.Lock = field(default_factory=threading.Lock)
    refreshing: threading.Lock = field(default_factory=threading.Lock)

    def take(self, facts: Facts, now_us: int) -> None:
        """Count a call of this second and day, and reserve one unit; or refuse."""
        with self.guard:
            second, day = self._limit(facts, now_us)
            self._reserve(facts, 1)
            self.second, self.day = second, day

    def check(self, facts: Facts, now_us: int) -> None:
        """Refuse a call for which this second and day have no room."""
        with self.guard:
            self._limit(facts, now_us)

    def reserve(self, facts: Facts, units: int) -> None:
        """Reserve units that an answer takes beyond the call's first; or refuse."""
        with self.guard:
            self._reserve(self.facts or facts, units)

    def _reserve(self, facts: Facts, units: int) -> None:
        name = ids.encode("entitlement", self.entitlement)
        if facts.most is not None:
            waiting = sum(self.waiting.values()) + self.under_way
            if facts.right.deliveries + waiting + units > facts.most:
                raise QuotaUsedUp(name, facts.most)
        if facts.plan is not None:
            here = self.waiting[facts.period] + self.under_way + units
            self._afford(facts, facts.plan, here, name)
        self.under_way += units

    def note(self, taken: Taken, reserved: int = 1) -> None:
        """Turn a call's reserved units into what it came to."""
        with self.guard:
            self.under_way -= reserved
            if taken.units:
                self.pending.append(taken)
                self.waiting[taken.period] += taken.units

    def let_go(self, reserved: int = 1) -> None:
        """Give the units of a call back that was not made."""
        with self.guard:
            self.under_way -= reserved

    def _limit(self, facts: Facts, now_us: int) -> tuple[Calls, Calls]:
        """Return the calls of this second and day with one more; CalledTooFast."""
        second, day = now_us // clock.SECOND_US, (now_us + ZONE_US) // clock.DAY_US
        in_second = self.second[1] if self.second[0] == second else 0
        in_day = self.day[1] if self.day[0] == day else 0
        if in_second >= facts.endpoint.second_max:
            raise CalledTooFast("second", facts.endpoint.second_max, 1)
        if in_day >= facts.endpoint.day_max:
            left_us = (day + 1) * clock.DAY_US - ZONE_US - now_us
            left_s = left_us // clock.SECOND_US + 1
            raise CalledTooFast("day", facts.endpoint.day_max, left_s)
        return (second, in_second + 1), (day, in_day + 1)

    @staticmethod
    def _afford(facts: Facts, plan: Plan, more: int, name: str) -> None:
        """Refuse units that are beyond the period's quota, or that nobody can pay."""
        if facts.owed:
            raise UseUnpaid(name, facts.allowed, facts.owed)
        units = facts.units + more
        if units > (UNITS_MAX if plan.quota is None else plan.quota):
            raise PeriodUsedUp(name, plan.quota or UNITS_MAX)
        cost = charge(plan, units).total - facts.charged
        if cost > facts.allowed:
            raise BudgetUsedUp(name, facts.allowed)


def read(db: Connection, standing: Standing) -> Facts:
    """Return what the records say; what they have is pending no more.

    Any refusal that keeps a right's services from being called now. The keys are those
    of users who may still act for the holder. The places of meters are read first: a
    use that is counted meanwhile is counted twice until the next look, never not at
    all.
    """
    begun_s = clock.elapsed_s()
    _settle(db, standing)
    right = statements.entitlement(db, standing.entitlement)
    living = keys.that_work(db, right.id, right.holder)
    if not living:
        raise BadServiceKey
    files.permit(db, users.get(db, living[0].user), right)
    body = statements.frozen(db, right.terms).body
    terms = statements.terms(db, right.terms)
    mode, plan = charged(body)
    number = ids.decode("product", terms["product"])
    endpoint = db.execute(
        select(endpoints).where(endpoints.c.product == number)
    ).one_or_none()
    if endpoint is None:
        raise NotConnected
    period, ends_us = period_at(plan, right.from_us, clock.now_us())
    units, allowed, owed = used(db, right.id, period)
    said = licence_of(terms).terms
    return Facts(
        right,
        number,
        endpoint,
        mode,
        plan,
        period,
        ends_us,
        units,
        charge(plan, units).total if plan else 0,
        allowed,
        owed,
        _delivered(db, right),
        said is not None and said.retention == "keep",
        db.scalar(select(products.c.sample).where(products.c.id == number)) or "null",
        {row.prefix: Key(row, keys.networks_of(row)) for row in living},
        begun_s,
    )


def units_of(mode: str, counted: int, hit: int, records: int) -> int:
    """Return the units that a call takes: a call, a hit, or its records."""
    return plans.counted(mode, plans.Usage(counted, hit, records))


def calls_of_day(db: Connection, entitlement: int, now_us: int) -> int:
    """Return how many calls were counted since midnight."""
    begins_us = (now_us + ZONE_US) // clock.DAY_US * clock.DAY_US - ZONE_US
    query = select(func.coalesce(func.sum(u.uses.c.calls), 0)).where(
        u.uses.c.entitlement == entitlement, u.uses.c.at_us >= begins_us
    )
    return int(db.execute(query).scalar_one())


def _settle(db: Connection, standing: Standing) -> None:
    """Forget what is pending of what the records have by now."""
    names = {taken.meter for taken in standing.pending}
    if not names:
        return
    m = u.meters.c
    query = select(m.meter, m.position).where(m.meter.in_(names))
    known = {row.meter: row.position for row in db.execute(query)}
    with standing.guard:
        kept = [t for t in standing.pending if t.place >= known.get(t.meter, 0)]
        standing.pending = deque(kept)
        standing.waiting = Counter()
        for taken in kept:
            standing.waiting[taken.period] += taken.units


def _delivered(db: Connection, right: Any) -> int | None:
    """Return the deliveries that a right has by now; NotYetDelivered if it waits."""
    most: int | None = right.deliveries_max
    e = s.escrows.c
    query = (
        select(e.delivered, e.returned, s.trades.c.quantity, s.trades.c.state)
        .join(s.trades, s.trades.c.id == e.trade)
        .where(e.trade == right.trade)
    )
    row = db.execute(query).one_or_none() if right.trade else None
    if row is None or row.state in ("settled", "unwound"):
        return most
    if row.delivered >= row.quantity - row.returned:
        return most
    if not row.delivered:
        raise NotYetDelivered(0)
    return None if most is None else most * row.delivered // max(1, right.quantity)
