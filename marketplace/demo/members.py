"""The demo's members and users, signed up and verified by the members' own verbs."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from marketplace.demo.floor import Trader
from marketplace.demo.people import PASSWORD, Person, people, staff
from marketplace.members import roles, users, verification
from marketplace.members.passwords import Passwords
from marketplace.members.tables import HOUSE
from marketplace.members.verification import MemberEvent


class Cast(NamedTuple):
    """Everybody in the demo."""

    vendors: dict[str, Trader]  # by the key in people.toml
    buyers: list[Trader]
    assessors: dict[str, Trader]  # by the kind of opinion that they give
    staff: dict[str, users.User]  # by role, or by the key of a second one


def invite(db: Connection, passwords: Passwords) -> Cast:
    """Sign everybody up and verify the vendors and buyers; applicants stay pending."""
    shared = passwords.hash(PASSWORD)  # one hash for all: see `people.PASSWORD`
    hired = {
        one.key: users.get(
            db, users.add(db, HOUSE, one.email, one.name, shared, {one.role})
        )
        for one in staff()
    }
    registrar = hired["registrar"]
    vendors = _sign_up(db, people("vendor"), shared)
    buyers = _sign_up(db, people("buyer"), shared)
    assessors = _sign_up(db, people("assessor"), shared)
    for trader in (*vendors, *buyers, *assessors):
        verification.decide(db, trader.member, MemberEvent.VERIFY, registrar)
    _sign_up(db, people("applicant"), shared)
    giving = {
        kind: one for one in assessors for kind in one.person.organisation.assesses
    }
    return Cast({one.person.key: one for one in vendors}, buyers, giving, hired)


def _sign_up(db: Connection, persons: Sequence[Person], shared: str) -> list[Trader]:
    traders = []
    for person in persons:
        member, user = users.sign_up(
            db, person.organisation, person.email, person.name, shared
        )
        verification.submit(db, member, user)
        if person.approver:
            address = person.approvers_email
            users.add(db, member, address, person.approver, shared, {roles.APPROVER})
        traders.append(Trader(person, member, user))
    return traders
