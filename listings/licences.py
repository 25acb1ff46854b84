"""Licences: the terms of use of a product, as text and as facts."""

import hashlib
import json
import unicodedata
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from listings import tables
from listings.marking import N_
from listings.vocabulary import WORLD, Name
from settlement import store
from settlement.errors import Invalid, NotFound
from settlement.store import in_turn, next_numbers

# What a buyer declares that the data is for; an instrument permits some of them.
PURPOSES = {
    "internal_analysis": Name("内部分析", "Internal analysis"),
    "product_development": Name("产品研发", "Product development"),
    "model_training": Name("模型训练", "Model training"),
    "academic_research": Name("学术研究", "Academic research"),
    "public_service": Name("公共服务", "Public service"),
    "display": Name("对外展示", "Display to others"),
    "redistribution": Name("再分发", "Redistribution"),
    "evaluation": Name("评估试用", "Evaluation"),
}
# What may be done with the data under a licence.
USES = {
    "access": Name("访问与查询", "Access and query"),
    "analysis": Name("分析", "Analyse"),
    "display": Name("对外展示", "Display to others"),
    "derive": Name("制作衍生成果", "Make derived works"),
    "train": Name("训练模型", "Train models"),
    "redistribute": Name("再分发原始数据", "Pass the data on"),
}

EXCLUSIVITY = {
    "none": Name("非独占", "Non-exclusive"),
    "sole": Name("排他", "Sole"),  # the vendor alone goes on using it as well
    "exclusive": Name("独占", "Exclusive"),
}


class Terms(NamedTuple):
    """A licence's terms as facts; the text prevails."""

    uses: tuple[str, ...]
    purposes: tuple[str, ...] = ()  # empty: any
    exclusivity: str = "none"  # of EXCLUSIVITY, in the field and territory
    field: str | None = None  # a sector code; None: any field
    territory: str = WORLD  # a region code
    term_days: int | None = None  # None: without end, or as the instrument says
    volume_max: int | None = None  # deliveries or calls; None: as the instrument says
    transfer: bool = False  # may the right be passed on to another member
    retention: str = "keep"  # after the term: "keep" or "delete"
    derivation: str = "internal"  # derived works: "none", "internal", "any"
    attribution: bool = False
    share_alike: bool = False
    on_request: tuple[str, ...] = ()  # purposes that need the vendor's word first
    delete_days: int = 30  # after the end, where retention is "delete"
    report_days: int | None = None  # how often use is reported; None: never

    @property
    def permitted(self) -> tuple[str, ...]:
        """Return the purposes that need nobody's word; empty: any."""
        if self.purposes or not self.on_request:
            return self.purposes
        return tuple(code for code in PURPOSES if code not in self.on_request)

    def answer(self, purpose: str) -> str:
        """Return what a *purpose* is: "allowed", "on_request" or "forbidden"."""
        if purpose in self.on_request:
            return "on_request"
        named = not self.purposes or purpose in self.purposes
        return "allowed" if named else "forbidden"


class Licence(NamedTuple):
    """A licence: code and version name it, the hash names its text."""

    code: str  # of our own, an SPDX identifier, or LicenseRef-…
    version: str
    spdx: str | None
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str
    url: str
    terms: Terms | None  # None: nobody has read the text into facts; read it yourself
    id: int = 0
    owner: int | None = None  # the vendor that composed it; None: anybody's

    @property
    def sha256(self) -> str:
        """The SHA-256 of the canonical text, in hexadecimal."""
        return hashlib.sha256(canonical_text(self).encode()).hexdigest()


def canonical_text(licence: Licence) -> str:
    """Return what the hash is of: code, version, titles and texts in NFC, by lines."""
    parts = (
        *(f"{licence.code} {licence.version}", licence.title_zh, licence.text_zh),
        *(licence.title_en, licence.text_en, licence.url),
    )
    text = "\n".join(parts).replace("\r\n", "\n")
    return unicodedata.normalize("NFC", text)


def ensure(db: Connection, licences: Iterable[Licence]) -> dict[tuple[str, str], int]:
    """Put in the licences that are not there; return (code, version) → number.

    A text in use never changes: the same code and version with another text is a
    programmer's mistake.
    """
    wanted = {(licence.code, licence.version): licence for licence in licences}
    in_turn(db)
    known = {
        (row.code, row.version): row
        for row in db.execute(
            select(
                tables.licences.c.id,
                tables.licences.c.code,
                tables.licences.c.version,
                tables.licences.c.sha256,
            )
        )
    }
    missing = [licence for key, licence in wanted.items() if key not in known]
    for key in wanted.keys() & known.keys():
        assert wanted[key].sha256 == known[key].sha256, f"{key} has another text"
    numbers = next_numbers(db, tables.licences.c.id, len(missing))
    rows = [
        _row(licence, number) for licence, number in zip(missing, numbers, strict=True)
    ]
    store.insert(db, tables.licences, rows)
    made = {(row[1], row[2]): row[0] for row in rows}
    return {key: made.get(key) or known[key].id for key in wanted}


def get(db: Connection, number: int) -> Licence:
    """Return a licence; NotFound if there is none."""
    query = select(tables.licences).where(tables.licences.c.id == number)
    row = db.execute(query).first()
    if row is None:
        raise NotFound("licence", str(number))
    return from_row(row)


def offered(db: Connection, codes: Iterable[str] = ()) -> list[Licence]:
    """Return the newest version of each licence, or of those with these *codes*.

    What a vendor composed is its own and shows where it is used.
    """
    query = (
        select(tables.licences)
        .where(tables.licences.c.owner.is_(None))
        .order_by(tables.licences.c.id)
    )
    if wanted := list(codes):
        query = query.where(tables.licences.c.code.in_(wanted))
    newest = {row.code: from_row(row) for row in db.execute(query)}
    return list(newest.values())


def from_row(row: Row[Any]) -> Licence:
    """Return the licence that a row of the table holds."""
    return Licence(
        row.code,
        row.version,
        row.spdx,
        row.title_zh,
        row.title_en,
        row.text_zh,
        row.text_en,
        row.url,
        terms_from(row.terms),
        row.id,
        row.owner,
    )


def owned(db: Connection, owner: int) -> list[Licence]:
    """Return every version of the licences that a vendor composed, oldest first."""
    query = (
        select(tables.licences)
        .where(tables.licences.c.owner == owner)
        .order_by(tables.licences.c.id)
    )
    return [from_row(row) for row in db.execute(query)]


def available(
    db: Connection, vendor: int, standard: Iterable[Licence]
) -> list[Licence]:
    """Return what a vendor may sell under: its own, newest, then *standard*."""
    newest = {licence.code: licence for licence in owned(db, vendor)}
    return [*newest.values(), *standard]


def chosen(db: Connection, code: str, vendor: int, standard: Iterable[Licence]) -> int:
    """Return the number of the licence with *code* that a vendor may sell under.

    One of *standard* is put in if it is not there yet; Invalid if there is none.
    """
    known = {licence.code: licence for licence in reversed([*standard])}
    known |= {licence.code: licence for licence in owned(db, vendor)}
    if code not in known:
        raise Invalid({"licence": [N_("Choose one of the list.")]})
    found = known[code]
    return ensure(db, [found])[code, found.version]


def versions(db: Connection, code: str) -> list[Licence]:
    """Return every version of a licence, oldest first."""
    query = (
        select(tables.licences)
        .where(tables.licences.c.code == code)
        .order_by(tables.licences.c.id)
    )
    return [from_row(row) for row in db.execute(query)]


def terms_from(text: str) -> Terms | None:
    """Return the terms that were stored as *text*."""
    facts = json.loads(text)
    if facts is None:
        return None
    return Terms(**facts)._replace(
        uses=tuple(facts["uses"]),
        purposes=tuple(facts["purposes"]),
        on_request=tuple(facts.get("on_request", ())),
    )


def _row(licence: Licence, number: int) -> tuple[Any, ...]:
    terms = None if licence.terms is None else licence.terms._asdict()
    return (
        number,
        licence.code,
        licence.version,
        licence.spdx,
        licence.title_zh,
        licence.title_en,
        licence.text_zh,
        licence.text_en,
        licence.url,
        licence.sha256,
        json.dumps(terms, ensure_ascii=False),
        licence.owner,
    )
