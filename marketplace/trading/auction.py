"""The call auction: orders collect, then all trade together at one price.

The rule, which the help page tells with examples from this very code: candidates are
all ticks from the lowest to the highest limit in the book (the reference price where
only market orders wait, on both sides). Chosen is, in turn, what trades most; what
leaves the least surplus; the highest if all that remain have a surplus of bids, the
lowest if all have one of offers; else what is nearest to the reference price, and the
higher of two equally near (without a reference all are equally near).

An evergreen offer counts as endless from its price on: it always leaves a surplus of
offers, so that no bid pays more than the posted price for want of other bids.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from marketplace.trading.book import MARKET_KEY, Book, Fill
from marketplace.trading.orders import (
    BUY,
    FOK,
    IOC,
    OPEN,
    PARTIAL,
    PRICE_MAX,
    SELL,
    Order,
    Reason,
    Side,
)
from settlement.errors import Refusal

ENDLESS = 1 << 62  # the quantity of an evergreen offer
OWN_MIN = (
    64  # orders of one member and side that are kept without looking for ended ones
)


class Step(NamedTuple):
    """What waits at one limit; None is the market orders', ENDLESS an evergreen's."""

    price: int | None  # minor units per unit
    quantity: int


class Indication(NamedTuple):
    """What a call would come to now; nothing trades where *price* is None."""

    price: int | None
    quantity: int
    surplus: int | None  # left over at that price; None: endless
    side: Side | None  # which side is left over


NOTHING = Indication(None, 0, 0, None)


class Match(NamedTuple):
    """One match of an uncross; its price is that of all."""

    buy: Order
    sell: Order
    quantity: int


class Span(NamedTuple):
    """Candidates with the same quantities: all ticks from *low* to *high*."""

    low: int
    high: int
    demand: int
    supply: int

    @property
    def volume(self) -> int:
        """Return how much trades at each of these prices."""
        return min(self.demand, self.supply)

    @property
    def surplus(self) -> int:
        """Return what the bids have too much, or minus what the offers have."""
        if self.supply >= ENDLESS:
            return -ENDLESS
        return self.demand - self.supply


@dataclass(eq=False)
class ImmediateInCall(Refusal):
    """While a call collects, orders wait: none is immediate or fill-or-kill."""

    time_in_force: str


class NotInCall(Refusal):
    """No call collects here at present: orders trade as they arrive."""


def determine(
    bids: Iterable[Step],
    offers: Iterable[Step],
    reference: int | None,
    tick: int = 1,
    floor: int = 0,
    ceiling: int = PRICE_MAX,
) -> Indication:
    """Return the uniform price by the rule above, from *floor* to *ceiling*.

    All prices are multiples of *tick*. The work grows with the number of limits, not
    with the ticks between them: where no limit is, all ticks have the same quantities.
    """
    spans = [
        span._replace(low=max(span.low, floor), high=min(span.high, ceiling))
        for span in _spans(list(bids), list(offers), reference, tick)
        if span.low <= ceiling and span.high >= floor
    ]
    most = max((span.volume for span in spans), default=0)
    if not most:
        return NOTHING
    spans = [span for span in spans if span.volume == most]
    least = min(abs(span.surplus) for span in spans)
    spans = [span for span in spans if abs(span.surplus) == least]
    price = _choose(spans, reference, tick)
    surplus = next(s.surplus for s in spans if s.low <= price <= s.high)
    side = None if not surplus else BUY if surplus > 0 else SELL
    return Indication(price, most, None if least == ENDLESS else least, side)


def _spans(
    bids: list[Step], offers: list[Step], reference: int | None, tick: int
) -> list[Span]:
    """Return the candidates, lowest first, in spans of equal quantities."""
    wanted, offered = Counter[int | None](), Counter[int | None]()
    for step in bids:
        wanted[step.price] += step.quantity
    for step in offers:
        offered[step.price] += step.quantity
    demand, supply = sum(wanted.values()), offered[None]
    limits = sorted({p for p in (*wanted, *offered) if p is not None})
    if not limits:
        return [] if reference is None else [Span(reference, reference, demand, supply)]
    spans: list[Span] = []
    for limit, following in zip(limits, [*limits[1:], limits[-1]], strict=True):
        supply += offered[limit]
        spans.append(Span(limit, limit, demand, supply))
        demand -= wanted[limit]
        if limit + tick < following:
            spans.append(Span(limit + tick, following - tick, demand, supply))
    return spans


def _choose(spans: list[Span], reference: int | None, tick: int) -> int:
    """Return the price among candidates that trade as much with as small a surplus."""
    if reference is None or all(span.surplus > 0 for span in spans):
        falling = all(span.surplus < 0 for span in spans)
        return spans[0].low if falling else spans[-1].high
    if all(span.surplus < 0 for span in spans):
        return spans[0].low
    near = [price for span in spans for price in _nearest(span, reference, tick)]
    return min(near, key=lambda price: (abs(price - reference), -price))


def _nearest(span: Span, reference: int, tick: int) -> tuple[int, ...]:
    """Return the ticks of *span* on both sides of the reference."""
    if not span.low < reference < span.high:
        return (span.low, span.high)
    below = span.low + (reference - span.low) // tick * tick
    return (below, min(below + tick, span.high))


class Own:
    """The waiting orders of one member on one side, the best first."""

    __slots__ = ("_heap", "_mark")

    def __init__(self) -> None:
        """Start with none."""
        self._heap: list[tuple[int, int, Order]] = []
        self._mark = OWN_MIN

    def add(self, key: int, order: Order) -> None:
        """Remember *order*; forget those that ended when there are many."""
        if len(self._heap) >= self._mark:
            self._heap = [item for item in self._heap if _waits(item[2])]
            heapify(self._heap)
            self._mark = max(OWN_MIN, 2 * len(self._heap))
        heappush(self._heap, (key, order.id, order))

    def best(self) -> int | None:
        """Return the key of the best that still waits."""
        while self._heap and not _waits(self._heap[0][2]):
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None


class Call:
    """A book that collects: its reference price, and who has which orders in it."""

    __slots__ = ("_own", "book", "ceiling", "floor", "reference", "tick")

    def __init__(
        self,
        book: Book,
        reference: int | None,
        tick: int = 1,
        floor: int = 0,
        ceiling: int = PRICE_MAX,
    ) -> None:
        """Let *book* collect; its price will be from *floor* to *ceiling*."""
        self.book = book
        self.reference = reference
        self.tick = tick
        self.floor = floor
        self.ceiling = ceiling
        self._own: dict[tuple[int, Side], Own] = {}
        for side in Side:
            for order in book.orders(side):
                self._note(order)

    def place(self, order: Order) -> tuple[list[Fill], Reason | None]:
        """Let *order* wait, or cancel it and say why; nothing fills yet.

        A member's own orders never overlap in a call, so that they cannot trade with
        each other at any price: the newer is cancelled, as in continuous trading.
        """
        if order.time_in_force in (IOC, FOK):
            raise ImmediateInCall(str(order.time_in_force))
        if self._meets_own(order):
            order.cancel()
            return [], Reason.SELF_TRADE
        self.rest(order)
        return [], None

    def rest(self, order: Order) -> None:
        """Let *order* wait, unchecked: it comes from records, in order of priority."""
        self.book.rest(order)
        self._note(order)

    def indicate(self) -> Indication:
        """Return the price, volume and surplus at which the call would end now."""
        return determine(
            steps(self.book, BUY),
            steps(self.book, SELL),
            self.reference,
            self.tick,
            self.floor,
            self.ceiling,
        )

    def uncross(self) -> tuple[Indication, list[Match]]:
        """Trade what can trade at one price: market orders first, then price and time.

        The fills are taken off the orders; what has traded in full leaves the book.
        """
        found = self.indicate()
        matches: list[Match] = []
        book, left = self.book, found.quantity
        while left:
            buy, sell = book.best(BUY), book.best(SELL)
            assert buy is not None, found
            assert sell is not None, found
            quantity = min(left, buy.remaining)
            if not sell.evergreen:
                quantity = min(quantity, sell.remaining)
            for order in (buy, sell):
                order.fill(quantity)
                if not order.remaining:
                    book.remove(order)
            matches.append(Match(buy, sell, quantity))
            left -= quantity
        if found.price is not None:
            self.reference = found.price
        return found, matches

    def market_orders(self) -> list[Order]:
        """Return the market orders that wait; they cannot outlive the call."""
        return [o for side in Side for o in self.book.orders(side) if o.price is None]

    def _note(self, order: Order) -> None:
        key = _key(order.side, order.price)
        self._own.setdefault((order.member, order.side), Own()).add(key, order)

    def _meets_own(self, order: Order) -> bool:
        """Tell whether some price would fill both *order* and another of its member."""
        if self.book.allow_self_trade:
            return False
        other = SELL if order.side is BUY else BUY
        own = self._own.get((order.member, other))
        best = own.best() if own else None
        if best is None or order.price is None:
            return best is not None
        return best <= _key(other, order.price)


def steps(book: Book, side: Side) -> list[Step]:
    """Return what waits on *side* of *book*, limit by limit."""
    found: list[Step] = []
    for order in book.orders(side):
        quantity = ENDLESS if order.evergreen else order.remaining
        found.append(Step(order.price, quantity))
    return found


def _key(side: Side, price: int | None) -> int:
    """Return the book's key of a price: it grows from the best to the worst."""
    if price is None:
        return MARKET_KEY
    return -price if side is BUY else price


def _waits(order: Order) -> bool:
    return order.state in (OPEN, PARTIAL)
