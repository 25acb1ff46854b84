"""Cycles: what deferred trades owe, netted for each member and currency.

A trade of a deferred class becomes an obligation: the buyer owes the price, the house
owes it to the seller less the fee, and to all who share in it. At the end of the cycle
a run adds up what each member pays and gets; only the difference moves, through the
house's clearing account (features §5.6: delivery versus payment net–net, N5).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from settlement.clearing import Trade
from settlement.money import BPS
from settlement.states import Machine

DAYS_MAX = 30  # working days until a deferred trade is due
PENALTY_BPS = 5  # of a debt for each day, where no table was published
PENALTY_STEPS_MAX = 10


class ObligationState(StrEnum):
    """Where an obligation stands."""

    DUE = "due"
    SETTLED = "settled"
    FAILED = "failed"
    WRITTEN_OFF = "written_off"


class ObligationEvent(StrEnum):
    """What can happen to an obligation."""

    SETTLE = "settle"
    FAIL = "fail"
    WRITE_OFF = "write_off"


class RunState(StrEnum):
    """Where a netting run stands."""

    FROZEN = "frozen"
    APPROVED = "approved"
    EXECUTED = "executed"
    CANCELLED = "cancelled"


class RunEvent(StrEnum):
    """What can happen to a netting run."""

    APPROVE = "approve"
    EXECUTE = "execute"
    CANCEL = "cancel"


_O, _E = ObligationState, ObligationEvent
OBLIGATION = Machine(
    "obligation",
    {
        (_O.DUE, _E.SETTLE): _O.SETTLED,
        (_O.DUE, _E.FAIL): _O.FAILED,  # its buyer lacked the money; all others are paid
        (_O.FAILED, _E.SETTLE): _O.SETTLED,
        (_O.FAILED, _E.WRITE_OFF): _O.WRITTEN_OFF,
    },
)
_R, _X = RunState, RunEvent
RUN = Machine(
    "run",
    {
        (_R.FROZEN, _X.APPROVE): _R.APPROVED,  # by another person
        (_R.FROZEN, _X.CANCEL): _R.CANCELLED,
        (_R.APPROVED, _X.EXECUTE): _R.EXECUTED,
        (_R.APPROVED, _X.CANCEL): _R.CANCELLED,
    },
)


class Cycle(NamedTuple):
    """When trades of a currency and way of trading settle."""

    days: int  # working days after the trade; 0: at once
    cover_bps: int  # of the price that the buyer holds until then, at least


@dataclass(slots=True, eq=False)
class Obligation:
    """What one trade owes; amounts in minor units."""

    trade: Trade
    right: int
    cover: int  # that the buyer holds for it in escrow
    due_us: int
    state: ObligationState = ObligationState.DUE
    run: int | None = None
    fail: int | None = None  # the debt that it waits for

    @property
    def number(self) -> int:
        """Return the number of the trade, by which it is known."""
        return self.trade.number

    @property
    def value(self) -> int:
        """Return what the buyer owes."""
        return self.trade.price * self.trade.quantity

    @property
    def uncovered(self) -> int:
        """Return what the buyer owes on credit."""
        return self.value - self.cover

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.right, self.cover, self.due_us, str(self.state),
            self.run, self.fail,
        )  # fmt: skip


class Position(NamedTuple):
    """What a run comes to for one member, in minor units."""

    member: int
    pays: int  # for what it bought
    gets: int  # for what it sold
    fee: int  # that the house takes of that
    shares: int  # that it gets of others' sales, or (below zero) gives of its own
    cover: int  # that it holds for what it bought

    @property
    def net(self) -> int:
        """Return what it gets in the end; below zero: what it pays."""
        return self.gets - self.fee + self.shares - self.pays


class Owed(NamedTuple):
    """One obligation as netting sees it."""

    buyer: int
    seller: int
    value: int
    fee: int
    cover: int


def positions(
    owed: Iterable[Owed], shared: Iterable[tuple[int, int, int]] = ()
) -> list[Position]:
    """Return the position of each member, by number.

    *shared* tells what of the sellers' proceeds is others': seller, party, amount. All
    nets and fees together are zero: what is paid is what is got.
    """
    sums: dict[int, list[int]] = {}
    for buyer, seller, value, fee, cover in owed:
        line = sums.get(buyer)
        if line is None:
            line = sums[buyer] = [0, 0, 0, 0, 0]
        line[0] += value
        line[4] += cover
        line = sums.get(seller)
        if line is None:
            line = sums[seller] = [0, 0, 0, 0, 0]
        line[1] += value
        line[2] += fee
    for seller, party, amount in shared:
        sums[seller][3] -= amount
        sums.setdefault(party, [0, 0, 0, 0, 0])[3] += amount
    return [Position(member, *line) for member, line in sorted(sums.items())]


def cover(value: int, cover_bps: int, headroom: int) -> int:
    """Return what a buyer must hold for *value*: the part by rule, or beyond credit.

    Rounded down, so that many small fills never need more than one large order.
    """
    return max(value * cover_bps // BPS, value - max(0, headroom))


def penalty(debt: int, days: int, steps: tuple[tuple[int, int], ...]) -> int:
    """Return what a debt costs after *days*: each by the last step that has begun.

    *steps* are (from this day on, basis points a day), ascending; rounded up once.
    """
    total = 0
    for place, (first, bps) in enumerate(steps):
        last = steps[place + 1][0] if place + 1 < len(steps) else days + 1
        total += max(0, min(days + 1, last) - first) * bps
    return -(-debt * total // BPS)


@dataclass(slots=True, eq=False)
class Run:
    """One netting run of a currency."""

    number: int
    seq: int
    at_us: int
    currency: int
    by_user: int
    state: RunState
    trades: int
    gross: int  # that all buyers together owe
    net: int  # that moves in the end
    approved_by: int | None = None
    executed_by: int | None = None
    ended_seq: int | None = None
    lines: tuple[Position, ...] = ()

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.seq, self.at_us, self.currency, self.by_user,
            str(self.state), self.trades, self.gross, self.net, self.approved_by,
            self.executed_by, self.ended_seq,
        )  # fmt: skip


@dataclass(slots=True, eq=False)
class Fail:
    """A debt: what the reserve advanced for a member that lacked it in a run."""

    number: int
    seq: int
    at_us: int
    run: int
    member: int
    currency: int
    amount: int
    cause: str
    state: str = "open"
    penalty: int = 0
    ended_seq: int | None = None

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.seq, self.at_us, self.run, self.member, self.currency,
            self.amount, self.cause, self.state, self.penalty, self.ended_seq,
        )  # fmt: skip
