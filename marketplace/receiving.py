"""What comes into a release: uploaded files, and addresses to fetch files from."""

from collections.abc import Callable, Sequence
from concurrent.futures import wait
from typing import NamedTuple, Protocol

from sqlalchemy import Connection, Engine

from listings import fetches, releases
from listings.files import Stored
from listings.marking import N_
from listings.quality import reports
from marketplace.examining import PATIENCE_S, Examiner
from marketplace.fetching import Fetcher
from settlement.errors import Invalid


class Reference(NamedTuple):
    """A file by its address; an empty name: the address gives it."""

    url: str
    name: str = ""


class Received(NamedTuple):
    """What was added to a release, by number."""

    release: int
    files: list[int]
    fetches: list[int]


class Receiving(Protocol):
    """What receiving works with."""

    @property
    def writes(self) -> Engine:
        """Connections that write."""

    @property
    def examiner(self) -> Examiner:
        """Who examines."""

    @property
    def fetcher(self) -> Fetcher:
        """Who fetches."""


def receive(
    parts: Receiving,
    by: int,
    release: Callable[[Connection], int],
    arrived: Sequence[tuple[str, Stored]],
    wanted: Sequence[Reference] = (),
    patience_s: float | None = None,
) -> Received:
    """Add stored files to a *release* and have them examined; fetch what is *wanted*.

    Waits a little (by default PATIENCE_S), which is enough for most; what takes longer
    goes on by itself. Invalid without a file; NotReachable for an address that is none.
    """
    if not arrived and not wanted:
        raise Invalid({"files": [N_("Add at least one file.")]})
    for reference in wanted:
        parts.fetcher.check(reference.url)
    with parts.writes.begin() as db:
        number = release(db)
        added = [releases.add_file(db, number, *one) for one in arrived]
        for file in added:
            reports.ask(db, file)
        asked = [fetches.ask(db, number, *one, by) for one in wanted]
    for _ in asked:
        parts.fetcher.begin()
    wait(parts.examiner.begin(added), PATIENCE_S if patience_s is None else patience_s)
    return Received(number, added, asked)
