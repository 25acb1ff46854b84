"""Mandates: what a user may spend of its member's money, order by order and by day.

An agent is a user of its own that has a key and no password; a colleague may have a
budget in the same way. The market knows the user by the command, so no way of ordering
goes round the bounds. What waits in the books counts as spent until it ends, so the
day's budget holds however many orders are under way. Source: issue 4 (10), features
N20 and D10.
"""

from dataclasses import dataclass
from enum import StrEnum

from marketplace.trading.agenda import Agenda
from marketplace.trading.timetable import DAY_US, day_of
from settlement.canonical import canonical
from settlement.errors import NotFound, Refusal
from settlement.ids import encode
from settlement.states import Machine

NAME_MAX = 100  # characters
LISTED_MAX = 200  # instruments of one mandate
OPEN_MAX = 50  # mandates of one member
LASTS_MAX_US = 366 * DAY_US


class MandateState(StrEnum):
    """Where a mandate stands."""

    ACTIVE = "active"
    ENDED = "ended"
    EXPIRED = "expired"


class MandateEvent(StrEnum):
    """What can happen to a mandate."""

    END = "end"
    EXPIRE = "expire"


_S, _E = MandateState, MandateEvent
MANDATE = Machine(
    "mandate",
    {
        (_S.ACTIVE, _E.END): _S.ENDED,  # killed by one of the member
        (_S.ACTIVE, _E.EXPIRE): _S.EXPIRED,
    },
)


@dataclass(eq=False)
class MandateOver(Refusal):
    """The mandate has ended: nothing can be done under it."""

    mandate: int
    state: str


@dataclass(eq=False)
class OutsideMandate(Refusal):
    """The mandate does not allow this."""

    mandate: int
    field: str  # what of it: command, instrument, currency, purpose, price, …


@dataclass(eq=False)
class OverBudget(Refusal):
    """This costs more than the mandate's budget has left."""

    mandate: int
    cost: int  # minor units
    left: int


@dataclass(eq=False)
class AlreadyHeld(Refusal):
    """The member has this right, or has ordered it, already."""

    symbol: str


@dataclass(eq=False)
class HasMandate(Refusal):
    """The user has a mandate: end it before giving another."""

    mandate: int


@dataclass(eq=False)
class TooManyMandates(Refusal):
    """The member has given as many mandates as it may have."""

    maximum: int


CONFLICTS: tuple[type[Refusal], ...] = (AlreadyHeld, HasMandate, TooManyMandates)
FORBIDDEN: tuple[type[Refusal], ...] = (MandateOver, OutsideMandate)


@dataclass(slots=True, eq=False)
class Mandate:
    """One mandate, in the order of the table's columns; money in minor units."""

    number: int
    seq: int
    at_us: int
    by: int
    member: int
    user: int
    name: str
    agent: bool
    currency: int
    price_max: int | None
    daily_max: int
    total_max: int | None
    approval_above: int | None
    unique: bool
    instruments: tuple[int, ...]
    purposes: tuple[str, ...]
    until_us: int
    state: MandateState = MandateState.ACTIVE
    ended_by: int | None = None
    day: int = 0  # the day that `today` is of
    today: int = 0  # spent on it
    spent: int = 0  # in all

    rank = 60  # on the agenda

    @property
    def due_us(self) -> int | None:
        """Return when it ends by itself; None once it has ended."""
        return self.until_us if self.state is MandateState.ACTIVE else None

    def spent_on(self, day: int) -> int:
        """Return what was spent on that day, in minor units."""
        return self.today if self.day == day else 0

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.seq, self.at_us, self.by, self.member, self.user,
            self.name, int(self.agent), self.currency, self.price_max, self.daily_max,
            self.total_max, self.approval_above, int(self.unique),
            canonical(self.instruments), canonical(self.purposes), self.until_us,
            str(self.state), self.ended_by, self.day, self.today, self.spent,
        )  # fmt: skip


class Mandates:
    """Who is bounded, and which waiting orders count against whom."""

    def __init__(self, agenda: Agenda) -> None:
        """Start with none; they end on *agenda*."""
        self._agenda = agenda
        self.of: dict[int, Mandate] = {}  # by user; an agent's stays when it has ended
        self.orders: dict[int, int] = {}  # waiting order → the user who placed it
        self.waiting: dict[int, dict[int, None]] = {}  # the same by user, ascending
        self.last = 0
        self.changed: dict[int, Mandate] = {}

    def give(self, mandate: Mandate) -> None:
        """Put a new mandate in force; HasMandate or TooManyMandates."""
        old = self.of.get(mandate.user)
        if old is not None and (old.agent or old.state is MandateState.ACTIVE):
            raise HasMandate(old.number)
        theirs = (m for m in self.of.values() if m.member == mandate.member)
        if sum(m.state is MandateState.ACTIVE for m in theirs) >= OPEN_MAX:
            raise TooManyMandates(OPEN_MAX)
        self.last = mandate.number
        self.changed[mandate.number] = mandate
        self.restore(mandate)

    def restore(self, mandate: Mandate) -> None:
        """Take over a mandate from the records."""
        self.of[mandate.user] = mandate
        self._agenda.put(mandate)

    def get(self, number: int, member: int) -> Mandate:
        """Return a mandate of *member* that is in force; else NotFound."""
        for mandate in self.of.values():
            known = mandate.number == number and mandate.member == member
            if known and mandate.state is MandateState.ACTIVE:
                return mandate
        raise NotFound("mandate", encode("mandate", max(0, number)))

    def own(self, order: int, user: int) -> None:
        """Count an order against the user's mandate, as long as it waits or trades."""
        mandate = self.of.get(user)
        if mandate is not None and mandate.state is MandateState.ACTIVE:
            self.count(order, user)

    def count(self, order: int, user: int) -> None:
        """Count a waiting order, later than all before, against its user's mandate."""
        self.orders[order] = user
        self.waiting.setdefault(user, {})[order] = None

    def forget(self, order: int) -> None:
        """Count an order no more: it waits no longer."""
        user = self.orders.pop(order, None)
        if user is not None:
            theirs = self.waiting[user]
            del theirs[order]
            if not theirs:
                del self.waiting[user]

    def note(self, order: int, amount: int, at_us: int) -> None:
        """Note what an order paid, if it counts against a mandate."""
        user = self.orders.get(order)
        if user is not None:
            self.spend(user, amount, at_us)

    def spend(self, user: int, amount: int, at_us: int) -> None:
        """Note what was spent under the user's mandate."""
        mandate, day = self.of[user], day_of(at_us)
        mandate.today = mandate.spent_on(day) + amount
        mandate.day, mandate.spent = day, mandate.spent + amount
        self.changed[mandate.number] = mandate

    def end(self, mandate: Mandate, event: MandateEvent, by: int | None) -> None:
        """End a mandate; its orders count no more. A colleague's is forgotten."""
        mandate.state, mandate.ended_by = MANDATE.after(mandate.state, event), by
        self.changed[mandate.number] = mandate
        self._agenda.put(mandate)
        for order in self.waiting.pop(mandate.user, ()):
            del self.orders[order]
        if is_lifted(mandate):
            del self.of[mandate.user]


def is_lifted(mandate: Mandate) -> bool:
    """Tell whether nothing bounds the user any more: a colleague's was ended.

    One that ran out bounds on: its time is over, so nothing may be spent.
    """
    return not mandate.agent and mandate.state is MandateState.ENDED
