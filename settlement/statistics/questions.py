"""Questions about the market: each an .sql file with its definition, text and hash.

A file begins with comments ``-- name: value``: the titles and the definition that is
published with the figures, the unit, the source, the parameters, the dimensions that it
may be asked by, and the rule by which cells are withheld. A line that ends in ``-- by``
names the dimensions that it is asked by; they are replaced by those that are wanted, so
that the file itself is a question that any engine answers.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from settlement.errors import NotFound, Refusal
from settlement.statistics.views import Answering

FOLDER = Path(__file__).with_name("questions")
BY = "-- by"
MONTH, YEAR = 7, 4  # characters of a month that name a period
# Rules of disclosure: figures that add up, figures that do not, facts that are public.
PARTIES, PRICES, PUBLIC = "parties", "prices", "public"
# Whether it is published as a month goes on, at its end alone, or is market data.
ALL, FINAL, LIVE = "all", "final", "live"


@dataclass(eq=False)
class NotADimension(Refusal):
    """This question cannot be asked by that."""

    dimension: str


class Question(NamedTuple):
    """One question; *sha256* is the hash of its whole file."""

    code: str
    indicator: str  # S1 … S17; empty: market data
    title_zh: str
    title_en: str
    definition_zh: str
    definition_en: str
    unit_zh: str
    unit_en: str
    source: str  # the tables that it reads
    parameters: Mapping[str, int | str]  # name → what is used when it is not given
    dimensions: tuple[str, ...]  # by which it may be asked
    by: tuple[str, ...]  # by which it is asked unless others are wanted
    cells: tuple[str, ...]  # columns that name a cell beside those and the currency
    measures: tuple[str, ...]  # columns that are withheld in a small cell
    disclosure: str  # PARTIES or PUBLIC
    published: str  # in which publications it is: ALL, FINAL, or LIVE: in none
    sql: str
    sha256: str


class Figures(NamedTuple):
    """The answer to a question, and all that is needed to repeat it."""

    question: Question
    by: tuple[str, ...]
    parameters: Mapping[str, int | str]
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    withheld: int  # cells that rest on too few parties
    position: int  # journal number up to which trades are counted
    sources: tuple[int, ...] = ()  # the publications that they are of


@cache
def questions() -> Mapping[str, Question]:
    """Return all questions by code, in order of their codes."""
    return {
        path.stem: parsed(path.stem, path.read_text("utf-8"))
        for path in sorted(FOLDER.glob("*.sql"))
    }


def question(code: str) -> Question:
    """Return one question; NotFound if there is none with this code."""
    try:
        return questions()[code]
    except KeyError:
        raise NotFound("question", code[:40]) from None


def ask(
    warehouse: Answering,
    code: str,
    *,
    by: Iterable[str] | None = None,
    **parameters: int | str,
) -> Figures:
    """Return the answer to question *code*, nothing withheld.

    NotFound if there is no such question, NotADimension if it is not asked by one of
    *by*. Parameters that are not given have the question's defaults.
    """
    return answered(warehouse, question(code), by=by, **parameters)


def answered(
    warehouse: Answering,
    asked: Question,
    *,
    by: Iterable[str] | None = None,
    **parameters: int | str,
) -> Figures:
    """Return the answer to a question as it stands or once stood: see `ask`."""
    unknown = parameters.keys() - asked.parameters.keys()
    assert not unknown, (asked.code, unknown)
    used = {**asked.parameters, **parameters}
    wanted = asked.by if by is None else checked(asked, by)
    columns, rows, position = warehouse.ask(asked_by(asked.sql, wanted), used)
    return Figures(asked, wanted, used, columns, rows, 0, position)


def checked(asked: Question, by: Iterable[str]) -> tuple[str, ...]:
    """Return *by*, each once; NotADimension if the question is not asked by one."""
    wanted = tuple(dict.fromkeys(by))
    for name in wanted:
        if name not in asked.dimensions:
            raise NotADimension(name[:40])
    return wanted


def asked_by(sql: str, by: Iterable[str]) -> str:
    """Return *sql* with other dimensions in the lines that name them."""
    names = ", ".join(by)
    lines = []
    for line in sql.splitlines():
        if not line.endswith(BY):
            lines.append(line)
        elif names:
            indent = line[: len(line) - len(line.lstrip())]
            lines.append(f"{indent}, {names} {BY}")
    return "\n".join(lines) + "\n"


def parsed(code: str, sql: str) -> Question:
    """Return the question that the text *sql* is."""
    head: dict[str, str] = {}
    by: tuple[str, ...] = ()
    for line in sql.splitlines():
        if line.startswith("-- "):
            name, _, value = line.removeprefix("-- ").partition(": ")
            head[name] = value
        elif line.endswith(BY) and not by:
            names = line.removesuffix(BY).strip().removeprefix(",")
            by = tuple(name.strip() for name in names.split(","))
    return Question(
        code=code,
        indicator=head.get("indicator", ""),
        title_zh=head["title_zh"],
        title_en=head["title_en"],
        definition_zh=head["definition_zh"],
        definition_en=head["definition_en"],
        unit_zh=head["unit_zh"],
        unit_en=head["unit_en"],
        source=head["source"],
        parameters=_parameters(head.get("parameters", "")),
        dimensions=tuple(head.get("dimensions", "").split()),
        by=by,
        cells=tuple(head.get("cells", "").split()),
        measures=tuple(head.get("measures", "").split()),
        disclosure=head["disclosure"],
        published=head.get("published", ALL),
        sql=sql,
        sha256=hashlib.sha256(sql.encode()).hexdigest(),
    )


def _parameters(text: str) -> dict[str, int | str]:
    """Return the defaults in ``"top=20 currency=CNY"``; digits are a number."""
    pairs = (part.partition("=") for part in text.split())
    return {name: int(value) if value.isdigit() else value for name, _, value in pairs}
