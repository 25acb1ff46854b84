"""One instrument of an order file: its book, its phase and its best prices."""

from collections import Counter

from marketplace.trading.auction import Call
from marketplace.trading.book import Book
from marketplace.trading.orders import Order, Side


class Pit:
    """One instrument: its book, and how much waits at each price of either side.

    *call* is there while the book collects; *reference* is the last price.
    """

    __slots__ = ("_depth", "book", "call", "name", "number", "reference", "shown")

    def __init__(self, number: int, name: str | None, book: Book) -> None:
        """Open the pit; *name* is None for lines that name no instrument."""
        self.number = number
        self.name = name
        self.shown: tuple[list[int] | None, list[int] | None] = (None, None)
        self.empty(book)

    def empty(self, book: Book) -> None:
        """Go on with *book*, which is empty, in continuous trading."""
        self.book = book
        self.call: Call | None = None
        self.reference: int | None = None
        self._depth: Counter[tuple[Side, int | None]] = Counter()

    def shift(self, order: Order, by: int) -> None:
        """Note that at the price of *order* there waits *by* more than before."""
        level = order.side, order.price
        self._depth[level] += by
        if not self._depth[level]:
            del self._depth[level]

    def top(self, side: Side) -> list[int] | None:
        """Return the best price of *side* and the quantity there."""
        best = self.book.best(side)
        if best is None or best.price is None:
            return None
        return [best.price, self._depth[side, best.price]]
