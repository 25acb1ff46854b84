"""Sends what waits to members' webhooks, beside the requests, each in its order."""

import logging
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event as Signal
from threading import Lock
from typing import Any

from sqlalchemy import Engine, Row

from marketplace import outgoing
from marketplace.followers import Follower
from marketplace.outgoing import NotReachable
from marketplace.vault import Vault
from marketplace.webhooks import endpoints, queue
from marketplace.webhooks.envelopes import headers
from marketplace.webhooks.queue import Outcome, Teller
from settlement import clock

STEP_S = 1.0  # between two looks at the journal
AT_ONCE = 8  # webhooks of one process
BATCH_MAX = 100  # messages that one webhook sends before others have their turn
TURN_S = 20.0  # after which it sends no further one before others have theirs
MEMBER_MAX = 2  # webhooks of one member that send or wait for a thread
ALL_S = 15.0  # for one message
RATES = "10 per minute; 200 per day"  # of one member's tests
REPLAYS = "5 per minute; 50 per day"  # of one member

log = logging.getLogger(__name__)


class Sender:
    """Fills the queues and empties them; in every process: no two send of one."""

    def __init__(
        self,
        reads: Engine,
        writes: Engine,
        vault: Vault,
        tell: Teller,
        reachable: Sequence[str] = (),
    ) -> None:
        """Prepare; *reachable* is what `outgoing` may call in tests."""
        self._reads, self._writes = reads, writes
        self._vault, self._tell, self._reachable = vault, tell, reachable
        self._ending = Signal()
        self._busy: dict[int, int] = {}  # webhook → member, sending or in line
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(AT_ONCE, "webhooks")
        self._follower = Follower("webhooks", self.step, STEP_S)
        self._started = False

    def start(self) -> None:
        """Begin to follow the journal."""
        self._started = True
        self._follower.start()

    def close(self) -> None:
        """End after the messages under way."""
        self._ending.set()
        if self._started:
            self._follower.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def step(self) -> list[Future[int]]:
        """Queue what the journal has brought, and begin to send what is due."""
        with self._reads.connect() as db:
            steps = queue.ahead(db, self._tell)
        for step in steps:
            with self._writes.begin() as db:
                queue.fill(db, step)
        with self._reads.connect() as db:
            found = queue.due(db)
        begun = [row.id for row in found if self._begin(row.id, row.member)]
        return [self._pool.submit(self._turn, webhook) for webhook in begun]

    def _begin(self, webhook: int, member: int) -> bool:
        """Tell whether a webhook may have a turn now; then it counts as busy."""
        with self._lock:
            of_member = Counter(self._busy.values())[member]
            if webhook in self._busy or of_member >= MEMBER_MAX:
                return False
            self._busy[webhook] = member
        return True

    def _turn(self, webhook: int) -> int:
        try:
            return self.send(webhook)
        finally:
            with self._lock:
                del self._busy[webhook]

    def send(self, webhook: int) -> int:
        """Send what waits for one webhook until one fails or its turn is over.

        Return how many were taken.
        """
        until_s = clock.elapsed_s() + TURN_S
        with self._writes.begin() as db:
            row = queue.claim(db, webhook)
        done = 0
        try:
            while row is not None and done < BATCH_MAX:
                if self._ending.is_set() or clock.elapsed_s() >= until_s:
                    break
                with self._reads.connect() as db:
                    message = queue.head(db, webhook)
                if message is None:
                    break
                outcome = self.post(row, message)
                with self._writes.begin() as db:
                    before, row = row, queue.record(db, row, message, outcome)
                done += outcome.is_well
                log.debug("webhook %s: %s", before.id, outcome)
        except Exception:  # a lease that is not given back ends by itself
            log.exception("webhook %s", webhook)
            return done
        if row is not None:
            with self._writes.begin() as db:
                queue.free(db, row)
        return done

    def test(self, webhook: int, member: int) -> Outcome:
        """Send a test message at once, beside the queue; what became of it."""
        with self._writes.begin() as db:
            row = endpoints.get(db, webhook, member)
            message = queue.add_test(db, row, {"families": row.families.split()})
        outcome = self.post(row, message)
        with self._writes.begin() as db:
            queue.record_test(db, message.id, outcome)
        return outcome

    def post(self, row: Row[Any], message: Row[Any]) -> Outcome:
        """Post one message, signed for this moment; what became of it."""
        now_us = clock.now_us()
        body = message.body.encode()
        known = endpoints.secrets_of(self._vault, row, now_us)
        said = headers(known, message.event, now_us // clock.SECOND_US, body)
        try:
            status, latency_us = outgoing.post(
                row.url, body, said, self._reachable, all_s=ALL_S
            )
        except NotReachable as refusal:
            return Outcome(None, refusal.why, None)
        return Outcome(status, "", latency_us)
