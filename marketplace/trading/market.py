"""The market: all books, the ledger and the rights, changed by commands alone.

Pure and deterministic: no I/O, no clock, no randomness. The same commands with the
same numbers and times give the same state, so that the journal can rebuild it.
"""

import heapq
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any

from marketplace.trading.activity import Activity
from marketplace.trading.agenda import Agenda
from marketplace.trading.agreements import Agreements
from marketplace.trading.commands import Command
from marketplace.trading.contests import Contests
from marketplace.trading.dues import Dues
from marketplace.trading.erasures import Erasures
from marketplace.trading.escrows import Disputes, Escrows
from marketplace.trading.filings import Filings
from marketplace.trading.invoices import Invoices
from marketplace.trading.kept import KeptPrices
from marketplace.trading.limits import NONE, Limits
from marketplace.trading.mandates import Mandates
from marketplace.trading.offers import Offers
from marketplace.trading.orders import Order, OrderState, Reason
from marketplace.trading.pools import Pools
from marketplace.trading.splits import SharedTrades, Splits
from marketplace.trading.stops import Stop
from marketplace.trading.tenders import Tenders
from marketplace.trading.usage import Usage
from marketplace.trading.venue import Terms, UnknownInstrument, Venue
from marketplace.trading.workdays import Workdays
from settlement.busts import Busts
from settlement.canonical import sha256_of
from settlement.clearing import Trade
from settlement.closings import Closings, PeriodClosed
from settlement.corrections import Corrections
from settlement.entitlements import Register
from settlement.errors import NotFound
from settlement.fees import FIRST, FeeSchedule
from settlement.ids import encode
from settlement.ledger import Ledger
from settlement.payments.cards import Cards
from settlement.payments.payins import Payins
from settlement.payments.payouts import Payouts
from settlement.refunds import Refunds
from settlement.taxes import FIRST as FIRST_TAXES

if TYPE_CHECKING:
    from marketplace.trading.proposals import Proposal

Handler = Callable[["Market", Any, int, int], Any]


class Market:
    """Everything that trading changes. `apply` is the only way to change it.

    The lists and dictionaries whose names end in ``_new`` or ``_changed`` collect what
    the records must be told; `records.drain` empties them.
    """

    def __init__(self) -> None:
        """Open an empty market with the first fee schedule."""
        self.ledger, self.rights, self.workdays = Ledger(), Register(), Workdays()
        self.payins, self.payouts, self.cards = Payins(), Payouts(), Cards()
        agenda = self.agenda = Agenda()
        self.agreements, self.tenders = Agreements(agenda), Tenders(agenda)
        self.pools, self.usage, self.filings = Pools(agenda), Usage(agenda), Filings()
        self.owing: set[tuple[int, int]] = set()  # (member, currency); see `debts`
        self.offers, self.mandates, self.invoices = (
            Offers(agenda),
            Mandates(agenda),
            Invoices(),
        )
        self.contests, self.kept = Contests(agenda), KeptPrices(agenda)
        self.escrows, self.disputes = Escrows(agenda), Disputes(agenda)
        self.refunds, self.busts, self.corrections = Refunds(), Busts(), Corrections()
        self.splits, self.shares, self.dues = Splits(), SharedTrades(), Dues()
        self.closings, self.erasures, self.taxes = Closings(), Erasures(), FIRST_TAXES
        self.taxes_new = [(FIRST_TAXES, 0)]  # (schedule, seq)
        self.trials: dict[int, int] = {}  # paid instrument → its free trial
        self.tried: set[tuple[int, int]] = set()  # (member, trial): once is enough
        self.fees: FeeSchedule = FIRST
        self.schedules = {FIRST.version: FIRST}  # all that were ever in force
        self.venues: dict[int, Venue] = {}
        self.symbols: dict[str, int] = {}
        self.of_product: dict[int, dict[int, Venue]] = {}
        self.rivals: dict[int, tuple[int, ...]] = {}  # whose rights exclude each other
        self.terms: dict[str, Terms] = {}  # by sha256
        self.bodies: list[str] = []  # of the terms 1, 2, …
        self.verified: set[int] = set()
        self.orders: dict[int, Order] = {}  # those that wait in a book
        self.orders_of: dict[int, dict[int, Order]] = {}
        self.last_order = self.last_trade = self.last_receipt = self.last_proposal = 0
        self._expiries: list[tuple[int, int]] = []
        self.orders_new: list[tuple[Order, int, int, int, Reason | None]] = []
        self.orders_changed: dict[int, tuple[Order, Reason | None]] = {}
        self.trades_new: list[Trade] = []
        self.contracts_new: list[tuple[int, int, str, int, int, int]] = []
        self.terms_new: list[Terms] = []
        self.receipts_new: list[tuple[object, ...]] = []
        self.measures_new: list[tuple[object, ...]] = []
        self.fees_new = [(FIRST, 0)]  # (schedule, seq)
        self.venues_changed: dict[int, Venue] = {}
        self.alarms: list[tuple[int, int]] = []  # (due_us, instrument) of timetables
        self.stops: dict[tuple[int, int], Stop] = {}  # (member, scope); see `stops`
        self.stops_changed: dict[tuple[int, int], Stop] = {}
        self.limits: Limits = NONE  # of the whole market
        self.limits_new: list[tuple[object, ...]] = []
        self.activity = Activity()
        self.proposals: dict[int, Proposal] = {}  # those that wait
        self.steps: dict[int, Any] = {}  # what they would do
        self.proposals_changed: dict[int, Proposal] = {}
        self.phases_changed: dict[int, Venue] = {}
        self.auctions_new: list[tuple[object, ...]] = []
        self.standings_changed: dict[int, bool] = {}

    def apply(self, command: Command, seq: int, at_us: int) -> Any:
        """Carry out *command* as number *seq* at *at_us*; its result, or its Refusal.

        A refusal leaves no trace. What each command returns is said in
        `commands.RESULTS`.
        """
        if at_us < self.closings.until_us:
            raise PeriodClosed(self.closings.month)
        spends = 0
        if self.mandates.of:
            spends = sum(judge(self, command, at_us) for judge in BEFORE)
        result = HANDLERS[type(command)](self, command, seq, at_us)
        if spends:
            self.mandates.spend(getattr(command, "by", 0), spends, at_us)
        if self.owing:
            for follow in AFTERWARDS:
                follow(self, seq)
        return result

    def venue(self, instrument: int) -> Venue:
        """Return the instrument's venue; UnknownInstrument if it was never listed."""
        found = self.venues.get(instrument)
        if found is None:
            raise UnknownInstrument(instrument)
        return found

    def freeze(self, body: str) -> Terms:
        """Return the frozen terms with this text; number them if they are new."""
        digest = sha256_of(body)
        found = self.terms.get(digest)
        if found is None:
            found = self.terms[digest] = Terms(len(self.terms) + 1, digest, body)
            self.bodies.append(body)
            self.terms_new.append(found)
        return found

    def frozen(self, number: int) -> Terms:
        """Return the terms with this number."""
        return next(islice(self.terms.values(), number - 1, None))

    def order_of(self, member: int, number: int) -> Order:
        """Return the member's waiting order; NotFound if it is another's or ended."""
        found = self.orders.get(number)
        if found is None or found.member != member:
            raise NotFound("order", encode("order", number))
        return found

    def keep(self, order: Order) -> None:
        """Remember an order that waits in its book."""
        self.orders[order.id] = order
        self.orders_of.setdefault(order.member, {})[order.id] = order
        if order.expires_us is not None:
            heapq.heappush(self._expiries, (order.expires_us, order.id))

    def forget(self, order: Order) -> None:
        """Drop an order that waits no more."""
        del self.orders[order.id]
        self.mandates.forget(order.id)
        theirs = self.orders_of[order.member]
        del theirs[order.id]
        if not theirs:
            del self.orders_of[order.member]

    def next_expiry_us(self) -> int | None:
        """Return when the next waiting order expires, or None."""
        heap = self._expiries
        while heap and heap[0][1] not in self.orders:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def next_expiring(self) -> Order:
        """Return the order that expires next; there must be one."""
        return self.orders[self._expiries[0][1]]

    def next_alarm_us(self) -> int | None:
        """Return when the next timetable does something, or None."""
        heap = self.alarms
        while heap and self.venues[heap[0][1]].due_us != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def next_due_us(self) -> int | None:
        """Return when a Tick is next needed: something ends or is due; or None."""
        times = (
            self.next_expiry_us(),
            self.rights.next_due_us(),
            self.agenda.next_due_us(),
            self.next_alarm_us(),
        )
        return min((time for time in times if time is not None), default=None)

    def live_orders(self) -> list[Order]:
        """Return the waiting orders in the order they were placed."""
        assert all(
            order.state in (OrderState.OPEN, OrderState.PARTIAL)
            for order in self.orders.values()
        )
        return sorted(self.orders.values(), key=lambda order: order.id)


HANDLERS: dict[type, Handler] = {}
BEFORE: list[Callable[[Market, Any, int], int]] = []  # while anybody is bounded
AFTERWARDS: list[Callable[[Market, int], None]] = []  # while somebody owes


def handles(kind: type) -> Callable[[Handler], Handler]:
    """Register the decorated function as what carries out commands of *kind*."""

    def register(handler: Handler) -> Handler:
        assert kind not in HANDLERS, kind
        HANDLERS[kind] = handler
        return handler

    return register
