"""Tables written as Parquet: every row, each column of a type that all its cells bear.

What is served by open table formats is written once, in the confined child. A column
of text becomes numbers or days only if not one cell would be lost.
"""

from math import isfinite
from pathlib import Path
from typing import Any

from listings.quality.columns import Typed, batches, types
from listings.quality.engine import Engine
from listings.quality.readers import Loaded

# What the engine writes → its name in a schema of Spark, which Delta tables use.
SPARK = {
    "BOOLEAN": "boolean",
    "TINYINT": "byte",
    "SMALLINT": "short",
    "INTEGER": "integer",
    "BIGINT": "long",
    "FLOAT": "float",
    "DOUBLE": "double",
    "DATE": "date",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
    "BLOB": "binary",
    "VARCHAR": "string",
}
WIDER = {
    "UTINYINT": "SMALLINT",
    "USMALLINT": "INTEGER",
    "UINTEGER": "BIGINT",
    **dict.fromkeys(("UBIGINT", "HUGEINT", "UHUGEINT"), "DECIMAL(38,0)"),
}
COUNTED = ("byte", "short", "integer", "long", "float", "double", "date")
CHANGE = "_change_type"  # of rows: insert, delete


def write(engine: Engine, loaded: Loaded, path: Path) -> dict[str, Any]:
    """Write the engine's table, which is *loaded*, to *path*; what is in it.

    ``{"name", "rows", "columns": [{"name", "type"}], "stats"}``; the types are Spark's,
    the statistics those of a Delta table.
    """
    names = _once(loaded.columns)
    every = types(engine, loaded, len(names))
    said = [str(row[1]) for row in engine.ask("DESCRIBE data")]
    whole = _whole(engine, every)
    values = [
        _value(column, said[column.number], loaded, whole=column.number in whole)
        for column in every
    ]
    chosen = ", ".join(
        f"{value} AS {_quoted(name)}" for value, name in zip(values, names, strict=True)
    )
    engine.write_parquet(f"SELECT {chosen} FROM data", path)
    return {"name": loaded.name} | described(engine, path)


def described(engine: Engine, path: Path) -> dict[str, Any]:
    """Return rows, columns and statistics of the Parquet at *path*."""
    source = f"read_parquet('{path}')"
    columns = [
        {"name": str(name), "type": SPARK.get(str(kind), str(kind).lower())}
        for name, kind, *_ in engine.ask(f"DESCRIBE SELECT * FROM {source}")
    ]
    ((rows,),) = engine.ask(f"SELECT count(*) FROM {source}")
    stats: dict[str, Any] = {"numRecords": rows, "minValues": {}, "maxValues": {}}
    stats["nullCount"] = {}
    for column in columns:
        name, cell = column["name"], _quoted(column["name"])
        few = column["type"] in COUNTED
        asked = f"min({cell}), max({cell})" if few else "NULL, NULL"
        ((filled, least, most),) = engine.ask(
            f"SELECT count({cell}), {asked} FROM {source}"
        )
        stats["nullCount"][name] = rows - filled
        finite = all(isfinite(v) for v in (least, most) if isinstance(v, float))
        if least is not None and finite:
            day = column["type"] == "date"
            stats["minValues"][name] = least.isoformat() if day else least
            stats["maxValues"][name] = most.isoformat() if day else most
    return {"rows": rows, "columns": columns, "stats": stats}


def compare(engine: Engine, older: Path, newer: Path, path: Path) -> dict[str, Any]:
    """Write to *path* the rows that *newer* lost and gained against *older*.

    Both have the same columns. Rows count as often as they stand there; a row that was
    changed is one lost and one gained.
    """
    old, new = (f"SELECT * FROM read_parquet('{each}')" for each in (older, newer))
    engine.write_parquet(
        f"SELECT *, 'delete' AS {CHANGE} FROM ({old} EXCEPT ALL {new}) UNION ALL"
        f" SELECT *, 'insert' AS {CHANGE} FROM ({new} EXCEPT ALL {old})",
        path,
    )
    ((rows,),) = engine.ask(f"SELECT count(*) FROM read_parquet('{path}')")
    return {"name": "changes", "rows": rows, "columns": [], "stats": {}}


def _whole(engine: Engine, every: list[Typed]) -> set[int]:
    """Return the columns of which every cell is of the column's type."""
    found = set()
    for batch in batches(every):
        asked = ", ".join(f"count({c.cell}) = count({c.value})" for c in batch)
        ((*fits,),) = engine.ask(f"SELECT {asked} FROM data")
        found |= {c.number for c, fit in zip(batch, fits, strict=True) if fit}
    return found


def _value(column: Typed, said: str, loaded: Loaded, *, whole: bool) -> str:
    """Return the expression that is written for a column; *said* is the engine's type.

    Moments are written as such, in UTC: a file that names no zone means UTC.
    """
    if column.type == "datetime" and whole:
        return f"CAST({column.value} AS TIMESTAMP WITH TIME ZONE)"
    if loaded.declared:
        if said.startswith("DECIMAL") or said in SPARK:
            return column.cell
        if said in WIDER:
            return f"CAST({column.cell} AS {WIDER[said]})"
        return f"CAST({column.cell} AS VARCHAR)"
    if whole and column.type in ("boolean", "integer", "number", "date"):
        return column.value
    return column.cell


def _once(names: tuple[str, ...]) -> list[str]:
    """Return *names* so that none differs from another by its case alone."""
    made: dict[str, str] = {}
    for number, name in enumerate(names, start=1):
        free = name if name.lower() not in made else f"{name}_{number}"
        made[free.lower()] = free
    return list(made.values())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
