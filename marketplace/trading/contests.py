"""Contests (竞价): one right, or a few, go whole to the best of many bidders.

Three kinds. *ascending*: every bid is public and tops the last by the increment; one
that comes within the last minutes moves the close. *first* and *second*: bids are
sealed, nobody is shown any before the close, and the best pays its own price, or the
price of the next (Vickrey 1961). A deposit is held with the first bid and goes back to
who does not win; a winner who does not pay loses it to the vendor, and the next bidder
is asked, once (domain §5: 10 % of the start price; no bid fails; unpaid, the next).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from marketplace.trading.agenda import Agenda
from marketplace.trading.timetable import DAY_US, MINUTE_US
from settlement.errors import NotFound, Refusal
from settlement.ids import encode
from settlement.states import Machine

KINDS = ("ascending", "first", "second")
DEPOSIT_BPS = 1_000  # of the start price times the quantity
WINDOW_MIN_US = MINUTE_US
WINDOW_MAX_US = 90 * DAY_US
EXTENSION_MAX_US = 60 * MINUTE_US
PAY_US = 2 * DAY_US  # that a winner has to bring the money
HALT_US = 60 * MINUTE_US  # by which a close waits while the instrument does not trade
OPEN_MAX = 100  # contests that one vendor may have under way
BIDDERS_MAX = 1_000  # of one contest


class ContestState(StrEnum):
    """Where a contest stands."""

    OPEN = "open"
    AWARDED = "awarded"
    SOLD = "sold"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ContestEvent(StrEnum):
    """What can happen to a contest."""

    AWARD = "award"
    SELL = "sell"
    FAIL = "fail"
    CANCEL = "cancel"


_S, _E = ContestState, ContestEvent
CONTEST = Machine(
    "contest",
    {
        (_S.OPEN, _E.AWARD): _S.AWARDED,
        (_S.OPEN, _E.FAIL): _S.FAILED,
        (_S.OPEN, _E.CANCEL): _S.CANCELLED,
        (_S.AWARDED, _E.AWARD): _S.AWARDED,  # to the next
        (_S.AWARDED, _E.SELL): _S.SOLD,
        (_S.AWARDED, _E.FAIL): _S.FAILED,
        (_S.AWARDED, _E.CANCEL): _S.CANCELLED,
    },
)


class BidderState(StrEnum):
    """What became of a bidder and its deposit."""

    HELD = "held"
    RETURNED = "returned"
    EXCLUDED = "excluded"  # returned: it may not trade this any more
    PAID = "paid"
    FORFEITED = "forfeited"


@dataclass(slots=True, eq=False)
class Bidder:
    """What a member has bid last, in the order of the table's columns."""

    contest: int
    member: int
    price: int  # minor units per unit
    placed_seq: int
    purpose: str
    state: BidderState = BidderState.HELD

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.contest, self.member, self.price, self.placed_seq, self.purpose,
            str(self.state),
        )  # fmt: skip


@dataclass(slots=True, eq=False)
class Contest:
    """One contest, in the order of the table's columns; prices are per unit."""

    number: int
    seq: int
    at_us: int
    by: int
    vendor: int
    instrument: int
    terms: int  # what is sold; it does not change under the bidders
    kind: str
    quantity: int
    start: int
    reserve: int
    increment: int
    closes_us: int
    extension_us: int
    deposit: int  # minor units that each bidder has held
    state: ContestState = ContestState.OPEN
    due_us: int | None = None
    winner: int | None = None
    price: int | None = None  # that the winner pays
    trade: int | None = None
    bidders: dict[int, Bidder] = field(default_factory=dict)

    rank = 1  # on the agenda

    @property
    def is_sealed(self) -> bool:
        """Tell whether bids are shown to nobody before the close."""
        return self.kind != "ascending"

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.seq, self.at_us, self.by, self.vendor, self.instrument,
            self.terms, self.kind, self.quantity, self.start, self.reserve,
            self.increment, self.closes_us, self.extension_us, self.deposit,
            str(self.state), self.due_us, self.winner, self.price, self.trade,
        )  # fmt: skip

    def ranking(self) -> list[Bidder]:
        """Return the bidders whose deposit is held, best first; earlier ones first."""
        held = [b for b in self.bidders.values() if b.state is BidderState.HELD]
        return sorted(held, key=lambda b: (-b.price, b.placed_seq))

    def least(self) -> int:
        """Return the lowest price that the next bid may have."""
        best = self.ranking()
        if self.is_sealed or not best:
            return self.start
        return best[0].price + self.increment

    def price_for(self, winner: Bidder) -> int:
        """Return what *winner* pays: its own bid, or just the next one's.

        The next one's counts though its deposit went back when others were ahead; that
        of who defaulted or was excluded does not.
        """
        if self.kind != "second":
            return winner.price
        stand = (BidderState.HELD, BidderState.RETURNED)
        others = [
            bidder.price
            for bidder in self.bidders.values()
            if bidder is not winner and bidder.state in stand
        ]
        return max(self.start, self.reserve, *others)


@dataclass(eq=False)
class BidTooLow(Refusal):
    """The bid is below the least that this auction takes now."""

    price: int
    least: int


class AlreadyLeading(Refusal):
    """Your bid is the highest already; nobody bids against themselves."""


class OwnContest(Refusal):
    """Nobody bids in their own auction."""


@dataclass(eq=False)
class ContestOver(Refusal):
    """This auction takes no bids any more."""

    state: str


@dataclass(eq=False)
class BidsStand(Refusal):
    """There are bids: an auction is withdrawn only before the first."""

    contest: str


@dataclass(eq=False)
class TooManyContests(Refusal):
    """As many auctions are under way, or members bid in one, as there may be."""

    contests_max: int


class Contests:
    """The contests under way; ended ones live on in the records only."""

    def __init__(self, agenda: Agenda) -> None:
        """Start with none; closes and payment are due on *agenda*."""
        self._agenda = agenda
        self.live: dict[int, Contest] = {}
        self.last = 0
        self.last_bid = 0
        self.opened: list[Contest] = []  # new since the last drain
        self.changed: dict[int, Contest] = {}
        self.bids: list[tuple[object, ...]] = []
        self.bidders: dict[tuple[int, int], Bidder] = {}  # new or changed

    def open(self, contest: Contest) -> None:
        """Begin a new contest."""
        self.last = contest.number
        self.opened.append(contest)
        self.restore(contest)

    def restore(self, contest: Contest) -> None:
        """Take over a contest under way, from the records."""
        self.live[contest.number] = contest
        self._agenda.put(contest)

    def defer(self, contest: Contest, due_us: int) -> None:
        """Let what comes next come at *due_us*; the close, if it is open."""
        contest.due_us = due_us
        if contest.state is ContestState.OPEN:
            contest.closes_us = due_us
        self.changed[contest.number] = contest
        self._agenda.put(contest)

    def move(self, contest: Contest, event: ContestEvent) -> None:
        """Apply *event*; what has ended is under way no more."""
        contest.state = CONTEST.after(contest.state, event)
        self.changed[contest.number] = contest
        if contest.state is not ContestState.AWARDED:
            contest.due_us = None
            self._agenda.put(contest)
            del self.live[contest.number]

    def get(self, number: int) -> Contest:
        """Return a contest under way; NotFound if there is none."""
        found = self.live.get(number)
        if found is None:
            raise NotFound("contest", encode("contest", number))
        return found

    def of(self, instrument: int) -> Iterator[Contest]:
        """Yield what is under way in an instrument, oldest first."""
        for _, contest in sorted(self.live.items()):
            if contest.instrument == instrument:
                yield contest

    def check_room(self, vendor: int) -> None:
        """Refuse with TooManyContests beyond the vendor's limit."""
        if sum(c.vendor == vendor for c in self.live.values()) >= OPEN_MAX:
            raise TooManyContests(OPEN_MAX)

    def note(self, contest: Contest, bidder: Bidder, state: BidderState) -> None:
        """Say what became of a bidder, and that the contest changed."""
        bidder.state = state
        self.bidders[contest.number, bidder.member] = bidder
        self.changed[contest.number] = contest
