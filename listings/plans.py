"""Plans: how the use of a metered right is charged, exactly, in minor units.

What a right costs to begin with is its price in the book; a plan is what its use costs
on top: graduated tiers, each with its price for the units inside it, units that are
free, a cap on what a period can cost, a quota at which use ends. It is frozen in the
contract with the other terms. Every period begins anew: free units and tiers restart,
so that use split over two periods gets its free units twice, and with falling tiers
never pays less for the rest. Prices below the smallest unit are told for a pack of
units (¥28 for 10,000 calls). What is left of a minor unit is rounded up, once.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from listings.marking import N_
from settlement.money import AMOUNT_MAX

METERED = ("per_call", "per_record", "per_hit")  # modes whose use is counted
PER_SEAT = "seat"
TRIAL = "trial"
TIERS_MAX = 10
PACK_MAX = 1_000_000_000
UNITS_MAX = 1_000_000_000_000  # in one period
COST_MAX = 1 << 62  # minor units, of UNITS_MAX units at any one price
SEATS_MAX = 100_000
PERIOD_DAYS_MAX = 366


class Tier(NamedTuple):
    """Units up to a number, counted after the free ones, at one price."""

    up_to: int | None  # of the period's charged units; None: without end
    price: int  # minor units for a pack


class Plan(NamedTuple):
    """What use costs, and where it ends. All counts are of one period."""

    pack: int = 1  # units that a price is for
    tiers: tuple[Tier, ...] = ()
    period_days: int = 30
    free_units: int = 0
    spend_cap: int | None = None  # minor units
    quota: int | None = None  # units; use ends there
    seats: int = 1  # in one unit of a right that is sold by seats


class Usage(NamedTuple):
    """What was used in one period."""

    calls: int = 0
    hits: int = 0  # calls that found something
    records: int = 0


class Line(NamedTuple):
    """One line of a bill."""

    kind: str  # "free", "tier" or "cap"
    units: int
    price: int  # minor units for a pack
    amount: int  # minor units; below zero what the cap takes off


class Bill(NamedTuple):
    """What one period costs, line by line; *refused* units were beyond the quota."""

    lines: tuple[Line, ...]
    total: int
    refused: int


def counted(mode: str, usage: Usage) -> int:
    """Return the units that a mode charges: calls, hits alone, or records."""
    return {"per_hit": usage.hits, "per_record": usage.records}.get(mode, usage.calls)


def charge(plan: Plan, units: int) -> Bill:
    """Return what *units* of one period cost; the lines add up to the total.

    More use never costs less. Each line is rounded with those before it, so that all
    of them together are rounded up once, against whoever uses. No period costs more
    than AMOUNT_MAX, whatever its plan says: that is the most an account can hold.
    """
    assert 0 <= units <= UNITS_MAX, units
    served = units if plan.quota is None else min(units, plan.quota)
    free = min(served, plan.free_units)
    lines = [Line("free", free, 0, 0)] if free else []
    left, below, worth, total = served - free, 0, 0, 0
    for tier in plan.tiers:
        room = left if tier.up_to is None else min(left, tier.up_to - below)
        if room <= 0:
            break
        worth += room * tier.price
        upto_here = -(-worth // plan.pack)
        lines.append(Line("tier", room, tier.price, upto_here - total))
        left, total, below = left - room, upto_here, tier.up_to or 0
    cap = AMOUNT_MAX if plan.spend_cap is None else min(plan.spend_cap, AMOUNT_MAX)
    if total > cap:
        lines.append(Line("cap", 0, 0, cap - total))
        total = cap
    return Bill(tuple(lines), total, units - served)


def charge_periods(plan: Plan, periods: Iterable[int]) -> int:
    """Return what several periods cost together; each begins anew."""
    return sum(charge(plan, units).total for units in periods)


def wrong(plan: Plan | None, mode: str) -> dict[str, list[str]]:
    """Return what is wrong with a plan for instruments of *mode*, by field."""
    if plan is None:
        return {}
    problems = _numbers(plan)
    if plan.tiers and mode not in METERED:
        problems["tiers"] = [N_("Only what is counted by use has tiers.")]
    elif mode in METERED and not plan.tiers:
        problems["tiers"] = [N_("Say what a unit costs, from the first one on.")]
    elif not _rising(plan.tiers):
        problems["tiers"] = [
            N_("Tiers begin at the first unit, rise, and the last one has no end.")
        ]
    elif any(t.price * UNITS_MAX > COST_MAX * max(1, plan.pack) for t in plan.tiers):
        problems["tiers"] = [N_("This price for a unit is higher than can be counted.")]
    if plan.seats != 1 and mode != PER_SEAT:
        problems["seats"] = [N_("Only rights sold by seats have seats.")]
    return problems


def _numbers(plan: Plan) -> dict[str, list[str]]:
    """Return the fields whose numbers are out of range."""
    ranges = (
        ("pack", 1, PACK_MAX),
        ("period_days", 1, PERIOD_DAYS_MAX),
        ("free_units", 0, UNITS_MAX),
        ("spend_cap", 0, AMOUNT_MAX),
        ("quota", 1, UNITS_MAX),
        ("seats", 1, SEATS_MAX),
    )
    return {
        field: [N_("This number is out of range.")]
        for field, low, high in ranges
        if (value := getattr(plan, field)) is not None and not low <= value <= high
    }


def _rising(tiers: tuple[Tier, ...]) -> bool:
    """Tell whether the tiers rise from one to the next and the last has no end."""
    if len(tiers) > TIERS_MAX:
        return False
    ends = [tier.up_to for tier in tiers]
    bounded = [end for end in ends[:-1] if end is not None]
    return (
        (not ends or ends[-1] is None)
        and len(bounded) == len(ends[:-1])
        and all(low < high for low, high in zip([0, *bounded], bounded, strict=False))
        and all(0 <= tier.price <= AMOUNT_MAX for tier in tiers)
        and all(end <= UNITS_MAX for end in bounded)
    )


def dump(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON takes it."""
    return plan._asdict() | {"tiers": [tier._asdict() for tier in plan.tiers]}


def load(facts: Mapping[str, Any] | None) -> Plan | None:
    """Return the plan that `dump` gave."""
    if facts is None:
        return None
    tiers = tuple(Tier(**tier) for tier in facts["tiers"])
    return Plan(**(dict(facts) | {"tiers": tiers}))
