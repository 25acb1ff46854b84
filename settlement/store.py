"""The database: one way to connect, one metadata, one way to write many rows."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Table,
    Text,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.engine.interfaces import DBAPICursor

PAGE_MAX = 100
POOL = 32  # connections kept by an engine; many request threads share them

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# SQLite's STRICT tables know INTEGER and TEXT only; PostgreSQL gets 64 bits.
Whole = BigInteger().with_variant(Integer, "sqlite")


class Page(NamedTuple):
    """Rows of one page, newest first, and the key that the next page starts before."""

    rows: Sequence[Row[Any]]
    before: int | None


def table(name: str, *parts: Any) -> Table:
    """Return a table of the one metadata, STRICT on SQLite."""
    return Table(name, metadata, *parts, sqlite_strict=True)


def connect(url: str, *, write: bool = False) -> Engine:
    """Return an engine for *url* with the settings that the books need.

    SQLite: WAL, synchronous FULL (an answered commit survives power loss), foreign
    keys; ``write=True`` begins with BEGIN IMMEDIATE, so that a read is never upgraded
    to a write (reliability F1). PostgreSQL: READ COMMITTED, synchronous commit.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(url, write=write)
    return create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_size=POOL,
        connect_args={"options": "-c synchronous_commit=on -c timezone=UTC"},
    )


def _sqlite(url: str, *, write: bool) -> Engine:
    engine = create_engine(
        url,
        pool_size=POOL,
        connect_args={"timeout": 15, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _settings(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # we say BEGIN ourselves
        for setting in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "busy_timeout=15000",
            "foreign_keys=ON",
            "cache_size=-65536",
            "wal_autocheckpoint=8000",
        ):
            raw.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def _begin(db: Connection) -> None:
        db.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def page(rows: Sequence[Row[Any]], limit: int, key: str = "id") -> Page:
    """Return *rows* (one more than *limit* were asked for) as a keyset page."""
    more = len(rows) > limit
    kept = rows[:limit]
    return Page(kept, getattr(kept[-1], key) if more else None)


# SQLite takes one statement with many rows much faster than many statements, and gives
# the interpreter to other threads only once for it. Few sizes, so that each statement
# is prepared once.
CHUNKS = (512, 64, 8, 1)

Rows = Sequence[tuple[object, ...]]


_ESCAPES = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r"})
# From so many rows on, PostgreSQL's COPY is cheaper for the server than INSERT.
COPY_MIN = 500


def grouped(db: Connection, size: int) -> AbstractContextManager[object]:
    """Return a context in which PostgreSQL is sent statements without waiting for each.

    *size* is the most rows that one of them brings: COPY cannot be sent so, and does
    not need it. A cursor's row count and error are known when the context ends.
    """
    if db.dialect.name == "postgresql" and size < COPY_MIN:
        driver = db.connection.driver_connection
        assert driver is not None
        return cast("AbstractContextManager[object]", driver.pipeline())
    return nullcontext()


def run(db: Connection, statement: str, values: Sequence[object]) -> DBAPICursor:
    """Run one statement, written with ``?`` marks, past SQLAlchemy; its cursor."""
    cursor = db.connection.cursor()
    if db.dialect.name == "postgresql":
        statement = statement.replace("?", "%s")
    cursor.execute(statement, values)
    return cursor


def insert(db: Connection, into: Table, rows: Rows) -> None:
    """Insert *rows*, each with a value for every column in the table's order."""
    if rows:
        _write(db, into, rows, "")


def upsert(db: Connection, into: Table, rows: Rows) -> None:
    """Insert *rows* or replace those with the same primary key."""
    if not rows:
        return
    keys = [column.name for column in into.primary_key]
    names = [column.name for column in into.columns if column.name not in keys]
    sets = ", ".join(f"{name} = excluded.{name}" for name in names)
    _write(db, into, rows, f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {sets}")


def update(db: Connection, into: Table, names: Sequence[str], rows: Rows) -> None:
    """Set the columns *names* after the first in the rows that the first identifies."""
    if not rows:
        return
    key, *changed = names
    if db.dialect.name == "postgresql":
        sets = ", ".join(f"{name} = v.{name}" for name in changed)
        arrays, values = _arrays([into.c[name] for name in names], rows)
        statement = (
            f"UPDATE {into.name} SET {sets} FROM unnest({arrays})"  # noqa: S608
            f" AS v({', '.join(names)}) WHERE {into.name}.{key} = v.{key}"
        )
        run(db, statement, values)
        return
    sets = ", ".join(f"{name} = ?" for name in changed)
    statement = f"UPDATE {into.name} SET {sets} WHERE {key} = ?"  # noqa: S608
    db.connection.cursor().executemany(statement, [(*row[1:], row[0]) for row in rows])


def _write(db: Connection, into: Table, rows: Rows, tail: str) -> None:
    """Insert *rows* in as few statements as the database likes."""
    names = ", ".join(column.name for column in into.columns)
    head = f"INSERT INTO {into.name} ({names})"
    if db.dialect.name == "postgresql":
        if len(rows) >= COPY_MIN and not tail:
            _copy(db, into, rows)
            return
        arrays, values = _arrays(list(into.columns), rows)
        run(db, f"{head} SELECT * FROM unnest({arrays}){tail}", values)  # noqa: S608
        return
    cursor = db.connection.cursor()
    mark = f"({', '.join('?' * len(into.columns))})"
    done = 0
    for size in CHUNKS:
        statement = f"{head} VALUES {', '.join([mark] * size)}{tail}"
        while len(rows) - done >= size:
            chunk = rows[done : done + size]
            cursor.execute(statement, list(chain.from_iterable(chunk)))
            done += size


def _copy(db: Connection, into: Table, rows: Rows) -> None:
    """Insert *rows* by PostgreSQL's COPY, in its text format."""
    columns = [
        _copied(column, values)
        for column, values in zip(into.columns, zip(*rows, strict=True), strict=True)
    ]
    lines = map("\t".join, zip(*columns, strict=True))
    cursor = db.connection.cursor()
    with cursor.copy(f"COPY {into.name} FROM STDIN") as copy:
        copy.write("\n".join(lines) + "\n")


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
