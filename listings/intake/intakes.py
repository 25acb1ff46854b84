"""Intakes: begin, correct, look at what would happen, create drafts, look back.

An entry is known by the vendor, the name of its source and its number there, so that
the same file again changes nothing. What a vendor has edited since is left alone.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, insert, select, update

from listings import products
from listings.formats.columns import SYNONYMS
from listings.formats.entry import Described
from listings.formats.rows import Read
from listings.formats.table import Choice
from listings.intake import tables
from listings.intake.recognition import Recognised, entries
from listings.licences import Licence
from listings.marking import N_
from listings.products import Facts
from listings.spdx import NOT_STATED
from listings.tables import products as stored
from settlement import clock
from settlement.errors import Invalid, NotFound, Refusal
from settlement.ids import encode
from settlement.store import in_turn, next_numbers

BATCH = 200  # entries of one transaction
SOURCE_MAX = 80  # characters
MAPPINGS_MAX = 100  # of one member
OPEN_MAX = 1_000  # intakes of one member
OUTCOMES = ("created", "updated", "unchanged", "refused")
LICENCE = "licence"  # where `extra` keeps a licence that the file states
SOURCE = re.compile(r"[^\x00-\x1f\x7f:]+")
TWICE = N_("The number occurs twice in this file.")
EDITED = N_("It was edited here since; the change is not taken.")
NOT_TAKEN = N_("It is beyond its draft: change it on its page.")


@dataclass(eq=False)
class TooManyIntakes(Refusal):
    """There are too many imports already."""

    most: int


class Intake(NamedTuple):
    """A file on its way to drafts."""

    id: int
    vendor: int
    by_user: int
    name: str
    source: str
    storage_key: str
    form: str
    choice: Choice
    mapping: dict[str, str]
    state: str
    total: int
    done: int
    created_us: int


class Outcome(NamedTuple):
    """What became of an entry, or would become of it."""

    number: int
    place: str
    title: str
    outcome: str  # created, updated, unchanged, refused
    product: int | None
    remarks: tuple[tuple[str, str], ...]


def begin(
    db: Connection,
    vendor: int,
    by: int,
    name: str,
    storage_key: str,
    known: Recognised,
    mapping: Mapping[str, str],
    total: int,
) -> int:
    """Begin the intake of a stored file; return its number."""
    (number,) = next_numbers(db, tables.intakes.c.id)
    mine = select(tables.intakes.c.id).where(tables.intakes.c.vendor == vendor)
    if len(db.execute(mine.limit(OPEN_MAX)).all()) >= OPEN_MAX:
        raise TooManyIntakes(OPEN_MAX)
    stem = re.sub(r"[\x00-\x1f\x7f:]+", " ", name.rpartition(".")[0] or name)
    db.execute(
        insert(tables.intakes).values(
            id=number,
            vendor=vendor,
            by_user=by,
            name=name[-200:],
            source=stem[:SOURCE_MAX].strip() or "1",
            storage_key=storage_key,
            form=known.form,
            choice=json.dumps(known.table.chosen if known.table else Choice()),
            mapping=json.dumps(dict(mapping)),
            state="open",
            total=total,
            done=0,
            created_us=clock.now_us(),
        )
    )
    return number


def get(db: Connection, number: int, vendor: int) -> Intake:
    """Return an intake of a member; NotFound for all others."""
    t = tables.intakes
    row = db.execute(select(t).where(t.c.id == number, t.c.vendor == vendor)).first()
    if row is None:
        raise NotFound("intake", encode("intake", number))
    return _intake(row)


def of_vendor(
    db: Connection, vendor: int, before: int | None = None, limit: int = 50
) -> list[Intake]:
    """Return the intakes of a member, newest first."""
    t = tables.intakes
    query = select(t).where(t.c.vendor == vendor)
    if before is not None:
        query = query.where(t.c.id < before)
    return [
        _intake(row) for row in db.execute(query.order_by(t.c.id.desc()).limit(limit))
    ]


def _intake(row: Row[Any]) -> Intake:
    read = row._mapping  # noqa: SLF001 (SQLAlchemy's public name)
    parsed = {
        "choice": Choice(*json.loads(row.choice)),
        "mapping": json.loads(row.mapping),
    }
    return Intake(*(parsed.get(f, read[f]) for f in Intake._fields))


def correct(
    db: Connection,
    intake: Intake,
    source: str,
    known: Recognised,
    mapping: Mapping[str, str],
    total: int,
) -> None:
    """Take the vendor's corrections; Invalid if a field is given to two columns."""
    refuse_mapping(mapping)
    if not source or len(source) > SOURCE_MAX or not SOURCE.fullmatch(source):
        raise Invalid({"source": [N_("Give a short name without colons.")]})
    t = tables.intakes
    db.execute(
        update(t)
        .where(t.c.id == intake.id, t.c.state == "open")
        .values(
            source=source,
            form=known.form,
            choice=json.dumps(known.table.chosen if known.table else Choice()),
            mapping=json.dumps(dict(mapping)),
            total=total,
        )
    )


def refuse_mapping(mapping: Mapping[str, str]) -> None:
    """Refuse a mapping with unknown fields or the same field twice, by field."""
    counts = Counter(field for field in mapping.values() if field)
    problems = {
        field: [N_("Choose this for one column only.")]
        for field, count in counts.items()
        if count > 1
    }
    problems |= {
        field: [N_("Choose one of the list.")] for field in counts.keys() - SYNONYMS
    }
    products.refuse(problems)


# ── saved mappings ──


def save_mapping(
    db: Connection, vendor: int, name: str, mapping: Mapping[str, str]
) -> None:
    """Save a mapping under a name, in place of the one of that name."""
    refuse_mapping(mapping)
    t = tables.mappings
    if not name.strip() or len(name) > SOURCE_MAX:
        raise Invalid({"save_as": [N_("Give a short name.")]})
    if len(saved(db, vendor).keys() - {name}) >= MAPPINGS_MAX:
        raise Invalid({"save_as": [N_("There are too many saved mappings.")]})
    db.execute(delete(t).where(t.c.vendor == vendor, t.c.name == name))
    text = json.dumps(dict(mapping))
    db.execute(insert(t).values(vendor=vendor, name=name, mapping=text))


def saved(db: Connection, vendor: int) -> dict[str, dict[str, str]]:
    """Return the saved mappings of a member by name."""
    t = tables.mappings
    query = select(t.c.name, t.c.mapping).where(t.c.vendor == vendor).order_by(t.c.name)
    return {row.name: json.loads(row.mapping) for row in db.execute(query)}


# ── entries ──


def preview(
    db: Connection,
    intake: Intake,
    data: bytes,
    known: Recognised,
    most: int | None = None,
    after: int = 0,
) -> list[Outcome]:
    """Return what would become of the entries, or of the *most* after a number."""
    numbered = enumerate(entries(data, known, intake.mapping), 1)
    seen = {_number(read) for _, (_, read) in islice(numbered, after)}
    return _judged(db, intake, list(islice(numbered, most)), seen, None)


def step(
    db: Connection, intake: Intake, data: bytes, known: Recognised
) -> list[Outcome]:
    """Create or update the drafts of the next batch; return what became of them.

    Call it again until the intake is done: each batch is one transaction, and an
    interrupted intake goes on where it stood.
    """
    in_turn(db)
    intake = get(db, intake.id, intake.vendor)
    numbered = list(enumerate(entries(data, known, intake.mapping), 1))
    seen = {_number(read) for _, (_, read) in numbered[: intake.done]}
    batch = numbered[intake.done : intake.done + BATCH]
    made = _judged(db, intake, batch, seen, intake.by_user)
    if made:
        rows = [
            {
                "intake": intake.id,
                **line._asdict(),
                "remarks": json.dumps(line.remarks),
            }
            for line in made
        ]
        db.execute(insert(tables.outcomes), rows)
    done = min(intake.done + len(batch), intake.total)
    t = tables.intakes
    state = "running" if intake.done + BATCH < len(numbered) else "done"
    db.execute(update(t).where(t.c.id == intake.id).values(done=done, state=state))
    return made


def outcomes_of(
    db: Connection, intake: int, after: int = 0, limit: int = 1_000
) -> list[Outcome]:
    """Return what became of the entries after a number, in their order."""
    t = tables.outcomes
    query = (
        select(t)
        .where(t.c.intake == intake, t.c.number > after)
        .order_by(t.c.number)
        .limit(limit)
    )
    return [
        Outcome._make((*row[1:-1], tuple(map(tuple, json.loads(row.remarks)))))
        for row in db.execute(query)
    ]


def counted(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """Return how many entries have each outcome."""
    counts = Counter(line.outcome for line in outcomes)
    return {
        name: counts[name] for name in ("created", "updated", "unchanged", "refused")
    }


def _number(read: Read) -> str:
    return read.found.id


def _judged(
    db: Connection,
    intake: Intake,
    batch: list[tuple[int, tuple[str, Read]]],
    seen: set[str],
    by: int | None,
) -> list[Outcome]:
    """Judge each entry and, if *by* a user, carry it out."""
    origin = f"{encode('member', intake.vendor)}:{intake.source}"
    wanted = [read.found.id for _, (_, read) in batch]
    present = _present(db, origin, wanted)
    made = []
    for number, (place, read) in batch:
        found = read.found
        title, remarks = found.id[: products.TITLE_MAX], read.remarks
        if isinstance(found, Described):
            title = found.facts.title_zh or found.facts.title_en
            is_new = found.id not in seen
            seen.add(found.id)
            judge = _write if is_new else _twice
            outcome, product, more = judge(db, intake, origin, found, present, by)
            remarks += more
        else:
            outcome, product = "refused", None
            remarks += (("", found.reason),)
        made.append(Outcome(number, place, _clean(title), outcome, product, remarks))
    return made


def _clean(text: str) -> str:
    return products.CONTROL.sub("", text)


Judged = tuple[str, int | None, tuple[tuple[str, str], ...]]


def _twice(*_: Any) -> Judged:
    return "refused", None, (("id", TWICE),)


def _write(
    db: Connection,
    intake: Intake,
    origin: str,
    found: Described,
    present: Mapping[str, Row[Any]],
    by: int | None,
) -> Judged:
    """Return what becomes of a sound entry; *by* None: only what would."""
    facts = _with_licence(found.facts, found.licence)
    if wrong := _wrong(found.id, facts):
        return "refused", None, wrong
    digest = _digest(facts)
    row = present.get(found.id)
    if row is None:
        number = None
        if by is not None:
            number = products.draft(db, intake.vendor, facts, by)
            _mark(db, number, digest, {"origin": origin, "origin_id": found.id})
        return "created", number, ()
    if row.origin_sha256 == digest:
        return "unchanged", row.id, ()
    is_edited = _digest(products.facts_of(row)) != row.origin_sha256
    if is_edited or row.state not in products.EDITABLE:
        return "refused", row.id, (("", EDITED if is_edited else NOT_TAKEN),)
    if by is not None:
        products.edit(db, row.id, facts, row.version, by)
        _mark(db, row.id, digest, {})
    return "updated", row.id, ()


def _wrong(number: str, facts: Facts) -> tuple[tuple[str, str], ...]:
    if products.CONTROL.search(number) or len(number) > products.SUMMARY_MAX:
        return (("id", N_("Control characters are not text.")),)
    problems = products.wrong(facts)
    return tuple((field, text) for field, texts in problems.items() for text in texts)


def _with_licence(facts: Facts, licence: Licence) -> Facts:
    """Return the facts with the licence that the file states beside them."""
    if licence.code == NOT_STATED:
        return facts
    stated = {"code": licence.spdx or licence.code, "title": licence.title_en}
    extra = dict(facts.extra or {})
    extra.setdefault(LICENCE, stated | ({"url": licence.url} if licence.url else {}))
    return facts._replace(extra=extra)


def _present(db: Connection, origin: str, ids: list[str]) -> dict[str, Row[Any]]:
    query = select(stored).where(stored.c.origin == origin, stored.c.origin_id.in_(ids))
    return {row.origin_id: row for row in db.execute(query)}


def _mark(db: Connection, number: int, digest: str, more: Mapping[str, str]) -> None:
    """Remember what an entry was when it came, to see who changed it since."""
    changed = update(stored).where(stored.c.id == number)
    db.execute(changed.values(origin_sha256=digest, **more))


def _digest(facts: Facts) -> str:
    text = json.dumps(facts._asdict(), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
