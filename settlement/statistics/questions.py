"""Questions about the market: each an .sql file with its definition, text and hash.

A file begins with comments ``-- name: value``: the titles and the definition that is
published with the figures, the unit, the parameters, and what may be withheld.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from settlement.errors import NotFound
from settlement.statistics import disclosure
from settlement.statistics.warehouse import Warehouse

FOLDER = Path(__file__).with_name("questions")


class Question(NamedTuple):
    """One question; *sha256* is the hash of its whole file."""

    code: str
    title_zh: str
    title_en: str
    definition_zh: str
    definition_en: str
    unit: str
    parameters: Mapping[str, int | str]  # name → what is used when it is not given
    measures: tuple[str, ...]  # columns that are withheld in a small cell
    sql: str
    sha256: str


class Figures(NamedTuple):
    """The answer to a question, and all that is needed to repeat it."""

    question: Question
    parameters: Mapping[str, int | str]
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    withheld: int  # cells that rest on too few parties
    position: int  # journal number up to which trades are counted


@cache
def questions() -> Mapping[str, Question]:
    """Return all questions by code, in order of their codes."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.sql"))}


def question(code: str) -> Question:
    """Return one question; NotFound if there is none with this code."""
    try:
        return questions()[code]
    except KeyError:
        raise NotFound("question", code[:40]) from None


def ask(
    warehouse: Warehouse,
    code: str,
    *,
    public: bool = True,
    **parameters: int | str,
) -> Figures:
    """Return the answer to question *code*; NotFound if there is no such question.

    Parameters that are not given have the question's defaults. With *public*, the
    measures of cells that rest on too few parties are None.
    """
    asked = question(code)
    unknown = parameters.keys() - asked.parameters.keys()
    assert not unknown, (code, unknown)
    used = {**asked.parameters, **parameters}
    columns, rows, position = warehouse.ask(asked.sql, used)
    withheld = 0
    if public:
        rows, withheld = disclosure.withhold(columns, rows, asked.measures)
    return Figures(asked, used, columns, rows, withheld, position)


def _read(path: Path) -> Question:
    sql = path.read_text("utf-8")
    head: dict[str, str] = {}
    for line in sql.splitlines():
        if not line.startswith("-- "):
            break
        name, _, value = line.removeprefix("-- ").partition(": ")
        head[name] = f"{head[name]} {value}" if name in head else value
    return Question(
        code=path.stem,
        title_zh=head["title_zh"],
        title_en=head["title_en"],
        definition_zh=head["definition_zh"],
        definition_en=head["definition_en"],
        unit=head["unit"],
        parameters=_parameters(head.get("parameters", "")),
        measures=tuple(head.get("measures", "").split()),
        sql=sql,
        sha256=hashlib.sha256(sql.encode()).hexdigest(),
    )


def _parameters(text: str) -> dict[str, int | str]:
    """Return the defaults in ``"top=20 currency=CNY"``; digits are a number."""
    pairs = (part.partition("=") for part in text.split())
    return {name: int(value) if value.isdigit() else value for name, _, value in pairs}
