"""The measured quality of a release, put together from the reports of its files."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from listings import dictionary, products, releases, tables
from listings.cleanroom import settings as cleanrooms
from listings.cuts import settings as cuts
from listings.quality import drift, reports, scores
from listings.quality.drift import Drift
from listings.quality.reports import Column, Examination
from listings.quality.scores import Score
from listings.releases import Release


class Quality(NamedTuple):
    """What was measured in a release, against the one before it."""

    product: int
    release: int
    label: str
    score_bps: int | None
    dimensions: list[Score]
    columns: list[Column]
    tables: list[dict[str, Any]]
    services: list[dict[str, Any]]
    moved: list[Drift]
    examinations: dict[int, Examination]

    @property
    def drift(self) -> list[dict[str, Any]]:
        """Return what moved since the release before, as plain values."""
        return [
            one._asdict() | {"shifts": [shift._asdict() for shift in one.shifts]}
            for one in self.moved
        ]


class Growth(NamedTuple):
    """What the newest release has more than the one before it."""

    rows: int | None  # None: not every file of both was examined, or a room sells
    size: int  # bytes
    first_us: int  # when the first release became final


def growth(db: Connection, product: int) -> Growth | None:
    """Return how a product grew with its newest release; None before the second."""
    final = [one for one in releases.of_product(db, product) if one.finalised_us]
    if len(final) < 2:
        return None
    (rows, size), (before, size_before) = (_extent(db, one.id) for one in final[:2])
    if cleanrooms.is_room(db, product):
        rows = None
    grown = None if rows is None or before is None else rows - before
    return Growth(grown, size - size_before, final[-1].finalised_us or 0)


def _extent(db: Connection, release: int) -> tuple[int | None, int]:
    """Return the rows of a release's tables (None: not examined) and its bytes."""
    found = reports.of_release(db, release).values()
    rows = [table["rows"] for one in found for table in one.tables]
    size = sum(file.size for file in releases.files_of(db, release))
    return sum(rows) if rows else None, size


def of_product(db: Connection, product: int) -> Quality | None:
    """Return the quality of what a product delivers today; None before a release.

    Everybody may see it. If any instrument sells a clean room, it tells no more of
    the tables than their columns: figures of the rows beside the room's answers would
    give away what the room leaves out. Nor does it show values of columns that a
    licence masks.
    """
    newest = releases.newest(db, product)
    if newest is None:
        return None
    found = of_release(db, newest.id)
    if not cleanrooms.is_room(db, product):
        return _without(found, cuts.masked_of(db, product))
    shown = [dictionary.structure(table) for table in found.tables]
    return found._replace(tables=shown, moved=[], examinations={})


def _without(found: Quality, masked: set[str]) -> Quality:
    if not masked:
        return found
    every = {str(c["name"]) for table in found.tables for c in table["columns"]}
    kept = {name for name in every if name.lower() in masked}
    shown = [dictionary.guarded(t, kept, declared=False) for t in found.tables]
    moved = [
        one._replace(shifts=[s for s in one.shifts if s.column.lower() not in masked])
        for one in found.moved
    ]
    return found._replace(tables=shown, moved=moved, examinations={})


def of_release(db: Connection, release: int) -> Quality:
    """Return the quality of a release, final or not; NotFound if there is none."""
    found = releases.get(db, release)
    row = products.find(db, found.product)
    facts = products.facts_of(row)
    # What is proposed may be stricter than what is registered, never milder.
    said = (*facts.dictionary, *products.listed_facts(row).dictionary)
    persons = dictionary.of_persons(said)
    examined = reports.of_release(db, release)
    by_file = list(examined.values())
    judged = scores.score(facts, by_file, found.finalised_us or found.created_us)
    before = _before(db, found)
    profiles = [table for one in by_file for table in one.tables]
    return Quality(
        found.product,
        found.id,
        found.label,
        judged.share_bps,
        judged.dimensions,
        reports.schema(db, release),
        [dictionary.guarded(table, persons) for table in profiles],
        [one.service for one in by_file if one.service],
        [
            one._replace(shifts=[s for s in one.shifts if s.column not in persons])
            for one in drift.drift(before, profiles)
        ],
        examined,
    )


def _before(db: Connection, release: Release) -> list[dict[str, Any]]:
    """Return the profiles of the finalised release before this one."""
    r = tables.releases.c
    query = select(r.id).where(
        r.product == release.product, r.id < release.id, r.finalised_us.is_not(None)
    )
    former = db.scalar(query.order_by(r.id.desc()).limit(1))
    if former is None:
        return []
    found = reports.of_release(db, former)
    return [table for one in found.values() for table in one.tables]


def vendor_of(db: Connection, file: int) -> int:
    """Return the member whose product a file belongs to; NotFound without a file."""
    release = releases.get(db, releases.file_of(db, file).release)
    return int(products.find(db, release.product).vendor)
