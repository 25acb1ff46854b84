"""Threads that follow the records: each repeats one step, in the writer's process."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

from sqlalchemy import Engine

from listings.changes import changed
from listings.files import Storage
from listings.registration.passing import pass_time
from listings.search.index import Index
from listings.search.projection import Projection
from marketplace import admission, correcting, projection, warehouse
from marketplace.approvals.sending import Mender
from marketplace.community import access, announcements, searches
from marketplace.config import Config
from marketplace.delivery import renewals
from marketplace.measuring import STEP_S as MEASURING_S
from marketplace.measuring import Measurer
from marketplace.members import verification
from marketplace.metering import nearing
from marketplace.metering.counting import STEP_S as COUNTING_S
from marketplace.metering.counting import Counting
from marketplace.metering.meter import FOLDER as METERS
from marketplace.payments.following import STEP_S as CARDS_S
from marketplace.payments.following import CardDesk
from marketplace.pricing.changes import Rises
from marketplace.pricing.hammer import Hammer
from marketplace.privacy.erasing import STEP_S as ERASING_S
from marketplace.privacy.erasing import Eraser
from marketplace.surveillance.desk import Watch
from marketplace.trading.gateway import Gateway
from marketplace.trading.tape import Tape
from marketplace.transparency import PAUSE_S as CHECKPOINTS_S
from marketplace.transparency import Log
from settlement.errors import Busy, ExchangeHalted, OutcomeUnknown, Refusal
from settlement.payments.provider import Provider

STANDINGS_S = 0.5
ADMISSIONS_S = 2.0
SEARCHES_S = searches.STEP_S
LAPSES_S = 5.0
REGISTRATIONS_S = 5.0
ADMISSIONS = "admissions.position"
WATCH_S = 60.0  # surveillance
APPROVALS_S = 30.0  # approved, and cut off before it was noted as sent
TAPE_S = 1.0  # trades that may be told by now
HAMMER_S = 1.0  # auctions that have closed
RISES_S = 5.0  # prices that were announced come into force
CHANGES_MAX = 5_000  # of the catalogue, looked at in one step
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


class Parts(NamedTuple):
    """What a step works with that sends as a view would."""

    reads: Engine
    writes: Engine
    gateway: Gateway
    config: Config
    files: Storage


class Admissions:
    """Tells the market what the catalogue decided, where nobody else did.

    Whoever decides tells the market at once; this is for imports, commands and crashes.
    So it lets a change lie from one step to the next.
    """

    def __init__(self, reads: Engine, gateway: Gateway, directory: Path) -> None:
        """Remember in *directory* how far the changes are dealt with."""
        self._reads = reads
        self._gateway = gateway
        self._file = directory / ADMISSIONS
        self._seen: list[tuple[int, int]] = []
        kept = self._file.read_text("ascii") if self._file.exists() else "0"
        self._position = int(kept)

    def step(self) -> int:
        """Tell what is left of the changes seen before; return how many commands."""
        told = sum(self._tell(product) for _, product in self._seen)
        if self._seen:
            self._position = self._seen[-1][0]
            draft = self._file.with_suffix(".draft")
            draft.write_text(str(self._position), "ascii")
            draft.replace(self._file)
        with self._reads.connect() as db:
            self._seen = changed(db, self._position, CHANGES_MAX)
        return told

    def _tell(self, product: int) -> int:
        with self._reads.connect() as db:
            commands = list(admission.untold(db, product, verification.OPERATOR))
        for command in commands:
            try:
                self._gateway.submit(command)
            except (Busy, ExchangeHalted, OutcomeUnknown):
                raise  # the same changes are looked at again
            except Refusal as refusal:
                log.warning("product %s: the market refused: %s", product, refusal)
        return len(commands)


def _lapse(reads: Engine, writes: Engine) -> None:
    """End requests and access whose time is over; "admissions" tells the market."""
    with reads.connect() as db:
        if not access.is_over(db):
            return
    with writes.begin() as db:
        access.lapse(db)


@contextmanager
def following(
    config: Config,
    reads: Engine,
    writes: Engine,
    gateway: Gateway,
    index: Index,
    cards: Provider | None = None,
) -> Iterator[None]:
    """Keep search, prices, standings and the tape up with the records meanwhile.

    Where the writer is, and only there: the tape may be extended by one process only.
    """
    parts = Parts(reads, writes, gateway, config, Storage(config.files_url))
    prices = projection.Prices(reads, writes, config.data)
    admissions = Admissions(reads, gateway, config.data)
    announcer = announcements.Announcer(reads, writes, config.data)
    log_of_records = Log(config.data)
    feed = warehouse.Feed(reads, config.warehouse())
    measurer = Measurer(reads, writes, config.reachable)
    counting = Counting(reads, writes, gateway, config.data / METERS)
    followers: list[Projection | Follower] = [
        Projection(reads, index, projection.changes_after),
        Follower("prices", prices.step, projection.POLL_S),
        Follower(
            "standings", lambda: verification.tell_market(reads, gateway), STANDINGS_S
        ),
        Follower("admissions", admissions.step, ADMISSIONS_S),
        Follower("rises", Rises(reads, writes, gateway).step, RISES_S),
        Follower("auctions", Hammer(reads, writes).step, HAMMER_S),
        Follower("registrations", lambda: pass_time(writes), REGISTRATIONS_S),
        Follower("log", lambda: log_of_records.step(reads), CHECKPOINTS_S),
        Follower("warehouse", feed.step, warehouse.PAUSE_S),
        Follower("surveillance", Watch(reads, writes).step, WATCH_S),
        Follower(
            "corrections",
            correcting.Corrector(reads, writes).step,
            correcting.STEP_S,
        ),
        Follower("approvals", Mender(parts).step, APPROVALS_S),
        Follower("tape", Tape(reads, writes, config.tape).step, TAPE_S),
        Follower("announcements", announcer.step, announcements.TELL_S),
        Follower("access", lambda: _lapse(reads, writes), LAPSES_S),
        Follower("renewals", renewals.Reminders(reads, writes).step, renewals.STEP_S),
        Follower("erasures", Eraser(reads, writes).step, ERASING_S),
        Follower("services", measurer.step, MEASURING_S),
        Follower("meters", counting.step, COUNTING_S),
        Follower("nearing", nearing.Nearing(reads, writes).step, nearing.STEP_S),
        Follower("searches", searches.Alerts(reads, writes, index).step, SEARCHES_S),
    ]
    if cards is not None:
        desk = CardDesk(cards, reads, writes, gateway)
        followers.append(Follower("cards", desk.step, CARDS_S))
    with ExitStack() as stack:
        for follower in followers:
            follower.start()
            stack.callback(follower.stop)
        yield
