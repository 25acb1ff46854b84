"""Schemas of releases and what a change of one does to those who rely on it.

A change breaks if a program written for the old schema may fail on the new one: a
column is gone, has another type (a narrower one loses what was told, a wider one does
not fit), or may now be empty where it never was. A new column and one that is never
empty any more do not. Source: features N14.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

# What vendors write in a dictionary → the type it means.
MEANS = {
    "int": "integer", "bigint": "integer", "smallint": "integer", "long": "integer",
    "整数": "integer", "整型": "integer",
    "float": "number", "double": "number", "real": "number", "numeric": "number",
    "浮点": "number", "浮点数": "number", "数值": "number", "小数": "number",
    "decimal": "number",
    "string": "text", "str": "text", "varchar": "text", "char": "text",
    "字符": "text", "字符串": "text", "文本": "text",
    "timestamp": "datetime", "时间": "datetime", "日期": "date",
    "bool": "boolean", "布尔": "boolean",
}  # fmt: skip


class Field(NamedTuple):
    """One column of one table of a release."""

    table: str
    name: str
    type: str
    nullable: bool


class Difference(NamedTuple):
    """One change between two schemas."""

    kind: str  # added, removed, retyped, nullable, required
    column: str
    before: str
    after: str
    breaking: bool


def declared(dictionary: Iterable[dict[str, Any]]) -> tuple[Field, ...]:
    """Return the schema that a data dictionary declares; nothing is said of nulls."""
    return tuple(
        Field("", str(column.get("name", "")), _meant(column), nullable=True)
        for column in dictionary
    )


def compare(before: Sequence[Field], after: Sequence[Field]) -> tuple[Difference, ...]:
    """Return what changed; nothing if one of the schemas is not known.

    Tables are told apart by name where both have several, else they are the same one.
    """
    if not before or not after:
        return ()
    one_each = len({f.table for f in before}) == len({f.table for f in after}) == 1
    old, new = _by_key(before, one_each), _by_key(after, one_each)
    gone = [_removed(old[key]) for key in old if key not in new]
    kept = [
        found for key in new if key in old for found in _changed(old[key], new[key])
    ]
    come = [_added(new[key]) for key in new if key not in old]
    return (*gone, *kept, *come)


def _by_key(fields: Sequence[Field], one_each: bool) -> dict[tuple[str, str], Field]:
    return {("" if one_each else f.table, f.name): f for f in fields}


def _removed(field: Field) -> Difference:
    return Difference("removed", field.name, field.type, "", breaking=True)


def _added(field: Field) -> Difference:
    return Difference("added", field.name, "", field.type, breaking=False)


def _changed(old: Field, new: Field) -> list[Difference]:
    found = []
    if old.type != new.type:
        found.append(Difference("retyped", old.name, old.type, new.type, breaking=True))
    if old.nullable != new.nullable:
        kind = "nullable" if new.nullable else "required"
        found.append(Difference(kind, old.name, "", "", breaking=new.nullable))
    return found


def dump(parts: Sequence[Field] | Sequence[Difference]) -> str:
    """Return fields or differences as JSON for a column."""
    rows = [part._asdict() for part in parts]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def fields_from(text: str | None) -> tuple[Field, ...]:
    """Return the fields that were written by `dump`."""
    return tuple(Field(**row) for row in json.loads(text or "[]"))


def differences_from(text: str | None) -> tuple[Difference, ...]:
    """Return the differences that were written by `dump`."""
    return tuple(Difference(**row) for row in json.loads(text or "[]"))


def _meant(column: dict[str, Any]) -> str:
    said = str(column.get("type", "")).strip().lower()
    return MEANS.get(said, said)
