"""Organisations: what may be registered, and the reads about members."""

import pytest
from sqlalchemy import Engine

from marketplace.members import organisations, verification
from marketplace.members.verification import MemberEvent
from settlement.errors import Invalid, NotFound
from tests.visitors import credit_code, organisation


def test_a_new_member_is_invited_and_known_by_both_names(engine: Engine) -> None:
    with engine.begin() as db:
        number = organisations.register(db, organisation(1, vendor=True, buyer=False))
        assert organisations.get(db, number).state == "invited"
        assert organisations.names(db, [number]) == {number: ("第1公司", "Company 1")}


def test_every_problem_is_named_at_once(engine: Engine) -> None:
    nothing = organisations.Organisation("guild", " ", "", "91", "?", False, False)
    with pytest.raises(Invalid) as refused, engine.begin() as db:
        organisations.register(db, nothing)
    assert refused.value.problems.keys() == {
        "kind",
        "name_zh",
        "credit_code",
        "region",
        "roles",
    }


def test_one_organisation_registers_once(engine: Engine) -> None:
    with engine.begin() as db:
        organisations.register(db, organisation(1, vendor=True, buyer=False))
        with pytest.raises(Invalid) as refused:
            organisations.register(db, organisation(1, vendor=False, buyer=True))
        assert "credit_code" in refused.value.problems
        organisations.register(db, organisation(2, vendor=False, buyer=True))


def test_a_rejected_application_does_not_keep_the_code(engine: Engine) -> None:
    with engine.begin() as db:
        squatter = organisations.register(db, organisation(1, vendor=True, buyer=False))
        verification.submit(db, squatter, 1)
        verification.decide(db, squatter, MemberEvent.REJECT, None, "not its code")
        organisations.register(db, organisation(1, vendor=True, buyer=False))


def test_a_foreign_member_needs_no_code(engine: Engine) -> None:
    wanted = organisation(1, vendor=False, buyer=True)._replace(
        kind="foreign", name_zh="", credit_code=None, region="DE"
    )
    with engine.begin() as db:
        number = organisations.register(db, wanted)
        assert organisations.get(db, number).credit_code is None


def test_the_house_is_member_zero_and_made_once(engine: Engine) -> None:
    with engine.begin() as db:
        organisations.ensure_house(db)
        organisations.ensure_house(db)
        assert organisations.get(db, 0).kind == "house"
        assert organisations.in_state(db, None).rows == []


def test_members_are_listed_newest_first_in_pages(engine: Engine) -> None:
    with engine.begin() as db:
        organisations.ensure_house(db)
        made = [
            organisations.register(db, organisation(n, vendor=True, buyer=True))
            for n in range(1, 6)
        ]
        first = organisations.in_state(db, "invited", limit=3)
        rest = organisations.in_state(db, "invited", first.before, limit=3)
    assert [row.id for row in (*first.rows, *rest.rows)] == made[::-1]
    assert rest.before is None


def test_an_unknown_member_is_not_found(engine: Engine) -> None:
    with pytest.raises(NotFound), engine.begin() as db:
        organisations.get(db, 77)


def test_codes_are_stored_in_one_form(engine: Engine) -> None:
    spaced = " ".join(credit_code(5)).lower()
    wanted = organisation(5, vendor=True, buyer=False)._replace(credit_code=spaced)
    with engine.begin() as db:
        number = organisations.register(db, wanted)
        assert organisations.get(db, number).credit_code == credit_code(5)
