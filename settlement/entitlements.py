"""Entitlements: the right that follows a balance, from when, until when, how often."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntFlag, StrEnum

from settlement.errors import NotFound, Refusal
from settlement.ids import encode
from settlement.states import Machine


class EntitlementState(StrEnum):
    """Where an entitlement stands."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Hold(IntFlag):
    """Why an entitlement is suspended; it is active again once no reason is left."""

    STAFF = 1  # supervision
    DISPUTE = 2  # its money stands still
    DEBT = 4  # its money went back
    DUE = 8  # its trade is still to be settled


class EntitlementEvent(StrEnum):
    """What can happen to an entitlement."""

    SUSPEND = "suspend"
    RESTORE = "restore"
    EXPIRE = "expire"
    REVOKE = "revoke"


_S, _E = EntitlementState, EntitlementEvent
ENTITLEMENT = Machine(
    "entitlement",
    {
        (_S.ACTIVE, _E.SUSPEND): _S.SUSPENDED,
        (_S.SUSPENDED, _E.RESTORE): _S.ACTIVE,
        (_S.ACTIVE, _E.EXPIRE): _S.EXPIRED,
        (_S.SUSPENDED, _E.EXPIRE): _S.EXPIRED,
        (_S.ACTIVE, _E.REVOKE): _S.REVOKED,
        (_S.SUSPENDED, _E.REVOKE): _S.REVOKED,
    },
)


@dataclass(eq=False)
class RightEnded(Refusal):
    """This right of use is not in force."""

    entitlement: str
    state: str


@dataclass(eq=False)
class QuotaUsedUp(Refusal):
    """All deliveries that this right includes have been made."""

    entitlement: str
    deliveries_max: int


class Entitlement:
    """One right held: what, by whom, under which terms, from when until when."""

    __slots__ = (
        "deliveries", "deliveries_max", "from_us", "holder", "holds", "instrument",
        "number", "purpose", "quantity", "state", "terms", "trade", "until_us",
    )  # fmt: skip

    def __init__(
        self,
        number: int,
        trade: int | None,
        holder: int,
        instrument: int,
        quantity: int,
        terms: int,
        purpose: str,
        from_us: int,
        until_us: int | None,
        deliveries: int,
        deliveries_max: int | None,
        state: EntitlementState,
        holds: int = 0,
    ) -> None:
        """Take the values as they are; see the columns of the table.

        *deliveries_max* is for all units together: each includes the same number.
        *holds* are of `Hold`, some while it is suspended and only then.
        """
        self.number = number
        self.trade = trade
        self.holder = holder
        self.instrument = instrument
        self.quantity = quantity
        self.terms = terms
        self.purpose = purpose
        self.from_us = from_us
        self.until_us = until_us
        self.deliveries = deliveries
        self.deliveries_max = deliveries_max
        self.state = state
        self.holds = Hold(holds)

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.trade, self.holder, self.instrument, self.quantity,
            self.terms, self.purpose, self.from_us, self.until_us, self.deliveries,
            self.deliveries_max, str(self.state), int(self.holds),
        )  # fmt: skip

    def each_max(self) -> int | None:
        """Return how many deliveries one unit includes; None without limit."""
        most = self.deliveries_max
        return None if most is None else most // self.quantity

    def unused(self) -> int:
        """Return how many units have all their deliveries still to come."""
        each, most = self.each_max(), self.deliveries_max
        if each is None or most is None:
            return self.quantity
        return (most - self.deliveries) // each


class Register:
    """The entitlements in force; ended ones live on in the records only."""

    def __init__(self) -> None:
        """Start with none."""
        self.live: dict[int, Entitlement] = {}
        self.last = 0
        self.granted: list[Entitlement] = []  # new since the last drain
        self.changed: dict[int, Entitlement] = {}
        self._of: dict[tuple[int, int], dict[int, Entitlement]] = {}
        self._in: dict[int, dict[int, Entitlement]] = {}
        self._due: list[tuple[int, int]] = []

    def grant(self, right: Entitlement) -> None:
        """Put a new right in force."""
        self.last = right.number
        self.granted.append(right)
        self.restore(right)

    def restore(self, right: Entitlement) -> None:
        """Take over a right that is in force already, from the records."""
        self.live[right.number] = right
        self._of.setdefault((right.holder, right.instrument), {})[right.number] = right
        self._in.setdefault(right.instrument, {})[right.number] = right
        if right.until_us is not None:
            heapq.heappush(self._due, (right.until_us, right.number))

    def get(self, number: int) -> Entitlement:
        """Return a right in force (or suspended); NotFound if there is none."""
        found = self.live.get(number)
        if found is None:
            raise NotFound("entitlement", encode("entitlement", number))
        return found

    def of(self, holder: int, instrument: int) -> Iterator[Entitlement]:
        """Yield the holder's rights in one instrument, oldest first."""
        yield from list(self._of.get((holder, instrument), {}).values())

    def held_by(self, holder: int) -> Iterator[Entitlement]:
        """Yield all rights of a holder, by instrument, oldest first."""
        for instrument in sorted(asset for who, asset in self._of if who == holder):
            yield from self.of(holder, instrument)

    def within(self, instrument: int) -> Iterable[Entitlement]:
        """Return everybody's rights in one instrument, oldest first."""
        return self._in.get(instrument, {}).values()

    def unused_units(self, holder: int, instrument: int) -> int:
        """Return how many units of its rights in an instrument a holder may pass on.

        Suspended ones stay where they are, and so does what was delivered under: else
        two members would fill their quotas up by selling a right to and fro.
        """
        rights = self._of.get((holder, instrument), {}).values()
        return sum(r.unused() for r in rights if r.state is EntitlementState.ACTIVE)

    def move(self, right: Entitlement, event: EntitlementEvent) -> None:
        """Apply *event*; IllegalMove if the state does not allow it."""
        right.state = ENTITLEMENT.after(right.state, event)
        self.changed[right.number] = right
        if right.state in (EntitlementState.EXPIRED, EntitlementState.REVOKED):
            right.holds = Hold(0)
            self._drop(right)

    def hold(self, right: Entitlement, reason: Hold) -> None:
        """Suspend a right for one more reason."""
        right.holds |= reason
        self.changed[right.number] = right
        if right.state is EntitlementState.ACTIVE:
            self.move(right, EntitlementEvent.SUSPEND)

    def let_go(self, right: Entitlement, reason: Hold) -> None:
        """End one reason of a right's suspension, and with the last one that itself."""
        if reason not in right.holds:
            return
        right.holds &= ~reason
        self.changed[right.number] = right
        if not right.holds:
            self.move(right, EntitlementEvent.RESTORE)

    def give_up(self, right: Entitlement, quantity: int) -> None:
        """Take *quantity* unused units, and their quota, off a right sold on."""
        assert 0 < quantity <= right.unused(), (right.number, quantity)
        each = right.each_max()
        right.quantity -= quantity
        self.changed[right.number] = right
        if not right.quantity:
            self.move(right, EntitlementEvent.REVOKE)
        elif each is not None:
            right.deliveries_max = each * right.quantity

    def cut(self, right: Entitlement, quantity: int) -> None:
        """Take *quantity* units off a right, and their quota unless it is used."""
        assert 0 < quantity < right.quantity, (right.number, quantity)
        each = right.each_max()
        right.quantity -= quantity
        if each is not None:
            right.deliveries_max = max(right.deliveries, each * right.quantity)
        self.changed[right.number] = right

    def count_delivery(self, right: Entitlement, at_us: int) -> None:
        """Count one delivery; RightEnded or QuotaUsedUp if there may be none."""
        check(right, at_us)
        right.deliveries += 1
        self.changed[right.number] = right

    def next_due_us(self) -> int | None:
        """Return when the next right ends, or None."""
        while self._due and self._due[0][1] not in self.live:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def due(self, at_us: int) -> Iterator[Entitlement]:
        """Yield the rights whose time is over at *at_us*, in order of their end."""
        while (ends := self.next_due_us()) is not None and ends <= at_us:
            yield self.live[heapq.heappop(self._due)[1]]

    def _drop(self, right: Entitlement) -> None:
        del self.live[right.number]
        theirs = self._of[right.holder, right.instrument]
        del theirs[right.number]
        if not theirs:
            del self._of[right.holder, right.instrument]
        everybody = self._in[right.instrument]
        del everybody[right.number]
        if not everybody:
            del self._in[right.instrument]


def check(right: Entitlement, at_us: int) -> None:
    """Refuse with RightEnded or QuotaUsedUp unless *right* opens a delivery now."""
    over = right.until_us is not None and right.until_us <= at_us
    if right.state is not EntitlementState.ACTIVE or over:
        state = "expired" if over else str(right.state)
        raise RightEnded(encode("entitlement", right.number), state)
    if right.deliveries_max is not None and right.deliveries >= right.deliveries_max:
        raise QuotaUsedUp(encode("entitlement", right.number), right.deliveries_max)
