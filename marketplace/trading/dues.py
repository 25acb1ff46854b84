"""What deferred trades owe until a netting run settles them, and the commands of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from settlement.cycles import (
    PENALTY_BPS,
    Cycle,
    Fail,
    Obligation,
    ObligationState,
    Run,
    RunState,
    cover,
)
from settlement.errors import NotFound, Refusal
from settlement.ids import encode


class FreezeRun(NamedTuple):
    """Freeze what is due in a currency into a netting run."""

    by: int
    currency: int


class ApproveRun(NamedTuple):
    """Approve a frozen run, as another person than who froze it."""

    by: int
    run: int


class ExecuteRun(NamedTuple):
    """Settle an approved run: all of it, or nothing."""

    by: int
    run: int


class CancelRun(NamedTuple):
    """Give a run up that is not executed; what it held is due again."""

    by: int
    run: int


class PayDebt(NamedTuple):
    """Pay a debt of the member's with its penalty; its rights are in force then."""

    by: int
    member: int
    fail: int


class SetCycle(NamedTuple):
    """Say when trades of a currency and way of trading settle; two persons."""

    by: int
    currency: int
    origin: str  # book, auction, negotiated
    days: int  # working days; 0: at once
    cover_bps: int


class SetCredit(NamedTuple):
    """Say how much a member may owe in a currency until its cycles end; two persons."""

    by: int
    member_: int
    currency: int
    amount: int


class SetReserve(NamedTuple):
    """Bring the house's reserve of a currency to *amount*; two persons."""

    by: int
    currency: int
    amount: int


class SetPenalties(NamedTuple):
    """Publish what debts in a currency cost by the day; two persons."""

    by: int
    currency: int
    steps: tuple[tuple[int, int], ...]  # from day, basis points a day


class WriteOff(NamedTuple):
    """Declare a debtor in default: what it did not pay is unwound; two persons."""

    by: int
    fail: int


@dataclass(eq=False)
class ReserveTooSmall(Refusal):
    """The house's reserve must cover all credit lines together."""

    needed: int
    available: int


@dataclass(eq=False)
class RunUnderWay(Refusal):
    """Another run of this currency is under way; execute or cancel it first."""

    run: int


class NothingDue(Refusal):
    """Nothing is due in this currency."""


@dataclass(eq=False)
class DebtOpen(Refusal):
    """A debt from a netting run is open; pay it first."""

    amount: int


class NotYetPaid(Refusal):
    """This right is in force once its trade is settled."""


Key = tuple[int, int]  # member, currency


class Dues:
    """What is owed now; what was settled lives on in the records only."""

    def __init__(self) -> None:
        """Start with every trade settling at once, without credit."""
        self.cycles: dict[tuple[int, str], Cycle] = {}  # (currency, origin)
        self.credit: dict[Key, int] = {}
        self.penalties: dict[int, tuple[tuple[int, int], ...]] = {}
        self.live: dict[int, Obligation] = {}  # by trade
        self.owed: dict[Key, int] = {}  # on credit: uncovered prices, and debts
        self.runs: dict[int, Run] = {}  # frozen or approved
        self.fails: dict[int, Fail] = {}  # open
        self.last_run = self.last_fail = 0
        self.changed: dict[int, Obligation] = {}
        self.trades_changed: dict[int, str] = {}  # trade → its state
        self.runs_changed: dict[int, Run] = {}
        self.lines_new: list[tuple[object, ...]] = []
        self.fails_changed: dict[int, Fail] = {}
        self.cycles_changed: dict[tuple[int, str], int] = {}  # → seq
        self.credit_changed: dict[Key, int] = {}  # → seq
        self.penalties_new: list[tuple[int, int, object]] = []

    def cycle(self, currency: int, origin: str) -> Cycle | None:
        """Return the cycle of trades, or None where they settle at once."""
        found = self.cycles.get((currency, "book" if origin == "pinned" else origin))
        return found if found and found.days else None

    def headroom(self, member: int, currency: int) -> int:
        """Return how much more a member may owe."""
        key = member, currency
        return self.credit.get(key, 0) - self.owed.get(key, 0)

    def needed(self, member: int, currency: int, origin: str, value: int) -> int:
        """Return how much a buyer of *value* minor units must have, to hold it."""
        cycle = self.cycle(currency, origin)
        if cycle is None:
            return value
        return cover(value, cycle.cover_bps, self.headroom(member, currency))

    def owe(self, member: int, currency: int, more: int) -> None:
        """Count *more* (or, below zero, less) as owed on credit."""
        key = member, currency
        left = self.owed.get(key, 0) + more
        assert left >= 0, (key, left)
        if left:
            self.owed[key] = left
        else:
            self.owed.pop(key, None)

    def exposure(self, currency: int) -> int:
        """Return what all members together may come to owe, or owe already."""
        keys = {key for key in (*self.credit, *self.owed) if key[1] == currency}
        return sum(max(self.credit.get(key, 0), self.owed.get(key, 0)) for key in keys)

    def advanced(self, currency: int) -> int:
        """Return what the reserve has advanced for debts that are open."""
        return sum(f.amount for f in self.fails.values() if f.currency == currency)

    def due(self, currency: int, at_us: int) -> Iterator[Obligation]:
        """Yield what is due in a currency and in no run, by number of the trade."""
        for _, owed in sorted(self.live.items()):
            if (
                owed.trade.currency == currency
                and owed.state is ObligationState.DUE
                and owed.run is None
                and owed.due_us <= at_us
            ):
                yield owed

    def note(self, owed: Obligation) -> None:
        """Say that an obligation is new or has changed; ended ones are dropped."""
        self.changed[owed.number] = owed
        if owed.state in (ObligationState.DUE, ObligationState.FAILED):
            self.live[owed.number] = owed
        else:
            del self.live[owed.number]

    def note_run(self, run: Run) -> None:
        """Say that a run is new or has changed; ended ones are dropped."""
        self.runs_changed[run.number] = run
        self.last_run = max(self.last_run, run.number)
        if run.state in (RunState.FROZEN, RunState.APPROVED):
            self.runs[run.number] = run
        else:
            self.runs.pop(run.number, None)

    def note_fail(self, fail: Fail) -> None:
        """Say that a debt is new or has changed; ended ones are dropped."""
        self.fails_changed[fail.number] = fail
        self.last_fail = max(self.last_fail, fail.number)
        if fail.state == "open":
            self.fails[fail.number] = fail
        else:
            self.fails.pop(fail.number, None)

    def run(self, number: int) -> Run:
        """Return a run under way; NotFound if there is none."""
        found = self.runs.get(number)
        if found is None:
            raise NotFound("run", encode("run", max(0, number)))
        return found

    def fail(self, number: int, member: int = 0) -> Fail:
        """Return an open debt; NotFound if there is none, or it is not *member*'s."""
        found = self.fails.get(number)
        if found is None or member not in (0, found.member):
            raise NotFound("fail", encode("fail", max(0, number)))
        return found

    def steps(self, currency: int) -> tuple[tuple[int, int], ...]:
        """Return the published table of penalties, or what holds without one."""
        return self.penalties.get(currency, ((0, PENALTY_BPS),))

    def check_paid(self, member: int, currency: int) -> None:
        """Refuse with DebtOpen while the member owes from a run."""
        for fail in self.fails.values():
            if (fail.member, fail.currency) == (member, currency):
                raise DebtOpen(fail.amount)
