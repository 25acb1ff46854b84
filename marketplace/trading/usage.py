"""Metered use in memory: tabs with money set aside, and what each period came to.

A tab is a right's account of use. What may be spent is reserved in the buyer's held
pocket beforehand, so that an answered call can always be paid; calls beyond it are
refused by the gateway (`marketplace.metering`).
"""

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from listings import plans
from listings.plans import Plan
from marketplace.trading.agenda import Agenda
from marketplace.trading.timetable import DAY_US
from settlement.errors import NotFound, Refusal
from settlement.ids import encode
from settlement.sharing import Shares

GRACE_US = 60_000_000  # calls under way when a budget is lowered
DECLARED_US = 30 * DAY_US  # after a period, in which its use may still be declared
LINES_MAX = 1_000  # of one command
METER_MAX = 80  # characters
STATEMENT_MAX = 2_000


@dataclass(eq=False)
class OutOfStep(Refusal):
    """This meter was counted up to another place already."""

    meter: str
    position: int


@dataclass(eq=False)
class NotMetered(Refusal):
    """The use of this right is not charged."""

    entitlement: str


@dataclass(eq=False)
class TooLateToDeclare(Refusal):
    """The use of this period cannot be declared now."""

    period: int


@dataclass(slots=True, eq=False)
class Tab:
    """One right's account of use, in the order of the table's columns."""

    number: int  # of the entitlement
    holder: int
    vendor: int
    instrument: int
    currency: int
    terms: int
    from_us: int
    held: int = 0  # minor units, in the held pocket
    allowed: int = 0  # of these, what may be spent
    due_us: int | None = None  # when the rest goes back

    rank = 90  # on the agenda

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.holder, self.vendor, self.instrument, self.currency,
            self.terms, self.from_us, self.held, self.allowed, self.due_us,
        )  # fmt: skip


@dataclass(slots=True, eq=False)
class Period:
    """What one period of a tab came to, in the order of the table's columns."""

    tab: int
    number: int
    schedule: int  # version of the fees at its first use, and the rule
    rule: int
    calls: int = 0
    hits: int = 0
    records: int = 0
    units: int = 0
    due: int = 0  # minor units, by the plan
    amount: int = 0  # that were paid
    fee: int = 0

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.tab, self.number, self.schedule, self.rule, self.calls, self.hits,
            self.records, self.units, self.due, self.amount, self.fee,
        )  # fmt: skip


@dataclass(eq=False)
class Usage:
    """All tabs, their periods, and how far each meter was counted."""

    agenda: Agenda
    tabs: dict[int, Tab] = field(default_factory=dict)
    periods: dict[tuple[int, int], Period] = field(default_factory=dict)
    unpaid: dict[int, set[int]] = field(default_factory=dict)  # tab → its periods
    meters: dict[str, int] = field(default_factory=dict)
    shares: dict[tuple[int, int], Shares] = field(default_factory=dict)  # by period
    last: int = 0  # number of the last use
    new: list[tuple[object, ...]] = field(default_factory=list)
    tabs_changed: dict[int, Tab] = field(default_factory=dict)
    periods_changed: dict[tuple[int, int], Period] = field(default_factory=dict)
    shares_changed: dict[tuple[int, int], Shares] = field(default_factory=dict)
    meters_changed: dict[str, int] = field(default_factory=dict)

    def tab(self, entitlement: int) -> Tab:
        """Return a right's tab; NotFound if it was never used nor budgeted."""
        found = self.tabs.get(entitlement)
        if found is None:
            raise NotFound("entitlement", encode("entitlement", max(0, entitlement)))
        return found

    def note(self, tab: Tab) -> None:
        """Take note that *tab* is new or changed."""
        self.tabs[tab.number] = self.tabs_changed[tab.number] = tab
        self.agenda.put(tab)

    def keep(self, period: Period) -> None:
        """Remember a period, and whether all of it is paid."""
        self.periods[period.tab, period.number] = period
        unpaid = self.unpaid.setdefault(period.tab, set())
        if period.amount < period.due:
            unpaid.add(period.number)
        else:
            unpaid.discard(period.number)
        if not unpaid:
            del self.unpaid[period.tab]

    def share(self, period: Period, shares: Shares) -> None:
        """Say that the shares of a period are new or have changed."""
        key = period.tab, period.number
        self.shares[key] = self.shares_changed[key] = shares

    def arrears(self, tab: Tab) -> list[Period]:
        """Return the periods of *tab* that are not paid in full, the oldest first."""
        numbers = sorted(self.unpaid.get(tab.number, ()))
        return [self.periods[tab.number, number] for number in numbers]

    def advance(self, meter: str, start: int, end: int) -> None:
        """Move a meter on; OutOfStep unless it was counted just up to *start*."""
        known = self.meters.get(meter, 0)
        if known != start:
            raise OutOfStep(meter, known)
        self.meters[meter] = self.meters_changed[meter] = end

    def state(self) -> tuple[Any, ...]:
        """Return everything that decides what happens next."""
        return (
            [tab.row() for _, tab in sorted(self.tabs.items())],
            [period.row() for _, period in sorted(self.periods.items())],
            sorted(self.meters.items()),
            self.last,
            [(key, shares.rows()) for key, shares in sorted(self.shares.items())],
        )


@lru_cache(maxsize=4_096)
def charged(body: str) -> tuple[str, Plan | None]:
    """Return how frozen terms count use, and what it costs (None: nothing)."""
    said = json.loads(body)
    if not isinstance(said, dict):
        return "", None
    mode = str(said.get("mode", ""))
    plan = plans.load(said.get("plan")) if mode in plans.METERED else None
    return mode, plan
