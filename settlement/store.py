"""The database: one way to connect, to write many rows, to number new ones."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Row,
    Table,
    create_engine,
    event,
    func,
    make_url,
    select,
    text,
)

from settlement.script import Rows, Script

PAGE_MAX = 100
STATEMENTS = 512  # prepared ones that a SQLite connection keeps
NUMBERS = 4_242_002  # a lock that nobody else takes in this database
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


def table(name: str, *parts: Any, **options: Any) -> Table:
    """Return a table of the one metadata, STRICT on SQLite."""
    return Table(name, metadata, *parts, sqlite_strict=True, **options)


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
        connect_args={
            "timeout": 15,
            "check_same_thread": False,
            "cached_statements": STATEMENTS,
        },
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
            "secure_delete=FAST",  # what is erased is overwritten, see `privacy`
            "temp_store=MEMORY",  # also for what a statement might have to undo
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


def insert(db: Connection, into: Table, rows: Rows) -> None:
    """Insert *rows*, each with a value for every column in the table's order."""
    Script(db.dialect.name).insert(into, rows).send(db)


def upsert(db: Connection, into: Table, rows: Rows) -> None:
    """Insert *rows* or replace those with the same primary key."""
    Script(db.dialect.name).upsert(into, rows).send(db)


def update(db: Connection, into: Table, names: Sequence[str], rows: Rows) -> None:
    """Set the columns *names* after the first in the rows that it identifies."""
    Script(db.dialect.name).update(into, names, rows).send(db)


def next_numbers(
    db: Connection, column: Column[Any], count: int = 1, least: int = 1
) -> range:
    """Return the next *count* numbers of *column*, from *least* on.

    SQLite has one writer anyway; on PostgreSQL the transactions that number something
    wait for each other, so that numbers become visible in their order (what follows
    the changes by position would otherwise skip one). What the exchange's one writer
    numbers needs none of this.
    """
    in_turn(db)
    first = max(least, (db.scalar(select(func.max(column))) or 0) + 1)
    return range(first, first + count)


def in_turn(db: Connection) -> None:
    """Wait until no other transaction gives out numbers."""
    if db.dialect.name == "postgresql":
        db.execute(text(f"SELECT pg_advisory_xact_lock({NUMBERS})"))
