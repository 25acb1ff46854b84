"""The store: which settings a connection has, and how a page ends."""

from typing import NamedTuple

import pytest
from sqlalchemy import text

from settlement.script import CHUNKS
from settlement.store import connect, insert, metadata, page, update, upsert
from settlement.tables import accounts


class Numbered(NamedTuple):
    """As much of a row as a page looks at."""

    id: int


@pytest.fixture
def db(sqlite_url):
    """A connection in a transaction, with the accounts' table."""
    engine = connect(sqlite_url, write=True)
    metadata.create_all(engine, tables=[accounts])
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize(
    ("setting", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)],
)
def test_every_connection_of_the_pool_is_safe(sqlite_url, setting, value):
    engine = connect(sqlite_url)
    with engine.connect() as one, engine.connect() as other:
        for db in (one, other):
            assert db.scalar(text(f"PRAGMA {setting}")) == value
    engine.dispose()


def test_a_write_engine_locks_when_it_begins(sqlite_url):
    engine, impatient = connect(sqlite_url, write=True), connect(sqlite_url, write=True)
    with engine.begin() as db:
        db.execute(text("SELECT 1"))
        with impatient.connect() as other:
            raw = other.connection.driver_connection
            raw.rollback()
            raw.execute("PRAGMA busy_timeout = 1")
            with pytest.raises(Exception, match="locked"):
                raw.execute("BEGIN IMMEDIATE")
    engine.dispose()
    impatient.dispose()


@pytest.mark.parametrize(
    "count", sorted({0, 1, *CHUNKS, sum(CHUNKS), CHUNKS[0] * 2 + 3})
)
def test_no_row_is_lost_where_chunks_meet(db, count):
    insert(db, accounts, [(n, n, 1, 0, n) for n in range(count)])
    assert [row.balance for row in db.execute(accounts.select())] == list(range(count))


def test_nothing_to_write_is_no_statement(db):
    for verb in (insert, upsert):
        verb(db, accounts, [])
    update(db, accounts, ("id", "balance"), [])
    assert db.execute(accounts.select()).all() == []


@pytest.mark.parametrize(
    ("count", "limit", "kept", "before"),
    [(0, 3, 0, None), (3, 3, 3, None), (4, 3, 3, 2), (1, 3, 1, None)],
)
def test_a_page_knows_whether_another_follows(count, limit, kept, before):
    rows = [Numbered(number) for number in range(count, 0, -1)]
    found = page(rows, limit)
    assert (len(found.rows), found.before) == (kept, before)


def test_a_float_does_not_become_money(db):
    with pytest.raises(Exception, match=r"(?i)cannot store REAL"):
        insert(db, accounts, [(1, 1, 1, 0, 1.5)])
