"""The data dictionary: what a vendor says of each column, beside what was computed.

What is said is known by the column's name, so it stays from release to release. A
column is a mapping: ``name``, ``type``, its name in both languages (``zh``, ``en``),
and as far as it was said ``about_zh``, ``about_en``, ``unit``, ``codes`` (what its
values mean, 值域) and ``personal``, the class of what it tells of persons.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from listings.marking import N_
from listings.vocabulary import Name

COLUMNS_MAX = 2_000
NAME_MAX = 300  # characters of a column's name in a language
ABOUT_MAX = 2_000
UNIT_MAX = 60
CODES_MAX = 500  # of one column
CODE_MAX = 200  # characters of a code, and of what it means
HIDDEN = "***"

# 个人信息保护法 art. 4 and 28; from the mildest to the strictest.
PERSONAL = {
    "none": Name("非个人信息", "Not of persons"),
    "personal": Name("个人信息", "Personal"),
    "sensitive": Name("敏感个人信息", "Sensitive personal"),
}
STRICTNESS = {code: rank for rank, code in enumerate(PERSONAL)}
# Kinds of `quality.personal` whose leak harms most: art. 28.
_SENSITIVE = {"citizen", "card"}
# What tells of values; hidden where a column is declared to be of persons.
_TELLING = ("min", "max", "top", "histogram", "quantiles", "mean")
_TEXTS = {"about_zh": ABOUT_MAX, "about_en": ABOUT_MAX, "unit": UNIT_MAX}
TYPED = ("name", "type", "zh", "en")  # what a line of text says of a column
OWN = ("about_zh", "about_en", "unit", "codes", "personal")

Column = Mapping[str, Any]


class Line(NamedTuple):
    """A column: what is said of it, and what the newest release shows."""

    name: str
    said: Column  # empty: nothing yet
    computed: Column | None  # None: the newest release has none of this name
    is_gone: bool  # although there is a release that was examined
    least: str  # of PERSONAL, the class that its values show


def wrong(said: Iterable[Column]) -> Iterator[str]:
    """Yield what cannot be kept of a dictionary."""
    columns = list(said)
    if len(columns) > COLUMNS_MAX or not all(map(_is_named, columns)):
        yield N_("Name every column.")
        return
    if any(_is_odd(column) for column in columns):
        yield N_("Units, meanings and codes of a column are short texts.")
    if any(column.get("personal", "none") not in PERSONAL for column in columns):
        yield N_("Choose one of the list.")


def _is_named(column: Any) -> bool:
    return isinstance(column, Mapping) and bool(str(column.get("name", "")).strip())


def _is_odd(column: Column) -> bool:
    codes = column.get("codes", ())
    return (
        not all(
            isinstance(said := column.get(name, ""), str) and len(said) <= longest
            for name, longest in _TEXTS.items()
        )
        or not isinstance(codes, list | tuple)
        or len(codes) > CODES_MAX
        or not all(map(_is_code, codes))
    )


def _is_code(code: Any) -> bool:
    return (
        isinstance(code, Mapping)
        and bool(code.get("code"))
        and code.keys() <= {"code", "zh", "en"}
        and all(isinstance(t, str) and len(t) <= CODE_MAX for t in code.values())
    )


def lines(said: Iterable[Column], computed: Iterable[Column] | None) -> list[Line]:
    """Return the columns of the dictionary, then those that only the release has.

    *computed*: the columns of the newest release's table; None: none was examined.
    """
    there = {str(column["name"]): column for column in computed or ()}
    known: dict[str, Column] = {}
    for column in said:
        known.setdefault(str(column["name"]), column)
    return [
        Line(
            name,
            known.get(name, {}),
            there.get(name),
            computed is not None and name not in there,
            least(there.get(name)),
        )
        for name in dict.fromkeys([*known, *there])
    ]


def least(computed: Column | None) -> str:
    """Return the class of personal data that a column's values show."""
    kinds = {found["kind"] for found in (computed or {}).get("personal", ())}
    if kinds & _SENSITIVE:
        return "sensitive"
    return "personal" if kinds else "none"


def too_mild(said: Iterable[Column], computed: Mapping[str, Column]) -> list[str]:
    """Return the columns whose class denies what their values show."""
    return [
        name
        for column in said
        if "personal" in column
        and (name := str(column["name"])) in computed
        and STRICTNESS[column["personal"]] < STRICTNESS[least(computed[name])]
    ]


def of_persons(said: Iterable[Column]) -> set[str]:
    """Return the names of the columns that are declared to be of persons."""
    return {
        str(column["name"])
        for column in said
        if STRICTNESS.get(str(column.get("personal")), 0)
    }


def revised(
    said: Iterable[Column],
    edits: Mapping[str, Column],
    renamed: Mapping[str, str] | None = None,
) -> tuple[dict[str, Any], ...]:
    """Return a dictionary with the *edits* of its columns, by name; new ones last.

    *renamed*: what a column is called now; an empty name takes it out. Who takes the
    name of another column takes its place. Of two columns with one name (what a service
    asks for and answers) the first is edited; the other stays, at the end.
    """
    to = renamed or {}
    made: dict[str, dict[str, Any]] = {}
    twins: list[dict[str, Any]] = []
    known: dict[str, dict[str, Any]] = {}
    for column in map(dict, said):
        if str(column["name"]) in known:  # a service asks for what it answers, too
            twins.append(column)
        else:
            known[str(column["name"])] = column
    for name in dict.fromkeys([*known, *edits]):
        new = to.get(name, name)
        if not new or (name not in to and name in to.values()):
            continue
        change = {k: v for k, v in edits.get(name, {}).items() if k != "name"}
        column = {**known.get(name, {}), **change, "name": new}
        made[new] = {k: v for k, v in column.items() if v or k not in OWN}
    return (*made.values(), *twins)


def retyped(
    known: Iterable[Column], typed: Iterable[Column]
) -> tuple[dict[str, Any], ...]:
    """Return what was typed of columns, with what else is known of them."""
    own: dict[str, list[Column]] = {}
    for column in known:
        more = {k: v for k, v in column.items() if k not in TYPED}
        own.setdefault(str(column["name"]), []).append(more)
    made = []
    for one in typed:
        twins = own.get(str(one["name"]), [])
        made.append({**(twins.pop(0) if twins else {}), **one})
    return tuple(made)


def guarded(
    table: dict[str, Any], persons: set[str], *, declared: bool = True
) -> dict[str, Any]:
    """Return a table's profile without values of the columns of *persons*.

    Not *declared*: without those of columns that are kept back for another reason.
    """
    if not persons & {str(column["name"]) for column in table["columns"]}:
        return table
    sample = table["sample"]
    hidden = [str(name) in persons for name in sample["columns"]]
    rows = [
        [HIDDEN if hide and value not in (None, "") else value for hide, value in pairs]
        for pairs in (zip(hidden, row, strict=True) for row in sample["rows"])
    ]
    columns = [
        _guarded(c, declared=declared) if c["name"] in persons else c
        for c in table["columns"]
    ]
    return table | {"columns": columns, "sample": sample | {"rows": rows}}


def structure(table: dict[str, Any]) -> dict[str, Any]:
    """Return which columns a table has, of which types: nothing that its rows tell."""
    columns = [
        {name: column[name] for name in ("name", "type", "nullable")}
        | {"personal": [{"kind": found["kind"]} for found in column["personal"]]}
        for column in table["columns"]
    ]
    plain = {name: table[name] for name in ("name", "format", "width")}
    return plain | {"columns": columns}


def _guarded(column: dict[str, Any], *, declared: bool) -> dict[str, Any]:
    plain = {k: v for k, v in column.items() if k not in _TELLING}
    if not declared:
        return plain
    said = {"kind": "declared", "cells": column.get("filled", 0), "row": 1}
    return plain | {"personal": column["personal"] or [said]}
