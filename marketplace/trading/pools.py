"""Group buys (团购): a price that falls with the number of licensees, the same for all.

Buyers join until the close with the first tier's price held. At the close all pay the
price of the tier that their number reaches and what is over is free again; below the
minimum all is given back. Source: issue 4 (5), features N19.
"""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from marketplace.trading.agenda import Agenda
from marketplace.trading.timetable import DAY_US
from settlement.canonical import canonical
from settlement.errors import NotFound, Refusal
from settlement.ids import encode
from settlement.states import Machine

TIERS_MAX = 10
LICENSEES_MAX = 1_000  # of one group buy
OPEN_MAX = 100  # group buys of one vendor
WINDOW_MIN_US = DAY_US // 24
WINDOW_MAX_US = 90 * DAY_US

Tiers = tuple[tuple[int, int], ...]


class PoolState(StrEnum):
    """Where a group buy stands."""

    OPEN = "open"
    SOLD = "sold"
    FAILED = "failed"
    CANCELLED = "cancelled"


class PoolEvent(StrEnum):
    """What can happen to a group buy."""

    SELL = "sell"
    FAIL = "fail"
    CANCEL = "cancel"


_S, _E = PoolState, PoolEvent
POOL = Machine(
    "pool",
    {
        (_S.OPEN, _E.SELL): _S.SOLD,
        (_S.OPEN, _E.FAIL): _S.FAILED,  # too few joined
        (_S.OPEN, _E.CANCEL): _S.CANCELLED,  # nobody joined, or it is sold no more
    },
)


@dataclass(eq=False)
class AlreadyJoined(Refusal):
    """The member has joined this group buy already."""

    pool: int


@dataclass(eq=False)
class PoolFull(Refusal):
    """This group buy has as many licensees as it can have."""

    licensees_max: int


@dataclass(eq=False)
class PoolJoined(Refusal):
    """Buyers have joined: it runs until its close."""

    licensees: int


@dataclass(eq=False)
class TooManyPools(Refusal):
    """The vendor has as many group buys open as it may have."""

    pools_max: int


CONFLICTS: tuple[type[Refusal], ...] = (
    AlreadyJoined,
    PoolFull,
    PoolJoined,
    TooManyPools,
)


@dataclass(slots=True, eq=False)
class Licensee:
    """One who joined, in the order of the table's columns."""

    pool: int
    member: int
    by: int
    seq: int
    at_us: int
    purpose: str
    state: str = "held"  # held, bought, returned
    trade: int | None = None

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.pool, self.member, self.by, self.seq, self.at_us, self.purpose,
            self.state, self.trade,
        )  # fmt: skip


@dataclass(slots=True, eq=False)
class Pool:
    """One group buy, in the order of the table's columns; prices are of one right."""

    number: int
    seq: int
    at_us: int
    by: int
    vendor: int
    instrument: int
    currency: int
    quantity: int  # units of one right: the instrument's lot
    terms: int
    term_us: int | None
    deliveries_max: int | None
    tiers: Tiers
    least: int
    closes_us: int
    due_us: int | None  # when it closes; later while trading is halted
    state: PoolState = PoolState.OPEN
    price: int | None = None  # that all pay
    licensees: dict[int, Licensee] = field(default_factory=dict)

    rank = 51  # on the agenda

    @property
    def held(self) -> int:
        """Return what each who joined has held, in minor units."""
        return self.tiers[0][1] * self.quantity

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.seq, self.at_us, self.by, self.vendor, self.instrument,
            self.currency, self.quantity, self.terms, self.term_us,
            self.deliveries_max, canonical(self.tiers), self.least, self.closes_us,
            self.due_us, str(self.state), self.price,
        )  # fmt: skip


def is_schedule(tiers: Tiers, least: int) -> bool:
    """Tell whether tiers begin with one, and fall as the licensees grow."""
    whole = all(isinstance(n, int) for tier in tiers for n in tier)
    return (
        whole
        and 0 < len(tiers) <= TIERS_MAX
        and tiers[0][0] == 1
        and all(a[0] < b[0] and a[1] > b[1] for a, b in pairwise(tiers))
        and tiers[-1][1] > 0
        and tiers[-1][0] <= LICENSEES_MAX
        and 1 <= least <= LICENSEES_MAX
    )


def tiers_of(text: str) -> Tiers:
    """Return the schedule that the tables keep as *text*."""
    return tuple((least, price) for least, price in json.loads(text))


def price_for(tiers: Tiers, licensees: int) -> int:
    """Return the price of a right when so many licensees buy; at least one."""
    return next(price for least, price in reversed(tiers) if licensees >= least)


class Pools:
    """The group buys that run; ended ones live on in the records only."""

    def __init__(self, agenda: Agenda) -> None:
        """Start with none; they close on *agenda*."""
        self._agenda = agenda
        self.live: dict[int, Pool] = {}
        self.last = 0
        self.changed: dict[int, Pool] = {}
        self.licensees: dict[tuple[int, int], Licensee] = {}  # new or changed

    def open(self, pool: Pool) -> None:
        """Take a new group buy up; TooManyPools beyond the vendor's limit."""
        if sum(one.vendor == pool.vendor for one in self.live.values()) >= OPEN_MAX:
            raise TooManyPools(OPEN_MAX)
        self.last = pool.number
        self.changed[pool.number] = pool
        self.restore(pool)

    def restore(self, pool: Pool) -> None:
        """Take over a group buy that runs, from the records."""
        self.live[pool.number] = pool
        self._agenda.put(pool)

    def get(self, number: int) -> Pool:
        """Return a group buy that runs; NotFound if there is none."""
        found = self.live.get(number)
        if found is None:
            raise NotFound("pool", encode("pool", max(0, number)))
        return found

    def note(self, pool: Pool, licensee: Licensee) -> None:
        """Say that somebody joined, bought, or got the money back."""
        pool.licensees[licensee.member] = licensee
        self.licensees[pool.number, licensee.member] = licensee

    def defer(self, pool: Pool, due_us: int) -> None:
        """Close it later."""
        pool.due_us = due_us
        self.changed[pool.number] = pool
        self._agenda.put(pool)

    def move(self, pool: Pool, event: PoolEvent) -> None:
        """End a group buy."""
        pool.state, pool.due_us = POOL.after(pool.state, event), None
        self.changed[pool.number] = pool
        self._agenda.put(pool)
        del self.live[pool.number]
