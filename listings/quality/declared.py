"""What a vendor says of a product against what its files show."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection

from listings import dictionary, tables
from listings.marking import N_
from listings.products import Facts
from listings.quality import reports
from listings.quality.problems import STOP, WRONG
from listings.quality.reports import WAITING, Examination
from listings.registration.declaration import DENYING

TOLERANCE = 0.01  # of a declared number of rows: "about 10,000" is no lie
SIZE_TOLERANCE = 0.1
DATED = ("month", "date", "datetime")

# How vendors write types, in either language → the computed types that bear them out.
_SAME = {
    "integer": ("int", "integer", "bigint", "smallint", "long", "整数", "整型"),
    "number": ("number", "float", "double", "decimal", "numeric", "real", "浮点"),
    "string": ("string", "str", "text", "varchar", "char", "字符串", "文本", "字符"),
    "date": ("date", "日期"),
    "datetime": ("datetime", "timestamp", "date-time", "时间", "日期时间"),
    "month": ("month", "月份"),
    "boolean": ("boolean", "bool", "布尔"),
}
_BEARS_OUT = {
    "number": {"integer", "number"},
    "date": {"date", "datetime", "month"},
    "datetime": {"date", "datetime"},
    "month": {"month", "date", "string"},
}


def contradictions(db: Connection, product: int, facts: Facts) -> dict[str, list[str]]:
    """Return what the files of the newest release contradict, by field of *facts*.

    Quarantined files and ones that wait for their examination are under ``releases``.
    """
    newest = _newest(db, product)
    if newest is None:
        return {}
    found = list(reports.of_release(db, newest).values())
    problems: dict[str, list[str]] = {}
    for field, text in _contradictions(facts, found, _size(db, newest)):
        problems.setdefault(field, []).append(text)
    return problems


def columns_of_newest(
    db: Connection, product: int, said: Iterable[dict[str, Any]]
) -> list[dict[str, Any]] | None:
    """Return the columns of the newest release's table that the dictionary is about.

    The widest where nothing is said yet; None if no table was examined.
    """
    newest = _newest(db, product)
    if newest is None:
        return None
    found = reports.of_release(db, newest).values()
    profiles = [table for one in found for table in one.tables]
    about = described_by(said, profiles)
    if about is not None:
        return list(about.values())
    widest = max((table["columns"] for table in profiles), key=len, default=None)
    return widest or None


def _newest(db: Connection, product: int) -> int | None:
    """Return the newest release, finalised or not: what is being handed in."""
    r = tables.releases.c
    query = r.id.label("id")
    row = db.execute(
        tables.releases.select()
        .with_only_columns(query)
        .where(r.product == product)
        .order_by(r.finalised_us.is_(None), r.id.desc())
        .limit(1)
    ).first()
    return None if row is None else int(row.id)


def _size(db: Connection, release: int) -> int:
    f = tables.files.c
    rows = db.execute(
        tables.files.select().with_only_columns(f.size).where(f.release == release)
    )
    return sum(row.size for row in rows)


def _contradictions(
    facts: Facts, found: list[Examination], size: int
) -> Iterator[tuple[str, str]]:
    if any(one.state == "quarantined" for one in found):
        yield "releases", N_("A file is quarantined: take it out; its report says why.")
    if any(one.state in WAITING for one in found):
        yield "releases", N_("A file is still being examined; this takes seconds.")
    severities = {p["severity"] for one in found for p in one.problems}
    if WRONG in severities and STOP not in severities:
        yield "releases", N_("The examination of a file found errors; see its report.")
    profiles = [table for one in found for table in one.tables]
    if not profiles:
        return
    if facts.kind == "dataset":
        yield from _dataset(facts, profiles, size)
    if facts.personal in DENYING and any(
        column["personal"] for table in profiles for column in table["columns"]
    ):
        yield "personal", N_("The files hold what looks like personal information.")


def _dataset(
    facts: Facts, profiles: list[dict[str, Any]], size: int
) -> Iterator[tuple[str, str]]:
    if facts.row_count is not None and not _rows_agree(facts.row_count, profiles):
        yield "row_count", N_("The files have another number of rows.")
    if facts.size_bytes is not None and abs(facts.size_bytes - size) > max(
        SIZE_TOLERANCE * size, 1024
    ):
        yield "size_bytes", N_("The files have another size.")
    columns = described_by(facts.dictionary, profiles)
    if columns is not None:
        if missing_columns(facts.dictionary, columns):
            yield "dictionary", N_("The files lack columns that the dictionary names.")
        if dictionary.too_mild(facts.dictionary, columns):
            yield (
                "dictionary",
                N_("Columns show more of persons than their class says."),
            )
        if wrong_types(facts.dictionary, columns):
            yield "dictionary", N_("Columns have other types than the dictionary says.")
    first, last = covered(profiles)
    if first and _is_before(facts.coverage_from or "", first):
        yield "coverage_from", N_("The files begin later than the declared period.")
    if last and _is_before(last, facts.coverage_until or ""):
        yield "coverage_until", N_("The files end before the declared period does.")


def _is_before(one: str, other: str) -> bool:
    """Tell whether a year, month or day is before another, as far as both say."""
    common = min(len(one), len(other), len("2026-01-31"))
    return one[:common] < other[:common]


def _rows_agree(declared: int, profiles: list[dict[str, Any]]) -> bool:
    if not all(table["complete"] for table in profiles):
        return True  # nobody counted to the end
    counted = {table["rows"] for table in profiles}
    counted.add(sum(table["rows"] for table in profiles))
    return any(abs(declared - rows) <= TOLERANCE * rows for rows in counted)


def described_by(
    said: Iterable[dict[str, Any]], profiles: list[dict[str, Any]]
) -> dict[str, dict[str, Any]] | None:
    """Return the columns of the table that the dictionary is about, by name.

    The one with most of the names; None where there is no dictionary or no table.
    """
    names = {str(column["name"]) for column in said}
    if not names or not profiles:
        return None
    by_table = [{c["name"]: c for c in table["columns"]} for table in profiles]
    return max(by_table, key=lambda columns: len(names & columns.keys()))


def missing_columns(
    said: Iterable[dict[str, Any]], columns: dict[str, Any]
) -> list[str]:
    """Return the names in the dictionary that the table lacks."""
    return [str(c["name"]) for c in said if str(c["name"]) not in columns]


def wrong_types(said: Iterable[dict[str, Any]], columns: dict[str, Any]) -> list[str]:
    """Return the columns whose computed type does not bear out the declared one."""
    return [
        str(one["name"])
        for one in said
        if (column := columns.get(str(one["name"]))) is not None
        and column["filled"]
        and not _bears_out(str(one.get("type", "")), str(column["type"]))
    ]


def _bears_out(said: str, computed: str) -> bool:
    word = said.strip().lower().partition("(")[0].strip()
    declared = next((kind for kind, ways in _SAME.items() if word in ways), None)
    if declared is None or declared == "string":  # digits may be meant as text
        return True
    return computed in _BEARS_OUT.get(declared, {declared})


def covered(profiles: list[dict[str, Any]]) -> tuple[str, str]:
    """Return the first and last day in any column of dates; empty if there is none."""
    dated = [
        column
        for table in profiles
        if table["complete"]
        for column in table["columns"]
        if column["type"] in DATED and "min" in column
    ]
    first = min((column["min"] for column in dated), default="")
    return first, max((column["max"] for column in dated), default="")
