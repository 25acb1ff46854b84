"""The exchange: the one writer. Takes commands, applies, commits together, answers.

Two threads share the work: one applies a batch to the market in memory while the other
commits the batch before it. An answer leaves only after its commit. If a commit fails,
memory is ahead of the records: halt, refuse, rebuild from the records, never undo.
"""

import gc
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import structlog
from sqlalchemy import Connection, Engine

from marketplace.trading.commands import PlaceBasket, Tick
from marketplace.trading.effects import NOTHING, Effects
from marketplace.trading.lease import FencedOff, Lease, move_on
from marketplace.trading.market import Market
from marketplace.trading.records import drain, load, write
from marketplace.trading.ticket import (
    ANSWER_S,
    Outcome,
    Status,
    Ticket,
    principal,
    refuse,
)
from settlement import clock
from settlement.errors import Busy, ExchangeHalted, OutcomeUnknown, Refusal
from settlement.journal import APPLIED, REFUSED, Chain, Record, latest_keys
from settlement.ledger import HOUSE
from settlement.store import grouped, insert
from settlement.tables import journal

INBOX_MAX = 4_096  # commands waiting; more are refused with Busy
BATCH_MAX = 2_000  # orders in one commit
BATCH_MIN = 500  # orders that are worth applying while another batch is committed
KEYS_MAX = 65_536  # recent idempotency keys known without asking the records
LINGER_S = 0.0003
# Nearly all that the market makes stays and has no cycles: at Python's default (700) a
# third of the writer's time went into looking for garbage. Measured, not guessed.
COLLECT_AFTER = (50_000, 20, 50)
IDLE_S = 0.5
REBUILD_S = 1.0

log = structlog.get_logger()


class Batch(NamedTuple):
    """Commands applied in memory and not yet committed."""

    before: int  # the journal's end before them
    records: list[Record]
    effects: Effects
    answers: list[tuple[Ticket, Outcome | Refusal | None]]


class Exchange:
    """The writer of one database; `enter` may be called from any thread."""

    def __init__(
        self,
        engine: Engine,
        *,
        address: str = "inline:",
        now_us: Callable[[], int] = clock.now_us,
        wait: bool = False,
    ) -> None:
        """Take the lease of *engine*'s database (a write engine), load, begin.

        *now_us* is the exchange's clock. With *wait* a standby waits for the lease;
        without it another writer means WriterElsewhere.
        """
        gc.set_threshold(*COLLECT_AFTER)
        self._engine = engine
        self._address = address
        self._now_us = now_us
        self._lease = Lease(engine)
        self._inbox: queue.SimpleQueue[Ticket | None] = queue.SimpleQueue()
        self._commits: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._free = threading.Semaphore(1)  # the committer takes one batch at a time
        self._keys: OrderedDict[tuple[int, str], None] = OrderedDict()
        self._crowd = 1  # tickets in the last batch
        self._committing = False
        self._stopping = False
        self.failed = threading.Event()
        self.fenced = threading.Event()
        self._open(wait=wait)
        self._threads = [
            threading.Thread(target=self._apply_forever, name="writer-apply"),
            threading.Thread(target=self._commit_forever, name="writer-commit"),
        ]
        for thread in self._threads:
            thread.daemon = True
            thread.start()

    def enter(self, ticket: Ticket) -> None:
        """Queue a ticket; Busy if the inbox is full, ExchangeHalted if halted."""
        if self._inbox.qsize() >= INBOX_MAX:
            raise Busy(retry_after_s=1)
        if self.halted:
            raise ExchangeHalted
        self._inbox.put(ticket)

    @property
    def halted(self) -> bool:
        """Tell whether commands are refused for now."""
        return self.failed.is_set() or self.fenced.is_set() or self._stopping

    def status(self) -> Status:
        """Return how the writer is."""
        chain = self._chain
        return Status(self.halted, chain.seq, chain.epoch, self._inbox.qsize())

    def close(self) -> None:
        """Finish what is queued, stop the threads and give the lease back."""
        self._stopping = True
        self._inbox.put(None)
        for thread in self._threads:
            thread.join(timeout=ANSWER_S)
        while not self._inbox.empty():  # who looked before the door was shut
            if ticket := self._inbox.get():
                refuse([ticket], ExchangeHalted())
        self._db.close()
        self._lease.release()

    def _open(self, *, wait: bool) -> None:
        """Begin a new epoch and load the market from the records."""
        self._chain: Chain = self._lease.acquire(self._address, wait=wait)
        self._db: Connection = self._engine.connect()
        with self._db.begin():
            self.market: Market = load(self._db)
        self._at_us = 0
        with self._db.begin():
            self._keys = OrderedDict.fromkeys(latest_keys(self._db, KEYS_MAX))
            last = self._db.execute(
                journal.select().where(journal.c.seq == self._chain.seq)
            ).one_or_none()
        if last is not None:
            self._at_us = last.at_us

    def _apply_forever(self) -> None:
        """Apply batches until told to stop; rebuild when a commit has failed."""
        stop = False
        while not stop:
            tickets, stop = self._take()
            if self.failed.is_set() and not self.fenced.is_set():
                refuse(tickets, ExchangeHalted())
                if not stop:
                    self._rebuild()
                continue
            batch = self._apply(tickets)
            if batch is not None:
                self._free.acquire()
                self._committing = True
                self._commits.put(batch)
        self._free.acquire()
        self._commits.put(None)

    def _take(self) -> tuple[list[Ticket], bool]:
        """Wait for tickets; as many as one commit should carry, and whether to stop."""
        tickets: list[Ticket] = []
        weight, lingered = 0, False
        patience_s = self._patience_s()
        while weight < BATCH_MAX:
            try:
                ticket = self._inbox.get(timeout=patience_s)
            except queue.Empty:
                if not tickets or self._enough(len(tickets), weight, lingered):
                    return tickets, False
                lingered = not self._committing
                patience_s = LINGER_S
                continue
            if ticket is None:
                return tickets, True
            tickets.append(ticket)
            command = ticket.command
            weight += len(command.lines) if type(command) is PlaceBasket else 1
            patience_s, lingered = 0, False
        return tickets, False

    def _enough(self, tickets: int, weight: int, lingered: bool) -> bool:
        """Tell whether to go on with what is there, or let others join the commit.

        A commit costs the disk as much for one order as for a hundred. So a small batch
        waits for the commit under way, and a moment for as many as asked last time:
        those just answered are about to ask again.
        """
        if weight >= BATCH_MIN:
            return True
        return not self._committing and (tickets >= self._crowd or lingered)

    def _patience_s(self) -> float:
        """Return how long to wait for a ticket before time itself needs a Tick."""
        due_us = self.market.next_due_us()
        if due_us is None:
            return IDLE_S
        return min(IDLE_S, max(0, due_us - self._now_us()) / clock.SECOND_US)

    def _apply(self, tickets: list[Ticket]) -> Batch | None:
        """Apply the tickets' commands in order; the batch to commit, if any."""
        if self.halted and not self._stopping:
            refuse(tickets, ExchangeHalted())
            return None
        self._crowd = max(1, len(tickets))
        before = self._chain.seq
        records: list[Record] = []
        answers: list[tuple[Ticket, Outcome | Refusal | None]] = []
        try:
            answers.extend((t, self._answer(t, records)) for t in tickets)
            if not tickets:
                self._pass_time(records)
            # Without a record nothing is written: what a new market has to say (its
            # first fees) waits for the first command, however late that comes.
            effects = drain(self.market) if records else NOTHING
        except Exception:
            log.exception("writer.apply_failed")
            self.failed.set()
            refuse(tickets, OutcomeUnknown())
            return None
        if not records and not answers:
            return None
        return Batch(before, records, effects, answers)

    def _answer(
        self, ticket: Ticket, records: list[Record]
    ) -> Outcome | Refusal | None:
        """Apply one command and append its record; None if its key was used before."""
        command, key = ticket.command, ticket.key
        member = principal(command)
        if key is not None:
            if (member, key) in self._keys:
                return None
            self._keys[member, key] = None
            if len(self._keys) > KEYS_MAX:
                self._keys.popitem(last=False)
        self._pass_time(records)
        seq, at_us = self._chain.seq + 1, self._at_us
        answer: Outcome | Refusal
        try:
            result = self.market.apply(command, seq, at_us)
            answer = Outcome(seq, at_us, result)
            outcome: tuple[object, ...] = (APPLIED, result)
        except Refusal as refusal:
            answer, outcome = refusal, (REFUSED, refusal.code, refusal.facts())
        kind = type(command).__name__
        records.append(self._chain.append(at_us, member, key, kind, command, outcome))
        return answer

    def _pass_time(self, records: list[Record]) -> None:
        """Move the exchange's time on; expire what is due in a record of its own."""
        self._at_us = max(self._now_us(), self._at_us)
        due_us = self.market.next_due_us()
        if due_us is not None and due_us <= self._at_us:
            seq = self._chain.seq + 1
            result = self.market.apply(Tick(), seq, self._at_us)
            records.append(
                self._chain.append(
                    self._at_us, HOUSE, None, "Tick", Tick(), (APPLIED, result)
                )
            )

    def _commit_forever(self) -> None:
        """Commit batches in order and answer their tickets."""
        while (batch := self._commits.get()) is not None:
            try:
                if self.failed.is_set():
                    refuse([ticket for ticket, _ in batch.answers], ExchangeHalted())
                else:
                    self._commit(batch)
            finally:
                self._committing = False
                self._free.release()

    def _commit(self, batch: Batch) -> None:
        """Write one batch in one transaction, then answer; halt if that fails."""
        try:
            if batch.records:
                with self._db.begin():
                    self._write(batch)
        except Exception as failure:
            self.failed.set()
            if isinstance(failure, FencedOff):
                self.fenced.set()
            log.exception("writer.commit_failed", seq=batch.before + 1)
            refuse([ticket for ticket, _ in batch.answers], OutcomeUnknown())
            return
        for ticket, answer in batch.answers:
            ticket.settle(answer)

    def _write(self, batch: Batch) -> None:
        """Send all rows of a batch; FencedOff if another writer has taken over."""
        last = batch.records[-1]
        end = Chain(last.seq, last.hash, self._chain.epoch)
        size = max(len(rows) for rows in (batch.records, *batch.effects))
        with grouped(self._db, size):
            moved = move_on(self._db, batch.before, end)
            insert(self._db, journal, batch.records)
            write(self._db, batch.effects)
        if moved.rowcount != 1:
            raise FencedOff

    def _rebuild(self) -> None:
        """Throw memory away, load it from the records; stay halted until it works."""
        self._free.acquire()  # the committer is at rest
        try:
            if not self._db.closed:  # as it is after an attempt that did not connect
                self._db.invalidate()
                self._db.close()
            self._lease.release()
            self._engine.dispose()
            self._open(wait=False)
            self.failed.clear()
            log.warning("writer.rebuilt", seq=self._chain.seq, epoch=self._chain.epoch)
        except Exception:
            log.exception("writer.rebuild_failed")
            threading.Event().wait(REBUILD_S)
        finally:
            self._free.release()
