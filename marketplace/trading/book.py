"""The order book of one instrument: price-time priority, in plain memory.

A side is a ladder of prices, and a price is a queue of orders. Both sides are kept by
a *key* that grows from the best price to the worst (the price of an offer, minus the
price of a bid), so that one piece of code serves both.
"""

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

PRICE_BAND = Reason.PRICE_BAND
EMPTY_MAX = 64  # emptied prices kept beside as many as are in use
MARKET_KEY = -PRICE_MAX - 1  # better than any price: a market order waits for a call


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


class Queue:
    """The orders at one price, first come first served: a list linked through them."""

    __slots__ = ("first", "last")

    def __init__(self) -> None:
        """Make an empty queue."""
        self.first: Order | None = None
        self.last: Order | None = None

    def __iter__(self) -> Iterator[Order]:
        """Yield the orders in their order of priority."""
        order = self.first
        while order is not None:
            yield order
            order = order.behind

    def remove(self, order: Order) -> None:
        """Take *order* out, wherever it waits."""
        ahead, behind = order.ahead, order.behind
        if ahead is None:
            assert self.first is order, order
            self.first = behind
        else:
            ahead.behind = behind
            order.ahead = None
        if behind is None:
            self.last = ahead
        else:
            behind.ahead = ahead
            order.behind = None


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
        price = order.price
        key = MARKET_KEY if price is None else self.sign * price
        queue = self.queues.get(key)
        if queue is None:
            self.queues[key] = queue = Queue()
            heappush(self.heap, key)
        elif queue.last is None:
            self.empty -= 1
        last = queue.last
        if last is None:
            queue.first = order
        else:
            last.behind = order
        order.ahead, order.behind = last, None
        queue.last = order

    def best(self, limit: int = PRICE_MAX) -> Queue | None:
        """Return the queue at the best price, or None if none has a key to *limit*."""
        heap, queues = self.heap, self.queues
        while heap and heap[0] <= limit:
            queue = queues[heap[0]]
            if queue.first is not None:
                return queue
            del queues[heappop(heap)]
            self.empty -= 1
        return None

    def walk(self, limit: int = PRICE_MAX) -> Iterator[Queue]:
        """Yield the queues with a key up to *limit*, the best price first."""
        heap = self.heap.copy()
        while heap and heap[0] <= limit:
            queue = self.queues[heappop(heap)]
            if queue.first is not None:
                yield queue

    def sweep(self) -> None:
        """Forget the emptied prices."""
        used = [item for item in self.queues.items() if item[1].first is not None]
        self.queues = dict(used)
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

    def place(
        self, order: Order, worst: int | None = None
    ) -> tuple[list[Fill], Reason | None]:
        """Match *order*, let its rest wait if it may, and tell what happened.

        The fills are already taken off both orders. With a reason, the rest of *order*
        is cancelled and `remaining` tells how much that was. The time in force is the
        reason before the missing price is: a market order that is IOC or FOK ends by
        these, any other by NO_LIQUIDITY. An order that meets one of the same member is
        cancelled there. A market order trades up to the price *worst*, if one is given,
        and ends there by PRICE_BAND. A post-only order that would trade raises
        WouldTake and leaves no trace.
        """
        price, time_in_force = order.price, order.time_in_force
        if order.side is BUY:
            assert not order.evergreen, order
            mine, theirs = self._bids, self._asks
        else:
            mine, theirs = self._asks, self._bids
        if price is not None:
            limit = theirs.sign * price
        else:
            limit = PRICE_MAX if worst is None else theirs.sign * worst
        fills: list[Fill] = []
        reason = None
        heap = theirs.heap
        if heap and heap[0] <= limit:
            if order.post_only:
                _refuse_taking(theirs, limit)
            if time_in_force is not FOK or (
                self.available(order, worst) >= order.remaining
            ):
                reason = self._take(order, theirs, limit, fills)
        if order.remaining and reason is None:
            if price is not None and (time_in_force is GTC or time_in_force is GTD):
                mine.add(order)
                return fills, None
            reason = _why_not_resting(order)
            at_edge = worst is not None and price is None and time_in_force is not FOK
            if at_edge and theirs.best() is not None:
                reason = PRICE_BAND
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
        price = order.price
        ladder = self._bids if order.side is BUY else self._asks
        queue = ladder.queues[MARKET_KEY if price is None else ladder.sign * price]
        queue.remove(order)
        if queue.first is None:
            ladder.empty += 1
            if ladder.empty > len(ladder.queues) // 2 + EMPTY_MAX:
                ladder.sweep()

    def best(self, side: Side) -> Order | None:
        """Return the order that would trade first on *side*."""
        queue = self._ladder(side).best()
        return None if queue is None else queue.first

    def levels(self, side: Side, depth: int) -> list[Level]:
        """Return up to *depth* prices of *side*, the best first, no market orders."""
        ladder = self._ladder(side)
        market = ladder.queues.get(MARKET_KEY)
        limits = (queue for queue in ladder.walk() if queue is not market)
        return [_level(queue) for queue in islice(limits, depth)]

    def orders(self, side: Side) -> list[Order]:
        """Return the waiting orders of *side* in priority order."""
        return [order for queue in self._ladder(side).walk() for order in queue]

    def available(self, order: Order, worst: int | None = None) -> int:
        """Return how much of *order* could trade now; it stops at the member's own."""
        theirs = self._asks if order.side is BUY else self._bids
        price = worst if order.price is None else order.price
        limit = PRICE_MAX if price is None else theirs.sign * price
        found = 0
        for queue in theirs.walk(limit):
            for maker in queue:
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
        queue = theirs.best(limit)
        while queue is not None and order.remaining:
            maker = queue.first
            assert maker is not None, order
            if maker.member == member and stop_at_own:
                return Reason.SELF_TRADE
            quantity = maker.remaining if endless else order.remaining
            if maker.remaining < quantity and not maker.evergreen:
                quantity = maker.remaining
            maker.fill(quantity)
            order.fill(quantity)
            fills.append(Fill(maker, quantity))
            if not maker.remaining:
                queue.remove(maker)
                if queue.first is None:
                    theirs.empty += 1
                    queue = theirs.best(limit)
        return None


def _refuse_taking(theirs: Ladder, limit: int) -> None:
    """Raise WouldTake if anything waits with a key up to *limit*."""
    if theirs.best(limit) is not None:
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
    orders = list(queue)
    finite = [order.remaining for order in orders if not order.evergreen]
    price = orders[0].price
    assert price is not None, orders[0]
    return Level(price, sum(finite), len(orders), len(orders) - len(finite))
