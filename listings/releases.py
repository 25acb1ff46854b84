"""Releases: versions of what a product delivers; a finalised one never changes."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select, update

from listings import tables
from listings.changes import touch
from listings.files import Stored, media_type
from listings.numbers import in_turn, next_numbers
from listings.quality import reports
from listings.vocabulary import N_
from settlement import clock
from settlement.errors import Invalid, NotFound, Refusal
from settlement.ids import encode

NAME_MAX = 200  # characters of a file's name
FILES_MAX = 1_000  # of one release
OF_PRODUCT_MAX = 10_000
NOTES_MAX = 20_000
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
class Finalised(Refusal):
    """A finalised release never changes; make a new one."""

    label: str


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
    found = _open(db, release)
    if len(name) > NAME_MAX or not NAME.fullmatch(name):
        raise Invalid({"name": [N_("Use letters, digits and . - _ in a file name.")]})
    names = {file.name for file in files_of(db, release)}
    if name in names:
        raise Invalid({"name": [N_("This release has a file with this name.")]})
    if len(names) >= FILES_MAX:
        raise Invalid({"name": [N_("A release has at most 1,000 files.")]})
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


def remove_file(db: Connection, file: int) -> None:
    """Take a file out of a release; Finalised once that is."""
    found = file_of(db, file)
    _open(db, found.release)
    db.execute(delete(tables.files).where(tables.files.c.id == file))


def finalise(db: Connection, release: int) -> None:
    """End the work on a release: from now on it never changes.

    Invalid if it has no files, Finalised if it is already; Quarantined or
    BeingExamined because of a file.
    """
    found = _open(db, release)
    if not files_of(db, release):
        raise Invalid({"files": [N_("Add at least one file.")]})
    reports.permit(db, release)
    db.execute(
        update(tables.releases)
        .where(
            tables.releases.c.id == release, tables.releases.c.finalised_us.is_(None)
        )
        .values(finalised_us=clock.now_us())
    )
    touch(db, [found.product])


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
    """Return the newest finalised release of a product: what is delivered today."""
    query = (
        select(tables.releases)
        .where(
            tables.releases.c.product == product,
            tables.releases.c.finalised_us.is_not(None),
        )
        .order_by(tables.releases.c.id.desc())
        .limit(1)
    )
    row = db.execute(query).first()
    return None if row is None else Release(*row)


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
