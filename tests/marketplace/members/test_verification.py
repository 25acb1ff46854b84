"""Verification: who decides, why it is said, and that the market hears of it."""

from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Engine, select

from marketplace.members import organisations, users, verification
from marketplace.members.users import User
from marketplace.members.verification import MEMBER, MemberEvent, MemberState
from marketplace.services import Services
from marketplace.trading.tables import standings
from settlement.errors import IllegalMove, Invalid, OwnWork
from tests.visitors import organisation

REGISTRAR = User(9, 0, "r@house.example", "R", frozenset({"registrar"}))


@pytest.fixture
def applicant(engine: Engine) -> int:
    """A member that waits for its verification."""
    with engine.begin() as db:
        organisations.ensure_house(db)
        number, user = users.sign_up(
            db,
            organisation(1, vendor=True, buyer=True),
            "a@a.example",
            "A",
            "$argon2id$",
        )
        verification.submit(db, number, user)
    return number


def test_each_step_is_recorded_with_who_when_and_why(
    engine: Engine, applicant: int
) -> None:
    with engine.begin() as db:
        verification.decide(db, applicant, MemberEvent.VERIFY, REGISTRAR)
        verification.decide(db, applicant, MemberEvent.SUSPEND, REGISTRAR, "no answer")
        steps = organisations.history(db, applicant)
    assert [(s.event, s.state, s.reason) for s in steps] == [
        ("submit", "pending", ""),
        ("verify", "verified", ""),
        ("suspend", "suspended", "no answer"),
    ]
    assert [s.by_user for s in steps][1:] == [9, 9]
    assert all(s.at_us > 0 for s in steps)


def test_nobody_verifies_the_own_member(engine: Engine, applicant: int) -> None:
    insider = User(1, applicant, "a@a.example", "A", frozenset({"registrar"}))
    with pytest.raises(OwnWork), engine.begin() as db:
        verification.decide(db, applicant, MemberEvent.VERIFY, insider)


@pytest.mark.parametrize("event", [MemberEvent.REJECT, MemberEvent.SUSPEND])
def test_a_harsh_decision_needs_a_reason(
    engine: Engine, applicant: int, event: MemberEvent
) -> None:
    with pytest.raises(Invalid), engine.begin() as db:
        verification.decide(db, applicant, event, REGISTRAR, "  ")


def test_what_is_not_in_the_table_may_not_happen(
    engine: Engine, applicant: int
) -> None:
    for state in MemberState:
        for event in MemberEvent:
            if not MEMBER.may(state, event):
                with pytest.raises(IllegalMove):
                    MEMBER.after(state, event)
    with pytest.raises(IllegalMove), engine.begin() as db:
        verification.decide(db, applicant, MemberEvent.RESTORE, REGISTRAR)


def test_of_two_registrars_at_once_one_decides(engine: Engine, applicant: int) -> None:
    late: list[Exception] = []

    def reject() -> None:
        try:
            with engine.begin() as db:
                verification.decide(db, applicant, MemberEvent.REJECT, REGISTRAR, "no")
        except IllegalMove as refusal:
            late.append(refusal)

    other = Thread(target=reject)
    with engine.begin() as db:
        verification.decide(db, applicant, MemberEvent.VERIFY, REGISTRAR)
        other.start()
        other.join(0.5)  # it waits for this transaction
        assert other.is_alive()
    other.join()
    assert len(late) == 1
    with engine.begin() as db:
        assert organisations.get(db, applicant).state == "verified"
        assert len(organisations.history(db, applicant)) == 2


def test_the_market_hears_of_every_change(
    parts: Services, people: dict[str, User]
) -> None:
    buyer = people["buyer"].member

    def known() -> dict[int, int]:
        with parts.reads.connect() as db:
            rows: Any = db.execute(select(standings.c.member, standings.c.verified))
            return dict(map(tuple, rows))

    assert known()[buyer] == 1
    with parts.writes.begin() as db:
        verification.decide(
            db, buyer, MemberEvent.SUSPEND, people["registrar"], "a complaint"
        )
    assert verification.tell_market(parts.reads, parts.gateway) == 1
    assert known()[buyer] == 0
    assert verification.tell_market(parts.reads, parts.gateway) == 0
    with parts.writes.begin() as db:
        verification.decide(db, buyer, MemberEvent.RESTORE, people["registrar"])
    assert verification.tell_market(parts.reads, parts.gateway) == 1
    assert known()[buyer] == 1
