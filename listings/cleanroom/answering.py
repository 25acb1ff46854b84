"""A question answered in the confined child, which holds groups of data and no rows.

The groups are read into memory, then the process gives up opening files for good, and
only then the buyer's text is looked at.
"""

import json
import math
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from listings.cleanroom.expressions import NotAllowed, Table
from listings.cleanroom.statement import ROWS_MAX, Question, read
from listings.quality.sandbox import seal

MEMORY_MAX = "256MB"
BYTES_MAX = 512 * 1024  # of an answer
CELL_MAX = 1_000  # characters


def answer(request: Path) -> dict[str, Any]:
    """Return the answer to what the file at *request* asks, or the code of a refusal.

    ``{"columns": […], "rows": [[…]], "more": bool}``, or ``{"why", "what"}``.
    """
    asked = json.loads(request.read_bytes())
    tables = tuple(
        Table(table["name"], tuple(table["groups"]), tuple(table["measures"]))
        for table in asked["tables"]
    )
    db = _opened([table["path"] for table in asked["tables"]])
    seal()
    try:
        question = read(asked["sql"], tables, lambda sql: parsed(db, sql))
        return _answered(db, question)
    except NotAllowed as refused:
        return {"why": refused.why, "what": refused.what}
    except (RecursionError, duckdb.ParserException):
        return {"why": "too_deep", "what": ""}
    except (duckdb.OutOfMemoryException, MemoryError):
        return {"why": "heavy_query", "what": ""}
    except (duckdb.ConversionException, duckdb.OutOfRangeException):
        return {"why": "no_value", "what": ""}
    except duckdb.Error:
        return {"why": "not_understood", "what": ""}


def opened() -> duckdb.DuckDBPyConnection:
    """Return an empty database in memory that reaches nothing outside, not locked."""
    db = duckdb.connect(
        ":memory:",
        config={
            "memory_limit": MEMORY_MAX,
            "threads": 1,  # none that was there before the process is sealed
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
        },
    )
    db.execute("SET TimeZone = 'UTC'")
    db.execute("SET temp_directory = ''")
    db.execute("SET max_expression_depth = 200")
    return db


def lock(db: duckdb.DuckDBPyConnection) -> None:
    """Take away every way outside, and the settings."""
    db.execute("SET enable_external_access = false")
    db.execute("SET lock_configuration = true")


def _opened(paths: Sequence[str]) -> duckdb.DuckDBPyConnection:
    db = opened()
    for number, path in enumerate(paths):
        db.execute(
            f"CREATE TABLE t{number} AS SELECT * FROM read_parquet(?)", [str(path)]
        )
    lock(db)
    return db


def parsed(db: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """Return the tree of *sql* as the engine's own parser makes it."""
    row = db.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    return json.loads(row[0]) if row else {"error": True}


def _answered(db: duckdb.DuckDBPyConnection, question: Question) -> dict[str, Any]:
    run = db.execute(question.sql)
    kinds = [_kind(str(column[1])) for column in run.description or ()]
    rows: list[list[Any]] = []
    size, more = 0, False
    while (row := run.fetchone()) is not None:
        cells = [_cell(value) for value in row]
        size += len(json.dumps(cells, ensure_ascii=False).encode())
        if len(rows) >= ROWS_MAX or size > BYTES_MAX:
            more = True
            break
        rows.append(cells)
    columns = [
        {"name": name, "type": kind}
        for name, kind in zip(question.columns, kinds, strict=True)
    ]
    return {
        "columns": columns,
        "rows": rows,
        "more": more,
        "tables": list(question.tables),
    }


def _kind(said: str) -> str:
    """Return the kind of a column of an answer: number, date, boolean or text."""
    if said.upper().startswith(("DECIMAL", "NUMBER")) or "INT" in said.upper():
        return "number"
    if said.upper() in ("DOUBLE", "FLOAT"):
        return "number"
    if said.upper().startswith(("DATE", "TIMESTAMP")):
        return "date"
    return "boolean" if said.upper().startswith("BOOL") else "text"


def _cell(value: Any) -> Any:
    """Return a value as JSON takes it; exact numbers stay exact."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)[:CELL_MAX]
