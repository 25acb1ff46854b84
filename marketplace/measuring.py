"""Calls the vendors' services on a schedule, within the limits of `outgoing`."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine

from listings.quality import availability
from listings.quality.availability import Address, Call
from marketplace import outgoing
from marketplace.outgoing import NotReachable
from settlement import clock

STEP_S = 5.0  # between looks for what is due
AT_ONCE = 8  # calls; a step lasts as long as the slowest of them


class Measurer:
    """Calls what is due, and keeps what became of it."""

    def __init__(
        self, reads: Engine, writes: Engine, reachable: Sequence[str] = ()
    ) -> None:
        """Prepare; *reachable* is what `outgoing.fetch` may call in tests."""
        self._reads, self._writes, self._reachable = reads, writes, reachable

    def step(self) -> list[Call]:
        """Call up to AT_ONCE services whose time has come; what became of each."""
        with self._reads.connect() as db:
            if not availability.is_due(db):
                return []
        with self._writes.begin() as db:
            due = availability.claim(db, AT_ONCE)
        if not due:
            return []
        with ThreadPoolExecutor(AT_ONCE, "measurer") as pool:
            made = list(pool.map(self._call, due))
        with self._writes.begin() as db:
            availability.record(db, made)
        return [call for _, _, call in made]

    def _call(self, address: Address) -> tuple[int, int, Call]:
        at_us, begun_s = clock.now_us(), clock.elapsed_s()
        try:
            answer = outgoing.fetch(address.url, self._reachable)
        except NotReachable as refusal:
            took_us = int((clock.elapsed_s() - begun_s) * clock.SECOND_US)
            return address.product, at_us, Call(None, refusal.why, took_us)
        return address.product, at_us, Call(answer.status, "", answer.latency_us)
