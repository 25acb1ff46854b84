"""Many rows into the database in few statements, written ahead of sending them.

A script is written by one thread while another sends the one before it: what is to be
said is worked out where it holds nobody up, and sent in one go.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple, Self, cast

from sqlalchemy import Column, Connection, LargeBinary, Table, Text
from sqlalchemy.engine.interfaces import DBAPICursor

Rows = Sequence[tuple[object, ...]]

# SQLite takes one statement with many rows much faster than many statements, and gives
# the interpreter to other threads only once for it. Few sizes, so that each statement
# is prepared once.
CHUNKS = (512, 256, 128, *range(64, 16, -8), *range(16, 0, -1))
# From so many rows on, PostgreSQL's COPY is cheaper for the server than INSERT.
COPY_MIN = 200
_ESCAPES = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Step(NamedTuple):
    """One statement with its values; with *many*, a row of values for each run."""

    statement: str
    values: Sequence[Any]
    many: bool = False


class Script:
    """Statements for one database: first what adds rows, then what changes them."""

    def __init__(self, dialect: str) -> None:
        """Write for ``sqlite`` or ``postgresql``."""
        self._postgres = dialect == "postgresql"
        self._adds: list[Step] = []  # rows that are new to the database
        self._copies: list[tuple[str, str]] = []  # PostgreSQL: statement, its input
        self._changes: list[Step] = []

    def run(self, statement: str, values: Sequence[object]) -> Self:
        """Add a statement written with ``?`` marks."""
        if self._postgres:
            statement = statement.replace("?", "%s")
        self._changes.append(Step(statement, values))
        return self

    def insert(self, into: Table, rows: Rows) -> Self:
        """Insert *rows*, each with a value for every column in the table's order."""
        if self._postgres and len(rows) >= COPY_MIN:
            self._copies.append((f"COPY {into.name} FROM STDIN", _lines(into, rows)))
        elif rows:
            self._insert(self._adds, into, rows, "")
        return self

    def upsert(
        self, into: Table, rows: Rows, changed: Sequence[str] | None = None
    ) -> Self:
        """Insert *rows*; where the primary key is there already, replace.

        *changed* are the columns that a known row can differ in; by default all.
        """
        if rows:
            keys = [column.name for column in into.primary_key]
            names = changed or [c.name for c in into.columns if c.name not in keys]
            sets = ", ".join(f"{name} = excluded.{name}" for name in names)
            tail = f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sets}"
            self._insert(self._changes, into, rows, tail)
        return self

    def update(self, into: Table, names: Sequence[str], rows: Rows) -> Self:
        """Set the columns *names* after the first in the rows that it identifies."""
        if not rows:
            return self
        key, *changed = names
        if self._postgres:
            sets = ", ".join(f"{name} = v.{name}" for name in changed)
            arrays, values = _arrays([into.c[name] for name in names], rows)
            return self.run(
                f"UPDATE {into.name} SET {sets} FROM unnest({arrays})"  # noqa: S608
                f" AS v({', '.join(names)}) WHERE {into.name}.{key} = v.{key}",
                values,
            )
        sets = ", ".join(f"{name} = ?" for name in changed)
        statement = f"UPDATE {into.name} SET {sets} WHERE {key} = ?"  # noqa: S608
        self._changes.append(Step(statement, [(*r[1:], r[0]) for r in rows], many=True))
        return self

    def send(self, db: Connection) -> list[int]:
        """Run everything in *db*'s transaction; the row count of each change."""
        self.add(db)
        return self.change(db)

    def add(self, db: Connection) -> None:
        """Insert the new rows; the order among the tables is not kept.

        What PostgreSQL copies cannot be sent without waiting for each, as the rest is.
        """
        self._run(db, self._adds)
        driver = cast("Any", db.connection.driver_connection)
        for statement, lines in self._copies:
            with driver.cursor().copy(statement) as copy:
                copy.write(lines)

    def change(self, db: Connection) -> list[int]:
        """Run all that can touch rows which are there; the row count of each."""
        return [cursor.rowcount for cursor in self._run(db, self._changes)]

    def _run(self, db: Connection, steps: Sequence[Step]) -> list[DBAPICursor]:
        """Run *steps*; PostgreSQL is sent them without waiting for each."""
        if not (self._postgres and steps):
            return [self._step(db, step) for step in steps]
        driver = cast("Any", db.connection.driver_connection)
        with driver.pipeline():
            return [self._step(db, step) for step in steps]

    def _step(self, db: Connection, step: Step) -> DBAPICursor:
        cursor = db.connection.cursor()
        (cursor.executemany if step.many else cursor.execute)(*step[:2])
        return cursor

    def _insert(self, steps: list[Step], into: Table, rows: Rows, tail: str) -> None:
        """Add to *steps* few statements that insert *rows*."""
        names = ", ".join(column.name for column in into.columns)
        head = f"INSERT INTO {into.name} ({names})"
        if self._postgres:
            arrays, values = _arrays(list(into.columns), rows)
            statement = f"{head} SELECT * FROM unnest({arrays}){tail}"  # noqa: S608
            steps.append(Step(statement.replace("?", "%s"), values))
            return
        mark = f"({', '.join('?' * len(into.columns))})"
        done = 0
        for size in CHUNKS:
            statement = f"{head} VALUES {', '.join([mark] * size)}{tail}"
            while len(rows) - done >= size:
                chunk = list(chain.from_iterable(rows[done : done + size]))
                steps.append(Step(statement, chunk))
                done += size


def _lines(into: Table, rows: Rows) -> str:
    """Return *rows* in the text format of PostgreSQL's COPY."""
    columns = [
        _copied(column, values)
        for column, values in zip(into.columns, zip(*rows, strict=True), strict=True)
    ]
    return "\n".join(map("\t".join, zip(*columns, strict=True))) + "\n"


def _copied(column: Column[Any], values: Sequence[Any]) -> list[str]:
    r"""Return a column's values as COPY reads them: NULL is ``\N``, ``\`` escapes."""
    if isinstance(column.type, LargeBinary):
        return [f"\\\\x{value.hex()}" for value in values]
    if isinstance(column.type, Text):
        return ["\\N" if value is None else _escaped(value) for value in values]
    return ["\\N" if value is None else str(value) for value in values]


def _escaped(text: str) -> str:
    """Return *text* with what COPY would read as a mark escaped."""
    if text.isalnum():
        return text
    return text.replace("\\", "\\\\").translate(_ESCAPES)


def _arrays(columns: Sequence[Column[Any]], rows: Rows) -> tuple[str, list[str]]:
    """Return the arguments of PostgreSQL's ``unnest``: one array for each column.

    Written as text, which is far cheaper than the driver's one call for each element.
    """
    casts, arrays = [], []
    for column, values in zip(columns, zip(*rows, strict=True), strict=True):
        if isinstance(column.type, LargeBinary):
            casts.append("?::bytea[]")
            parts = [f'"\\\\x{value.hex()}"' for value in values]
        elif isinstance(column.type, Text):
            casts.append("?::text[]")
            parts = ["NULL" if value is None else _quoted(value) for value in values]
        else:
            casts.append("?::bigint[]")
            parts = ["NULL" if value is None else str(value) for value in values]
        arrays.append("{" + ",".join(parts) + "}")
    return ", ".join(casts), arrays


def _quoted(text: str) -> str:
    """Return *text* as an element of an array literal."""
    if '"' in text or "\\" in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
