"""Fetches what vendors name by address, beside the requests, and has it examined."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Self

from sqlalchemy import Engine

from listings import fetches
from listings.fetches import Fetch
from listings.files import FILE_MAX, FileTooLarge, Storage
from marketplace.examining import Examiner
from marketplace.followers import Follower
from marketplace.outgoing import NotReachable, Stream, checked, opened
from settlement import clock
from settlement.errors import Refusal

AT_ONCE = 4  # fetches of one process
ALL_S = 1_800.0  # of one file
NOTE_S = 1.0  # between the signs of life
GRACE_S = 30.0  # in which a server may be slow
SLOWEST = 16 * 1024  # bytes a second, on average after that
PAUSE_S = 10.0  # between looks for what a crash left
RATES = "60 per minute; 1000 per day"  # of one member's fetches
PIECE = 64 * 1024  # bytes
OK = 200

log = logging.getLogger(__name__)


class Stopped(Exception):
    """The fetch was cancelled, or this process ends."""


class Fetcher:
    """Fetches what waits; close it, or use it as a context."""

    def __init__(
        self,
        writes: Engine,
        files: Storage,
        examiner: Examiner,
        reachable: Sequence[str] = (),
    ) -> None:
        """Prepare the threads; *reachable* is what `outgoing` may call in tests."""
        self._writes, self._files, self._examiner = writes, files, examiner
        self._reachable = reachable
        self._ending = Event()
        self._pool = ThreadPoolExecutor(AT_ONCE, "fetcher")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._ending.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def check(self, url: str) -> None:
        """Refuse what is no address of a file, as far as its text says: NotReachable.

        What its name stands for is looked at when it is fetched.
        """
        checked(url, self._reachable, secure=True)

    def begin(self) -> Future[None]:
        """Have a thread fetch in the background as long as something waits."""
        return self._pool.submit(self._work)

    @contextmanager
    def following(self) -> Iterator[None]:
        """Take up what a crash left, again and again, meanwhile."""
        follower = Follower("fetches", lambda: self.begin().result(), PAUSE_S)
        follower.start()
        try:
            yield
        finally:
            self._ending.set()
            follower.stop()

    def _work(self) -> None:
        while not self._ending.is_set():
            with self._writes.begin() as db:
                found = fetches.claim(db)
            if found is None:
                return
            self._fetch(found)

    def _fetch(self, found: Fetch) -> None:
        try:
            file = self._bring(found)
        except Stopped:
            with self._writes.begin() as db:
                fetches.put_back(db, found.id)  # unless it is cancelled
        except NotReachable as refusal:
            self._fail(found, refusal.why)
        except Refusal as refusal:
            self._fail(found, refusal.code)
        except Exception:  # whatever it is, the vendor must be told
            log.exception("fetch %s", found.id)
            self._fail(found, "no_answer")
        else:
            if file is not None:
                self._examiner.begin([file])

    def _fail(self, found: Fetch, why: str) -> None:
        with self._writes.begin() as db:
            fetches.fail(db, found.id, why)

    def _bring(self, found: Fetch) -> int | None:
        """Store what the address gives; the number of the file, None if cancelled."""
        with opened(found.url, self._reachable, secure=True, all_s=ALL_S) as stream:
            watched = _Watched(self, found, stream)
            if stream.status != OK:
                raise NotReachable("status")
            if stream.encoding not in ("", "identity"):
                raise NotReachable("encoded")
            if (stream.size or 0) > FILE_MAX:
                raise FileTooLarge(FILE_MAX)
            stored = self._files.put(watched)
        with self._writes.begin() as db:
            return fetches.keep(db, found.id, stored, stream.url)

    def note(self, found: Fetch, stream: Stream) -> None:
        """Say how far a fetch is; Stopped if it is to end."""
        with self._writes.begin() as db:
            goes_on = fetches.note(
                db, found.id, stream.received, stream.size, stream.status
            )
        if not goes_on or self._ending.is_set():
            raise Stopped


class _Watched:
    """What is read of a stream, said every second; too slow a one is given up."""

    def __init__(self, fetcher: Fetcher, found: Fetch, stream: Stream) -> None:
        """Say once that it has begun."""
        self._fetcher, self._found, self._stream = fetcher, found, stream
        self._begun_s = self._noted_s = clock.elapsed_s()
        fetcher.note(found, stream)

    def read(self, size: int, /) -> bytes:
        """Return up to *size* bytes, none at the end."""
        piece = self._stream.read(min(size, PIECE))
        now_s = clock.elapsed_s()
        if now_s - self._noted_s >= NOTE_S:
            self._noted_s = now_s
            self._fetcher.note(self._found, self._stream)
        took_s = now_s - self._begun_s
        if took_s > GRACE_S and self._stream.received < SLOWEST * took_s:
            raise NotReachable("too_slow")
        return piece
