"""Personal prices: offered to one member, for a lawful reason, until a moment.

Buyers in the same conditions pay the same (深圳经济特区数据条例 69, 94; domain §2). A
price for one member therefore names one of the exceptions the law knows, in words that
staff can judge. It waits here, never in a book: it sets no public price.
"""

from dataclasses import dataclass
from enum import StrEnum

from marketplace.trading.agenda import Agenda
from settlement.errors import NotFound, Refusal
from settlement.ids import encode
from settlement.states import Machine

# What the law takes for no unlike treatment: real need or custom of the trade, a
# promotion for newcomers within a fixed time, fair random rules, other lawful cause.
REASONS = ("need", "newcomer", "random", "other")
NOTE_MAX = 1_000  # characters
OPEN_MAX = 1_000  # personal prices that one vendor may have open


class OfferState(StrEnum):
    """Where a personal price stands."""

    OPEN = "open"
    TAKEN = "taken"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class OfferEvent(StrEnum):
    """What can happen to a personal price."""

    TAKE = "take"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


OFFER = Machine(
    "offer",
    {
        (OfferState.OPEN, OfferEvent.TAKE): OfferState.TAKEN,
        (OfferState.OPEN, OfferEvent.WITHDRAW): OfferState.WITHDRAWN,
        (OfferState.OPEN, OfferEvent.EXPIRE): OfferState.EXPIRED,
    },
)


@dataclass(eq=False)
class ReasonNeeded(Refusal):
    """A personal price needs a lawful reason: choose one and say it in words."""

    reason: str


@dataclass(eq=False)
class TooManyOffers(Refusal):
    """The vendor has as many personal prices open as it may have."""

    offers_max: int


@dataclass(slots=True, eq=False)
class Offer:
    """One personal price, in the order of the table's columns."""

    number: int
    seq: int
    at_us: int
    by: int
    vendor: int
    member: int
    instrument: int
    price: int  # minor units per unit
    quantity: int
    reason: str
    note: str
    expires_us: int
    state: OfferState = OfferState.OPEN
    trade: int | None = None

    rank = 0  # on the agenda

    @property
    def due_us(self) -> int | None:
        """Return when it ends by itself; None once it has ended."""
        return self.expires_us if self.state is OfferState.OPEN else None

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.seq, self.at_us, self.by, self.vendor, self.member,
            self.instrument, self.price, self.quantity, self.reason, self.note,
            self.expires_us, str(self.state), self.trade,
        )  # fmt: skip


class Offers:
    """The personal prices that may still be taken."""

    def __init__(self, agenda: Agenda) -> None:
        """Start with none; they end on *agenda*."""
        self._agenda = agenda
        self.live: dict[int, Offer] = {}
        self.last = 0
        self.opened: list[Offer] = []  # new since the last drain
        self.changed: dict[int, Offer] = {}
        self._open: dict[int, int] = {}  # vendor → how many

    def open(self, offer: Offer) -> None:
        """Put a new offer up; TooManyOffers beyond the vendor's limit."""
        if self._open.get(offer.vendor, 0) >= OPEN_MAX:
            raise TooManyOffers(OPEN_MAX)
        self.last = offer.number
        self.opened.append(offer)
        self.restore(offer)

    def restore(self, offer: Offer) -> None:
        """Take over an open offer, from the records."""
        self.live[offer.number] = offer
        self._open[offer.vendor] = self._open.get(offer.vendor, 0) + 1
        self._agenda.put(offer)

    def get(self, number: int) -> Offer:
        """Return an open offer; NotFound if there is none."""
        found = self.live.get(number)
        if found is None:
            raise NotFound("offer", encode("offer", number))
        return found

    def move(self, offer: Offer, event: OfferEvent) -> None:
        """End an open offer by *event*."""
        offer.state = OFFER.after(offer.state, event)
        self.changed[offer.number] = offer
        self._agenda.put(offer)
        del self.live[offer.number]
        self._open[offer.vendor] -= 1
        if not self._open[offer.vendor]:
            del self._open[offer.vendor]
