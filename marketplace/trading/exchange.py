"""The exchange: the one writer. Takes commands, applies, commits together, answers.

One thread applies a batch to the market in memory while the `Committer` commits the
batches before it. An answer leaves only after its commit. If a commit fails, memory is
ahead of the records: halt, refuse, rebuild from the records, never undo.
"""

import gc
import queue
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum

import structlog
from sqlalchemy import Engine

from marketplace.trading.commands import PlaceBasket, Tick
from marketplace.trading.committing import Batch, Committer
from marketplace.trading.lease import Lease, move_on
from marketplace.trading.market import Market
from marketplace.trading.records import drain, load, put_down
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
from settlement.script import Script
from settlement.tables import journal

INBOX_MAX = 4_096  # commands waiting; more are refused with Busy
BATCH_MAX = 2_000  # orders in one commit; more wait for those under way
BATCH_MIN = 500  # orders that always make a batch while another is committed
KEYS_MAX = 65_536  # recent idempotency keys known without asking the records
# Nearly all that the market makes stays and has no cycles: at Python's default (700) a
# third of the writer's time went into looking for garbage. Measured, not guessed.
COLLECT_AFTER = (50_000, 20, 50)
# The committer comes back from the database every few microseconds; Python would let it
# wait 5 ms each time for the thread that applies.
LOOK_S = 0.001
SWITCH_S = 0.0005
IDLE_S = 0.5
REBUILD_S = 1.0

log = structlog.get_logger()


class Signal(Enum):
    """What the applying thread learns besides tickets."""

    TIME = "time has passed"
    STOP = "finish what is queued, then end"


@dataclass(slots=True)
class Pending:
    """What has been applied since the last batch was handed on."""

    before: int  # the journal's end before it
    records: list[Record] = field(default_factory=list)
    answers: list[tuple[Ticket, Outcome | Refusal | None]] = field(default_factory=list)
    weight: int = 0  # orders

    def add(self, ticket: Ticket, answer: Outcome | Refusal | None) -> None:
        """Keep the answer to a ticket until it is durable."""
        self.answers.append((ticket, answer))
        command = ticket.command
        self.weight += len(command.lines) if type(command) is PlaceBasket else 1


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
        sys.setswitchinterval(SWITCH_S)
        self._engine = engine
        self._address = address
        self._now_us = now_us
        self._lease = Lease(engine)
        self._inbox: queue.SimpleQueue[Ticket | Signal] = queue.SimpleQueue()
        self._weight = BATCH_MIN  # orders in the batch handed on last
        self._keys: OrderedDict[tuple[int, str], None] = OrderedDict()
        self._stopping = False
        self.failed = threading.Event()
        self._committer = Committer(engine, self.failed)
        self.fenced = self._committer.fenced
        self._open(wait=wait)
        self._thread = threading.Thread(
            target=self._apply_forever, name="writer-apply", daemon=True
        )
        self._thread.start()

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
        self._inbox.put(Signal.STOP)
        self._thread.join(timeout=ANSWER_S)
        self._committer.close(ANSWER_S)
        while not self._inbox.empty():  # who looked before the door was shut
            if isinstance(ticket := self._inbox.get(), Ticket):
                refuse([ticket], ExchangeHalted())
        self._lease.release()

    def _open(self, *, wait: bool) -> None:
        """Begin a new epoch and load the market from the records."""
        self._chain: Chain = self._lease.acquire(self._address, wait=wait)
        with self._engine.connect() as db, db.begin():
            self.market: Market = load(db)
            self._keys = OrderedDict.fromkeys(latest_keys(db, KEYS_MAX))
            last = db.execute(
                journal.select().where(journal.c.seq == self._chain.seq)
            ).one_or_none()
        self._committer.open()
        self._at_us = 0
        if last is not None:
            self._at_us = last.at_us

    def _apply_forever(self) -> None:
        """Apply what is asked; hand it on whenever a commit can begin.

        A commit costs the disk as much for one order as for a hundred. So whoever asks
        while a batch is committed joins the next one, which is applied meanwhile; when
        nothing is being committed nobody waits.
        """
        pending, stop = Pending(self._chain.seq), False
        while not stop:
            asked = self._next(lazily=bool(pending.answers))
            stop = asked is Signal.STOP
            if not stop:
                self._apply(pending, asked)
            if self.failed.is_set():
                refuse([ticket for ticket, _ in pending.answers], ExchangeHalted())
                if not (stop or self.fenced.is_set()):
                    self._rebuild()
            elif self._takes(pending, at_once=stop):
                self._hand_on(pending)
            else:
                continue
            pending = Pending(self._chain.seq)

    def _takes(self, pending: Pending, *, at_once: bool) -> bool:
        """Tell whether the committer takes a batch now; its place is then taken."""
        if not pending.answers and not pending.records:
            return False
        enough = min(BATCH_MIN, self._weight)
        if not (at_once or self._committer.idle or pending.weight >= enough):
            return False
        full = at_once or pending.weight >= BATCH_MAX
        return self._committer.take_place(wait=full)

    def _next(self, *, lazily: bool) -> Ticket | Signal:
        """Return what comes in next, or that time has passed.

        *lazily*: let a few come together before looking, until a commit ends. Each
        would cost a change of threads, and none of them could be committed sooner.
        """
        with suppress(queue.Empty):
            if not lazily:
                return self._inbox.get(timeout=self._patience_s())
            with suppress(queue.Empty):
                return self._inbox.get_nowait()
            self._committer.ended.acquire(timeout=LOOK_S)
            return self._inbox.get_nowait()
        return Signal.TIME

    def _patience_s(self) -> float:
        """Return how long to wait for a ticket before time itself needs a Tick."""
        due_us = self.market.next_due_us()
        if due_us is None:
            return IDLE_S
        return min(IDLE_S, max(0, due_us - self._now_us()) / clock.SECOND_US)

    def _apply(self, pending: Pending, asked: Ticket | Signal) -> None:
        """Apply a ticket's command, or what is due by now; halt if that breaks."""
        tickets = [] if isinstance(asked, Signal) else [asked]
        if self.halted and not self._stopping:
            refuse(tickets, ExchangeHalted())
            return
        try:
            for ticket in tickets:
                pending.add(ticket, self._answer(ticket, pending.records))
            if not tickets:
                self._pass_time(pending.records)
        except Exception:
            log.exception("writer.apply_failed")
            self.failed.set()
            refuse(tickets, OutcomeUnknown())

    def _hand_on(self, pending: Pending) -> None:
        """Give what has been applied to the committer, which is free and now taken."""
        tickets = [ticket for ticket, _ in pending.answers]
        try:
            # Without a record nothing is written: what a new market has to say (its
            # first fees) waits for the first command, however late that comes.
            script = self._script(pending) if pending.records else None
        except Exception:
            log.exception("writer.apply_failed")
            self.failed.set()
            self._committer.give_up()
            refuse(tickets, OutcomeUnknown())
            return
        self._weight = pending.weight
        self._committer.hand_on(Batch(pending.before, script, pending.answers))

    def _script(self, pending: Pending) -> Script:
        """Write down what the commit is to say: the records and all they changed."""
        last = pending.records[-1]
        script = Script(self._engine.dialect.name)
        end = Chain(last.seq, last.hash, self._chain.epoch)
        move_on(script, pending.before, end)
        script.insert(journal, pending.records)
        put_down(script, drain(self.market))
        return script

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

    def _rebuild(self) -> None:
        """Throw memory away, load it from the records; stay halted until it works."""
        self._committer.rest()
        try:
            self._committer.disconnect()
            self._lease.release()
            self._engine.dispose()
            self._open(wait=False)
            self.failed.clear()
            log.warning("writer.rebuilt", seq=self._chain.seq, epoch=self._chain.epoch)
        except Exception:
            log.exception("writer.rebuild_failed")
            threading.Event().wait(REBUILD_S)
        finally:
            self._committer.resume()
