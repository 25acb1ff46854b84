"""Publishing statistics: a vintage from the records, figures from what is in force."""

import hashlib
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select

from listings.marking import N_
from marketplace.config import Config
from marketplace.members.users import User
from marketplace.warehouse import describe, freeze
from settlement import clock
from settlement.canonical import canonical, sha256_of
from settlement.errors import Invalid, Refusal
from settlement.statistics import publications
from settlement.statistics.disclosure import FAMILY, NotPublished
from settlement.statistics.manifest import read_manifest
from settlement.statistics.publications import Made, Shelf
from settlement.statistics.questions import Figures, checked, question
from settlement.statistics.schedule import Cut
from settlement.statistics.tape import extend
from settlement.statistics.views import Snapshot
from settlement.statistics.vintages import DERIVED, compiled, growth, read
from settlement.tables import journal

FOLDER = "publications"
NOT_A_CUT = N_("Choose the tenth, the twentieth or the last day of a month.")


@dataclass(eq=False)
class NotOverYet(Refusal):
    """A month is published when the day up to which it counts is over."""

    last_day: str


@dataclass(eq=False)
class Simulated(Refusal):
    """This market was made up: its figures are not published."""


def shelf(config: Config) -> Shelf:
    """Return where the tape and the publications are."""
    return Shelf(config.warehouse(), config.data / FOLDER)


def prepare(
    config: Config, reads: Engine, cut: Cut, at_us: int, release_us: int | None = None
) -> Made:
    """Compute the vintage of a cut from the records as they are now.

    Invalid if the calendar has none there, NotOverYet, Simulated, AlreadyProposed. It
    is released when the calendar says, or later if *release_us* is.
    """
    there = shelf(config)
    if not cut.is_planned:
        raise Invalid({"last_day": [NOT_A_CUT]})
    if cut.ends_us > at_us:
        raise NotOverYet(f"{cut.last_day}")
    if read_manifest(there.tape).simulated:
        raise Simulated
    with reads.connect() as db:
        publications.must_be_free(db, cut.period)
        extend(db, there.tape, describe)
        until, head = _until(db, there, cut)
        dimensions = _frozen(db, there, cut)
        earlier = [there.moment(row) for row in publications.earlier(db, cut.period)]
    tables = compiled(there.of(cut, until, dimensions), earlier)
    due_us = max(cut.release_us, release_us or 0)
    return Made(cut, until, head, dimensions, tables, due_us)


def propose(
    config: Config,
    engines: tuple[Engine, Engine],
    cut: Cut,
    by: User,
    reason: str = "",
    *,
    release_us: int | None = None,
    at_us: int | None = None,
) -> int:
    """Prepare a vintage and propose it; its number. *engines* read and write.

    Now, unless *at_us* is given.
    """
    reads, writes = engines
    now_us = clock.now_us() if at_us is None else at_us
    made = prepare(config, reads, cut, now_us, release_us)
    with writes.begin() as db:
        return publications.propose(db, made, reason, by.id, now_us)


def _until(db: Connection, there: Shelf, cut: Cut) -> tuple[Snapshot, str]:
    """Return the last record before the end of the cut, and its hash."""
    last = select(func.max(journal.c.seq)).where(journal.c.at_us < cut.ends_us)
    seq = db.scalar(last) or 0
    head = db.scalar(select(journal.c.hash).where(journal.c.seq == seq))
    until = Snapshot(seq, read_manifest(there.tape).correction)
    return until, (head or b"").hex()


def _frozen(db: Connection, there: Shelf, cut: Cut) -> str:
    """Keep what the trades are about; the folder is named by the files' hashes."""
    there.kept.mkdir(parents=True, exist_ok=True)
    draft = there.kept / f".{secrets.token_hex(8)}"
    freeze(db, draft, cut.ends_us)
    files = sorted(draft.glob("*.parquet"))
    name = sha256_of(canonical({file.name: _hash(file) for file in files}))
    if (there.kept / name).exists():
        for file in files:
            file.unlink()
        draft.rmdir()
    else:
        draft.rename(there.kept / name)
    return name


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def published(db: Connection, code: str, *, by: Iterable[str] | None = None) -> Figures:
    """Return the figures of a question in the publications that are in force.

    NotPublished by other dimensions than those of the family. What has no month is that
    of the newest publication.
    """
    asked = question(code)
    wanted = asked.by if by is None else checked(asked, by)
    if code in DERIVED:
        months = publications.in_force(db, clock.now_us())
        whole = {row.period for row in months if Cut.on(row.last_day).is_final}
        return growth(published(db, "s05_turnover", by=wanted), asked, whole)
    canonical_by = next((o for o in permutations(wanted) if o in FAMILY), None)
    if canonical_by is None:
        raise NotPublished(", ".join(wanted))
    rows = publications.in_force(db, clock.now_us())
    numbers = {row.id: row for row in rows}
    tables = publications.tables_by(db, code, canonical_by, numbers)
    if tables and "period" not in read(tables[-1].columns, "[]")[0]:
        tables = tables[-1:]
    found = Figures(asked, wanted, asked.parameters, (), [], 0, 0)
    for table in tables:
        columns, lines = read(table.columns, table.rows)
        found = found._replace(
            columns=columns,
            rows=found.rows + lines,
            withheld=found.withheld + table.withheld,
            position=numbers[table.publication].seq,
            sources=(*found.sources, table.publication),
        )
    return _turned(found, canonical_by)


def preliminary(db: Connection, numbers: Collection[int]) -> set[str]:
    """Return the months of publications that were not over when they were counted."""
    rows = publications.numbered(db, numbers)
    return {row.period for row in rows if not Cut.on(row.last_day).is_final}


def _turned(found: Figures, kept_by: tuple[str, ...]) -> Figures:
    """Return figures with their dimensions in the order that was asked for."""
    if found.by == kept_by or not found.columns:
        return found
    names = list(found.columns)
    places = [names.index(name) for name in kept_by]
    order = list(range(len(names)))
    for place, name in zip(places, found.by, strict=True):
        order[place] = names.index(name)
    return found._replace(
        columns=tuple(names[n] for n in order),
        rows=[tuple(row[n] for n in order) for row in found.rows],
    )
