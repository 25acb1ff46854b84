"""API keys: shown once, kept as a hash, narrowed by scopes, dead when revoked."""

from collections.abc import Iterator

import pytest
import time_machine
from sqlalchemy import Connection, Engine, select

from marketplace.members import keys, organisations, users, verification
from marketplace.members.tables import api_keys
from marketplace.members.users import User
from marketplace.members.verification import MemberEvent
from settlement import clock
from settlement.errors import Invalid, NotFound
from tests.visitors import organisation


@pytest.fixture
def db(engine: Engine) -> Iterator[Connection]:
    """A transaction with a verified member 1 that sells and buys."""
    with engine.begin() as db:
        organisations.ensure_house(db)
        wanted = organisation(1, vendor=True, buyer=True)
        member, user = users.sign_up(db, wanted, "ann@a.example", "Ann", "$argon2id$")
        verification.submit(db, member, user)
        verification.decide(db, member, MemberEvent.VERIFY, None)
        yield db


def _ann(db: Connection) -> User:
    return users.get(db, 1)


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        ([], set()),
        (["read"], set()),
        (["trade"], {"buyer"}),
        (["vendor"], {"vendor"}),
        (["trade", "vendor"], {"buyer", "vendor"}),
        (["staff"], set()),
    ],
)
def test_a_key_may_do_what_its_scopes_and_its_user_may(
    db: Connection, scopes: list[str], expected: set[str]
) -> None:
    secret = keys.create(db, _ann(db), "a key", scopes).secret
    user, stale = keys.user_with(db, secret)
    assert (user.id, user.roles, stale) == (1, expected, True)
    assert user.key is not None
    keys.touch(db, user.key)
    assert keys.user_with(db, secret)[1] is False


def test_the_secret_is_not_stored(db: Connection) -> None:
    made = keys.create(db, _ann(db), "a key", [])
    stored = repr(db.execute(select(api_keys)).one())
    assert made.secret.rpartition("_")[2] not in stored
    assert made.secret not in stored


def test_a_wrong_key_is_refused(db: Connection) -> None:
    secret = keys.create(db, _ann(db), "a key", []).secret
    last = "A" if secret[-1] != "A" else "E"
    for wrong in ("", "dbk_", secret[:-1] + last, secret + "A", secret.upper(), "密钥"):
        with pytest.raises(keys.BadKey):
            keys.user_with(db, wrong)


def test_a_revoked_key_is_dead_at_once_and_only_its_member_revokes(
    db: Connection,
) -> None:
    made = keys.create(db, _ann(db), "a key", [])
    with pytest.raises(NotFound):
        keys.revoke(db, 2, made.id)
    keys.revoke(db, 1, made.id)
    with pytest.raises(keys.BadKey):
        keys.user_with(db, made.secret)
    with pytest.raises(NotFound):
        keys.revoke(db, 1, made.id)


def test_a_key_expires(db: Connection) -> None:
    with time_machine.travel("2026-11-01T00:00Z", tick=False) as machine:
        until = clock.now_us() + clock.HOUR_US
        secret = keys.create(db, _ann(db), "a key", [], until).secret
        machine.shift(3599)
        assert keys.user_with(db, secret)
        machine.shift(1)
        with pytest.raises(keys.BadKey):
            keys.user_with(db, secret)


def test_a_suspended_member_has_no_power_left_in_its_keys(db: Connection) -> None:
    secret = keys.create(db, _ann(db), "a key", ["trade", "vendor"]).secret
    verification.decide(db, 1, MemberEvent.SUSPEND, None, "a complaint")
    assert keys.user_with(db, secret)[0].roles == set()


def test_a_key_of_a_disabled_user_is_dead(db: Connection) -> None:
    secret = keys.create(db, _ann(db), "a key", []).secret
    users.set_disabled(db, 1, disabled=True)
    with pytest.raises(keys.BadKey):
        keys.user_with(db, secret)


def test_there_is_a_limit_and_names_and_scopes_are_checked(db: Connection) -> None:
    with pytest.raises(Invalid):
        keys.create(db, _ann(db), "a key", ["everything"])
    with pytest.raises(Invalid):
        keys.create(db, _ann(db), " ", [])
    for _ in range(keys.KEYS_MAX):
        keys.create(db, _ann(db), "a key", [])
    with pytest.raises(keys.TooManyKeys):
        keys.create(db, _ann(db), "one more", [])


def test_a_replaced_key_goes_on_for_a_day_beside_the_new_one(db: Connection) -> None:
    old = keys.create(db, _ann(db), "a key", ["trade"])
    new = keys.rotate(db, _ann(db), old.id)
    assert [keys.user_with(db, one.secret)[0].roles for one in (old, new)] == [
        {"buyer"},
        {"buyer"},
    ]
    with time_machine.travel(clock.moment(clock.now_us() + clock.DAY_US), tick=False):
        with pytest.raises(keys.BadKey):
            keys.user_with(db, old.secret)
        assert keys.user_with(db, new.secret)[0].id == 1
        assert [row.id for row in keys.of_member(db, 1)] == [new.id]


def test_replacing_makes_no_key_live_longer_and_no_key_of_a_colleague(
    db: Connection,
) -> None:
    until = clock.now_us() + clock.HOUR_US
    old = keys.create(db, _ann(db), "a key", [], until)
    keys.rotate(db, _ann(db), old.id)
    assert {row.expires_us for row in keys.of_member(db, 1)} == {until}
    colleague = users.add(db, 1, "bea@a.example", "Bea", "$argon2id$", ["buyer"])
    with pytest.raises(NotFound):
        keys.rotate(db, users.get(db, colleague), old.id)
