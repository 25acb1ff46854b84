"""Releases: versions of what a product delivers; a finalised one never changes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from listings import products, schemas, tables
from listings.changes import touch
from listings.files import Stored, media_type
from listings.marking import N_
from listings.quality import reports
from settlement import clock
from settlement.errors import Invalid, NotFound, Refusal
from settlement.ids import encode
from settlement.store import in_turn, next_numbers

NAME_MAX = 200  # characters of a file's name
FILES_MAX = 1_000  # of one release
OF_PRODUCT_MAX = 10_000
NOTES_MAX = 20_000
REASON_MAX = 2_000  # characters
NOTICE_DAYS = 30  # before a breaking schema is served; the setting SCHEMA_NOTICE_DAYS
FETCHED_LATER = ("queued", "fetching")  # states of what is still to come
LABEL = re.compile(r"[\w.+-][\w.+ -]{0,39}")
NAME = re.compile(r"[\w(（\[][\w.+()（）\[\], -]*")


class Release(NamedTuple):
    """One version of a product's content."""

    id: int
    product: int
    label: str
    notes_zh: str
    notes_en: str
    created_us: int
    finalised_us: int | None  # None: still being put together
    live_us: int | None  # from when on it is served; later than final if it breaks
    revoked_us: int | None
    revoked_reason: str | None
    schema: str | None  # JSON, see `listings.schemas`
    changes: str | None  # JSON, against the one served before

    @property
    def difference(self) -> tuple[schemas.Difference, ...]:
        """What changed in the schema against the release that was served before."""
        return schemas.differences_from(self.changes)

    @property
    def breaking(self) -> bool:
        """Whether the change of schema breaks what holders built on the old one."""
        return any(each.breaking for each in self.difference)

    def is_served(self, now_us: int) -> bool:
        """Tell whether holders may fetch it at *now_us*."""
        live = self.live_us is not None and self.live_us <= now_us
        return live and self.revoked_us is None


class File(NamedTuple):
    """A file of a release."""

    id: int
    release: int
    name: str
    size: int  # bytes
    sha256: str
    media_type: str
    storage_key: str


@dataclass(eq=False)
class NotRevocable(Refusal):
    """Only a final release that is still served can be revoked."""

    label: str


@dataclass(eq=False)
class Revoked(Refusal):
    """The vendor revoked this release; the newest one is served instead."""

    label: str
    reason: str


@dataclass(eq=False)
class Finalised(Refusal):
    """A finalised release never changes; make a new one."""

    label: str


@dataclass(eq=False)
class BeingFetched(Refusal):
    """A file of this release is still being fetched; wait for it or cancel it."""

    name: str
    retry_after_s: int = reports.RETRY_S


def begin(
    db: Connection, product: int, label: str, notes_zh: str = "", notes_en: str = ""
) -> int:
    """Begin a release of a product; return its number. Invalid for a label in use."""
    _check(label, notes_zh, notes_en)
    (number,) = next_numbers(db, tables.releases.c.id)
    present = db.execute(
        select(tables.releases.c.label).where(tables.releases.c.product == product)
    )
    labels = {row.label for row in present}
    if label in labels:
        raise Invalid({"label": [N_("This product has a release with this label.")]})
    if len(labels) >= OF_PRODUCT_MAX:
        raise Invalid({"label": [N_("A product has at most 10,000 releases.")]})
    db.execute(
        insert(tables.releases).values(
            id=number,
            product=product,
            label=label,
            notes_zh=notes_zh,
            notes_en=notes_en,
            created_us=clock.now_us(),
        )
    )
    return number


def edit(
    db: Connection, release: int, label: str, notes_zh: str, notes_en: str
) -> None:
    """Give a release another label and notes; Finalised once it is."""
    _check(label, notes_zh, notes_en)
    found = _open(db, release)
    same = select(tables.releases.c.id).where(
        tables.releases.c.product == found.product,
        tables.releases.c.label == label,
        tables.releases.c.id != release,
    )
    if db.execute(same).first():
        raise Invalid({"label": [N_("This product has a release with this label.")]})
    db.execute(
        update(tables.releases)
        .where(tables.releases.c.id == release)
        .values(label=label, notes_zh=notes_zh, notes_en=notes_en)
    )


def add_file(db: Connection, release: int, name: str, stored: Stored) -> int:
    """Add a stored file to a release; return its number. Finalised once it is."""
    found = admit_name(db, release, name)
    (number,) = next_numbers(db, tables.files.c.id)
    db.execute(
        insert(tables.files).values(
            id=number,
            release=found.id,
            name=name,
            size=stored.size,
            sha256=stored.sha256,
            media_type=media_type(name),
            storage_key=stored.key,
        )
    )
    return number


def admit_name(db: Connection, release: int, name: str) -> Release:
    """Return an open release that may take a file of that name; Invalid says why not.

    Finalised once it is.
    """
    found = _open(db, release)
    if len(name) > NAME_MAX or not NAME.fullmatch(name):
        raise Invalid({"name": [N_("Use letters, digits and . - _ in a file name.")]})
    names = {file.name for file in files_of(db, release)}
    if name in names:
        raise Invalid({"name": [N_("This release has a file with this name.")]})
    if len(names) >= FILES_MAX:
        raise Invalid({"name": [N_("A release has at most 1,000 files.")]})
    return found


def remove_file(db: Connection, file: int) -> None:
    """Take a file out of a release; Finalised once that is."""
    found = file_of(db, file)
    _open(db, found.release)
    db.execute(delete(tables.files).where(tables.files.c.id == file))


def finalise(db: Connection, release: int, notice_days: int = NOTICE_DAYS) -> None:
    """End the work on a release: from now on it never changes.

    Invalid if it has no files, Finalised if it is already; Quarantined, BeingExamined
    or BeingFetched because of a file. On the market a schema that breaks the one served
    until now is served only after *notice_days* (features N14); see `bring_forward`.
    """
    found = _open(db, release)
    _wait_for_fetches(db, release)
    if not files_of(db, release):
        raise Invalid({"files": [N_("Add at least one file.")]})
    reports.permit(db, release)
    before, schema = newest(db, found.product), _schema(db, found)
    known = schemas.fields_from(before.schema) if before else ()
    changes = schemas.compare(known, schema)
    now_us = clock.now_us()
    waits = any(each.breaking for each in changes) and _is_listed(db, found.product)
    db.execute(
        update(tables.releases)
        .where(
            tables.releases.c.id == release, tables.releases.c.finalised_us.is_(None)
        )
        .values(
            finalised_us=now_us,
            live_us=now_us + (notice_days * clock.DAY_US if waits else 0),
            schema=schemas.dump(schema),
            changes=schemas.dump(changes),
        )
    )
    touch(db, [found.product])


def bring_forward(db: Connection, release: int) -> None:
    """Serve a release that waits from now on: nobody is affected, or all accepted."""
    found = get(db, release)
    now_us = max(clock.now_us(), found.finalised_us or 0)
    waiting = (tables.releases.c.id == release, tables.releases.c.live_us > now_us)
    db.execute(update(tables.releases).where(*waiting).values(live_us=now_us))
    touch(db, [found.product])


def revoke(db: Connection, release: int, reason: str) -> None:
    """Serve a final release no longer, with the *reason* for all who hold it.

    What it was stays on record. NotRevocable if it is not final or revoked.
    """
    said = reason.strip()
    if not 0 < len(said) <= REASON_MAX:
        raise Invalid({"reason": [N_("Give the reason, in at most 2,000 characters.")]})
    in_turn(db)
    found = get(db, release)
    if found.finalised_us is None or found.revoked_us is not None:
        raise NotRevocable(found.label)
    db.execute(
        update(tables.releases)
        .where(tables.releases.c.id == release)
        .values(revoked_us=clock.now_us(), revoked_reason=said)
    )
    touch(db, [found.product])


def _schema(db: Connection, found: Release) -> tuple[schemas.Field, ...]:
    """Return the schema computed from the files, else the declared dictionary's."""
    computed = reports.schema(db, found.id)
    if computed:
        return tuple(schemas.Field(*column) for column in computed)
    facts = products.facts_of(products.find(db, found.product))
    return schemas.declared(facts.dictionary)


def _is_listed(db: Connection, product: int) -> bool:
    listings = tables.listings.c
    query = select(listings.product).where(
        listings.product == product, listings.admitted_us.is_not(None)
    )
    return db.execute(query).first() is not None


def get(db: Connection, number: int) -> Release:
    """Return a release; NotFound if there is none."""
    query = select(tables.releases).where(tables.releases.c.id == number)
    row = db.execute(query).first()
    if row is None:
        raise NotFound("release", encode("release", number))
    return Release(*row)


def of_product(db: Connection, product: int) -> list[Release]:
    """Return the releases of a product, newest first."""
    query = (
        select(tables.releases)
        .where(tables.releases.c.product == product)
        .order_by(tables.releases.c.id.desc())
    )
    return [Release(*row) for row in db.execute(query)]


def newest(db: Connection, product: int) -> Release | None:
    """Return the newest release that is served now: final, live, not revoked."""
    now_us = clock.now_us()
    found = (one for one in of_product(db, product) if one.is_served(now_us))
    return next(found, None)


def waiting(db: Connection, products: Iterable[int]) -> list[Release]:
    """Return the releases of *products* that will be served later, soonest first."""
    r = tables.releases.c
    query = (
        select(tables.releases)
        .where(r.product.in_(list(products)), r.live_us > clock.now_us())
        .where(r.revoked_us.is_(None))
        .order_by(r.live_us, r.id)
    )
    return [Release(*row) for row in db.execute(query)]


def served(
    db: Connection, release: int, history: int | None, future: int | None
) -> list[Release]:
    """Return what a right bought with *release* opens now, newest first.

    Beside it *history* older and *future* later ones (None: all) that are served; if
    none of these is left because they were revoked, the newest that is served.
    """
    now_us = clock.now_us()
    product = get(db, release).product
    there = [one for one in of_product(db, product) if one.is_served(now_us)]
    later = [one for one in there if one.id > release]
    older = [one for one in there if one.id < release]
    own = [one for one in there if one.id == release]
    first = 0 if future is None else max(len(later) - future, 0)  # newest first
    kept_older = older if history is None else older[:history]
    return [*later[first:], *own, *kept_older] or there[:1]


def files_of(db: Connection, release: int) -> list[File]:
    """Return the files of a release by name."""
    query = (
        select(tables.files)
        .where(tables.files.c.release == release)
        .order_by(tables.files.c.name)
    )
    return [File(*row) for row in db.execute(query)]


def file_of(db: Connection, number: int) -> File:
    """Return a file; NotFound if there is none."""
    query = select(tables.files).where(tables.files.c.id == number)
    row = db.execute(query).first()
    if row is None:
        raise NotFound("file", encode("file", number))
    return File(*row)


def _wait_for_fetches(db: Connection, release: int) -> None:
    f = tables.fetches.c
    query = select(f.name).where(f.release == release, f.state.in_(FETCHED_LATER))
    if (name := db.scalar(query.order_by(f.id).limit(1))) is not None:
        raise BeingFetched(name)


def _open(db: Connection, release: int) -> Release:
    """Return a release that is not finalised, keeping it so until the commit."""
    in_turn(db)
    found = get(db, release)
    if found.finalised_us is not None:
        raise Finalised(found.label)
    return found


def _check(label: str, notes_zh: str, notes_en: str) -> None:
    problems: dict[str, list[str]] = {}
    if not LABEL.fullmatch(label):
        problems["label"] = [N_("Give a short label, such as 2026-11 or 1.0.")]
    for field, notes in (("notes_zh", notes_zh), ("notes_en", notes_en)):
        if len(notes) > NOTES_MAX:
            problems[field] = [N_("This text is too long.")]
    if problems:
        raise Invalid(problems)
