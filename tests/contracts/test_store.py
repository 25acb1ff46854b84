"""What every database behind DATABASE_URL must do alike: keep, refuse, order, wait."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from settlement import store
from settlement.money import AMOUNT_MAX
from settlement.tables import accounts, journal, terms

# Rows go through the bare drivers, so these refuse in their own words.
Refused = (DBAPIError, sqlite3.Error, psycopg.Error)


def account(number, balance=0, pocket=0):
    """Return a row for the table of accounts, of an owner of its own."""
    return (number, number, 1, pocket, balance)


def balances(engine):
    """Return the stored balances by account."""
    with engine.connect() as db:
        rows = db.execute(select(accounts.c.id, accounts.c.balance)).all()
    return {row.id: row.balance for row in rows}


@pytest.mark.parametrize("count", [0, 1, 17, 300])
def test_many_rows_are_kept_as_they_were_given(engine, count):
    rows = [account(number, number * 7) for number in range(1, count + 1)]
    with engine.begin() as db:
        store.insert(db, accounts, rows)
    assert balances(engine) == {row[0]: row[4] for row in rows}


def test_an_upsert_inserts_the_new_and_replaces_the_old(engine):
    with engine.begin() as db:
        store.insert(db, accounts, [account(1, 10), account(2, 20)])
        store.upsert(db, accounts, [account(2, 21), account(3, 30)])
    assert balances(engine) == {1: 10, 2: 21, 3: 30}


def test_an_update_changes_only_the_named_columns_of_the_named_rows(engine):
    with engine.begin() as db:
        store.insert(db, accounts, [account(number, 5) for number in range(1, 6)])
        store.update(db, accounts, ("id", "balance"), [(2, 0), (4, 9)])
    assert balances(engine) == {1: 5, 2: 0, 3: 5, 4: 9, 5: 5}


def test_the_largest_amount_is_exact(engine):
    with engine.begin() as db:
        store.insert(db, accounts, [account(1, AMOUNT_MAX), account(2, -AMOUNT_MAX, 3)])
    assert balances(engine) == {1: AMOUNT_MAX, 2: -AMOUNT_MAX}


def test_text_and_bytes_come_back_to_the_last_character(engine):
    body, digest = "数据产品 'ü' \"ß\" \\ {x} %s ? 😀", bytes(range(256))
    row = (1, 2, 0, None, body, digest)
    with engine.begin() as db:
        store.insert(db, journal, [row])
    with engine.connect() as db:
        kept = db.execute(select(journal)).one()
    assert (*kept[:-1], bytes(kept.hash)) == row


def test_an_overdraft_is_refused_by_the_table_itself(engine):
    with pytest.raises(Refused), engine.begin() as db:
        store.insert(db, accounts, [account(1, -1)])
    assert balances(engine) == {}


def test_the_issuance_pocket_may_go_below_zero(engine):
    with engine.begin() as db:
        store.insert(db, accounts, [account(1, -1, pocket=3)])
    assert balances(engine) == {1: -1}


def test_the_same_fact_is_not_kept_twice(engine):
    with engine.begin() as db:
        store.insert(db, terms, [(1, "abc", "{}")])
    with pytest.raises(Refused), engine.begin() as db:
        store.insert(db, terms, [(2, "abc", "{}")])


def test_a_word_is_no_number(engine):
    with pytest.raises(Refused), engine.begin() as db:
        store.insert(db, accounts, [(1, 1, 1, 0, "much")])


def test_a_failed_transaction_leaves_nothing_behind(engine):
    with pytest.raises(Refused), engine.begin() as db:
        store.insert(db, accounts, [account(1, 10)])
        store.insert(db, accounts, [account(1, 10)])
    assert balances(engine) == {}


def test_no_addition_is_lost_between_eight_writers(engine):
    with engine.begin() as db:
        store.insert(db, accounts, [account(1)])

    def add_ten():
        for _ in range(10):
            with engine.begin() as db:
                seen = db.scalar(select(accounts.c.balance).with_for_update())
                store.update(db, accounts, ("id", "balance"), [(1, seen + 1)])

    with ThreadPoolExecutor(8) as pool:
        for adder in [pool.submit(add_ten) for _ in range(8)]:
            adder.result()
    assert balances(engine) == {1: 80}


def test_a_reader_sees_what_was_committed_and_waits_for_nobody(engine, database_url):
    with engine.begin() as db:
        store.insert(db, accounts, [account(1, 1)])
    reads = store.connect(database_url)
    with engine.begin() as db:
        store.update(db, accounts, ("id", "balance"), [(1, 2)])
        assert balances(reads) == {1: 1}
    assert balances(reads) == {1: 2}
    reads.dispose()


def test_an_answered_commit_survives_a_loss_of_power(engine):
    with engine.connect() as db:
        if db.dialect.name == "sqlite":
            assert db.scalar(text("PRAGMA synchronous")) == 2  # FULL
            assert db.scalar(text("PRAGMA journal_mode")) == "wal"
        else:
            assert db.scalar(text("SHOW synchronous_commit")) == "on"


def test_pages_follow_each_other_without_gap_or_repeat(engine):
    with engine.begin() as db:
        store.insert(db, accounts, [account(number) for number in range(1, 8)])
    seen, before = [], None
    while True:
        query = select(accounts.c.id).order_by(accounts.c.id.desc()).limit(3 + 1)
        if before is not None:
            query = query.where(accounts.c.id < before)
        with engine.connect() as db:
            page = store.page(db.execute(query).all(), 3)
        seen += [row.id for row in page.rows]
        if (before := page.before) is None:
            break
    assert seen == [7, 6, 5, 4, 3, 2, 1]


def test_sums_of_balances_stay_whole_numbers(engine):
    with engine.begin() as db:
        store.insert(db, accounts, [account(n, AMOUNT_MAX) for n in range(1, 4)])
    with engine.connect() as db:
        total = db.scalar(select(func.sum(accounts.c.balance)))
    assert total == 3 * AMOUNT_MAX
    assert int(total) == total
