"""Sessions: how long they live, and that an ended one is dead at once."""

from collections.abc import Iterator

import pytest
import time_machine
from sqlalchemy import Connection, Engine, select

from marketplace.members import organisations, sessions, users
from marketplace.members.tables import sessions as table
from tests.visitors import organisation


@pytest.fixture
def db(engine: Engine) -> Iterator[Connection]:
    """A transaction with one user, number 1."""
    with engine.begin() as db:
        organisations.ensure_house(db)
        wanted = organisation(1, vendor=True, buyer=False)
        users.sign_up(db, wanted, "ann@a.example", "Ann", "$argon2id$")
        yield db


def test_a_token_finds_its_user_and_is_not_stored(db: Connection) -> None:
    token = sessions.start(db, 1, "Firefox\r\nX: y")
    found = sessions.user_with(db, token)
    assert found
    assert (found[0].id, found[0].get_id()) == (1, token)
    row = db.execute(select(table)).one()
    assert token not in repr(row)
    assert row.agent == "FirefoxX: y"
    assert sessions.user_with(db, token + "x") is None
    assert sessions.user_with(db, row.hash.hex()) is None


def test_an_idle_session_ends(db: Connection) -> None:
    with time_machine.travel("2026-11-01T00:00Z", tick=False) as clock:
        token = sessions.start(db, 1, "")
        clock.shift(12 * 3600 - 1)
        found = sessions.user_with(db, token)
        assert found
        assert found[1], "it is time to record that the session is in use"
        sessions.touch(db, token)
        clock.shift(12 * 3600 - 1)
        assert sessions.user_with(db, token)
        clock.shift(1)
        assert sessions.user_with(db, token) is None


def test_even_a_busy_session_ends_after_two_weeks(db: Connection) -> None:
    with time_machine.travel("2026-11-01T00:00Z", tick=False) as clock:
        token = sessions.start(db, 1, "")
        for _ in range(14 * 4 - 1):
            clock.shift(6 * 3600)
            assert sessions.user_with(db, token)
            sessions.touch(db, token)
        clock.shift(6 * 3600)
        assert sessions.user_with(db, token) is None


def test_one_session_or_all_can_be_ended(db: Connection) -> None:
    one, two, three = (sessions.start(db, 1, "") for _ in range(3))
    assert len(sessions.of_user(db, 1)) == 3
    sessions.revoke(db, one)
    assert sessions.user_with(db, one) is None
    assert sessions.revoke_all(db, 1) == 2
    assert [sessions.user_with(db, t) for t in (two, three)] == [None, None]
    assert sessions.of_user(db, 1) == []


def test_a_disabled_user_has_no_session(db: Connection) -> None:
    token = sessions.start(db, 1, "")
    users.set_disabled(db, 1, disabled=True)
    assert sessions.user_with(db, token) is None
