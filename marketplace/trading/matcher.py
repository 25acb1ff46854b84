"""The matcher: runs an order file through books without a ledger, line by line."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from marketplace.trading import orderfile
from marketplace.trading.auction import Call, Indication, NotInCall
from marketplace.trading.book import Book
from marketplace.trading.orderfile import (
    Cancel,
    Flush,
    Indicate,
    Op,
    Phase,
    Place,
    Reduce,
    Uncross,
)
from marketplace.trading.orders import BUY, Order, Reason, Side
from marketplace.trading.pit import Pit
from marketplace.trading.venue import AlreadyExpired
from settlement.errors import Refusal

Event = dict[str, str | int | list[int] | None]

STALE_MAX = 64  # dates of ended orders kept beside as many as are in use


@dataclass(eq=False)
class DuplicateId(Refusal):
    """An order with this id was already accepted."""

    id: str


@dataclass(eq=False)
class UnknownOrder(Refusal):
    """No order with this id was accepted."""

    id: str


@dataclass(eq=False)
class OrderEnded(Refusal):
    """The order is no longer in the book."""

    id: str


@dataclass(eq=False)
class ReduceTooLarge(Refusal):
    """The order has less left than it should be reduced by."""

    remaining: int


@dataclass(eq=False)
class TimeWentBack(Refusal):
    """The line is from before the line above it."""

    now_us: int


class Matcher:
    """Takes the lines of one order file in order and answers each with its events."""

    def __init__(self, *, allow_self_trade: bool = False, top: bool = False) -> None:
        """Start without books; *top* tells the best prices whenever they change."""
        self.tally: Counter[str] = Counter()  # events by kind, and "lines"
        self._allow_self_trade = allow_self_trade
        self._top = top
        self._now_us = 0
        self._placed = 0
        self._pits: dict[str | None, Pit] = {}
        self._by_number: list[Pit] = []
        self._members: dict[str, int] = {}
        self._touched: dict[int, Pit] = {}  # where the present line changed a book
        self._used: set[str] = set()
        self._live: dict[str, Order] = {}
        self._names: dict[int, str] = {}
        self._dates: list[tuple[int, int]] = []  # (expires_us, number of the order)

    def feed(self, line: bytes) -> list[Event]:
        """Carry out *line*; return what happened, at least one event."""
        self.tally["lines"] += 1
        out: list[Event] = []
        name = None
        self._touched = {}
        try:
            fields = orderfile.read(line)
            name = orderfile.id_of(fields)
            op = orderfile.understand(fields)
            self._let_pass(op.at_us, out)
            self._carry_out(op, out)
        except Refusal as refusal:
            number = self.tally["lines"]
            out.append(
                {"event": "refused", "line": number, "id": name, "code": refusal.code}
            )
        if self._top:
            out.extend(self._changed_tops())
        self.tally.update(str(event["event"]) for event in out)
        return out

    @property
    def waiting(self) -> int:
        """Return how many orders wait in all books."""
        return len(self._live)

    def resting(self) -> Iterator[Event]:
        """Yield the orders that wait, in priority order, buys before sells."""
        for pit in self._by_number:
            for side in Side:
                for order in pit.book.orders(side):
                    yield {
                        "event": "resting",
                        "instrument": pit.name,
                        "side": side.value,
                        "id": self._names[order.id],
                        "price": order.price,
                        "remaining": order.remaining,
                    }

    def _carry_out(self, op: Op, out: list[Event]) -> None:
        match op:
            case Place():
                self._place(op, out)
            case Cancel():
                order = self._find(op.id)
                order.cancel()
                self._end(order)
                out.append(_cancelled(op.id, order, Reason.REQUESTED))
            case Reduce():
                remaining = self._reduce(self._find(op.id), op.quantity)
                out.append({"event": "reduced", "id": op.id, "remaining": remaining})
            case Flush():
                self._flush()
                out.append({"event": "flushed"})
            case Phase():
                self._enter(op, out)
            case Indicate():
                _, call = self._collecting(op.instrument)
                found = call.indicate()
                out.append(_indication("indicative", op.instrument, found))
            case Uncross():
                self._uncross(*self._collecting(op.instrument), out)

    def _enter(self, op: Phase, out: list[Event]) -> None:
        """Begin or end a call; before continuous trading what can trade does.

        No book may be crossed then, nor may a market order wait.
        """
        pit = self._pit(op.instrument)
        if op.reference is not None:
            pit.reference = op.reference
        if pit.call is not None:
            pit.call.reference = pit.reference
        elif op.call:
            pit.call = Call(pit.book, pit.reference)
        if pit.call is not None and not op.call:
            if pit.call.indicate().quantity:
                self._uncross(pit, pit.call, out)
            for order in pit.call.market_orders():
                name = self._names[order.id]
                order.cancel()
                self._end(order)
                out.append(_cancelled(name, order, Reason.NO_LIQUIDITY))
            pit.call = None
        self._touched[pit.number] = pit
        phase = "call" if op.call else "continuous"
        event: Event = {"event": "phase", "phase": phase, "reference": pit.reference}
        out.append(_named(event, op.instrument))

    def _collecting(self, name: str | None) -> tuple[Pit, Call]:
        """Return the pit of an instrument and the call that collects there."""
        pit = self._pits.get(name)
        if pit is None or pit.call is None:
            raise NotInCall
        return pit, pit.call

    def _uncross(self, pit: Pit, call: Call, out: list[Event]) -> None:
        """Trade what the call has collected; the earlier order counts as the maker."""
        found, matches = call.uncross()
        out.append(_indication("uncross", pit.name, found))
        for buy, sell, quantity in matches:
            maker, taker = (buy, sell) if buy.id < sell.id else (sell, buy)
            out.append(
                {
                    "event": "trade",
                    "maker": self._names[maker.id],
                    "taker": self._names[taker.id],
                    "price": found.price,
                    "quantity": quantity,
                }
            )
            self.tally["traded"] += quantity
            for order in (buy, sell):
                pit.shift(order, -quantity)
        for order in {order for match in matches for order in match[:2]}:
            if not order.remaining:
                self._drop(order)
        if found.price is not None:
            pit.reference = found.price
        self._touched[pit.number] = pit

    def _place(self, op: Place, out: list[Event]) -> None:
        """Place the order; the book may refuse it before anything has changed."""
        if op.id in self._used:
            raise DuplicateId(op.id)
        if op.expires_us is not None and op.expires_us <= self._now_us:
            raise AlreadyExpired(op.expires_us)
        pit = self._pit(op.instrument)
        order = self._order(op, pit)
        fills, reason = (pit.call or pit.book).place(order)
        self._touched[pit.number] = pit
        self._used.add(op.id)
        out.append({"event": "accepted", "id": op.id})
        for maker, quantity in fills:
            out.append(
                {
                    "event": "trade",
                    "maker": self._names[maker.id],
                    "taker": op.id,
                    "price": maker.price,
                    "quantity": quantity,
                }
            )
            self.tally["traded"] += quantity
            pit.reference = maker.price
            pit.shift(maker, -quantity)
            if not maker.remaining:
                self._drop(maker)
        if reason is not None:
            out.append(_cancelled(op.id, order, reason))
        elif order.remaining:
            self._keep(op.id, order, pit)

    def _order(self, op: Place, pit: Pit) -> Order:
        """Make the order; without a member it is the only one of its own."""
        self._placed += 1
        if op.member is None:
            member = -self._placed
        else:
            member = self._members.setdefault(op.member, len(self._members))
        return Order(
            self._placed,
            member,
            pit.number,
            op.side,
            op.price,
            op.quantity,
            op.time_in_force,
            op.expires_us,
            post_only=op.post_only,
        )

    def _pit(self, name: str | None) -> Pit:
        """Return the pit of the instrument, opened when it is first named."""
        pit = self._pits.get(name)
        if pit is None:
            pit = Pit(len(self._by_number), name, self._open_book())
            self._pits[name] = pit
            self._by_number.append(pit)
        return pit

    def _open_book(self) -> Book:
        return Book(allow_self_trade=self._allow_self_trade)

    def _find(self, name: str) -> Order:
        """Return the waiting order called *name*."""
        if name not in self._used:
            raise UnknownOrder(name)
        if name not in self._live:
            raise OrderEnded(name)
        return self._live[name]

    def _reduce(self, order: Order, by: int) -> int:
        """Reduce *order*, which ends if nothing is left; return what is."""
        if by > order.remaining:
            raise ReduceTooLarge(order.remaining)
        if by == order.remaining:
            order.cancel()
            self._end(order)
            return 0
        order.reduce(by)
        pit = self._by_number[order.instrument]
        pit.shift(order, -by)
        self._touched[pit.number] = pit
        return order.remaining

    def _keep(self, name: str, order: Order, pit: Pit) -> None:
        """Remember an order that waits in the book."""
        self._live[name] = order
        self._names[order.id] = name
        pit.shift(order, order.remaining)
        if order.expires_us is not None:
            heappush(self._dates, (order.expires_us, order.id))

    def _end(self, order: Order) -> None:
        """Take a cancelled or expired order out of its book."""
        pit = self._by_number[order.instrument]
        pit.book.remove(order)
        pit.shift(order, -order.remaining)
        self._touched[pit.number] = pit
        self._drop(order)

    def _drop(self, order: Order) -> None:
        """Forget an order that no longer waits, except that its id was used."""
        del self._live[self._names.pop(order.id)]
        if len(self._dates) > 2 * len(self._live) + STALE_MAX:
            self._dates = [date for date in self._dates if date[1] in self._names]
            heapify(self._dates)

    def _let_pass(self, at_us: int | None, out: list[Event]) -> None:
        """Move the file's clock to *at_us* and expire the orders that are due."""
        if at_us is None:
            return
        if at_us < self._now_us:
            raise TimeWentBack(self._now_us)
        self._now_us = at_us
        while self._dates and self._dates[0][0] <= at_us:
            name = self._names.get(heappop(self._dates)[1])
            if name is not None:
                order = self._live[name]
                order.expire()
                self._end(order)
                rest = order.remaining
                out.append({"event": "expired", "id": name, "quantity": rest})

    def _flush(self) -> None:
        """Empty all books; ids may be used again, the clock goes on."""
        for pit in self._by_number:
            pit.empty(self._open_book())
            self._touched[pit.number] = pit
        for known in (self._used, self._live, self._names, self._dates):
            known.clear()

    def _changed_tops(self) -> Iterator[Event]:
        """Yield the best prices of the pits where the line has changed them."""
        for pit in self._touched.values():
            if pit.call is not None:  # what collects has no best price yet
                continue
            bid, ask = pit.top(BUY), pit.top(Side.SELL)
            if (bid, ask) != pit.shown:
                pit.shown = bid, ask
                yield {"event": "top", "instrument": pit.name, "bid": bid, "ask": ask}


def _indication(event: str, instrument: str | None, found: Indication) -> Event:
    """Tell what a call came to, or would come to."""
    side = None if found.side is None else found.side.value
    told: Event = {
        "event": event,
        "price": found.price,
        "quantity": found.quantity,
        "surplus": found.surplus,
        "side": side,
    }
    return _named(told, instrument)


def _named(event: Event, instrument: str | None) -> Event:
    """Add the instrument where the line named one."""
    return event if instrument is None else {**event, "instrument": instrument}


def _cancelled(name: str, order: Order, reason: Reason) -> Event:
    return {
        "event": "cancelled",
        "id": name,
        "quantity": order.remaining,
        "reason": reason.value,
    }
