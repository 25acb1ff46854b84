"""A vintage: the tables of one month as a snapshot of the tape gives them.

The same snapshot, texts and dimensions give the same vintage to the byte: `compiled`
both makes what is published and is what `reproduction` compares it with.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from settlement.canonical import canonical, sha256_of
from settlement.statistics.disclosure import FAMILY, Hidden, guarded
from settlement.statistics.questions import (
    ALL,
    FINAL,
    PARTIES,
    Figures,
    Question,
    answered,
    questions,
)
from settlement.statistics.revisions import Changes
from settlement.statistics.views import Snapshot
from settlement.statistics.warehouse import Warehouse

# What is published of a month that goes on: the less, the less a revision tells.
COARSE = (
    *((), ("day",), ("class",), ("sector",), ("model",), ("origin",)),
    *(("vendor_region",), ("class", "sector")),
)
# Counted from the published turnover alone, by whoever reads it: see `growth`.
DERIVED = ("s10_growth",)


class Moment(NamedTuple):
    """Of what a vintage is made: the tape, what it is about, and until where."""

    tape: Path
    dimensions: Path
    until: Snapshot  # with its month
    is_final: bool

    def opened(self) -> Warehouse:
        """Return the warehouse of that moment; close it."""
        return Warehouse(self.tape, dimensions=self.dimensions, until=self.until)


class Compiled(NamedTuple):
    """One table as it is kept; *sha256* is of its columns and rows."""

    question: str
    by: str
    query: str
    columns: str
    rows: str
    withheld: int

    @property
    def sha256(self) -> str:
        """Return the hash of what it says."""
        return sha256_of(f"{self.columns}\n{self.rows}")


def compiled(
    moment: Moment,
    earlier: Iterable[Moment] = (),
    asked: Mapping[str, Question] | None = None,
) -> list[Compiled]:
    """Return the tables of a month, what may not be known withheld.

    *earlier* are the vintages of the month that were published before: nothing is told
    that gives away, beside one of them, what few parties did since. *asked* are the
    questions by the texts that they had, else the present ones.
    """
    month = moment.until.month
    family = FAMILY if moment.is_final else COARSE
    warehouse = moment.opened()
    try:
        changes = Changes(warehouse, month)
        for before in earlier:
            known = FAMILY if before.is_final else COARSE
            changes.since(before.opened(), known)
        hidden = Hidden(warehouse, family, changes.few)
        return [
            _table(figures, month)
            for figures in _answers(warehouse, hidden, family, moment, asked)
        ]
    finally:
        warehouse.close()


def _answers(
    warehouse: Warehouse,
    hidden: Hidden,
    family: tuple[tuple[str, ...], ...],
    moment: Moment,
    asked: Mapping[str, Question] | None,
) -> Iterator[Figures]:
    wanted = (ALL, FINAL) if moment.is_final else (ALL,)
    for each in (asked or questions()).values():
        if each.published not in wanted or each.code in DERIVED:
            continue
        for by in family:
            if not set(by) <= set(each.dimensions):
                continue
            if each.disclosure == PARTIES and not _is_of(by, each, family):
                continue
            yield guarded(warehouse, answered(warehouse, each, by=by), hidden)


def _is_of(
    by: tuple[str, ...], asked: Question, family: tuple[tuple[str, ...], ...]
) -> bool:
    """Tell whether a table with the question's own cells is one of the family."""
    return {*by, *asked.cells} in [set(table) for table in family]


def _table(figures: Figures, month: str) -> Compiled:
    """Return the rows of the month, or all of a question that has no month."""
    rows = [
        [value.isoformat() if isinstance(value, date) else value for value in row]
        for row in figures.rows
        if "period" not in figures.columns
        or row[figures.columns.index("period")] == month
    ]
    measures = [figures.columns.index(name) for name in figures.question.measures]
    return Compiled(
        figures.question.code,
        ",".join(figures.by),
        figures.question.sha256,
        canonical(list(figures.columns)),
        canonical(rows),
        sum(all(row[place] is None for place in measures) for row in rows)
        if figures.withheld
        else 0,
    )


def read(columns: str, rows: str) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Return a kept table as it was asked: days are days."""
    names = tuple(json.loads(columns))
    found = [tuple(row) for row in json.loads(rows)]
    if "day" not in names:
        return names, found
    at = names.index("day")
    return names, [
        (*row[:at], date.fromisoformat(row[at]), *row[at + 1 :]) for row in found
    ]


def growth(turnover: Figures, asked: Question, whole: Collection[str]) -> Figures:
    """Return the growth of published turnover: on the month and on the year before.

    Of figures that are both published, so that it tells nothing that they do not. Only
    of months that are over, *whole*; None without a base, or on a base of zero.
    """
    columns, at = turnover.columns, turnover.columns.index("turnover")
    keys = [
        n for n, name in enumerate(columns) if name not in turnover.question.measures
    ]
    known = {
        tuple(row[n] for n in keys): row[at] for row in turnover.rows if row[0] in whole
    }
    rows = []
    for key, value in known.items():
        bases = (known.get((before, *key[1:])) for before in _befores(key[0]))
        grown = (
            round(value / base - 1, 6) if base and value is not None else None
            for base in bases
        )
        rows.append((*key, value, *grown))
    names = (*(columns[n] for n in keys), *asked.measures)
    return turnover._replace(question=asked, columns=names, rows=rows)


def _befores(month: str) -> tuple[str, str]:
    """Return the month before, and the same month of the year before."""
    year, number = int(month[:4]), int(month[5:7])
    before = f"{year - (number == 1)}-{(number - 2) % 12 + 1:02}"
    return before, f"{year - 1}{month[4:]}"
