"""Users: addresses, passwords, and the roles that count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from marketplace.members import organisations, roles, users, verification
from marketplace.members.passwords import Passwords, check_strength
from marketplace.members.users import WrongSignIn
from marketplace.members.verification import MemberEvent
from settlement.errors import Invalid, NotFound
from tests.visitors import PASSWORD, organisation

PASSWORDS = Passwords(fast=True)


def _member(engine: Engine, email: str = "ann@a.example") -> tuple[int, int]:
    with engine.begin() as db:
        organisations.ensure_house(db)
        wanted = organisation(1, vendor=True, buyer=False)
        return users.sign_up(db, wanted, email, "Ann", PASSWORDS.hash(PASSWORD))


def test_the_right_password_finds_the_user_whatever_the_case(engine: Engine) -> None:
    _, user = _member(engine)
    with engine.connect() as db:
        assert users.find(db, " ANN@a.example ", PASSWORDS, PASSWORD).id == user


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ann@a.example", "wrong"),
        ("bob@a.example", PASSWORD),
        ("", ""),
        ("ann@a.example", ""),
        ("ann@a.example", "x" * 100_000),
        ("ann@a.example", PASSWORD + " "),
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same(
    engine: Engine, email: str, password: str
) -> None:
    _member(engine)
    with pytest.raises(WrongSignIn) as refused, engine.connect() as db:
        users.find(db, email, PASSWORDS, password)
    assert refused.value.facts() == {}


def test_a_disabled_user_is_refused_like_a_wrong_password(engine: Engine) -> None:
    _, user = _member(engine)
    with engine.begin() as db:
        users.set_disabled(db, user, disabled=True)
    with pytest.raises(WrongSignIn), engine.connect() as db:
        users.find(db, "ann@a.example", PASSWORDS, PASSWORD)


def test_an_address_is_used_once_whatever_its_case(engine: Engine) -> None:
    member, _ = _member(engine)
    with engine.begin() as db:
        with pytest.raises(Invalid) as refused:
            users.add(db, member, "ANN@A.example", "B", "$argon2id$", ["vendor"])
        assert refused.value.problems.keys() == {"email"}
        assert len(users.of_member(db, member)) == 1


@pytest.mark.parametrize(
    "email",
    ["", "ann", "ann@", "@a.example", "ann@a", "a b@a.example", "安@a.example",
     "a@a.example\n", "a@a.example\x00", "a" * 250 + "@a.example"],
)  # fmt: skip
def test_what_is_no_address_is_refused(engine: Engine, email: str) -> None:
    member, _ = _member(engine)
    with engine.begin() as db:
        if email.strip() == "a@a.example":  # only surrounding blanks: it is an address
            users.add(db, member, email, "B", "$argon2id$", [])
            return
        with pytest.raises(Invalid):
            users.add(db, member, email, "B", "$argon2id$", [])


def test_staff_roles_are_for_the_house_alone(engine: Engine) -> None:
    member, _ = _member(engine)
    with engine.begin() as db:
        with pytest.raises(Invalid):
            users.add(db, member, "b@a.example", "B", "$argon2id$", ["registrar"])
        with pytest.raises(Invalid):
            users.add(db, 0, "b@a.example", "B", "$argon2id$", ["vendor"])
        staff = users.add(db, 0, "b@a.example", "B", "$argon2id$", ["registrar"])
        assert users.get(db, staff).roles == {"registrar"}


def test_trading_roles_count_from_verification_until_suspension(engine: Engine) -> None:
    member, user = _member(engine)
    with engine.begin() as db:
        assert users.get(db, user).roles == {"owner"}
        verification.submit(db, member, user)
        verification.decide(db, member, MemberEvent.VERIFY, None)
        assert users.get(db, user).roles == {"owner", "vendor"}
        verification.decide(db, member, MemberEvent.SUSPEND, None, "why not")
        assert users.get(db, user).roles == {"owner"}


@given(
    granted=st.frozensets(st.sampled_from([*roles.STAFF, *roles.TRADING, "owner"])),
    member=st.integers(0, 3),
    state=st.sampled_from(["invited", "pending", "verified", "suspended", "rejected"]),
    vendor=st.booleans(),
    buyer=st.booleans(),
)
def test_no_member_can_have_more_than_it_may(
    granted: frozenset[str], member: int, state: str, *, vendor: bool, buyer: bool
) -> None:
    counted = roles.effective(
        granted, member=member, state=state, vendor=vendor, buyer=buyer
    )
    assert counted <= granted
    assert not counted & {*roles.STAFF} or member == 0
    assert not counted & {*roles.TRADING} or (member and state == "verified")
    assert "vendor" not in counted or vendor
    assert "buyer" not in counted or buyer


def test_an_unknown_user_is_not_found(engine: Engine) -> None:
    with pytest.raises(NotFound), engine.connect() as db:
        users.get(db, 1)


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short",
        "x" * 129,
        "databourse",
        "ann@a.example",
        "aaaaaaaaaaaaa",
        " Password ",
    ],
)
def test_a_weak_password_is_refused_with_the_reasons(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_strength(password, "ann@a.example")
    assert refused.value.problems["password"]


def test_only_argon2id_hashes_are_stored() -> None:
    assert Passwords().hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
