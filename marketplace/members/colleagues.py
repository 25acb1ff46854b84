"""Colleagues: the users of a member, as its owner adds them and shuts them out."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from listings.marking import N_
from marketplace.members import organisations, roles, sessions, users
from marketplace.members.tables import handovers
from marketplace.members.tables import users as table
from marketplace.members.users import User
from marketplace.trading import mandate_reads
from settlement import clock, store
from settlement.errors import Forbidden, Invalid, NotFound, Refusal
from settlement.ids import encode

USERS_MAX = 200  # of one member


@dataclass(eq=False)
class TooManyUsers(Refusal):
    """The member has as many users as it may have."""

    maximum: int


@dataclass(eq=False)
class OwnUser(Refusal):
    """Nobody shuts themselves out: another owner must do this."""


def offered(db: Connection, member: int) -> tuple[str, ...]:
    """Return the roles that users of *member* can have; the house's are not offered.

    Staff are added at the operator's command line, where no session can be stolen.
    """
    row = organisations.get(db, member)
    had = {"vendor": row.vendor, "buyer": row.buyer, "assessor": bool(row.assesses)}
    every = (*roles.TRADING, roles.APPROVER, roles.OWNER)
    return tuple(role for role in every if had.get(role, 1))


def first_password() -> str:
    """Return a password for somebody else to sign in with and then change."""
    return secrets.token_urlsafe(12)


def invite(
    db: Connection,
    owner: User,
    email: str,
    name: str,
    granted: Iterable[str],
    password_hash: str,
) -> int:
    """Add a user to the owner's member; return its number.

    Invalid if the address is taken or wrong, the name missing, or a role is none that
    the member has; TooManyUsers above USERS_MAX; Forbidden for the house;
    OutsideMandate for whoever a mandate bounds, who would go round it by a new login.
    """
    _refuse_house(owner)
    mandate_reads.check_unbounded(db, owner.id)
    wanted = frozenset(granted)
    if not wanted or not wanted <= set(offered(db, owner.member)):
        raise Invalid({"roles": [N_("Choose from the roles of your organisation.")]})
    count = select(func.count()).where(
        table.c.member == owner.member, ~table.c.email.endswith(users.NOWHERE)
    )  # of agents, the market counts the mandates
    if db.execute(count).scalar_one() >= USERS_MAX:
        raise TooManyUsers(USERS_MAX)
    number = users.add(db, owner.member, email, name, password_hash, wanted)
    _hand_over(db, owner, number)
    return number


def shut_out(db: Connection, owner: User, user: int) -> None:
    """Shut a colleague out at once: its sessions end, its keys are refused."""
    _other(db, owner, user)
    users.set_disabled(db, user, disabled=True)
    sessions.revoke_all(db, user)


def let_in(db: Connection, owner: User, user: int) -> None:
    """Let a colleague in again; its keys count again, its sessions do not."""
    _other(db, owner, user)
    mandate_reads.check_unbounded(db, owner.id)
    users.set_disabled(db, user, disabled=False)
    _hand_over(db, owner, user)


def sign_out(db: Connection, owner: User, user: int) -> int:
    """End every session of a colleague; return how many were alive."""
    _other(db, owner, user)
    return sessions.revoke_all(db, user)


def renew(db: Connection, owner: User, user: int, password_hash: str) -> str:
    """Give a colleague who forgot it another password; return whose it is.

    All sessions of that user end. OutsideMandate for whoever a mandate bounds.
    """
    mandate_reads.check_unbounded(db, owner.id)
    email = str(_other(db, owner, user).email)
    users.set_password(db, user, password_hash)
    sessions.revoke_all(db, user)
    _hand_over(db, owner, user)
    return email


def hands(db: Connection, user: int, since_us: int) -> set[int]:
    """Return who since then gave a user its login, or theirs to whoever gave it."""
    found, seen = {user}, set[int]()
    while found:
        seen |= found
        given = select(handovers.c.by_user).where(
            handovers.c.user.in_(found), handovers.c.at_us > since_us
        )
        found = set(db.execute(given).scalars()) - seen
    return seen - {user}


def _hand_over(db: Connection, owner: User, user: int) -> None:
    """Remember who knows a user's password, or let it in: see `approvals.desk`."""
    store.upsert(db, handovers, [(user, owner.id, clock.now_us())])


def _other(db: Connection, owner: User, user: int) -> Row[Any]:
    """Return another user of the owner's member; NotFound, OwnUser or Forbidden.

    Nobody is found who was erased: no owner lets them in again.
    """
    _refuse_house(owner)
    mine = (table.c.id == user, table.c.member == owner.member)
    found = db.execute(select(table).where(*mine)).first()
    if found is None or found.email.endswith(users.FORGOTTEN):
        raise NotFound("user", encode("user", user))
    if user == owner.id:
        raise OwnUser
    return found


def _refuse_house(owner: User) -> None:
    if owner.is_staff:
        raise Forbidden("verified")
