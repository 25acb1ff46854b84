"""Imports: a catalogue of others becomes listings, and stays equal to it.

An entry is known by its catalogue and its id there. Its hash tells whether it changed,
so a second run changes nothing. Prices do not exist in catalogues: what is not free is
"ask for a quote".
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, bindparam, or_, select, update

from listings import licences, products, tables
from listings.changes import touch
from listings.formats import akshare, aws_registry, firstdata
from listings.formats.entry import Described, Found, Rejected, Stray
from listings.products import Facts
from listings.registration.deadlines import TERM_US
from settlement import clock, store
from settlement.errors import Refusal
from settlement.money import INSTRUMENT_MIN
from settlement.store import in_turn, next_numbers

FORMATS: dict[str, ModuleType] = {
    module.NAME: module for module in (firstdata, aws_registry, akshare)
}
RULES = "2"  # changes when the same entry is to be read differently
BATCH = 250  # entries in one transaction: short enough for those who wait to write
OPERATOR = 0  # the user that acts at the command line


@dataclass(eq=False)
class UnknownCatalogue(Refusal):
    """There is no importer for this catalogue."""

    catalogue: str
    importers: list[str]


@dataclass(slots=True)
class Report:
    """What an import did with each entry."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[Rejected] = field(default_factory=list)
    strays: list[Stray] = field(default_factory=list)
    classes: Counter[str] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)

    @property
    def entries(self) -> int:
        """How many entries there were."""
        return self.created + self.updated + self.unchanged + len(self.refused)


class _Present(NamedTuple):
    """What is stored of an entry."""

    product: int
    vendor: int
    version: int
    edited_by: int
    sha256: str


def run(
    engine: Engine,
    name: str,
    paths: Sequence[Path],
    vendor: int,
    progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Import the catalogue *name* from the files at *paths* for the member *vendor*.

    UnknownCatalogue if there is no such importer. *progress* is told how many entries
    are done. Each batch is one transaction; an interrupted import is continued by
    running it again.
    """
    if name not in FORMATS:
        raise UnknownCatalogue(name, sorted(FORMATS))
    report, seen = Report(), set[str]()
    entries = iter(FORMATS[name].read(paths))
    done = 0
    while batch := list(islice(entries, BATCH)):
        described = list(_sound(batch, report, seen))
        with engine.begin() as db:
            _store(db, name, vendor, described, report)
        done += len(batch)
        progress(done)
    return report


def _sound(batch: list[Found], report: Report, seen: set[str]) -> Iterator[Described]:
    """Yield the entries that can be stored; report the others with the reason."""
    for found in batch:
        if isinstance(found, Stray):
            report.strays.append(found)
        elif isinstance(found, Rejected):
            report.refused.append(found)
        elif products.CONTROL.search(found.id):
            report.refused.append(Rejected(ascii(found.id)[1:-1], "the id is no text"))
        elif found.id in seen:
            report.refused.append(Rejected(found.id, "the id occurs twice"))
        elif products.SURROGATE.search(products.dump(found.raw)):
            why = "it has characters that are no text"
            report.refused.append(Rejected(found.id, why))
        elif wrong := products.wrong(found.facts):
            reasons = "; ".join(f"{f}: {' '.join(t)}" for f, t in wrong.items())
            report.refused.append(Rejected(found.id, reasons))
        else:
            seen.add(found.id)
            yield found._replace(facts=_declared(found.facts))


# What the operator states of an entry that it lists from a public catalogue. It is
# honest about what nobody has examined; there are no opinions and no attachments.
UNEXAMINED = (
    "本条目由交易所运营方从公开目录收录（公开数据获取），仅为描述，数据由原发布方按其条款提供。"
    "未核实：权利链条、数据分级、是否含个人信息；没有第三方评估意见。\n"
    "Listed by the operator of the exchange from a public catalogue (collection of"
    " public data). It is a description only; the data comes from its publisher under"
    " the publisher's terms. Not examined: the chain of rights, the class of"
    " sensitivity, whether it holds personal information. There are no opinions of"
    " third parties."
)


def _declared(facts: Facts) -> Facts:
    """Return the facts with the operator's own statement of their source."""
    return facts._replace(source_route="public_collection", source_statement=UNEXAMINED)


def _store(
    db: Connection,
    name: str,
    vendor: int,
    described: list[Described],
    report: Report,
) -> None:
    """Write a batch: new entries, changed ones; leave the rest alone."""
    in_turn(db)
    present = _present(db, name, [entry.id for entry in described])
    new, changed = [], []
    for entry in described:
        known, digest = present.get(entry.id), _digest(entry)
        if known is None:
            new.append((entry, digest))
        elif known.vendor != vendor:
            report.refused.append(Rejected(entry.id, "it belongs to another vendor"))
            continue
        elif known.sha256 == digest:
            report.unchanged += 1
        elif known.edited_by != OPERATOR:
            why = "its vendor has edited it since; the catalogue's change is not taken"
            report.refused.append(Rejected(entry.id, why))
            continue
        else:
            changed.append((known, entry, digest))
        report.classes[entry.facts.kind] += 1
        report.modes[entry.mode] += 1
    wanted = [entry.licence for entry, _ in new] + [e.licence for _, e, _ in changed]
    numbers = licences.ensure(db, wanted)
    _create(db, name, vendor, new, numbers)
    _update(db, changed, numbers)
    report.created += len(new)
    report.updated += len(changed)


def _present(db: Connection, name: str, ids: list[str]) -> dict[str, _Present]:
    p = tables.products
    query = select(
        *(p.c.origin_id, p.c.id, p.c.vendor, p.c.version, p.c.edited_by),
        p.c.origin_sha256,
    ).where(p.c.origin == name, p.c.origin_id.in_(ids))
    return {row.origin_id: _Present(*row[1:]) for row in db.execute(query)}


def _digest(entry: Described) -> str:
    """Return the SHA-256 of an entry as the catalogue has it, and of our reading it."""
    text = json.dumps([RULES, entry.raw], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


Licences = dict[tuple[str, str], int]


def _create(
    db: Connection,
    name: str,
    vendor: int,
    new: list[tuple[Described, str]],
    licence_of: Licences,
) -> None:
    """Write new products, registered and listed, each with its one instrument."""
    if not new:
        return
    now_us = clock.now_us()
    count, prefix = len(new), FORMATS[name].PREFIX
    ids = next_numbers(db, tables.products.c.id, count)
    units = next_numbers(db, tables.instruments.c.id, count, INSTRUMENT_MIN)
    steps = next_numbers(db, tables.reviews.c.id, count)
    described = [
        _row(
            entry.facts,
            id=product,
            vendor=vendor,
            state="registered",
            version=1,
            origin=name,
            origin_id=entry.id,
            origin_sha256=digest,
            proposed=None,
            created_us=now_us,
            changed_us=now_us,
            edited_by=OPERATOR,
            notice_until_us=None,
        )
        for product, (entry, digest) in zip(ids, new, strict=True)
    ]
    store.insert(db, tables.products, described)
    first = [
        (product, 1, entry.facts) for product, (entry, _) in zip(ids, new, strict=True)
    ]
    listed = [
        (product, "listed", 1, number, now_us, now_us, 0, now_us, "")
        for product, number in zip(ids, _register(db, first, now_us), strict=True)
    ]
    store.insert(db, tables.listings, listed)
    traded = [
        (
            *(unit, product, licence_of[entry.licence.code, entry.licence.version]),
            *(f"{prefix}-{product}", 1, 1, 1, entry.mode, None, None, 0),
            *("listed", now_us, None, None, None, None, 0, 0),
        )
        for unit, product, (entry, _) in zip(units, ids, new, strict=True)
    ]
    store.insert(db, tables.instruments, traded)
    reviewed = [
        (step, product, 1, now_us, OPERATOR, "listing", "admit", "listed", "{}")
        for step, product in zip(steps, ids, strict=True)
    ]
    store.insert(db, tables.reviews, reviewed)
    touch(db, ids)


def _row(facts: Facts, **others: Any) -> tuple[Any, ...]:
    """Return a product's row in the order of the table's columns."""
    values = products.columns(facts) | others
    return tuple(values[column.name] for column in tables.products.columns)


def _register(
    db: Connection, versions: list[tuple[int, int, Facts]], now_us: int
) -> range:
    """Give each (product, version, facts) its certificate number; return them."""
    numbers = next_numbers(db, tables.registrations.c.number, len(versions))
    rows = [
        (
            *(number, product, version, now_us, OPERATOR, now_us + TERM_US),
            products.dump(facts._asdict()),
        )
        for number, (product, version, facts) in zip(numbers, versions, strict=True)
    ]
    store.insert(db, tables.registrations, rows)
    return numbers


def _update(
    db: Connection,
    changed: list[tuple[_Present, Described, str]],
    licence_of: Licences,
) -> None:
    """Bring changed entries up to date; their instruments keep symbol and currency."""
    if not changed:
        return
    now_us = clock.now_us()
    p, i = tables.products, tables.instruments
    facts = [
        products.columns(entry.facts)
        | {"version": known.version + 1, "changed_us": now_us}
        | {"origin_sha256": digest, "key": known.product}
        for known, entry, digest in changed
    ]
    names = [name for name in facts[0] if name != "key"]
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    db.execute(
        update(p).where(p.c.id == bindparam("key")).values(values),
        [
            {"key": row["key"]} | {f"new_{name}": row[name] for name in names}
            for row in facts
        ],
    )
    db.execute(
        update(i)
        .where(
            i.c.product == bindparam("key"), or_(i.c.mode == "free", i.c.mode == "ask")
        )
        .values(licence=bindparam("new_licence"), mode=bindparam("new_mode")),
        [
            {
                "key": known.product,
                "new_licence": licence_of[entry.licence.code, entry.licence.version],
                "new_mode": entry.mode,
            }
            for known, entry, _ in changed
        ],
    )
    versions = [(k.product, k.version + 1, entry.facts) for k, entry, _ in changed]
    _register(db, versions, now_us)
    touch(db, [known.product for known, _, _ in changed])
