"""Agreements on how the proceeds of a product are shared, and their commands.

The vendor proposes parts in basis points: members, or another product of which this one
was derived (its royalty goes to that product's vendor, and on to those whom it shares
with). An agreement counts once every party has consented, and so has everybody who had
a part before. What the parts leave is the vendor's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from settlement.errors import NotFound, Refusal
from settlement.ids import encode
from settlement.sharing import Role, Shares
from settlement.states import Machine

PARTS_MAX = 19  # beside the vendor
LINEAGE_MAX = 4  # products in a row that are derived from each other
ROLES = tuple(str(role) for role in Role if role is not Role.VENDOR)


class Part(NamedTuple):
    """One part: of a *member*, or of those who share in an upstream *product*."""

    member: int  # 0: a product's
    product: int  # 0: a member's
    role: str
    bps: int


class ProposeSplit(NamedTuple):
    """Propose how the proceeds of the vendor's product are shared; no parts: not."""

    by: int
    member: int
    product: int
    parts: tuple[Part, ...]


class AgreeSplit(NamedTuple):
    """Consent to an agreement that waits, as one of its parties."""

    by: int
    member: int
    split: int


class RejectSplit(NamedTuple):
    """Decline an agreement that waits, or withdraw one's own."""

    by: int
    member: int
    split: int


class SplitState(StrEnum):
    """Where an agreement stands."""

    WAITING = "waiting"
    IN_FORCE = "in_force"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"


class SplitEvent(StrEnum):
    """What can happen to an agreement."""

    AGREE = "agree"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    REPLACE = "replace"


_S, _E = SplitState, SplitEvent
SPLIT = Machine(
    "split",
    {
        (_S.WAITING, _E.AGREE): _S.IN_FORCE,  # by the last of its parties
        (_S.WAITING, _E.DECLINE): _S.DECLINED,
        (_S.WAITING, _E.WITHDRAW): _S.WITHDRAWN,
        (_S.IN_FORCE, _E.REPLACE): _S.REPLACED,
    },
)


@dataclass(slots=True, eq=False)
class Split:
    """One agreement, in the order of the table's columns."""

    number: int
    seq: int
    at_us: int
    by_user: int
    vendor: int
    product: int
    parts: tuple[Part, ...]
    state: SplitState = SplitState.WAITING
    ended_seq: int | None = None
    # Whose consent it needs → the record and the user that gave it.
    consents: dict[int, tuple[int, int] | None] = field(default_factory=dict)

    def upstream(self) -> Iterator[int]:
        """Yield the products that this one was derived from."""
        return (part.product for part in self.parts if part.product)


@dataclass(eq=False)
class LineageCycle(Refusal):
    """A product cannot owe a royalty to one that was derived from it."""

    product: int


@dataclass(eq=False)
class TooManyShares(Refusal):
    """The proceeds of one trade would go to more parties than can share in it."""

    parties: int
    parties_max: int


@dataclass(eq=False)
class SplitWaits(Refusal):
    """Another agreement on this product waits for its parties; end that one first."""

    split: int


class Splits:
    """The agreements that wait or are in force; ended ones live on in the records."""

    def __init__(self) -> None:
        """Start with none."""
        self.of: dict[int, Split] = {}  # product → what is in force
        self.waiting: dict[int, Split] = {}  # by number
        self.last = 0
        self.changed: dict[int, Split] = {}

    def restore(self, split: Split) -> None:
        """Take over an agreement from the records."""
        if split.state is SplitState.WAITING:
            self.waiting[split.number] = split
        else:
            self.of[split.product] = split

    def note(self, split: Split) -> None:
        """Say that an agreement is new or has changed."""
        self.changed[split.number] = split
        self.last = max(self.last, split.number)
        if split.state is SplitState.WAITING:
            self.waiting[split.number] = split
        else:
            self.waiting.pop(split.number, None)

    def get(self, number: int, member: int) -> Split:
        """Return an agreement that waits; NotFound unless *member* is a party to it."""
        found = self.waiting.get(number)
        if found is None or member not in {found.vendor, *found.consents}:
            raise NotFound("split", encode("split", max(0, number)))
        return found

    def derived_from(self, product: int) -> Iterator[int]:
        """Yield every product that *product* comes from, near ones first."""
        todo, seen = [product], {product}
        while todo:
            split = self.of.get(todo.pop(0))
            for upstream in split.upstream() if split else ():
                if upstream not in seen:
                    seen.add(upstream)
                    todo.append(upstream)
                    yield upstream


class SharedTrades:
    """The shares of every trade that has any, by the number of the trade."""

    def __init__(self) -> None:
        """Start with none."""
        self.of: dict[int, Shares] = {}
        self.changed: dict[int, Shares] = {}  # new ones too

    def note(self, shares: Shares) -> None:
        """Say that the shares of a trade are new or have changed."""
        self.of[shares.trade] = self.changed[shares.trade] = shares
