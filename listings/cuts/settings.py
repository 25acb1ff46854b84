"""What a licence leaves of a table: rows by value, masked columns, a mark of the buyer.

A cut is frozen in the terms of what is sold from then on. It holds for every table of
a release: one without a column that rows are chosen by is not opened at all.
"""

import json
import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, select

from listings import tables as listed
from listings.changes import touch
from listings.cleanroom.tables import cleanrooms
from listings.cuts.tables import cuts
from listings.marking import N_
from settlement.errors import Invalid

COLUMNS_MAX = 50  # of each kind
VALUES_MAX = 500  # of one column
NAME_MAX = 200  # characters
FIRST_MAX = 20
ONE_IN_MIN, ONE_IN_MAX, ONE_IN = 2, 1_000, 10
HOW = ("hidden", "blank", "hashed", "first")
STEP = re.compile(r"1|0\.0{0,7}1")  # what is added to a number to mark it


class Rows(NamedTuple):
    """Only rows whose *column*, as text, is one of *values*."""

    column: str
    values: tuple[str, ...]


class Mask(NamedTuple):
    """A column *hidden*, *blank*, *hashed*, or cut to its *first* characters."""

    column: str
    how: str
    first: int = 0


class Mark(NamedTuple):
    """How copies are told apart: one row in so many may differ by one step."""

    keys: tuple[str, ...]  # columns that name a row
    columns: tuple[tuple[str, str], ...]  # numbers, each with its step, such as 0.01
    one_in: int = ONE_IN


class Cut(NamedTuple):
    """All of it."""

    rows: tuple[Rows, ...] = ()
    masks: tuple[Mask, ...] = ()
    mark: Mark | None = None


def wrong(cut: Cut) -> dict[str, list[str]]:
    """Return what is wrong with a cut, by field."""
    problems: dict[str, list[str]] = {}
    if not cut.rows and not cut.masks and cut.mark is None:
        problems["rows"] = [N_("Say what is left out, masked or marked.")]
    for rows in cut.rows:
        if not _is_name(rows.column) or not 0 < len(rows.values) <= VALUES_MAX:
            problems["rows"] = [N_("Write a column and at most 500 values.")]
    masked = [mask.column.lower() for mask in cut.masks]
    if len(set(masked)) < len(masked):
        problems["masks"] = [N_("Each column has one role.")]
    for mask in cut.masks:
        long = mask.how == "first" and not 0 < mask.first <= FIRST_MAX
        if not _is_name(mask.column) or mask.how not in HOW or long:
            problems["masks"] = [
                N_("Write a column and hidden, blank, hashed or 1-20.")
            ]
    if cut.mark is not None and not _is_mark(cut.mark, masked):
        problems["mark"] = [
            N_("Name the keys, and numbers with a step such as 1 or 0.01, none masked.")
        ]
    if max(len(cut.rows), len(cut.masks)) > COLUMNS_MAX:
        problems["rows"] = [N_("At most 50 columns.")]
    return problems


def put(db: Connection, instrument: int, cut: Cut | None) -> None:
    """Let an instrument sell tables cut so from now on, or whole files again.

    Invalid names what is wrong; a clean room is not cut: what it shows is chosen there,
    and the difference of two cuts could single rows out. Nor is what has no tables.
    """
    if cut is not None and (problems := wrong(cut)):
        raise Invalid(problems)
    room = select(cleanrooms.c.instrument).where(cleanrooms.c.instrument == instrument)
    if cut is not None and db.scalar(room) is not None:
        raise Invalid({"instrument": [N_("A clean room chooses its own columns.")]})
    i, p = listed.instruments.c, listed.products.c
    query = select(p.id, p["class"]).join(listed.instruments, i.product == p.id)
    product, kind = db.execute(query.where(i.id == instrument)).one()
    if cut is not None and kind != "dataset":
        raise Invalid({"instrument": [N_("Only a dataset has tables to cut.")]})
    db.execute(delete(cuts).where(cuts.c.instrument == instrument))
    if cut is not None:
        text = json.dumps(dump(cut), ensure_ascii=False)
        db.execute(insert(cuts).values(instrument=instrument, settings=text))
    touch(db, [product])


def of_instruments(
    db: Connection, instruments: Iterable[int]
) -> dict[int, dict[str, Any]]:
    """Return the cuts of those of *instruments* that have one, as JSON."""
    query = select(cuts).where(cuts.c.instrument.in_(list(instruments)))
    return {row.instrument: json.loads(row.settings) for row in db.execute(query)}


def masked_of(db: Connection, product: int) -> set[str]:
    """Return the columns, in lower case, that a licence of a product masks."""
    i = listed.instruments.c
    ours = select(cuts.c.settings).join(listed.instruments, i.id == cuts.c.instrument)
    found = (load(json.loads(s)) for s in db.scalars(ours.where(i.product == product)))
    return {mask.column.lower() for cut in found for mask in cut.masks}


def dump(cut: Cut) -> dict[str, Any]:
    """Return a cut as JSON takes it, and as terms freeze it."""
    mark = cut.mark
    return {
        "rows": [{"column": r.column, "values": list(r.values)} for r in cut.rows],
        "masks": [mask._asdict() for mask in cut.masks],
        "mark": None
        if mark is None
        else {
            "keys": list(mark.keys),
            "columns": [list(column) for column in mark.columns],
            "one_in": mark.one_in,
        },
    }


def load(facts: Mapping[str, Any]) -> Cut:
    """Return the cut that `dump` gave."""
    mark = facts["mark"]
    return Cut(
        tuple(Rows(r["column"], tuple(r["values"])) for r in facts["rows"]),
        tuple(Mask(**mask) for mask in facts["masks"]),
        None
        if mark is None
        else Mark(
            tuple(mark["keys"]),
            tuple((name, step) for name, step in mark["columns"]),
            mark["one_in"],
        ),
    )


def digest(cut: Cut, holder: int, product: int) -> str:
    """Return the hash of all that decides what a copy is."""
    personal = cut.mark is not None or any(mask.how == "hashed" for mask in cut.masks)
    said = [dump(cut), holder if personal else 0, product]
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _is_mark(mark: Mark, masked: list[str]) -> bool:
    names = [*mark.keys, *(name for name, _ in mark.columns)]
    lower = {name.lower() for name in names}
    return (
        bool(mark.keys)
        and 0 < len(mark.columns) <= COLUMNS_MAX
        and len(lower) == len(names)
        and all(_is_name(name) for name in names)
        and all(STEP.fullmatch(step) for _, step in mark.columns)
        and not lower & set(masked)
        and ONE_IN_MIN <= mark.one_in <= ONE_IN_MAX
    )


def _is_name(name: str) -> bool:
    return 0 < len(name) <= NAME_MAX
