"""Profiles: written at once before the verification, asked for after it."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from marketplace.members import organisations, profiles, verification
from marketplace.members.profiles import Profile
from marketplace.members.tables import HOUSE
from marketplace.members.users import NOBODY
from marketplace.members.verification import MemberEvent
from settlement.errors import Forbidden, Invalid, OwnWork
from tests.visitors import organisation

LI = Profile("李明 Li Ming", "上海市浦东新区 1 号")
WANG = Profile("王芳 Wang Fang", "上海市徐汇区 2 号")
REGISTRAR = replace(NOBODY, id=900, member=HOUSE)


def member(db, *, verified):
    number = organisations.register(db, organisation(1, vendor=True, buyer=False))
    if verified:
        verification.submit(db, number, 1)
        verification.decide(db, number, MemberEvent.VERIFY, None)
    return replace(NOBODY, id=1, member=number)


def profile(db, owner):
    row = organisations.get(db, owner.member)
    return Profile(row.representative, row.address)


def test_before_the_verification_the_owner_writes_at_once(engine: Engine) -> None:
    with engine.begin() as db:
        owner = member(db, verified=False)
        padded = Profile("  李明   Li Ming ", LI.address)
        assert profiles.change(db, padded, owner)
        assert profile(db, owner) == LI
        with pytest.raises(profiles.NothingChanged):
            profiles.change(db, LI, owner)


def test_a_verified_member_asks_and_a_registrar_decides(engine: Engine) -> None:
    with engine.begin() as db:
        owner = member(db, verified=True)
        assert not profiles.change(db, WANG, owner)
        assert not profiles.change(db, LI, owner)  # in place of the first
        assert profile(db, owner) == Profile("", "")
        (asked,) = profiles.waiting(db)
        with pytest.raises(OwnWork):
            profiles.decide(db, asked.id, owner, approve=True)
        profiles.decide(db, asked.id, REGISTRAR, approve=True)
        assert profile(db, owner) == LI
        with pytest.raises(profiles.RequestDecided):
            profiles.decide(db, asked.id, REGISTRAR, approve=False, reason="late")


def test_a_refusal_needs_a_reason_and_leaves_the_profile(engine: Engine) -> None:
    with engine.begin() as db:
        owner = member(db, verified=True)
        profiles.change(db, LI, owner)
        (asked,) = profiles.waiting(db)
        with pytest.raises(Invalid):
            profiles.decide(db, asked.id, REGISTRAR, approve=False, reason=" ")
        profiles.decide(db, asked.id, REGISTRAR, approve=False, reason="Who is that?")
        assert profile(db, owner) == Profile("", "")
        found = profiles.newest(db, owner.member)
        assert (found.state, found.reason) == ("declined", "Who is that?")


@pytest.mark.parametrize(
    "wrong", [Profile("x" * 201, "y"), Profile("x", "y" * 501), Profile("x", "")]
)
def test_what_a_verified_member_may_not_say_is_refused(engine, wrong) -> None:
    with engine.begin() as db:
        owner = member(db, verified=True)
        with pytest.raises(Invalid):
            profiles.change(db, wrong, owner)
        assert profiles.waiting(db) == []


def test_the_house_has_no_profile(engine: Engine) -> None:
    with engine.begin() as db, pytest.raises(Forbidden):
        profiles.change(db, LI, REGISTRAR)
