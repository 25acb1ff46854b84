"""The database: one way to connect, one metadata, one way to write many rows."""

from collections.abc import Sequence
from typing import Any, NamedTuple

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

PAGE_MAX = 100

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
        connect_args={"options": "-c synchronous_commit=on -c timezone=UTC"},
    )


def _sqlite(url: str, *, write: bool) -> Engine:
    engine = create_engine(
        url, connect_args={"timeout": 15, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _settings(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # we say BEGIN ourselves
        for setting in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "busy_timeout=15000",
            "foreign_keys=ON",
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
CHUNKS = (128, 16, 1)


def insert(db: Connection, into: Table, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert *rows*, each with a value for every column in the table's order."""
    if rows:
        columns = [column.name for column in into.columns]
        _write(db, f"INSERT INTO {into.name} ({', '.join(columns)})", "", rows, into)


def upsert(db: Connection, into: Table, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert *rows* or replace those with the same primary key."""
    if not rows:
        return
    names = [column.name for column in into.columns]
    keys = [column.name for column in into.primary_key]
    rest = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
    tail = f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {rest}"
    _write(db, f"INSERT INTO {into.name} ({', '.join(names)})", tail, rows, into)


def update(
    db: Connection,
    into: Table,
    names: Sequence[str],
    rows: Sequence[tuple[object, ...]],
) -> None:
    """Set the columns *names* after the first in the rows that the first identifies."""
    if not rows:
        return
    key, *changed = names
    columns = [into.c[name] for name in names]
    if db.dialect.name == "postgresql":
        sets = ", ".join(f"{name} = v.{name}" for name in changed)
        arrays, arguments = _arrays(columns, rows)
        db.exec_driver_sql(
            f"UPDATE {into.name} SET {sets} FROM unnest({arrays})"  # noqa: S608
            f" AS v({', '.join(names)}) WHERE {into.name}.{key} = v.{key}",
            arguments,
        )
        return
    sets = ", ".join(f"{name} = ?" for name in changed)
    statement = f"UPDATE {into.name} SET {sets} WHERE {key} = ?"  # noqa: S608
    db.connection.cursor().executemany(statement, [(*row[1:], row[0]) for row in rows])


def _write(
    db: Connection,
    head: str,
    tail: str,
    rows: Sequence[tuple[object, ...]],
    into: Table,
) -> None:
    """Write *rows* in as few statements as the database likes."""
    if db.dialect.name == "postgresql":
        arrays, arguments = _arrays(list(into.columns), rows)
        db.exec_driver_sql(f"{head} SELECT * FROM unnest({arrays}) {tail}", arguments)
        return
    cursor = db.connection.cursor()
    mark = f"({', '.join('?' * len(into.columns))})"
    done = 0
    for size in CHUNKS:
        statement = f"{head} VALUES {', '.join([mark] * size)} {tail}"
        while len(rows) - done >= size:
            cursor.execute(
                statement, [value for row in rows[done : done + size] for value in row]
            )
            done += size


def _arrays(
    columns: Sequence[Column[Any]], rows: Sequence[tuple[object, ...]]
) -> tuple[str, tuple[Any, ...]]:
    """Return the arguments of PostgreSQL's ``unnest``: one array for each column."""
    casts, arguments = [], []
    for column, values in zip(columns, zip(*rows, strict=True), strict=True):
        if isinstance(column.type, LargeBinary):
            casts.append("%s::bytea[]")
            arguments.append(list(values))
        elif isinstance(column.type, Text):
            casts.append("%s::text[]")
            arguments.append(list(values))
        else:  # integers, written as text: far cheaper than one dumper call for each
            casts.append("%s::bigint[]")
            texts = ["NULL" if value is None else str(value) for value in values]
            arguments.append("{" + ",".join(texts) + "}")
    return ", ".join(casts), tuple(arguments)
