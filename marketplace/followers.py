"""Threads that follow the records: each repeats one step, in the writer's process."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread

from sqlalchemy import Engine

from listings.search.projection import Projection
from listings.search.whoosh import Index
from marketplace import projection, warehouse
from marketplace.config import Config
from marketplace.members import verification
from marketplace.trading.gateway import Gateway

STANDINGS_S = 0.5
REST_S = 5.0  # after a failure

log = logging.getLogger(__name__)


class Follower:
    """Calls *step* every *pause_s* seconds; a step may be interrupted and repeated."""

    def __init__(self, name: str, step: Callable[[], object], pause_s: float) -> None:
        """Prepare the thread; `start` begins with a first step at once."""
        self._name = name
        self._step = step
        self._pause_s = pause_s
        self._stopping = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the present step."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        pause_s = 0.0
        while not self._stopping.wait(pause_s):
            pause_s = self._pause_s
            try:
                self._step()
            except Exception:  # it must go on once the cause is gone
                log.exception("%s cannot follow the records", self._name)
                pause_s = max(REST_S, self._pause_s)


@contextmanager
def following(
    config: Config, reads: Engine, writes: Engine, gateway: Gateway, index: Index
) -> Iterator[None]:
    """Keep search, prices, standings and the tape up with the records meanwhile.

    Where the writer is, and only there: the tape may be extended by one process only.
    """
    prices = projection.Prices(reads, writes, config.data)
    feed = warehouse.Feed(reads, config.warehouse())
    followers: list[Projection | Follower] = [
        Projection(reads, index, projection.changes_after),
        Follower("prices", prices.step, projection.POLL_S),
        Follower(
            "standings", lambda: verification.tell_market(reads, gateway), STANDINGS_S
        ),
        Follower("tape", feed.step, warehouse.PAUSE_S),
    ]
    with ExitStack() as stack:
        for follower in followers:
            follower.start()
            stack.callback(follower.stop)
        yield
