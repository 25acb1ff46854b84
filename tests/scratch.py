"""A database in memory for what is written down, read back, and thrown away."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from sqlalchemy import Connection

from marketplace.schema import metadata
from settlement.store import connect


@contextmanager
def scratch() -> Iterator[Connection]:
    """Give an empty database; what is written there does not stay."""
    db = _memory()
    transaction = db.begin()
    try:
        yield db
    finally:
        transaction.rollback()


@cache
def _memory() -> Connection:
    """Return the one database, made once: its many tables take long."""
    db = connect("sqlite://", write=True).connect()
    metadata.create_all(db)
    db.commit()
    return db
