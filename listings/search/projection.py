"""The thread that keeps the index equal to the catalogue, change by change."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Event, Thread
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from listings.search.entry import Entry
from listings.search.index import Index, IndexBusy

POLL_S = 0.2  # between looks at the catalogue; a change must be visible within 1 s
REST_S = 5.0  # after a failure
BATCH_MAX = 500  # changes in one commit of the index

log = logging.getLogger(__name__)


class Change(NamedTuple):
    """What the catalogue did to a product; no entry = it is no longer listed."""

    position: int
    product_id: int
    entry: Entry | None


# The changes after a position, ascending, at most so many; the entry is the newest.
ReadChanges = Callable[[Connection, int, int], Sequence[Change]]


class Projection:
    """Follows the catalogue's changes into the index, from where the index stands.

    Any number of processes may run one: the index takes each change once.
    """

    def __init__(self, engine: Engine, index: Index, read_changes: ReadChanges) -> None:
        """Read changes from *engine* by *read_changes*, show them in *index*."""
        self._engine = engine
        self._index = index
        self._read_changes = read_changes
        self._wake = Event()
        self._stopping = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Follow the catalogue until stop() is called."""
        assert self._thread is None, "a projection starts once"
        self._thread = Thread(target=self._run, name="search-projection", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread after its present batch."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Say that there are changes, so that nobody waits for the next look."""
        self._wake.set()

    def catch_up(self) -> int:
        """Apply all changes there are; return how many."""
        applied = 0
        while not self._stopping.is_set() and (number := self.step()):
            applied += number
        return applied

    def step(self) -> int:
        """Apply one batch of changes; return how many, 0 if there were none."""
        with self._engine.connect() as db:
            changes = self._read_changes(db, self._index.position, BATCH_MAX)
        if not changes:
            return 0
        newest = {change.product_id: change.entry for change in changes}
        self._apply(newest, changes[-1].position)
        return len(changes)

    def _apply(self, newest: Mapping[int, Entry | None], position: int) -> None:
        self._index.apply(
            [entry for entry in newest.values() if entry is not None],
            [product_id for product_id, entry in newest.items() if entry is None],
            position,
        )

    def remake(self) -> int:
        """Replace the index by the catalogue as it is; return how many listings.

        The position is remembered last: after a crash the changes are read again.
        """
        position = 0
        again: dict[int, Entry | None] = {}  # changed once more meanwhile
        seen: set[int] = set()

        def entries() -> Iterator[Entry]:
            nonlocal position
            with self._engine.connect() as db:
                while changes := self._read_changes(db, position, BATCH_MAX):
                    position = changes[-1].position
                    for _, product_id, entry in changes:
                        if product_id in seen:
                            again[product_id] = entry
                        elif entry is not None:
                            seen.add(product_id)
                            yield entry

        self._index.rebuild(entries())
        self._apply(again, position)
        return self._index.count()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            rest = POLL_S
            try:
                self.catch_up()
            except IndexBusy:  # another process follows too: let it
                pass
            except Exception:  # the index must follow again once the cause is gone
                log.exception("the search index does not follow the catalogue")
                rest = REST_S
            self._wake.wait(rest)
