"""Products: what is described; drafting and editing it, and what is missing in it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, insert, select, update

from listings import dictionary, tables
from listings.marking import N_
from listings.registration import declaration
from listings.registration.declaration import DENYING, STATEMENT_MAX
from listings.vocabulary import CLASSES, INDUSTRIES, SECTORS, UPDATES, regions
from settlement import clock
from settlement.errors import Invalid, NotFound, Refusal
from settlement.ids import encode
from settlement.store import next_numbers

TITLE_MAX = 300  # characters
SUMMARY_MAX = 2_000
TEXT_MAX = 2_000_000  # of one description; the longest imported one has 0.7 million
GRANULARITY_MAX = 200
KEYWORDS_MAX = 200
KEYWORD_MAX = 200
URL_MAX = 2_000
JSON_MAX = 2_000_000  # characters of the dictionary, the sample, the extra facts
NUMBER_MAX = 2**60
EDITABLE = ("draft", "returned")

_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?", re.ASCII)
# Lone surrogates are what half an escaped emoji leaves; no database takes them.
SURROGATE = re.compile("[\ud800-\udfff]")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Facts(NamedTuple):
    """What a vendor says of a product; one language may be empty, see `Listing`."""

    kind: str  # dataset, service or application
    title_zh: str = ""
    title_en: str = ""
    summary_zh: str = ""
    summary_en: str = ""
    description_zh: str = ""
    description_en: str = ""
    keywords: tuple[str, ...] = ()
    sector: str | None = None
    region: str | None = None
    updates: str | None = None
    publisher: str = ""
    publisher_url: str = ""
    source_url: str = ""
    coverage_from: str | None = None  # ISO 8601: 2020, 2020-01 or 2020-01-31
    coverage_until: str | None = None
    row_count: int | None = None
    size_bytes: int | None = None
    dictionary: tuple[dict[str, Any], ...] = ()  # name, type, zh, en
    sample: dict[str, Any] | None = None  # {"columns": […], "rows": […]} or {"text": …}
    rights_note: str = ""
    extra: dict[str, Any] | None = None
    source_route: str | None = None  # see `registration.declaration`
    source_statement: str = ""
    sensitivity: str | None = None
    personal: str | None = None
    purpose: str = ""
    scene: str = ""
    rights: dict[str, dict[str, str]] | None = None  # right → holder, basis, limits
    industry: str | None = None  # a section of GB/T 4754
    granularity: str = ""  # what one row is about: a day and a district
    documentation_url: str = ""
    support: str = ""  # whom to ask, how, and how soon an answer is promised


@dataclass(eq=False)
class EditedMeanwhile(Refusal):
    """Somebody else has changed this meanwhile; look at it again."""

    version: int


@dataclass(eq=False)
class NotEditable(Refusal):
    """This cannot be edited in its present state."""

    state: str


def draft(db: Connection, vendor: int, facts: Facts, by: int) -> int:
    """Begin a product of the member *vendor*; return its number.

    A draft may be incomplete; Invalid names what is wrong or beyond a limit.
    """
    refuse(wrong(facts))
    (number,) = next_numbers(db, tables.products.c.id)
    now_us = clock.now_us()
    db.execute(
        insert(tables.products).values(
            id=number,
            vendor=vendor,
            state="draft",
            version=1,
            created_us=now_us,
            changed_us=now_us,
            edited_by=by,
            **columns(facts),
        )
    )
    return number


def edit(db: Connection, product: int, facts: Facts, version: int, by: int) -> int:
    """Replace the facts of a draft or returned product; return its new version.

    A registered product keeps its facts until the new ones are registered too: they
    wait as proposed. EditedMeanwhile if *version* is not the present one, NotEditable
    in another state, Invalid for what is wrong.
    """
    row = find(db, product)
    if row.state not in EDITABLE:
        raise NotEditable(row.state)
    refuse(wrong(facts))
    return put(db, row, facts, version, by)


def put(db: Connection, row: Row[Any], facts: Facts, version: int, by: int) -> int:
    """Write *facts* as the next version, proposed if others are registered already."""
    registered = tables.registrations.c.product == row.id
    stands = db.execute(select(tables.registrations.c.number).where(registered)).first()
    values = {"proposed": dump(facts._asdict())} if stands else columns(facts)
    done = db.execute(
        update(tables.products)
        .where(tables.products.c.id == row.id, tables.products.c.version == version)
        .values(version=version + 1, changed_us=clock.now_us(), edited_by=by, **values)
    )
    if done.rowcount != 1:
        raise EditedMeanwhile(row.version)
    return version + 1


def find(db: Connection, product: int) -> Row[Any]:
    """Return the row of a product in any state; NotFound if there is none."""
    query = select(tables.products).where(tables.products.c.id == product)
    row = db.execute(query).first()
    if row is None:
        raise NotFound("product", encode("product", product))
    return row


def facts_of(row: Row[Any]) -> Facts:
    """Return the newest facts of a product: the proposed ones where there are some."""
    if row.proposed is not None:
        return facts_from(json.loads(row.proposed))
    return listed_facts(row)


def listed_facts(row: Row[Any]) -> Facts:
    """Return the facts in force, whatever is proposed in their place."""
    stored = row._mapping  # noqa: SLF001 (SQLAlchemy's public name)
    return facts_from(
        {field: stored[field] for field in Facts._fields if field != "kind"}
        | {"kind": stored["class"]}
        | {field: json.loads(stored[field]) for field in _JSON}
    )


def facts_from(values: dict[str, Any]) -> Facts:
    """Return the facts that JSON *values* describe."""
    return Facts(**values)._replace(
        keywords=tuple(values["keywords"]), dictionary=tuple(values["dictionary"])
    )


_JSON = ("keywords", "dictionary", "sample", "extra", "rights")


def columns(facts: Facts) -> dict[str, Any]:
    """Return *facts* as values of the columns of the table."""
    values = facts._asdict()
    values["class"] = values.pop("kind")
    return values | {field: dump(values[field]) for field in _JSON}


def dump(value: Any) -> str:
    """Return *value* as JSON for a column."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def loads(text: str) -> Any:
    """Return what `dump` wrote."""
    return json.loads(text)


def refuse(problems: dict[str, list[str]]) -> None:
    """Raise Invalid if there are *problems*."""
    if problems:
        raise Invalid(problems)


def wrong(facts: Facts) -> dict[str, list[str]]:
    """Return what is wrong or beyond a limit, by field; empty fields are not wrong."""
    problems: dict[str, list[str]] = {}
    for check in (*_CHECKS, declaration.wrong):
        for field, problem in check(facts):
            problems.setdefault(field, []).append(problem)
    return problems


def _wrong_codes(facts: Facts) -> Iterator[tuple[str, str]]:
    if facts.kind not in CLASSES:
        yield "kind", N_("Choose a class.")
    codes = {
        "sector": SECTORS,
        "industry": INDUSTRIES,
        "region": regions(),
        "updates": UPDATES,
    }
    for field, known in codes.items():
        code = getattr(facts, field)
        if code is not None and code not in known:
            yield field, N_("Choose one of the list.")


def _wrong_texts(facts: Facts) -> Iterator[tuple[str, str]]:
    for field, longest in _LENGTHS.items():
        text = getattr(facts, field)
        if len(text) > longest:
            yield field, N_("This text is too long.")
        if CONTROL.search(text):
            yield field, N_("Control characters are not text.")
    for field in ("source_url", "publisher_url", "documentation_url"):
        if not is_address(getattr(facts, field)):
            yield field, N_("Give an http(s) address.")


def _wrong_numbers(facts: Facts) -> Iterator[tuple[str, str]]:
    for field in ("coverage_from", "coverage_until"):
        when = getattr(facts, field)
        if when is not None and not _DATE.fullmatch(when):
            yield field, N_("Write a date as 2026, 2026-01 or 2026-01-31.")
    first, last = facts.coverage_from or "", facts.coverage_until or ""
    common = min(len(first), len(last))  # 2026 ends after 2026-03 begins
    if first[:common] > last[:common]:
        yield "coverage_until", N_("The end is before the beginning.")
    for field in ("row_count", "size_bytes"):
        number = getattr(facts, field)
        if number is not None and not 0 <= number <= NUMBER_MAX:
            yield field, N_("Give a whole number, not negative.")


def _wrong_lists(facts: Facts) -> Iterator[tuple[str, str]]:
    words = facts.keywords
    if len(words) > KEYWORDS_MAX or not all(
        0 < len(word) <= KEYWORD_MAX and not CONTROL.search(word) for word in words
    ):
        yield "keywords", N_("Use at most 200 keywords of at most 200 characters.")
    for problem in dictionary.wrong(facts.dictionary):
        yield "dictionary", problem
    for field in ("dictionary", "sample", "extra", "rights"):
        text = dump(getattr(facts, field))
        if len(text) > JSON_MAX:
            yield field, N_("This is too large.")
        if SURROGATE.search(text):
            yield field, N_("Control characters are not text.")


_CHECKS = (_wrong_codes, _wrong_texts, _wrong_numbers, _wrong_lists)
_LENGTHS = {
    "title_zh": TITLE_MAX,
    "title_en": TITLE_MAX,
    "summary_zh": SUMMARY_MAX,
    "summary_en": SUMMARY_MAX,
    "description_zh": TEXT_MAX,
    "description_en": TEXT_MAX,
    "publisher": SUMMARY_MAX,
    "publisher_url": URL_MAX,
    "source_url": URL_MAX,
    "rights_note": TEXT_MAX,
    "granularity": GRANULARITY_MAX,
    "documentation_url": URL_MAX,
    "support": SUMMARY_MAX,
    **dict.fromkeys(declaration.TEXTS, STATEMENT_MAX),
}


def missing(facts: Facts) -> dict[str, list[str]]:
    """Return what a product lacks for a review, by field."""
    problems = {}
    for field in ("title", "summary", "description"):
        zh, en = getattr(facts, f"{field}_zh"), getattr(facts, f"{field}_en")
        if not zh.strip() and not en.strip():
            problems[f"{field}_zh"] = [N_("Write this in Chinese, English or both.")]
    for field in ("sector", "region", "updates"):
        if getattr(facts, field) is None:
            problems[field] = [N_("Choose one of the list.")]
    if facts.kind != "application" and not facts.dictionary:
        problems["dictionary"] = [N_("Describe the columns or the results.")]
    if not facts.keywords:
        problems["keywords"] = [N_("Give at least one keyword.")]
    if facts.personal in DENYING and dictionary.of_persons(facts.dictionary):
        problems["personal"] = [N_("A column of the dictionary is of persons.")]
    for field, problem in declaration.missing(facts):
        problems.setdefault(field, []).append(problem)
    return problems


def is_address(text: str) -> bool:
    """Tell whether *text* is empty or the address of a page (http or https)."""
    if not text:
        return True
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
