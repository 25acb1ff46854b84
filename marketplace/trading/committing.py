"""Batches on their way to the disk, in order; two at a time where the database can.

A commit waits for the disk. PostgreSQL can meanwhile take in, on a second connection,
the rows that the next batch adds: nothing that the batch before it changes is among
them. What changes rows, and the commit, wait until the batch before has ended. So
nobody ever sees a batch without those before it, and none waits for another's locks.
SQLite has one writer at a time and gets one lane.
"""

import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import NamedTuple

import structlog
from sqlalchemy import Connection, Engine

from marketplace.trading.lease import FencedOff, must_be_ours
from marketplace.trading.ticket import Outcome, Ticket, refuse, settle
from settlement.errors import ExchangeHalted, OutcomeUnknown, Refusal
from settlement.script import Script

LANES = {"postgresql": 2, "sqlite": 1}  # connections that take turns
READY = 1  # batches that wait for a lane

log = structlog.get_logger()


class Batch(NamedTuple):
    """Commands applied in memory and not yet committed."""

    before: int  # the journal's end before them
    script: Script | None  # None: nothing to record, only answers
    answers: list[tuple[Ticket, Outcome | Refusal | None]]


class Committer:
    """Commits batches in the order of `hand_on`; an answer leaves after its commit."""

    def __init__(self, engine: Engine, failed: threading.Event) -> None:
        """Commit on *engine*; *failed* is set when a commit fails, and refuses all."""
        self._engine = engine
        self._failed = failed
        self.fenced = threading.Event()  # a later epoch writes now
        self.ended = threading.Lock()  # released when a commit has ended
        self.ended.acquire()
        lanes = LANES[engine.dialect.name]
        self._under_way_max = lanes + READY
        self._room = threading.Semaphore(self._under_way_max)
        self._batches: SimpleQueue[tuple[int, Batch] | None] = SimpleQueue()
        self._turn = threading.Condition()
        self._handed_on = 0  # batches, counted by the thread that applies
        self._done = 0  # batches that ended, well or not
        self._connections: list[Connection] = []
        self._threads = [
            threading.Thread(target=self._commit_forever, args=(i,), daemon=True)
            for i in range(lanes)
        ]

    def open(self) -> None:
        """Connect every lane; the first time also start them."""
        self._connections = [self._engine.connect() for _ in self._threads]
        for number, thread in enumerate(self._threads):
            if thread.ident is None:
                thread.name = f"writer-commit-{number}"
                thread.start()

    @property
    def idle(self) -> bool:
        """Tell whether nothing is being committed."""
        return self._handed_on == self._done

    def take_place(self, *, wait: bool) -> bool:
        """Take the place of a batch, which `hand_on` or `give_up` uses up."""
        return self._room.acquire(blocking=wait)

    def give_up(self) -> None:
        """Give back a place that was taken."""
        self._room.release()

    def hand_on(self, batch: Batch) -> None:
        """Commit *batch* after those before it; its place must be taken."""
        self._batches.put((self._handed_on, batch))
        self._handed_on += 1

    def disconnect(self) -> None:
        """Let go of the connections that a failure left, while at `rest`."""
        for db in self._connections:
            if not db.closed:  # as it is after an attempt that did not connect
                db.invalidate()
                db.close()

    def rest(self) -> None:
        """Wait until nothing is under way, and let nothing be until `resume`."""
        for _ in range(self._under_way_max):
            self._room.acquire()

    def resume(self) -> None:
        """Take batches again after `rest`."""
        self._room.release(self._under_way_max)

    def close(self, patience_s: int) -> None:
        """Commit what was handed on, then stop and disconnect."""
        for _ in self._threads:
            self._batches.put(None)
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout=patience_s)
        for db in self._connections:
            db.close()

    def _commit_forever(self, lane: int) -> None:
        """Commit batches on one connection and answer their tickets."""
        while (asked := self._batches.get()) is not None:
            number, batch = asked
            try:
                self._commit(self._connections[lane], number, batch)
            finally:
                self._wait_for(number)
                with self._turn:
                    self._done += 1
                    self._turn.notify_all()
                self._room.release()
                with suppress(RuntimeError):  # told already, not yet heard
                    self.ended.release()

    def _wait_for(self, number: int) -> None:
        """Wait until every batch before *number* has ended."""
        with self._turn:
            self._turn.wait_for(lambda: self._done == number)

    def _commit(self, db: Connection, number: int, batch: Batch) -> None:
        """Write one batch, then answer; halt if that fails."""
        tickets = [ticket for ticket, _ in batch.answers]
        try:
            stands = self._write(db, number, batch)
        except Exception as failure:
            if isinstance(failure, FencedOff):
                self.fenced.set()
            self._failed.set()
            log.exception("writer.commit_failed", seq=batch.before + 1)
            refuse(tickets, OutcomeUnknown())
            return
        if stands:
            settle(batch.answers)
        else:
            refuse(tickets, ExchangeHalted())

    def _write(self, db: Connection, number: int, batch: Batch) -> bool:
        """Write one batch in one transaction; false if one before it failed."""
        if self._failed.is_set() or batch.script is None:
            self._wait_for(number)
            return not self._failed.is_set()
        with db.begin() as transaction:
            batch.script.add(db)
            self._wait_for(number)
            if self._failed.is_set():
                transaction.rollback()
                return False
            must_be_ours(batch.script.change(db))
        return True
