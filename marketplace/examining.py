"""Examinations beside the requests: a few at a time, taken up again after a crash."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Self

from sqlalchemy import Connection, Engine

from listings import releases
from listings.files import Storage, Stored
from listings.quality import reports
from listings.quality.examination import examine
from marketplace.followers import Follower
from marketplace.language import N_
from settlement.errors import Invalid

AT_ONCE = 2  # children
PATIENCE_S = 3.0  # that a request waits; then the page shows progress
PAUSE_S = 10.0  # between looks for what a crash left


class Examiner:
    """Examines what waits; close it, or use it as a context."""

    def __init__(self, reads: Engine, writes: Engine, files: Storage) -> None:
        """Prepare the threads, each of which watches one child."""
        self._reads, self._writes, self._files = reads, writes, files
        self._pool = ThreadPoolExecutor(AT_ONCE, "examiner")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def begin(self, wanted: Iterable[int] | None = None) -> list[Future[None]]:
        """Begin what waits, or those *wanted* of it, in the background."""
        with self._writes.begin() as db:
            claimed = reports.claim(db, wanted)
        return [self._pool.submit(self._examine, file) for file in claimed]

    @contextmanager
    def following(self) -> Iterator[None]:
        """Take up what a crash left, again and again, meanwhile."""
        follower = Follower("examinations", lambda: wait(self.begin()), PAUSE_S)
        follower.start()
        try:
            yield
        finally:
            follower.stop()

    def _examine(self, file: int) -> None:
        with self._reads.connect() as db:
            found = releases.file_of(db, file)
        with self._files.open(found.storage_key) as content:
            report = examine(content, found.name)
        with self._writes.begin() as db:
            reports.finish(db, file, report)


def receive(
    writes: Engine,
    examiner: Examiner,
    release: Callable[[Connection], int],
    arrived: Sequence[tuple[str, Stored]],
    patience_s: float | None = None,
) -> list[int]:
    """Add stored files to a *release* and have them examined; return their numbers.

    Waits a little (by default PATIENCE_S), which is enough for most; what takes longer
    goes on by itself.
    Invalid without a file.
    """
    if not arrived:
        raise Invalid({"files": [N_("Add at least one file.")]})
    with writes.begin() as db:
        number = release(db)
        added = [releases.add_file(db, number, *one) for one in arrived]
        for file in added:
            reports.ask(db, file)
    wait(examiner.begin(added), PATIENCE_S if patience_s is None else patience_s)
    return added
