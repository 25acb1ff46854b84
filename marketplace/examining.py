"""Examinations beside the requests: a few at a time, taken up again after a crash."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Self

from sqlalchemy import Engine

from listings import releases
from listings.files import Storage
from listings.quality import reports
from listings.quality.examination import examine
from marketplace.followers import Follower

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
