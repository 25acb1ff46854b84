"""Pay-ins by card: what the provider's own lines say of each, folded.

A provider keeps an append-only list of *lines* (Stripe: balance transactions): money
captured, refunded, withdrawn for a chargeback, given back. Each is applied once. They
are added up, so that their order does not matter; nor does it matter how often, how
late or by which message we were told of them (reliability P2, attacks 33-34).
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from settlement.errors import NotFound, Refusal
from settlement.ids import encode
from settlement.payments.payins import Payin, PayinState

CARD_MAX = 50_000  # whole units of the currency in one payment by card
CARD_MIN = (
    500  # minor units, of any currency: providers take no less (0.50 USD, 50 JPY)
)
OPEN_MAX = 20  # payments by card that one member has begun and not made
RESERVE_DAYS = 14  # in which money that came by card is not paid out
LINE_MAX = 100  # characters of a provider's id

# What lines are of, and the sign of their amount. The last three concern no pay-in.
CHARGE, REFUND, REFUND_BACK = "charge", "refund", "refund_back"
DISPUTE, DISPUTE_BACK = "dispute", "dispute_back"
PAYOUT, PAYOUT_BACK, COST = "payout", "payout_back", "cost"
SIGNS = {
    CHARGE: 1, REFUND: -1, REFUND_BACK: 1, DISPUTE: -1, DISPUTE_BACK: 1,
    PAYOUT: -1, PAYOUT_BACK: 1, COST: -1,
}  # fmt: skip
GENERAL = frozenset({PAYOUT, PAYOUT_BACK, COST})
WON, LOST = "won", "lost"


@dataclass(eq=False)
class CardMismatch(Refusal):
    """What the provider says does not fit the pay-in that it names."""

    field: str


@dataclass(eq=False)
class OverCardLimit(Refusal):
    """This is more than one payment by card may be; pay it by bank transfer."""

    amount_max: int


@dataclass(eq=False)
class UnderCardLimit(Refusal):
    """This is less than one payment by card may be."""

    amount_min: int


@dataclass(eq=False)
class TooManyCards(Refusal):
    """You have begun many payments by card: make one of them, or let them end."""

    open_max: int


@dataclass(eq=False)
class CardReserve(Refusal):
    """Money that came by card is paid out only after some days."""

    reserved: int
    until_us: int


class Line(NamedTuple):
    """One line of the provider's account, in minor units; *fee* is its own cost."""

    line: str  # the provider's id of it
    kind: str
    payin: int  # 0: none
    reference: str  # the provider's id of the payment; "" if of none
    currency: int
    amount: int  # what it adds to, or takes from, our balance there, before the fee
    fee: int
    at_us: int


@dataclass(slots=True, eq=False)
class Card:
    """A pay-in by card and what its lines add up to."""

    payin: Payin
    reference: str = ""
    captured: int = 0
    refunded: int = 0
    withdrawn: int = 0  # for disputes
    returned: int = 0  # of what was withdrawn
    costs: int = 0
    outcome: str = ""  # of the dispute: won or lost, once it is decided
    credited_us: int | None = None
    lines: set[str] = field(default_factory=set)
    reached: set[str] = field(default_factory=set)  # states

    @property
    def number(self) -> int:
        """Return the pay-in's number."""
        return self.payin.number

    @property
    def gone(self) -> int:
        """Return how much of what was captured the provider took back."""
        return self.refunded + self.withdrawn - self.returned

    def state(self) -> PayinState:
        """Return the state that the lines and the outcome come to, in any order."""
        if not self.captured:
            return PayinState.CREATED
        if self.outcome == LOST:
            return PayinState.CHARGED_BACK
        if self.withdrawn and not self.outcome:
            return PayinState.DISPUTED
        if self.refunded >= self.captured:
            return PayinState.REFUNDED
        return PayinState.SUCCEEDED

    def check(self, line: Line) -> None:
        """Refuse a line of another payment, currency or amount (P3, attack 22)."""
        if line.currency != self.payin.currency:
            raise CardMismatch("currency")
        if self.reference not in ("", line.reference):
            raise CardMismatch("reference")
        if line.kind == CHARGE and (self.captured or line.amount != self.payin.amount):
            raise CardMismatch("amount")

    def add(self, line: Line, at_us: int) -> None:
        """Add a line that has been checked; it came at *at_us*."""
        self.reference = line.reference
        self.lines.add(line.line)
        self.costs += line.fee
        if line.kind == CHARGE:
            self.captured += line.amount
            self.credited_us = at_us
        elif line.kind in (REFUND, REFUND_BACK):
            self.refunded -= line.amount
        elif line.kind == DISPUTE:
            self.withdrawn -= line.amount
            self.outcome = ""  # disputed again: not decided yet
        else:
            self.returned += line.amount

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.reference, self.captured, self.refunded, self.withdrawn,
            self.returned, self.costs, self.outcome, self.credited_us,
        )  # fmt: skip


class Withheld(NamedTuple):
    """A right that is suspended because the money for it went back."""

    right: int
    payin: int
    seq: int
    state: str = "withheld"  # then restored or revoked
    ended_seq: int | None = None


class Cards:
    """The pay-ins by card that the provider may still say something of."""

    def __init__(self) -> None:
        """Start with none."""
        self.live: dict[int, Card] = {}
        self.of: dict[int, dict[int, Card]] = {}  # by member
        self.general: set[str] = set()  # lines that are of no pay-in
        self.withheld: dict[int, Withheld] = {}  # by right
        self.last = 0  # line
        self.changed: dict[int, Card] = {}
        self.lines_new: list[tuple[object, ...]] = []
        self.withheld_changed: list[Withheld] = []

    def put(self, card: Card) -> None:
        """Take a pay-in up, new or from the records."""
        self.live[card.number] = card
        self.of.setdefault(card.payin.member, {})[card.number] = card

    def begun(self, member: int) -> int:
        """Return how many pay-ins of a member the provider has no money of yet."""
        return sum(not card.captured for card in self.of.get(member, {}).values())

    def drop(self, card: Card) -> None:
        """Forget a pay-in that came to nothing."""
        del self.live[card.number]
        theirs = self.of[card.payin.member]
        del theirs[card.number]
        if not theirs:
            del self.of[card.payin.member]

    def get(self, number: int) -> Card:
        """Return a pay-in by card; NotFound if there is none (any more)."""
        found = self.live.get(number)
        if found is None:
            raise NotFound("payin", encode("payin", max(0, number)))
        return found

    def note(self, line: Line, seq: int) -> int:
        """Put a line on record; its number."""
        self.last += 1
        self.lines_new.append((self.last, seq, *line))
        return self.last

    def hold_back(self, kept: Withheld) -> None:
        """Note that a right is withheld, or no longer is."""
        self.withheld_changed.append(kept)
        if kept.ended_seq is None:
            self.withheld[kept.right] = kept
        else:
            del self.withheld[kept.right]

    def reserved(self, member: int, currency: int, since_us: int) -> tuple[int, int]:
        """Return what came by card since *since_us* and is still there; and the last.

        The second is when the newest of it came, 0 if none did.
        """
        amount = latest_us = 0
        for card in self.of.get(member, {}).values():
            at_us = card.credited_us
            if at_us is None or at_us < since_us or card.payin.currency != currency:
                continue
            if card.captured > card.gone:
                amount += card.captured - card.gone
                latest_us = max(latest_us, at_us)
        return amount, latest_us
