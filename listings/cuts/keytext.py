"""A row's key as text that two tables share, whatever types their columns have."""

from collections.abc import Iterable

from listings.quality.engine import Engine

WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UBIGINT")
Types = dict[str, tuple[str, str]]  # name in lower case → name, type


class Unsuitable(Exception):
    """A table does not have what is asked of it; its argument is a code."""


def types_of(engine: Engine, path: str) -> Types:
    """Return the columns of a Parquet file with their types."""
    described = engine.ask("DESCRIBE SELECT * FROM read_parquet(?)", [path])
    return {str(row[0]).lower(): (str(row[0]), str(row[1])) for row in described}


def key_text(types: Types, names: Iterable[str]) -> str:
    """Return the expression of a row's key; Unsuitable if a column is not there.

    Numbers without a fraction are alike whatever their type, letters of one case.
    """
    cells = [f"({_cell(*found(types, name))})" for name in names]
    return " || chr(31) || ".join(cells)


def found(types: Types, name: str) -> tuple[str, str]:
    """Return a column's own name and its type; Unsuitable if it is not there."""
    if name.lower() not in types:
        raise Unsuitable("no_column")
    return types[name.lower()]


def is_number(kind: str) -> bool:
    """Tell whether a column of that type holds numbers."""
    return kind in ("FLOAT", "DOUBLE", *WHOLE) or kind.startswith("DECIMAL")


def quoted(name: str) -> str:
    """Return a column's name as SQL takes it, whatever it is."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as SQL takes it, whatever it is."""
    return "'" + text.replace("'", "''") + "'"


def _cell(column: str, kind: str) -> str:
    name = quoted(column)
    if kind in ("FLOAT", "DOUBLE") or kind.startswith("DECIMAL"):
        whole = f"CAST(CAST({name} AS BIGINT) AS VARCHAR)"
        exact = f"abs({name}) < 9e15 AND {name} = floor({name})"
        text = f"CAST(CAST({name} AS DOUBLE) AS VARCHAR)"
        return f"CASE WHEN {exact} THEN {whole} ELSE {text} END"
    return f"lower(trim(CAST({name} AS VARCHAR)))"
