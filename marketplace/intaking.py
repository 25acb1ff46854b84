"""Imports of a vendor's own catalogue, step by step, for the pages and the API."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, NamedTuple

from sqlalchemy import Connection

from listings.formats.documents import DOCUMENT_MAX
from listings.formats.table import Choice
from listings.intake import intakes
from listings.intake.intakes import Intake, Outcome
from listings.intake.recognition import Recognised, entries, recognise, suggested
from listings.marking import N_
from marketplace.members.users import User
from marketplace.services import Services
from settlement import clock
from settlement.errors import Invalid

STEP_S = 4  # of creating drafts in one request

Typed = Callable[[Sequence[str]], Mapping[str, str]]


class Settings(NamedTuple):
    """How a file is read, and what its columns are."""

    source: str
    form: str
    choice: Choice
    saved: str = ""  # the name of a mapping to take
    save_as: str = ""  # the name to keep this one under
    typed: Typed | None = None  # column → field; None: as it was


def bring(parts: Services, by: User, name: str, stream: IO[bytes]) -> int:
    """Store a file, find out what it is, and begin its import; return its number."""
    stored = parts.files.put(stream, DOCUMENT_MAX)
    data = content(parts, stored.key)
    known = recognise(data)
    mapping = suggested(known.table) if known.table else {}
    total = sum(1 for _ in entries(data, known, mapping))
    with parts.writes.begin() as db:
        who = (by.member, by.id)
        return intakes.begin(db, *who, name, stored.key, known, mapping, total)


def content(parts: Services, key: str) -> bytes:
    """Return the bytes of a stored file."""
    with parts.files.open(key) as file:
        return file.read()


def opened(parts: Services, found: Intake) -> tuple[bytes, Recognised]:
    """Return the bytes of an import, and how they are understood."""
    data = content(parts, found.storage_key)
    return data, recognise(data, found.form, found.choice)


def correct(parts: Services, found: Intake, said: Settings) -> None:
    """Take corrections of how a file is read and what its columns are.

    If other columns come out of it, what they are is suggested anew. Invalid if a field
    is given to two columns, or a column is named that the file does not have.
    """
    with parts.reads.connect() as db:
        kept = intakes.saved(db, found.vendor).get(said.saved)
    data = content(parts, found.storage_key)
    known = recognise(data, said.form, said.choice)
    mapping = _mapping(known, found, kept, said.typed)
    total = sum(1 for _ in entries(data, known, mapping))
    with parts.writes.begin() as db:
        intakes.correct(db, found, said.source, known, mapping, total)
        if said.save_as:
            intakes.save_mapping(db, found.vendor, said.save_as, mapping)


def _mapping(
    known: Recognised,
    found: Intake,
    saved: Mapping[str, str] | None,
    typed: Typed | None,
) -> Mapping[str, str]:
    if known.table is None:
        return {}
    columns = known.table.columns
    if saved is not None or set(columns) != found.mapping.keys():
        return suggested(known.table, saved)
    if typed is None:
        return found.mapping
    said = typed(columns)
    if said.keys() - set(columns):
        raise Invalid({"mapping": [N_("The file has no such column.")]})
    return {column: said.get(column, "") for column in columns}


def create(parts: Services, found: Intake) -> Intake:
    """Create drafts for a few seconds; ask again until the import is done."""
    data, known = opened(parts, found)
    began_s = clock.elapsed_s()
    while found.state != "done":
        with parts.writes.begin() as db:
            intakes.step(db, found, data, known)
            found = intakes.get(db, found.id, found.vendor)
        if clock.elapsed_s() - began_s > STEP_S:
            break
    return found


def outcomes(
    parts: Services, db: Connection, found: Intake, after: int, most: int
) -> list[Outcome]:
    """Return what became of the entries after a number, or would become of them."""
    if found.state == "open":
        return intakes.preview(db, found, *opened(parts, found), most, after)
    return intakes.outcomes_of(db, found.id, after, most)


def all_outcomes(db: Connection, found: Intake) -> Iterator[Outcome]:
    """Yield what became of every entry."""
    after = 0
    while page := intakes.outcomes_of(db, found.id, after):
        yield from page
        after = page[-1].number
