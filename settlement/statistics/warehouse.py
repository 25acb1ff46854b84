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
from typing import Any

import duckdb

from settlement.statistics.columns import CORRECTIONS, DIMENSIONS, TRADES, Columns
from settlement.statistics.manifest import MANIFEST, Manifest, flush, read_manifest
from settlement.statistics.views import Answer, Snapshot, counted, nothing

MEMORY_MAX = "1GB"
THREADS = 2
HELD_MAX = 1_000_000  # trades of a snapshot that are read once and kept in memory
HELD_FROM = 8  # questions: a few are quicker from the files, of a few columns each
SPILL = ".spill-"  # begins the names of what the engine makes if memory is full
SCRATCH = ".writing-"  # begins the names of directories in which files are made


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
        types = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
        _copy(
            f"read_json({_text(lines)}, format='newline_delimited',"
            f" columns={{{types}}})",
            made,
        )
        flush(made)
        made.replace(target)


def merge_parquet(parts: Sequence[Path], target: Path) -> None:
    """Write the rows of *parts* in the order of their numbers to *target*.

    Equal rows give equal bytes, however they were cut into parts.
    """
    with TemporaryDirectory(dir=target.parent, prefix=SCRATCH) as scratch:
        made = Path(scratch, "made.parquet")
        _copy(f"{_read(parts)} ORDER BY id", made)
        flush(made)
        made.replace(target)


def write_queries(queries: Iterable[tuple[str, Path]]) -> None:
    """Write the answer to each of our own queries to its target, on every core."""
    with duckdb.connect(":memory:", config={"threads": THREADS}) as db:
        for query, target in queries:
            target.parent.mkdir(parents=True, exist_ok=True)
            made = target.with_name(f".{target.name}")
            db.execute(
                f"COPY ({query}) TO {_text(made)} (FORMAT parquet, COMPRESSION zstd)"
            )
            made.replace(target)


def _copy(source: str, made: Path) -> None:
    """Turn *source* into Parquet; paths are ours, so they may stand in the text."""
    with duckdb.connect(":memory:", config={"threads": 1}) as db:
        db.execute(
            # A table first: its rows come in vectors of one length, from wherever.
            f"CREATE TEMP TABLE rows AS SELECT * FROM {source};"
            f" COPY rows TO {_text(made)}"
            " (FORMAT parquet, COMPRESSION zstd)"
        )


class Warehouse:
    """Questions answered over one tape directory; safe to share between threads."""

    def __init__(
        self,
        directory: Path,
        *,
        dimensions: Path | None = None,
        until: Snapshot | None = None,
        memory: str = MEMORY_MAX,
    ) -> None:
        """Open the tape in *directory*, which may still be empty.

        With *until* it is the tape of that moment; its tables are in *dimensions*.
        """
        self.directory = directory
        self._dimensions = dimensions or directory
        self._until = until
        self._db = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": memory,
                "threads": THREADS,
                "temp_directory": str(directory / f"{SPILL}{os.getpid()}-{id(self)}"),
            },
        )
        self._db.execute("SET TimeZone = 'UTC'")
        self._lock = threading.Lock()
        self._stamp: object = None
        self._manifest = Manifest()
        self._asked = 0

    def ask(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """Return the answer to one of our own questions; *sql* never comes from a user.

        The views `trades`, `instruments`, `members`, `events`, `usage` and `states`
        show the tape up to the position that is returned with the rows.
        """
        with self._lock:
            self._refresh()
            self._hold()
            position, cursor = self._manifest.seq, self._db.cursor()
        if self._until is not None:
            position = self._until.seq
        with cursor:
            cursor.execute(sql, dict(parameters or {}))
            columns = tuple(column[0] for column in cursor.description or ())
            return Answer(columns, cursor.fetchall(), position)

    def manifest(self) -> Manifest:
        """Return what the answers to the next questions rest on."""
        with self._lock:
            self._refresh()
            return self._manifest

    def close(self) -> None:
        """Let go of the engine's memory."""
        self._db.close()

    def _refresh(self) -> None:
        """Define the views anew if the tape or a dimension has changed."""
        tables = {name: self._dimensions / f"{name}.parquet" for name in DIMENSIONS}
        files = (self.directory / MANIFEST, *tables.values())
        stamp = tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
        if stamp == self._stamp:
            return
        self._manifest = read_manifest(self.directory)
        for name, columns in DIMENSIONS.items():
            there = [tables[name]] if tables[name].exists() else []
            self._define(name, _view(there, columns))
        corrections = self._manifest.corrected(self.directory)
        self._define("corrections", _view(corrections, CORRECTIONS))
        self._show_trades(has_states=tables["states"].exists())
        self._stamp = stamp

    def _define(self, name: str, query: str) -> None:
        self._db.execute(f"CREATE OR REPLACE VIEW {name} AS {query}")

    def _show_trades(self, *, has_states: bool) -> None:
        """Define the trades that count, and those that were taped."""
        until, month = self._until, self._until.month if self._until else ""
        every = self._manifest.files(self.directory)
        files = [file for file in every if file.parent.name.startswith(f"day={month}")]
        nobody = nothing({**TRADES, "day": "DATE"})
        # Excluded ones too, at the first price.
        self._define(
            "taped", f"SELECT * FROM {_read(every, hive=True)}" if every else nobody
        )
        shown = f"SELECT * FROM {_read(files, hive=True)}" if files else nobody
        query = counted(
            f"({shown})",
            has_states=has_states,
            has_corrections=bool(self._manifest.corrections),
            until=until,
        )
        self._define("trades", query)
        self._asked = 0

    def _hold(self) -> None:
        """Keep the trades of a snapshot, which never change, once many are asked."""
        self._asked += 1
        if self._until is None or self._asked != HELD_FROM:
            return
        count = self._db.execute("SELECT count(*) FROM trades").fetchone()
        if count is not None and count[0] <= HELD_MAX:
            self._db.execute("CREATE OR REPLACE TABLE held AS SELECT * FROM trades")
            self._define("trades", "SELECT * FROM held")


def _view(files: Sequence[Path], columns: Columns) -> str:
    """Return a query for the rows of *files*, or for no rows of these columns."""
    return f"SELECT * FROM {_read(files)}" if files else nothing(columns)


def _read(files: Sequence[Path], *, hive: bool = False) -> str:
    names = ", ".join(map(_text, files))
    days = ", hive_partitioning=true, hive_types={'day': DATE}"
    more = days if hive else ", hive_partitioning=false"
    return f"read_parquet([{names}]{more})"


def _text(path: Path) -> str:
    """Return *path* as an SQL string."""
    return "'" + str(path).replace("'", "''") + "'"
