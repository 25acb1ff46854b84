"""The examination's own door to DuckDB: one connection in memory, in the child only.

It may read the scratch directory and the one file that it was given, nothing else, and
its settings are locked. Data is a table ``data`` whose ``rowid`` counts from 0.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import duckdb

MEMORY_MAX = "256MB"
REJECTS_MAX = 100  # rows of another length that are told
EVERY = 2**62  # rows: more than there are
LINE_MAX = 4 * 1024 * 1024  # bytes of one row of text

Row = tuple[Any, ...]


class Reject(NamedTuple):
    """A row that does not fit the columns."""

    row: int  # from 1, the heading not counted
    why: str
    line: str


class OutOfMemory(Exception):
    """The data needs more memory than an examination may use."""


class Unreadable(Exception):
    """The data is not what its format asks for."""


class Engine:
    """A connection with one table at a time; close it, or use it as a context."""

    def __init__(self, *files: Path, scratch: Path, whole: bool = False) -> None:
        """Open a connection that may read *files* and what lies in *scratch* only.

        *whole*: every row is wanted; the limits of the calls count for nothing.
        """
        self._whole = whole
        self._db = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": MEMORY_MAX,
                "threads": 2,
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_community_extensions": "false",
            },
        )
        self._db.execute("SET TimeZone = 'UTC'")
        self._db.execute("SET temp_directory = ''")  # no disk instead of memory
        self._db.execute(f"SET allowed_paths = {[*map(str, files)]!r}")
        self._db.execute(f"SET allowed_directories = {[str(scratch)]!r}")
        self._db.execute("SET enable_external_access = false")
        self._db.execute("SET lock_configuration = true")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._db.close()

    def read_csv(
        self, path: Path, columns: int, delimiter: str, null: str, rows: int
    ) -> list[Reject]:
        """Make ``data`` of the texts ``c0``, ``c1`` … in *path*, which has a heading.

        At most *rows* rows. Rows of another length are left out and returned.
        """
        types = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(columns))
        self._make(
            "SELECT * FROM read_csv(?, auto_detect=false, header=false, skip=1,"
            f" delim=?, quote='\"', escape='\"', columns={{{types}}}, nullstr=?,"
            " store_rejects=true, rejects_limit=?, max_line_size=?,"
            " strict_mode=true) LIMIT ?",
            (str(path), delimiter, null, REJECTS_MAX, LINE_MAX, self.most(rows)),
        )
        found = self.ask(
            "SELECT line, error_type, any_value(csv_line) FROM reject_errors"
            " GROUP BY ALL ORDER BY line"
        )
        self._db.execute("DROP TABLE reject_errors; DROP TABLE reject_scans")
        return [Reject(line - 1, str(why), said or "") for line, why, said in found]

    def read_json_lines(self, path: Path, columns: Sequence[str], rows: int) -> int:
        """Make ``data`` of the texts of *columns* in JSON lines; return how many rows.

        At most *rows* rows.
        """
        types = ", ".join(f"{_quoted(name)}: 'VARCHAR'" for name in columns)
        self._make(
            "SELECT * FROM read_json(?, format='newline_delimited', auto_detect=false,"
            f" maximum_object_size=?, columns={{{types}}})"
            f" AS t({_numbered([*columns])}) LIMIT ?",
            (str(path), LINE_MAX, self.most(rows)),
        )
        ((made,),) = self.ask("SELECT count(*) FROM data")
        return int(made)

    def read_parquet(self, path: Path, rows: int) -> list[str]:
        """Make ``data`` of the first *rows* rows; return the names of its columns."""
        described = self.ask("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)])
        names = [str(row[0]) for row in described]
        self._make(
            f"SELECT * FROM read_parquet(?) AS t({_numbered(names)}) LIMIT ?",
            (str(path), self.most(rows)),
        )
        return names

    def read_arrow(self, stream: object, rows: int) -> list[str]:
        """Make ``data`` of a *stream* of the Arrow C interface; its columns' names."""
        try:
            arrow = self._db.from_arrow(stream)
            names = [str(name) for name in arrow.columns]
            self._db.execute("DROP TABLE IF EXISTS data")
            arrow.query(
                "t",
                f"CREATE TABLE data AS SELECT * FROM t AS u({_numbered(names)})"
                f" LIMIT {self.most(rows)}",
            )
        except duckdb.OutOfMemoryException:
            raise OutOfMemory from None
        except duckdb.Error as error:
            raise Unreadable(str(error)) from None
        return names

    def write_parquet(self, query: str, path: Path) -> None:
        """Write the rows of a *query* of ours to *path* in the scratch directory."""
        self.ask(f"COPY ({query}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")

    def most(self, rows: int) -> int:
        """Return how many rows are read where *rows* are examined."""
        return EVERY if self._whole else rows

    def ask(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a query of ours; OutOfMemory, Unreadable."""
        try:
            return self._db.execute(sql, list(parameters)).fetchall()
        except duckdb.OutOfMemoryException:
            raise OutOfMemory from None
        except duckdb.Error as error:
            raise Unreadable(str(error)) from None

    def _make(self, query: str, parameters: Sequence[Any]) -> None:
        self.ask(f"CREATE OR REPLACE TABLE data AS {query}", parameters)


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _numbered(names: list[str]) -> str:
    return ", ".join(f"c{number}" for number in range(len(names)))
