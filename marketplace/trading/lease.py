"""Exactly one writer: a lock that keeps others out, and an epoch that fences the late.

The lock (a file beside a SQLite database, an advisory lock in PostgreSQL) lets a
standby wait. It is no fence: the connection that holds it may drop unseen. So every
commit of the writer first moves the one row of ``writer`` on, if its epoch still
stands there (reliability F6).
"""

import fcntl
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from settlement.errors import Refusal
from settlement.journal import GENESIS, Chain
from settlement.script import Script
from settlement.tables import writer

LOCK_KEY = 0x6461746162  # "datab": the advisory lock's number
WAIT_S = 0.2


@dataclass(eq=False)
class WriterElsewhere(Refusal):
    """Another process is the exchange's writer for this database."""


class FencedOff(Exception):
    """A later epoch writes now: this writer must stop."""


class Lease:
    """The right to write, from `acquire` until `release` or until fenced off."""

    def __init__(self, engine: Engine) -> None:
        """Prepare to lock the database behind *engine* (a write engine)."""
        self.engine = engine
        self._file: int | None = None
        self._session: Connection | None = None

    def acquire(self, address: str, *, wait: bool = False) -> Chain:
        """Lock, begin a new epoch, and return the end of the journal.

        Raises WriterElsewhere if another process has the lock and *wait* is false.
        """
        while not self._lock():
            if not wait:
                raise WriterElsewhere
            time.sleep(WAIT_S)
        with self.engine.begin() as db:
            return _next_epoch(db, address)

    def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._session is not None:
            # The server notices the end of a session late; unlocking is seen at once.
            with suppress(DBAPIError):
                query = text("SELECT pg_advisory_unlock(:key)")
                self._session.execute(query, {"key": LOCK_KEY})
            self._session.invalidate()  # ends the session, and its lock with it
            self._session.close()
            self._session = None

    def __enter__(self) -> Self:
        """Return the lease itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release the lock."""
        self.release()

    def _lock(self) -> bool:
        """Try to take the lock; whether we have it."""
        if self.engine.dialect.name == "postgresql":
            return self._lock_session()
        if self._file is not None:
            return True
        path = Path(f"{self.engine.url.database}.writer")
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def _lock_session(self) -> bool:
        """Take the advisory lock in a session of its own."""
        if self._session is not None:
            self._session.invalidate()
            self._session.close()
        self._session = self.engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        )
        query = text("SELECT pg_try_advisory_lock(:key)")
        got = bool(self._session.execute(query, {"key": LOCK_KEY}).scalar_one())
        if not got:
            self._session.close()
            self._session = None
        return got


def _next_epoch(db: Connection, address: str) -> Chain:
    """Begin the next epoch in the writer's row and return the journal's end."""
    row = db.execute(select(writer)).one_or_none()
    if row is None:
        db.execute(
            insert(writer).values(id=1, epoch=1, seq=0, head=GENESIS, address=address)
        )
        return Chain(0, GENESIS, 1)
    epoch = row.epoch + 1
    db.execute(update(writer).values(epoch=epoch, address=address))
    return Chain(row.seq, bytes(row.head), epoch)


def move_on(script: Script, before: int, chain: Chain) -> None:
    """Begin *script* by moving the writer's row on from record *before*, if it is ours.

    `must_be_ours` then judges what came of it.
    """
    script.run(
        "UPDATE writer SET seq = ?, head = ? WHERE epoch = ? AND seq = ?",
        (chain.seq, chain.head, chain.epoch, before),
    )


def must_be_ours(counts: list[int]) -> None:
    """Raise FencedOff unless the first of a script's statements moved the row."""
    if counts[0] != 1:
        raise FencedOff
