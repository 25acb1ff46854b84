"""The journal: one chain; any byte changed, lost, moved or cut off is found (A3)."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from settlement import journal as j
from settlement import store
from settlement.tables import journal, writer

COUNT = 12


def written(chain, count=COUNT):
    """Return *count* records, every third refused, every second with a key."""
    return [
        chain.append(
            1_000 + n, n % 3, f"k{n}" if n % 2 else None, "CancelOrder", (7, n % 3, n),
            ("applied", n) if n % 3 else ("refused", "not_found", {"id": "无"}),
        )
        for n in range(1, count + 1)
    ]  # fmt: skip


@pytest.fixture
def db(sqlite_url):
    """A journal of twelve records in one open transaction."""
    engine = store.connect(sqlite_url, write=True)
    store.metadata.create_all(engine, tables=[journal, writer])
    chain = j.Chain(0, j.GENESIS, 3)
    with engine.connect() as connection:
        store.insert(connection, journal, written(chain))
        connection.execute(
            insert(writer).values(
                id=1, epoch=3, seq=chain.seq, head=chain.head, address="inline:"
            )
        )
        yield connection
    engine.dispose()


def broken(db):
    """Return what verification says."""
    return list(j.verify(db))


def test_an_untouched_journal_verifies(db):
    assert broken(db) == []


def test_a_record_is_read_as_it_was_written(db):
    record = next(j.records(db, after=2, limit=1))
    entry = j.read(record.body)
    assert entry == j.Entry(
        3, 1_003, 3, 0, "k3", "CancelOrder", [7, 0, 3],
        ["refused", "not_found", {"id": "无"}],
    )  # fmt: skip
    assert not entry.applied
    assert j.read(next(j.records(db, limit=1)).body).applied


def test_the_hash_is_of_the_hash_before_and_the_body(db):
    head = bytes(32)
    for record in j.records(db):
        head = hashlib.sha256(head + record.body.encode()).digest()
        assert record.hash == head


def test_records_come_in_chunks_without_gap(db, monkeypatch):
    monkeypatch.setattr(j, "CHUNK", 5)
    assert [r.seq for r in j.records(db)] == list(range(1, COUNT + 1))
    assert [r.seq for r in j.records(db, after=3, limit=7)] == list(range(4, 11))
    assert list(j.records(db, after=COUNT)) == []


def test_a_key_belongs_to_its_member(db):
    assert j.by_key(db, 1, "k1").seq == 1
    assert j.by_key(db, 2, "k1") is None
    assert j.by_key(db, 1, "k2") is None


@pytest.mark.parametrize("seq", [1, 6, COUNT])
def test_every_byte_of_a_body_is_sealed(db, seq):
    body = db.scalar(select(journal.c.body).where(journal.c.seq == seq))
    for place in range(len(body)):
        other = "x" if body[place] != "x" else "y"
        changed = body[:place] + other + body[place + 1 :]
        _set(db, seq, body=changed)
        assert broken(db), changed
    _set(db, seq, body=body + " ")
    assert broken(db)
    _set(db, seq, body=body)
    assert broken(db) == []


@pytest.mark.parametrize("body", ["", "5", "[]", "{}", "null", "[1,2", "数据"])
def test_a_body_that_is_no_record_is_named_not_stumbled_over(db, body):
    _set(db, 6, body=body)
    assert "Record 6 cannot be read." in broken(db)


def test_every_byte_of_a_hash_is_sealed(db):
    digest = db.scalar(select(journal.c.hash).where(journal.c.seq == 6))
    for place in range(len(digest)):
        changed = bytearray(digest)
        changed[place] ^= 1
        _set(db, 6, hash=bytes(changed))
        assert broken(db)


@pytest.mark.parametrize(
    "values", [{"at_us": 1_007}, {"principal": 9}, {"key": "other"}, {"key": None}]
)
def test_the_columns_beside_the_body_are_sealed_by_it(db, values):
    seq = 5
    _set(db, seq, **values)
    assert any("columns" in sentence for sentence in broken(db))


@pytest.mark.parametrize("seq", range(1, COUNT + 1))
def test_a_deleted_record_is_missed(db, seq):
    db.execute(delete(journal).where(journal.c.seq == seq))
    assert broken(db)


@pytest.mark.parametrize("first", [1, 5, COUNT - 1])
def test_two_records_that_changed_places_are_found(db, first):
    for old, new in ((first, 99), (first + 1, first), (99, first + 1)):
        db.execute(update(journal).where(journal.c.seq == old).values(seq=new))
    assert broken(db)


@pytest.mark.parametrize("kept", [0, 1, COUNT - 1])
def test_a_journal_cut_short_does_not_reach_the_writers_head(db, kept):
    db.execute(delete(journal).where(journal.c.seq > kept))
    assert broken(db) == [
        f"The writer's head is at record {COUNT}, the journal ends at {kept}."
    ]


def test_a_record_put_in_between_does_not_fit(db):
    forged = j.Chain(5, j.GENESIS, 3).append(1_006, 1, None, "Tick", (), ("applied", 0))
    db.execute(delete(journal).where(journal.c.seq == 6))
    store.insert(db, journal, [forged])
    assert broken(db)


def test_a_chain_forged_to_its_end_meets_another_head(db):
    db.execute(delete(journal))
    store.insert(db, journal, written(j.Chain(0, j.GENESIS, 4)))
    assert broken(db) == [
        f"The writer's head is at record {COUNT}, the journal ends at {COUNT}."
    ]


def test_a_chain_hangs_on_genesis(db):
    db.execute(delete(journal))
    store.insert(db, journal, written(j.Chain(0, bytes(31) + b"1", 3)))
    assert "Record 1 does not hang on the one before it." in broken(db)


def test_time_that_runs_backwards_is_named(db):
    db.execute(delete(journal))
    chain = j.Chain(0, j.GENESIS, 3)
    records = [
        chain.append(at_us, 0, None, "Tick", (), ("applied", 0)) for at_us in (9, 8)
    ]
    store.insert(db, journal, records)
    assert any("earlier" in sentence for sentence in broken(db))


def test_the_same_key_twice_is_refused_by_the_table(db):
    chain = j.Chain(COUNT, j.GENESIS, 3)
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.insert(
            db, journal, [chain.append(2_000, 1, "k1", "Tick", (), ("applied", 0))]
        )


@given(st.text(), st.text(st.characters(), max_size=5))
def test_any_text_can_be_recorded_and_read_back(reference, purpose):
    chain = j.Chain(0, j.GENESIS, 1)
    command = (reference, purpose + "\ud800\x00")
    record = chain.append(1, 0, None, "RequestPayin", command, ("refused", "x", {}))
    assert record.body.encode()
    assert "\x00" not in record.body
    assert j.read(record.body).command == list(json.loads(json.dumps(command)))


def _set(db, seq, **values):
    db.execute(update(journal).where(journal.c.seq == seq).values(**values))
