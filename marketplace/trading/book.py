"""The order book of one instrument: price-time priority, in plain memory.

A side is a ladder of prices, and a price is a queue of orders. Both sides are kept by
a *key* that grows from the best price to the worst (the price of an offer, minus the
price of a bid), so that one piece of code serves both.
"""

from collections import OrderedDict
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from itertools import islice
from typing import NamedTuple

from marketplace.trading.orders import (
    BUY,
    FOK,
    GTC,
    GTD,
    IOC,
    PRICE_MAX,
    Order,
    Reason,
    Side,
    WouldTake,
)

EMPTY_MAX = 64  # emptied prices kept beside as many as are in use

# A queue in time order; OrderedDict because a plain dict finds its first entry only by
# walking over all that were deleted before it.
Queue = OrderedDict[int, Order]


class Fill(NamedTuple):
    """One match of a placed order with *maker*, at the maker's price."""

    maker: Order
    quantity: int


class Level(NamedTuple):
    """What waits at one price; *evergreen* offers have no end and are counted apart."""

    price: int  # minor units per unit
    quantity: int  # of the finite orders
    orders: int  # finite and evergreen
    evergreen: int


class Ladder:
    """One side of a book.

    The heap holds each key of `queues` exactly once. A price that empties stays until
    it comes to the top, is used again, or too many have gathered: all amortised O(1).
    """

    __slots__ = ("empty", "heap", "queues", "sign")

    def __init__(self, sign: int) -> None:
        """Make an empty side; *sign* times a price is its key."""
        self.sign = sign
        self.queues: dict[int, Queue] = {}
        self.heap: list[int] = []
        self.empty = 0

    def add(self, order: Order) -> None:
        """Let *order* wait, last at its price."""
        assert order.price is not None, order
        key = self.sign * order.price
        queue = self.queues.get(key)
        if queue is None:
            self.queues[key] = queue = OrderedDict()
            heappush(self.heap, key)
        elif not queue:
            self.empty -= 1
        queue[order.id] = order

    def remove(self, order: Order) -> None:
        """Take *order* out, wherever it waits; KeyError if it does not."""
        assert order.price is not None, order
        queue = self.queues[self.sign * order.price]
        del queue[order.id]
        if not queue:
            self.empty += 1
            if self.empty > len(self.queues) // 2 + EMPTY_MAX:
                self._sweep()

    def best(self) -> Queue | None:
        """Return the queue at the best price, or None if nothing waits."""
        heap, queues = self.heap, self.queues
        while heap:
            queue = queues[heap[0]]
            if queue:
                return queue
            del queues[heappop(heap)]
            self.empty -= 1
        return None

    def walk(self, limit: int = PRICE_MAX) -> Iterator[Queue]:
        """Yield the queues with a key up to *limit*, the best price first."""
        heap = self.heap.copy()
        while heap and heap[0] <= limit:
            queue = self.queues[heappop(heap)]
            if queue:
                yield queue

    def _sweep(self) -> None:
        """Forget the emptied prices."""
        self.queues = {key: queue for key, queue in self.queues.items() if queue}
        self.heap = list(self.queues)
        heapify(self.heap)
        self.empty = 0


class Book:
    """The waiting orders of one instrument, and the only place where they meet."""

    __slots__ = ("_asks", "_bids", "allow_self_trade")

    def __init__(self, *, allow_self_trade: bool = False) -> None:
        """Open an empty book; *allow_self_trade* lets a member's own orders meet."""
        self.allow_self_trade = allow_self_trade
        self._bids = Ladder(-1)
        self._asks = Ladder(1)

    def place(self, order: Order) -> tuple[list[Fill], Reason | None]:
        """Match *order*, let its rest wait if it may, and tell what happened.

        The fills are already taken off both orders. With a reason, the rest of *order*
        is cancelled and `remaining` tells how much that was. The time in force is the
        reason before the missing price is: a market order that is IOC or FOK ends by
        these, any other by NO_LIQUIDITY. An order that meets one of the same member is
        cancelled there. A post-only order that would trade raises WouldTake and leaves
        no trace.
        """
        assert order.side is not BUY or not order.evergreen, order
        price, time_in_force = order.price, order.time_in_force
        if order.side is BUY:
            mine, theirs = self._bids, self._asks
        else:
            mine, theirs = self._asks, self._bids
        limit = PRICE_MAX if price is None else theirs.sign * price
        fills: list[Fill] = []
        reason = None
        heap = theirs.heap
        if heap and heap[0] <= limit:
            if order.post_only:
                _refuse_taking(theirs, limit)
            if time_in_force is not FOK or self.available(order) >= order.remaining:
                reason = self._take(order, theirs, limit, fills)
        if order.remaining and reason is None:
            if price is not None and (time_in_force is GTC or time_in_force is GTD):
                mine.add(order)
                return fills, None
            reason = _why_not_resting(order)
        if reason is not None:
            order.cancel()
        return fills, reason

    def rest(self, order: Order) -> None:
        """Let *order* wait behind those at its price, unmatched: it comes from records.

        Give the orders in their order of priority.
        """
        (self._bids if order.side is BUY else self._asks).add(order)

    def remove(self, order: Order) -> None:
        """Take a waiting order out of the book; its state is the caller's to change."""
        (self._bids if order.side is BUY else self._asks).remove(order)

    def best(self, side: Side) -> Order | None:
        """Return the order that would trade first on *side*."""
        queue = self._ladder(side).best()
        return None if queue is None else next(iter(queue.values()))

    def levels(self, side: Side, depth: int) -> list[Level]:
        """Return up to *depth* prices of *side*, the best first."""
        return [_level(queue) for queue in islice(self._ladder(side).walk(), depth)]

    def orders(self, side: Side) -> list[Order]:
        """Return the waiting orders of *side* in priority order."""
        return [order for q in self._ladder(side).walk() for order in q.values()]

    def available(self, order: Order) -> int:
        """Return how much of *order* could trade now; it stops at the member's own."""
        theirs = self._asks if order.side is BUY else self._bids
        limit = PRICE_MAX if order.price is None else theirs.sign * order.price
        found = 0
        for queue in theirs.walk(limit):
            for maker in queue.values():
                if maker.member == order.member and not self.allow_self_trade:
                    return found
                found += order.remaining if maker.evergreen else maker.remaining
                if found >= order.remaining:
                    return order.remaining
        return found

    def _ladder(self, side: Side) -> Ladder:
        return self._bids if side is BUY else self._asks

    def _take(
        self, order: Order, theirs: Ladder, limit: int, fills: list[Fill]
    ) -> Reason | None:
        """Fill *order* from *theirs*, best price first, then first come first served.

        Return SELF_TRADE if an order of the same member stands in the way.
        """
        member, endless = order.member, order.evergreen
        stop_at_own = not self.allow_self_trade
        while order.remaining and (queue := theirs.best()) and theirs.heap[0] <= limit:
            maker = next(iter(queue.values()))
            if maker.member == member and stop_at_own:
                return Reason.SELF_TRADE
            quantity = maker.remaining if endless else order.remaining
            if not maker.evergreen and maker.remaining < quantity:
                quantity = maker.remaining
            maker.fill(quantity)
            order.fill(quantity)
            fills.append(Fill(maker, quantity))
            if not maker.remaining:
                theirs.remove(maker)
        return None


def _refuse_taking(theirs: Ladder, limit: int) -> None:
    """Raise WouldTake if anything waits with a key up to *limit*."""
    if theirs.best() is not None and theirs.heap[0] <= limit:
        raise WouldTake(theirs.sign * theirs.heap[0])


def _why_not_resting(order: Order) -> Reason:
    """Tell why the untraded rest of *order* does not wait in the book."""
    if order.time_in_force is FOK:
        return Reason.FILL_OR_KILL
    if order.time_in_force is IOC:
        return Reason.IMMEDIATE_OR_CANCEL
    return Reason.NO_LIQUIDITY


def _level(queue: Queue) -> Level:
    """Sum up what waits in *queue*."""
    orders = list(queue.values())
    finite = [order.remaining for order in orders if not order.evergreen]
    price = orders[0].price
    assert price is not None, orders[0]
    return Level(price, sum(finite), len(orders), len(orders) - len(finite))
