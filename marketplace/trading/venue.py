"""What the market knows of an instrument, and the refusals of trading in it."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from marketplace.trading.acceptance import AT_ONCE, Acceptance
from marketplace.trading.auction import Call
from marketplace.trading.book import Book
from marketplace.trading.consents import Consent, stored
from marketplace.trading.scope import NOWHERE, Scope
from marketplace.trading.timetable import Phase, Timetable, day_of
from settlement.canonical import canonical
from settlement.errors import Refusal
from settlement.escrows import TradeState
from settlement.states import Machine

if TYPE_CHECKING:
    from marketplace.trading.limits import Limits


class BookState(StrEnum):
    """Whether an instrument trades."""

    LISTED = "listed"
    SUSPENDED = "suspended"
    DELISTED = "delisted"


class BookEvent(StrEnum):
    """What can happen to trading in an instrument."""

    SUSPEND = "suspend"
    RESUME = "resume"
    DELIST = "delist"


_S, _E = BookState, BookEvent
BOOK = Machine(
    "book",
    {
        (_S.LISTED, _E.SUSPEND): _S.SUSPENDED,
        (_S.SUSPENDED, _E.RESUME): _S.LISTED,
        (_S.LISTED, _E.DELIST): _S.DELISTED,
        (_S.SUSPENDED, _E.DELIST): _S.DELISTED,
    },
)


def kind_of(terms: str) -> str:
    """Return the class of the product that *terms* (JSON) are for; empty if none."""
    try:
        said = json.loads(terms)
    except ValueError:
        return ""
    kind = said.get("class") if isinstance(said, dict) else None
    return kind if isinstance(kind, str) else ""


class Terms(NamedTuple):
    """A frozen text of what is sold, known by its hash."""

    number: int
    sha256: str
    body: str  # canonical JSON


@dataclass(slots=True, eq=False)
class Venue:
    """One instrument's rules and its book."""

    instrument: int
    symbol: str
    vendor: int
    currency: int
    tick: int
    lot: int
    terms: int
    purposes: tuple[str, ...]
    term_us: int | None
    deliveries_max: int | None
    transferable: bool
    state: BookState
    book: Book
    price_max: int | None = None  # ceiling of the price, minor units per unit
    trial_of: int | None = None  # the paid instrument that this is the trial of
    audience: frozenset[int] | None = None  # who may trade; None: anybody
    hidden: bool = False  # for all others it does not exist
    scope: Scope = NOWHERE
    acceptance: Acceptance = AT_ONCE
    consents: frozenset[Consent] = frozenset()  # purposes that the vendor agreed to
    kind: str = ""  # of the product, as its terms say; fees may differ by it

    def permits(self, purpose: str, member: int) -> bool:
        """Tell whether *member* may buy here for a purpose."""
        licensed = not self.purposes or purpose in self.purposes
        return licensed or (member, purpose) in self.consents

    def admits(self, member: int) -> bool:
        """Tell whether *member* may trade here; the vendor always may."""
        return self.audience is None or member in self.audience or member == self.vendor

    call: Call | None = None  # while orders collect
    closed: bool = False  # no order is taken, though the instrument is not halted
    last: int | None = None  # the price of the last trade in the book or a call
    last_day: int = 0  # the exchange's day of that trade
    last_trade: int = 0  # which it was
    before: int | None = None  # the last price before that day
    before_trade: int = 0
    own_limits: "Limits | None" = None  # as they were set for this instrument alone
    limits: "Limits | None" = None  # what holds; None: nothing does
    timetable: Timetable | None = None
    due_us: int | None = None  # when the timetable next does something

    def opening(self, value: int) -> str:
        """Return the state in which a trade of *value* minor units begins."""
        waits = value and self.acceptance.days
        return str(TradeState.ESCROWED if waits else TradeState.SETTLED)

    @property
    def phase(self) -> Phase:
        """Return what the market does with orders now, unless it is halted."""
        if self.closed:
            return Phase.CLOSED
        return Phase.CALL if self.call else Phase.CONTINUOUS

    def note(self, trade: int, price: int, at_us: int) -> None:
        """Remember that *trade* was made at *price*."""
        day = day_of(at_us)
        if day != self.last_day:
            self.before, self.before_trade = self.last, self.last_trade
            self.last_day = day
        self.last, self.last_trade = price, trade

    @staticmethod
    def day(at_us: int) -> int:
        """Return the exchange's day of a moment."""
        return day_of(at_us)

    def reference(self, at_us: int) -> int | None:
        """Return the last price before the day of *at_us*."""
        return self.before if day_of(at_us) == self.last_day else self.last

    def phase_row(self) -> tuple[object, ...]:
        """Return the values in the order of the columns of the table ``phases``."""
        call = self.call
        return (
            self.instrument, str(self.phase), call and call.reference,
            call and call.floor, call and call.ceiling,
            None if self.timetable is None else canonical(self.timetable), self.due_us,
        )  # fmt: skip

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the columns of the table ``books``."""
        return (
            self.instrument, self.symbol, self.vendor, self.currency, self.tick,
            self.lot, self.terms, " ".join(self.purposes), self.term_us,
            self.deliveries_max, int(self.transferable), str(self.state),
            self.price_max, self.trial_of,
            self._audience(), int(self.hidden),
            self.scope.product, int(self.scope.exclusive), self.scope.field,
            self.scope.territory, *self.acceptance, stored(self.consents),
        )  # fmt: skip

    def _audience(self) -> str | None:
        if self.audience is None:
            return None
        return " ".join(map(str, sorted(self.audience)))


@dataclass(eq=False)
class UnknownInstrument(Refusal):
    """There is no such instrument on the market."""

    instrument: int


@dataclass(eq=False)
class InstrumentClosed(Refusal):
    """This instrument does not trade at present."""

    symbol: str
    state: str


@dataclass(eq=False)
class SymbolTaken(Refusal):
    """Another instrument has this symbol."""

    symbol: str


@dataclass(eq=False)
class FixedFact(Refusal):
    """This fact of an instrument cannot change while it is on the market."""

    fact: str


@dataclass(eq=False)
class NotVerified(Refusal):
    """Only verified members may trade."""

    member: int


@dataclass(eq=False)
class NotAdmitted(Refusal):
    """The vendor decides who may trade this; ask for access on the listing's page."""

    symbol: str


@dataclass(eq=False)
class WrongOrder(Refusal):
    """A field of the order has a value that it cannot have."""

    field: str


@dataclass(eq=False)
class OffTick(Refusal):
    """The price is not a multiple of the instrument's tick."""

    price: int
    tick: int


@dataclass(eq=False)
class OffLot(Refusal):
    """The quantity is not a multiple of the instrument's lot."""

    quantity: int
    lot: int


@dataclass(eq=False)
class AboveCeiling(Refusal):
    """The price is above the ceiling that was set for this public data."""

    price: int
    price_max: int


@dataclass(eq=False)
class AlreadyTried(Refusal):
    """Each member may try a product once; this member has."""

    symbol: str


@dataclass(eq=False)
class SoldOut(Refusal):
    """Another buyer holds a right that excludes this one; one of the two is exclusive.

    *symbol* is of what was sold, *until_us* when that right ends.
    """

    symbol: str
    until_us: int | None


@dataclass(eq=False)
class OrderTooLarge(Refusal):
    """Price times quantity is more than one order may be worth."""

    value: int
    value_max: int


@dataclass(eq=False)
class PurposeNotPermitted(Refusal):
    """The licence does not permit this purpose; say what the data is for."""

    purpose: str
    permitted: list[str]


@dataclass(eq=False)
class PriceBand(Refusal):
    """The price is outside the band in which orders are taken at present."""

    price: int
    floor: int
    ceiling: int


class NoReference(Refusal):
    """Without a reference price a market order cannot tell what it may have to pay."""


@dataclass(eq=False)
class NotTransferable(Refusal):
    """Only the vendor sells this right; holders cannot pass it on."""

    symbol: str


@dataclass(eq=False)
class AlreadyExpired(Refusal):
    """The order's time is over before it begins."""

    expires_us: int


@dataclass(eq=False)
class TooManyOrders(Refusal):
    """The member has as many open orders as it may have."""

    orders_max: int
