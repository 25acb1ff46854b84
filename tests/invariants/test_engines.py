"""The checks give the same answers on both databases, at one moment of the records."""

from sqlalchemy import text

from settlement import store
from settlement.invariants import snapshot, violations
from tests.invariants.conftest import open_market


def test_a_healthy_market_has_no_violation_on_any_engine(database_url: str) -> None:
    open_market(database_url)
    engine = store.connect(database_url)
    with snapshot(engine) as db:
        assert list(violations(db)) == []
    engine.dispose()


def test_the_same_damage_is_found_on_any_engine(database_url: str) -> None:
    open_market(database_url)
    engine = store.connect(database_url, write=True)
    with engine.begin() as db:
        for damage in (
            "UPDATE transfers SET amount = 299 WHERE id = 6",
            "DELETE FROM orders WHERE id = 17",
            "UPDATE entitlements SET purpose = 'resale' WHERE id = 1",
        ):
            db.execute(text(damage))
    with snapshot(engine) as db:
        codes = {violation.code for violation in violations(db)}
    engine.dispose()
    assert codes == {"A4", "B4", "E1", "M3", "M6", "S2"}


def test_a_commit_during_the_audit_is_not_seen(database_url: str) -> None:
    open_market(database_url)
    reads, writes = store.connect(database_url), store.connect(database_url, write=True)
    with snapshot(reads) as db:
        before = db.execute(text("SELECT balance FROM accounts WHERE id = 1")).scalar()
        with writes.begin() as other:
            other.execute(text("UPDATE accounts SET balance = 0 WHERE id = 1"))
        after = db.execute(text("SELECT balance FROM accounts WHERE id = 1")).scalar()
        assert after == before
        assert list(violations(db)) == []
    reads.dispose()
    writes.dispose()
