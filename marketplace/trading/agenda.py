"""What happens by itself at its time: one heap for all that waits for a moment.

Whatever is put here says in `due_us` when something is next due, None once nothing is.
Who changes that puts it in again; what is out of date is skipped. Equal moments go by
kind and number, so that a market loaded from the records does them in the same order.
"""

import heapq
from collections.abc import Iterator
from typing import Protocol


class Due(Protocol):
    """Something with a moment, known by its kind and number."""

    @property
    def rank(self) -> int:
        """Return which kind goes first at the same moment; no two share one."""

    @property
    def number(self) -> int:
        """Return which of its kind it is."""

    @property
    def due_us(self) -> int | None:
        """Return when something is next due, or None."""


class Agenda:
    """The moments that are to come."""

    def __init__(self) -> None:
        """Start with none."""
        self._heap: list[tuple[int, int, int]] = []
        self._items: dict[tuple[int, int], Due] = {}

    def put(self, item: Due) -> None:
        """Note when *item* is due; forget it if nothing is."""
        key = (item.rank, item.number)
        if item.due_us is None:
            self._items.pop(key, None)
        else:
            self._items[key] = item
            heapq.heappush(self._heap, (item.due_us, *key))

    def next_due_us(self) -> int | None:
        """Return when something is next due, or None."""
        heap, items = self._heap, self._items
        while heap:
            due_us, *key = heap[0]
            item = items.get((key[0], key[1]))
            if item is not None and item.due_us == due_us:
                return due_us
            heapq.heappop(heap)
        return None

    def due(self, at_us: int) -> Iterator[Due]:
        """Yield what is due at *at_us*, in order; whoever gets it moves it on."""
        while (due_us := self.next_due_us()) is not None and due_us <= at_us:
            _, rank, number = heapq.heappop(self._heap)
            yield self._items[rank, number]
