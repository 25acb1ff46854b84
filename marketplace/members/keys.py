"""API keys: bearer secrets with scopes; only their hash is kept."""

import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    exists,
    insert,
    or_,
    select,
    update,
)

from listings.marking import N_
from marketplace import rotation
from marketplace.members import roles
from marketplace.members.tables import NAME_MAX, api_keys, users
from marketplace.members.users import User, facts, user_of
from marketplace.trading.mandate_tables import mandates
from settlement import clock
from settlement.errors import Invalid, NotFound, Refusal
from settlement.ids import encode

# What each scope lets a key use of its user's roles; every key may read.
SCOPES: dict[str, frozenset[str]] = {
    "read": frozenset(),
    "trade": frozenset({"buyer"}),
    "vendor": frozenset({"vendor"}),
    "approve": frozenset({roles.APPROVER}),
    "assess": frozenset({"assessor"}),
    "staff": frozenset(roles.STAFF),
}
KEYS_MAX = 20  # living ones of one member
USED_US = clock.MINUTE_US  # how exactly "last used" is kept
_KEY = re.compile(r"dbk_([a-z0-9]{12})_([A-Za-z0-9_-]{43})", re.ASCII)

# Built once: to build it took ten times as long as to ask it, for each request.
_LIVING = (
    facts()
    .add_columns(
        api_keys.c.id.label("key"),
        api_keys.c.hash,
        api_keys.c.scopes,
        api_keys.c.used_us,
    )
    .join(api_keys, api_keys.c.user == users.c.id)
    .where(
        api_keys.c.prefix == bindparam("prefix"),
        api_keys.c.revoked_us.is_(None),
        or_(
            api_keys.c.expires_us.is_(None),
            api_keys.c.expires_us > bindparam("at_us"),
        ),
        users.c.disabled == 0,
        # An agent lives as long as its mandate, whatever became of its key.
        ~exists().where(
            mandates.c.holder == users.c.id,
            mandates.c.agent == 1,
            mandates.c.state != "active",
        ),
    )
)


@dataclass(eq=False)
class BadKey(Refusal):
    """The API key is unknown, expired or revoked."""


@dataclass(eq=False)
class TooManyKeys(Refusal):
    """The member has as many API keys as it may have; revoke one first."""

    maximum: int


class NewKey(NamedTuple):
    """A key just made: its number, and the *secret* that is shown this once."""

    id: int
    secret: str


def create(
    db: Connection,
    owner: User,
    name: str,
    scopes: Iterable[str],
    expires_us: int | None = None,
) -> NewKey:
    """Make a key that acts for *owner* within *scopes*.

    Invalid if the name or a scope is wrong; TooManyKeys above KEYS_MAX.
    """
    wanted = {"read", *scopes}
    if not wanted <= SCOPES.keys():
        raise Invalid({"scopes": [N_("Unknown scope.")]})
    if not name.strip() or len(name) > NAME_MAX or not name.isprintable():
        raise Invalid({"name": [N_("Give a name of at most 200 characters.")]})
    if len(of_member(db, owner.member)) >= KEYS_MAX:
        raise TooManyKeys(KEYS_MAX)
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    values = {
        "prefix": prefix,
        "hash": sha256(secret.encode()).digest(),
        "member": owner.member,
        "user": owner.id,
        "name": name.strip(),
        "scopes": " ".join(sorted(wanted)),
        "created_us": clock.now_us(),
        "expires_us": expires_us,
    }
    made = db.execute(insert(api_keys).values(values).returning(api_keys.c.id))
    return NewKey(int(made.scalar_one()), f"dbk_{prefix}_{secret}")


def user_with(db: Connection, text: str) -> tuple[User, bool]:
    """Return who acts with the key *text*, and whether to call `touch`; or BadKey.

    The user's roles are narrowed to what the key's scopes let it use.
    """
    parts, at_us = _KEY.fullmatch(text), clock.now_us()
    if parts is None:
        raise BadKey
    row = db.execute(_LIVING, {"prefix": parts[1], "at_us": at_us}).first()
    given = sha256(parts[2].encode()).digest()
    if row is None or not hmac.compare_digest(row.hash, given):
        raise BadKey
    usable = frozenset().union(*(SCOPES[scope] for scope in row.scopes.split()))
    user = user_of(row)
    stale = row.used_us is None or row.used_us < at_us - USED_US
    return replace(user, roles=user.roles & usable, key=row.key), stale


def rotate(db: Connection, owner: User, key: int) -> NewKey:
    """Make a key like one of the user's own, which goes on for a day more.

    NotFound for another's: who saw its secret could act as its user; TooManyKeys.
    """
    query = select(api_keys).where(api_keys.c.id == key, _living_of(owner.member))
    old = db.execute(query).one_or_none()
    if old is None or old.user != owner.id:
        raise NotFound("key", encode("key", key))
    made = create(db, owner, old.name, old.scopes.split(), old.expires_us)
    rotation.retire(db, api_keys, old)
    return made


def touch(db: Connection, key: int) -> None:
    """Record that the key was used just now."""
    used = update(api_keys).where(api_keys.c.id == key)
    db.execute(used.values(used_us=clock.now_us()))


def revoke(db: Connection, member: int, key: int) -> None:
    """End the member's key at once; NotFound if it has no such living key."""
    ended = update(api_keys).where(
        api_keys.c.id == key,
        api_keys.c.member == member,
        api_keys.c.revoked_us.is_(None),
    )
    if not db.execute(ended.values(revoked_us=clock.now_us())).rowcount:
        raise NotFound("key", encode("key", key))


def revoke_all(db: Connection, user: int) -> None:
    """End every living key of a user at once."""
    ended = update(api_keys).where(
        api_keys.c.user == user, api_keys.c.revoked_us.is_(None)
    )
    db.execute(ended.values(revoked_us=clock.now_us()))


def of_member(db: Connection, member: int) -> list[Row[Any]]:
    """Return the member's living keys, newest first."""
    query = select(api_keys).where(_living_of(member))
    return list(db.execute(query.order_by(api_keys.c.id.desc())))


def _living_of(member: int) -> ColumnElement[bool]:
    living = api_keys.c.expires_us.is_(None) | (api_keys.c.expires_us > clock.now_us())
    return (api_keys.c.member == member) & api_keys.c.revoked_us.is_(None) & living
