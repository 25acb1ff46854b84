"""Numbers of new rows: given out in order, one writer after the other."""

from typing import Any

from sqlalchemy import Column, Connection, func, select, text

LOCK = 4_242_002  # any number that nobody else locks in this database


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
        db.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
