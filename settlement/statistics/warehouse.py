"""The analytics engine: DuckDB in memory over the tape's Parquet files.

The only module that opens DuckDB. No database file: the files are the contract, so
any number of processes may read while one extends the tape.
"""

import json
import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import duckdb

MEMORY_MAX = "1GB"
POSITION = "position.json"
SCRATCH = ".writing-"  # begins the names of directories in which files are made

Columns = Mapping[str, str]  # name → DuckDB type

TRADES: Columns = {
    "id": "BIGINT",
    "seq": "BIGINT",
    "at_us": "BIGINT",
    "instrument": "BIGINT",
    "price": "BIGINT",
    "quantity": "BIGINT",
    "value": "BIGINT",
    "currency": "VARCHAR",
    "buyer": "BIGINT",
    "seller": "BIGINT",
    "taker": "VARCHAR",
    "fee": "BIGINT",
    "origin": "VARCHAR",
}
DIMENSIONS: Mapping[str, Columns] = {
    "instruments": {
        "instrument": "BIGINT",
        "symbol": "VARCHAR",
        "product": "BIGINT",
        "vendor": "BIGINT",
        "class": "VARCHAR",
        "sector": "VARCHAR",
    },
    "members": {"member": "BIGINT", "region": "VARCHAR", "kind": "VARCHAR"},
}


class Answer(NamedTuple):
    """The columns and rows that answer a question, and how far the tape had come."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    position: int  # journal number of the last command whose trades are counted


class Position(NamedTuple):
    """How far the tape is complete: the last command's number, the last trade's."""

    seq: int
    trade: int


def read_position(directory: Path) -> Position:
    """Return how far the tape in *directory* is complete; zeros before the first."""
    try:
        return Position(**json.loads((directory / POSITION).read_text("utf-8")))
    except FileNotFoundError:
        return Position(0, 0)


def write_position(directory: Path, position: Position) -> None:
    """Replace the position; a crash leaves the old one or the new one."""
    written = directory / f".{POSITION}"
    written.write_text(json.dumps(position._asdict()), "utf-8")
    _flush(written)
    written.replace(directory / POSITION)


def write_parquet(
    rows: Iterable[Sequence[Any]], columns: Columns, target: Path
) -> None:
    """Write *rows* to *target*, which appears at once and whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=SCRATCH) as scratch:
        lines, made = Path(scratch, "rows.jsonl"), Path(scratch, "made.parquet")
        with lines.open("w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(dict(zip(columns, row, strict=True))) + "\n")
        _copy(lines, columns, made)
        _flush(made)
        made.replace(target)


def _flush(file: Path) -> None:
    """Wait until the disk has the contents of *file*."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def _copy(lines: Path, columns: Columns, made: Path) -> None:
    """Turn JSON lines into Parquet; paths are ours, so they may stand in the text."""
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    with duckdb.connect(":memory:", config={"threads": 1}) as db:
        db.execute(
            f"COPY (SELECT * FROM read_json({_text(lines)},"
            f" format='newline_delimited', columns={{{types}}}))"
            f" TO {_text(made)} (FORMAT parquet, COMPRESSION zstd)"
        )


class Warehouse:
    """Questions answered over one tape directory; safe to share between threads."""

    def __init__(self, directory: Path) -> None:
        """Open the tape in *directory*, which may still be empty."""
        self.directory = directory
        self._db = duckdb.connect(
            ":memory:", config={"memory_limit": MEMORY_MAX, "threads": 2}
        )
        self._db.execute("SET TimeZone = 'UTC'")
        self._lock = threading.Lock()
        self._stamp: object = None
        self._position = 0

    def ask(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """Return the answer to one of our own questions; *sql* never comes from a user.

        The views `trades`, `instruments` and `members` show the tape up to the
        position that is returned with the rows.
        """
        with self._lock:
            self._refresh()
            position, cursor = self._position, self._db.cursor()
        with cursor:
            cursor.execute(sql, dict(parameters or {}))
            columns = tuple(column[0] for column in cursor.description or ())
            return Answer(columns, cursor.fetchall(), position)

    def close(self) -> None:
        """Let go of the engine's memory."""
        self._db.close()

    def _refresh(self) -> None:
        """Define the views anew if the tape or a dimension has changed."""
        files = [self.directory / POSITION, *map(self._dimension, DIMENSIONS)]
        stamp = tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
        if stamp == self._stamp:
            return
        self._position = read_position(self.directory).seq
        self._db.execute(f"CREATE OR REPLACE VIEW trades AS {self._trades()}")
        for name, columns in DIMENSIONS.items():
            file = self._dimension(name)
            source = (
                f"SELECT * FROM read_parquet({_text(file)})"
                if file.exists()
                else _empty(columns)
            )
            self._db.execute(f"CREATE OR REPLACE VIEW {name} AS {source}")
        self._stamp = stamp

    def _trades(self) -> str:
        """Return the query for the trades up to the position: no later part counts."""
        parts = self.directory / "trades" / "day=*" / "part-*.parquet"
        if not any(parts.parent.parent.glob("day=*/part-*.parquet")):
            return _empty({**TRADES, "day": "DATE"})
        return (
            f"SELECT * FROM read_parquet({_text(parts)}, hive_partitioning=true,"
            f" hive_types={{'day': DATE}}) WHERE seq <= {self._position}"
        )

    def _dimension(self, name: str) -> Path:
        return self.directory / f"{name}.parquet"


def _empty(columns: Columns) -> str:
    """Return a query for no rows of these columns."""
    nulls = ", ".join(
        f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in columns.items()
    )
    return f"SELECT {nulls} WHERE false"


def _text(path: Path) -> str:
    """Return *path* as an SQL string."""
    return "'" + str(path).replace("'", "''") + "'"
