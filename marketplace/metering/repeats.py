"""Answers that may be repeated for a while, where licence and vendor allow it."""

import threading
from collections import OrderedDict
from typing import NamedTuple

from settlement import clock

BODY_MAX = 256 * 1024  # bytes of one answer
ALL_MAX = 32 * 1024 * 1024  # of all that are kept in one process

# Product, when its address was last changed, path with query, accepted kinds, languages
Key = tuple[int, int, str, str, str]


class Repeat(NamedTuple):
    """A whole answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    hit: int
    records: int


class Repeats:
    """The answers kept, the longest unused forgotten first."""

    def __init__(self) -> None:
        """Start with none."""
        self._kept: OrderedDict[Key, tuple[float, Repeat]] = OrderedDict()
        self._size = 0
        self._guard = threading.Lock()

    def get(self, key: Key) -> Repeat | None:
        """Return the answer that is kept for *key*, if it is not too old."""
        with self._guard:
            found = self._kept.get(key)
            if found is None:
                return None
            if found[0] <= clock.elapsed_s():
                self._forget(key)
                return None
            self._kept.move_to_end(key)
            return found[1]

    def put(self, key: Key, answer: Repeat, for_s: float) -> None:
        """Keep an answer for some seconds."""
        if len(answer.body) > BODY_MAX:
            return
        with self._guard:
            if key in self._kept:
                self._forget(key)
            self._kept[key] = (clock.elapsed_s() + for_s, answer)
            self._size += len(answer.body)
            while self._size > ALL_MAX:
                self._forget(next(iter(self._kept)))

    def _forget(self, key: Key) -> None:
        self._size -= len(self._kept.pop(key)[1].body)
