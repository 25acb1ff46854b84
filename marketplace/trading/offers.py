"""Quotes and personal prices: between one vendor and one buyer, until a moment.

Buyers in the same conditions pay the same (深圳经济特区数据条例 69, 94; domain §2). A
price for one member therefore names one of the exceptions the law knows, in words that
staff can judge, or answers what that member asked for. It waits here, never in a book:
it sets no public price. A counter-offer ends the offer that it answers (民法典 478);
who may take an offer decides alone, there is no last look (features §5.4).
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
ASKED = "asked"  # the buyer asked for a quote, or made the first offer: negotiated
NOTE_MAX = 1_000  # characters
OPEN_MAX = 1_000  # offers that one member may have open


class OfferState(StrEnum):
    """Where an offer stands."""

    OPEN = "open"
    TAKEN = "taken"
    COUNTERED = "countered"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class OfferEvent(StrEnum):
    """What can happen to an offer."""

    TAKE = "take"
    COUNTER = "counter"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


OFFER = Machine(
    "offer",
    {
        (OfferState.OPEN, OfferEvent.TAKE): OfferState.TAKEN,
        (OfferState.OPEN, OfferEvent.COUNTER): OfferState.COUNTERED,
        (OfferState.OPEN, OfferEvent.DECLINE): OfferState.DECLINED,
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
    """The member has as many offers open as it may have."""

    offers_max: int


@dataclass(slots=True, eq=False)
class Offer:
    """One price between two members, in the order of the table's columns.

    What is sold is pinned as it was when the price was named: *terms*, *term_us* and
    *deliveries_max* are those of that moment.
    """

    number: int
    seq: int
    at_us: int
    by: int
    vendor: int
    member: int  # the buyer
    instrument: int
    price: int  # minor units per unit
    quantity: int
    reason: str
    note: str
    expires_us: int
    maker: int  # who offers: the vendor or the buyer
    demand: int  # the request that it answers; 0: none
    answers: int | None  # the offer that it counters
    purpose: str  # declared by a buyer who offers
    terms: int
    term_us: int | None
    deliveries_max: int | None
    state: OfferState = OfferState.OPEN
    trade: int | None = None

    rank = 0  # on the agenda

    @property
    def due_us(self) -> int | None:
        """Return when it ends by itself; None once it has ended."""
        return self.expires_us if self.state is OfferState.OPEN else None

    @property
    def taker(self) -> int:
        """Return who may take it."""
        return self.member if self.maker == self.vendor else self.vendor

    @property
    def held(self) -> int:
        """Return what the buyer has held for it, in minor units."""
        return self.price * self.quantity if self.maker == self.member else 0

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.seq, self.at_us, self.by, self.vendor, self.member,
            self.instrument, self.price, self.quantity, self.reason, self.note,
            self.expires_us, self.maker, self.demand, self.answers, self.purpose,
            self.terms, self.term_us, self.deliveries_max, str(self.state), self.trade,
        )  # fmt: skip


class Offers:
    """The offers that may still be taken."""

    def __init__(self, agenda: Agenda) -> None:
        """Start with none; they end on *agenda*."""
        self._agenda = agenda
        self.live: dict[int, Offer] = {}
        self.last = 0
        self.opened: list[Offer] = []  # new since the last drain
        self.changed: dict[int, Offer] = {}
        self._open: dict[int, int] = {}  # who offers → how many
        self._answers: dict[int, set[int]] = {}  # demand → the open answers to it

    def check_room(self, maker: int) -> None:
        """Refuse with TooManyOffers beyond what one member may have open."""
        if self._open.get(maker, 0) >= OPEN_MAX:
            raise TooManyOffers(OPEN_MAX)

    def open(self, offer: Offer) -> None:
        """Put a new offer up."""
        self.last = offer.number
        self.opened.append(offer)
        self.restore(offer)

    def restore(self, offer: Offer) -> None:
        """Take over an open offer, from the records."""
        self.live[offer.number] = offer
        self._open[offer.maker] = self._open.get(offer.maker, 0) + 1
        if offer.demand:
            self._answers.setdefault(offer.demand, set()).add(offer.number)
        self._agenda.put(offer)

    def get(self, number: int) -> Offer:
        """Return an open offer; NotFound if there is none."""
        found = self.live.get(number)
        if found is None:
            raise NotFound("offer", encode("offer", number))
        return found

    def to_demand(self, demand: int) -> list[Offer]:
        """Return the open offers that answer a demand, in their order."""
        return [self.live[number] for number in sorted(self._answers.get(demand, ()))]

    def move(self, offer: Offer, event: OfferEvent) -> None:
        """End an open offer by *event*; see `negotiating.end` for what it holds."""
        offer.state = OFFER.after(offer.state, event)
        self.changed[offer.number] = offer
        self._agenda.put(offer)
        del self.live[offer.number]
        self._open[offer.maker] -= 1
        if not self._open[offer.maker]:
            del self._open[offer.maker]
        if offer.demand:
            answers = self._answers[offer.demand]
            answers.discard(offer.number)
            if not answers:
                del self._answers[offer.demand]
