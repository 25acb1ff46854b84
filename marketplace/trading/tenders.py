"""Tenders (招标): sealed bids for a demand until a moment, opened together, scored.

Until the close the journal and everybody who reads it have a hash of each bid alone:
SHA-256 over the bid with a random salt, which binds the bidder and tells nothing. After
the close the bids are opened against their hashes, and each becomes a firm offer that
answers the demand. There is no haggling over them (招标投标法 43), none is withdrawn
(29) but at the price of its bond, if the buyer asked for one (see `bonds`), and fewer
than three bidders fail the tender (28) unless the buyer said otherwise.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from marketplace.trading.agenda import Agenda
from marketplace.trading.timetable import DAY_US, MINUTE_US
from settlement.canonical import canonical, sha256_of
from settlement.errors import NotFound, Refusal
from settlement.ids import encode
from settlement.money import BY_CODE
from settlement.states import Machine

BIDDERS_MIN = 3  # by default
BIDDERS_MAX = 200
WEIGHTS = (40, 30, 30)  # technical, price, qualification, by default (domain §5)
WINDOW_MIN_US = MINUTE_US
WINDOW_MAX_US = 366 * DAY_US
VALID_US = 30 * DAY_US  # that an opened bid stays firm
UNOPENED_US = 30 * DAY_US  # that a closed tender waits for somebody to open it
OPEN_MAX = 50  # tenders that one buyer may have under way
SALT_MAX = 64  # characters
CURRENCY = BY_CODE["CNY"].asset  # of budgets, bids and bonds, so that all compare


class TenderState(StrEnum):
    """Where a tender stands."""

    OPEN = "open"
    CLOSED = "closed"
    OPENED = "opened"
    AWARDED = "awarded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TenderEvent(StrEnum):
    """What can happen to a tender."""

    CLOSE = "close"
    OPEN = "open"
    AWARD = "award"
    FAIL = "fail"
    CANCEL = "cancel"


_S, _E = TenderState, TenderEvent
TENDER = Machine(
    "tender",
    {
        (_S.OPEN, _E.CLOSE): _S.CLOSED,
        (_S.OPEN, _E.FAIL): _S.FAILED,
        (_S.OPEN, _E.CANCEL): _S.CANCELLED,
        (_S.CLOSED, _E.OPEN): _S.OPENED,
        (_S.CLOSED, _E.FAIL): _S.FAILED,
        (_S.OPENED, _E.AWARD): _S.AWARDED,
        (_S.OPENED, _E.FAIL): _S.FAILED,
    },
)
LIVE = (_S.OPEN, _S.CLOSED, _S.OPENED)


class BidState(StrEnum):
    """What became of a sealed bid."""

    SEALED = "sealed"
    OPENED = "opened"
    VOID = "void"  # not what was sealed, or nothing that may be offered
    RETURNED = "returned"  # unopened


class Bond(StrEnum):
    """What became of a bidder's bond."""

    NONE = "none"  # the tender asks for none
    HELD = "held"
    RETURNED = "returned"
    FORFEITED = "forfeited"


class Bid(NamedTuple):
    """A bid as it is opened; prices are in minor units for each unit."""

    vendor: int
    instrument: int
    price: int
    quantity: int
    note: str
    salt: str


def commitment(demand: int, bid: Bid) -> str:
    """Return what binds a bidder to *bid* and tells nothing of it."""
    return sha256_of(canonical((demand, *bid)))


@dataclass(eq=False)
class TenderRuns(Refusal):
    """This is under tender: bids are sealed, and neither haggled over nor withdrawn."""

    demand: str


@dataclass(eq=False)
class TenderOver(Refusal):
    """The tender takes no bids any more, or is not closed yet."""

    state: str


@dataclass(slots=True, eq=False)
class Sealed:
    """One bidder's bid, in the order of the table's columns."""

    demand: int
    vendor: int
    seq: int
    at_us: int
    by: int
    commitment: str
    state: BidState = BidState.SEALED
    salt: str | None = None
    offer: int | None = None  # that it became
    bond: Bond = Bond.NONE

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.demand, self.vendor, self.seq, self.at_us, self.by, self.commitment,
            str(self.state), self.salt, self.offer, str(self.bond),
        )  # fmt: skip


@dataclass(slots=True, eq=False)
class Tender:
    """One tender, in the order of the table's columns; its number is the demand's."""

    number: int
    seq: int
    at_us: int
    by: int
    buyer: int
    closes_us: int
    bidders_min: int
    technical: int
    price: int
    qualification: int
    deposit: int = 0  # minor units of CURRENCY that each bidder has held
    state: TenderState = TenderState.OPEN
    bids: dict[int, Sealed] = field(default_factory=dict)  # by vendor

    rank = 10  # on the agenda

    @property
    def due_us(self) -> int | None:
        """Return when it closes, then when it fails unopened; None once it is over."""
        if self.state is TenderState.CLOSED:
            return self.closes_us + UNOPENED_US
        return self.closes_us if self.state is TenderState.OPEN else None

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.seq, self.at_us, self.by, self.buyer, self.closes_us,
            self.bidders_min, self.technical, self.price, self.qualification,
            self.deposit, str(self.state),
        )  # fmt: skip


class Tenders:
    """The tenders under way, by the number of their demand."""

    def __init__(self, agenda: Agenda) -> None:
        """Start with none; they close on *agenda*."""
        self._agenda = agenda
        self.live: dict[int, Tender] = {}
        self.changed: dict[int, Tender] = {}
        self.sealed: dict[tuple[int, int], Sealed] = {}  # new or changed bids

    def open(self, tender: Tender) -> None:
        """Take a new tender up."""
        self.changed[tender.number] = tender
        self.restore(tender)

    def restore(self, tender: Tender) -> None:
        """Take over a tender under way, from the records."""
        self.live[tender.number] = tender
        self._agenda.put(tender)

    def get(self, demand: int) -> Tender:
        """Return the tender for a demand; NotFound if none is under way."""
        found = self.live.get(demand)
        if found is None:
            raise NotFound("demand", encode("demand", max(0, demand)))
        return found

    def check_none(self, demand: int) -> None:
        """Refuse with TenderRuns while bids for a demand are sealed."""
        if demand in self.live:
            raise TenderRuns(encode("demand", demand))

    def note(self, bid: Sealed, state: BidState) -> None:
        """Give a bid a state and remember that it changed."""
        bid.state = state
        self.sealed[bid.demand, bid.vendor] = bid

    def note_end(self, demand: int, *, taken: bool, left: int) -> None:
        """Note that an offer in answer to *demand* has ended, and how many are left."""
        tender = self.live.get(demand)
        if tender is None or tender.state is not TenderState.OPENED:
            return
        if taken:
            self.move(tender, TenderEvent.AWARD)
        elif not left:
            self.move(tender, TenderEvent.FAIL)

    def move(self, tender: Tender, event: TenderEvent) -> None:
        """Apply *event*; a tender that is over is forgotten."""
        tender.state = TENDER.after(tender.state, event)
        self.changed[tender.number] = tender
        self._agenda.put(tender)
        if tender.state not in LIVE:
            del self.live[tender.number]
