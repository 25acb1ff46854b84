"""Users: logins that act for a member."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update
from sqlalchemy.exc import IntegrityError

from listings.marking import N_
from marketplace.members import roles
from marketplace.members.organisations import Organisation, register
from marketplace.members.passwords import Passwords, check_strength
from marketplace.members.tables import HOUSE, NAME_MAX, members, users
from settlement import clock
from settlement.errors import Invalid, NotFound, Refusal
from settlement.ids import encode

EMAIL_MAX = 254  # RFC 5321 §4.5.3.1.3
NOWHERE = "@agents.invalid"  # of agents; RFC 6761 §6.4: nobody is there to sign in
FORGOTTEN = "@erased.invalid"  # of whom two persons erased; see `privacy`
_EMAIL = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII
)


@dataclass(eq=False)
class WrongSignIn(Refusal):
    """That e-mail address and password do not go together."""


@dataclass(frozen=True)
class User:
    """Who acts: a signed-in user or the owner of an API key; Flask-Login's user."""

    id: int
    member: int
    email: str
    name: str
    roles: frozenset[str]  # what counts now; see `roles.effective`
    locale: str = ""
    state: str = "verified"  # of the member
    member_zh: str = ""
    member_en: str = ""
    token: str = ""  # of the session; empty when a key was used
    key: int | None = None  # number of the API key
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """Return the session's token, which Flask-Login keeps in the cookie."""
        return self.token

    @property
    def is_staff(self) -> bool:
        """Tell whether the user works for the house."""
        return self.member == HOUSE


NOBODY = User(
    -1, -1, "", "", frozenset(), state="", is_authenticated=False, is_active=False,
    is_anonymous=True,
)  # fmt: skip


def facts() -> Select[Any]:
    """Return the question for all that `user_of` needs; callers narrow it."""
    return select(
        users,
        members.c.state,
        members.c.vendor,
        members.c.buyer,
        members.c.assesses,
        members.c.name_zh.label("member_zh"),
        members.c.name_en.label("member_en"),
    ).join_from(users, members, members.c.id == users.c.member)


def user_of(row: Row[Any], *, token: str = "") -> User:
    """Return the user in a row of `facts`."""
    counted = roles.effective(
        frozenset(row.roles.split()),
        member=row.member,
        state=row.state,
        vendor=bool(row.vendor),
        buyer=bool(row.buyer),
        assessor=bool(row.assesses),
    )
    return User(
        row.id, row.member, row.email, row.name, counted, row.locale, row.state,
        row.member_zh, row.member_en, token,
    )  # fmt: skip


def canonical_email(text: str) -> str:
    """Return the e-mail address in *text* in lower case; Invalid if it is none."""
    email = text.strip().lower()
    if len(email) > EMAIL_MAX or not _EMAIL.fullmatch(email):
        raise Invalid({"email": [N_("This is not an e-mail address.")]})
    return email


def add(
    db: Connection,
    member: int,
    email: str,
    name: str,
    password_hash: str,
    granted: Iterable[str],
) -> int:
    """Add a user of *member* with the roles *granted*; return its number.

    Invalid if the address is taken or wrong, the name missing, or a role impossible
    for the member. Hash the password outside of the transaction (`Passwords.hash`).
    """
    wanted, email = frozenset(granted), canonical_email(email)
    possible = {roles.OWNER, *roles.TRADING, roles.APPROVER}
    if member == HOUSE:
        possible = {roles.OWNER, *roles.STAFF}
    if not wanted <= possible:
        raise Invalid({"roles": [N_("This member's users cannot have that role.")]})
    if not name.strip() or len(name) > NAME_MAX or not name.isprintable():
        raise Invalid({"name": [N_("Give a name of at most 200 characters.")]})
    values = {
        "member": member,
        "email": email,
        "name": name.strip(),
        "password": password_hash,
        "roles": " ".join(sorted(wanted)),
        "locale": "",
        "disabled": 0,
        "created_us": clock.now_us(),
    }
    try:
        with db.begin_nested():
            made = db.execute(insert(users).values(values).returning(users.c.id))
            return int(made.scalar_one())
    except IntegrityError as error:
        raise Invalid({"email": [N_("This address cannot be used.")]}) from error


def sign_up(
    db: Connection, organisation: Organisation, email: str, name: str, hashed: str
) -> tuple[int, int]:
    """Register an organisation with its first user, the owner; return both numbers."""
    member = register(db, organisation)
    granted = {roles.OWNER}
    granted |= {"vendor"} if organisation.vendor else set()
    granted |= {"buyer"} if organisation.buyer else set()
    granted |= {"assessor"} if organisation.assesses else set()
    return member, add(db, member, email, name, hashed, granted)


def find(db: Connection, email: str, passwords: Passwords, password: str) -> User:
    """Return the user with this address and password; WrongSignIn otherwise.

    The same refusal after the same work whether the address is unknown, the password
    wrong or the user disabled.
    """
    row = db.execute(facts().where(users.c.email == email.strip().lower())).first()
    db.rollback()  # no snapshot is kept open while the hash is computed
    usable = row is not None and not row.disabled
    known = row.password if row is not None and usable else None
    if not passwords.matches(known, password) or row is None:
        raise WrongSignIn
    return user_of(row)


def get(db: Connection, user: int) -> User:
    """Return the user with this number; NotFound if there is none."""
    row = db.execute(facts().where(users.c.id == user)).first()
    if row is None:
        raise NotFound("user", encode("user", user))
    return user_of(row)


def acting(command: object) -> tuple[int, int]:
    """Return the user that acts by a command, and the member it acts for."""
    return int(getattr(command, "by", 0)), int(getattr(command, "member", HOUSE))


def by_email(db: Connection, email: str) -> User:
    """Return the user who signs in with *email*; NotFound if there is none."""
    row = db.execute(facts().where(users.c.email == email.strip().lower())).first()
    if row is None:
        raise NotFound("user", email)
    return user_of(row)


def of_member(db: Connection, member: int) -> list[Row[Any]]:
    """Return the member's users, oldest first."""
    query = select(users).where(users.c.member == member).order_by(users.c.id)
    return list(db.execute(query))


def names(db: Connection, numbers: Iterable[int]) -> dict[int, str]:
    """Return the name of each user in *numbers*."""
    wanted = select(users.c.id, users.c.name).where(users.c.id.in_(set(numbers)))
    return {row.id: row.name for row in db.execute(wanted)}


def set_password(db: Connection, user: int, hashed: str) -> None:
    """Replace the user's password; end the sessions with `sessions.revoke_all` too."""
    db.execute(update(users).where(users.c.id == user).values(password=hashed))


def set_locale(db: Connection, user: int, locale: str) -> None:
    """Remember the language that the user chose."""
    db.execute(update(users).where(users.c.id == user).values(locale=locale))


def is_disabled(db: Connection, user: int) -> bool:
    """Tell whether the user may not act any more."""
    return bool(db.scalar(select(users.c.disabled).where(users.c.id == user)))


def set_disabled(db: Connection, user: int, *, disabled: bool) -> None:
    """Shut a user out, or let it in again."""
    db.execute(update(users).where(users.c.id == user).values(disabled=int(disabled)))


def hashed(passwords: Passwords, password: str, email: str) -> str:
    """Return the hash of a good password for *email*; Invalid tells what is wrong."""
    check_strength(password, canonical_email(email))
    return passwords.hash(password)
