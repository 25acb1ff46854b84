"""Profiles of Delta Sharing: bearer tokens, each of which opens one right's share."""

import hmac
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import Connection, Row, insert, select, update

from marketplace import rotation
from marketplace.delivery.tables import sharings
from marketplace.members import users
from marketplace.members.users import User
from marketplace.trading import mandate_reads
from settlement import clock, ids, statements
from settlement.errors import NotFound, Refusal
from settlement.store import next_numbers

PATH = "/api/delta-sharing"  # where profiles lead
LIVING_MAX = 10  # of one right
AGE_MAX_US = 365 * clock.DAY_US
KINDS = ("bearer", "oauth")
ACCESS_S = 3_600  # that an access token lasts; the profile behind it is asked each time
_ACCESS = "delta-sharing-access"
USED_US = clock.MINUTE_US  # how exactly "last used" is kept
PREFIX = "dbs_"
_TOKEN = re.compile(r"dbs_([a-z0-9]{12})_([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(eq=False)
class BadToken(Refusal):
    """This profile is unknown, expired or revoked; download a new one."""


@dataclass(eq=False)
class TooManyProfiles(Refusal):
    """This right has as many profiles as it may have; revoke one first."""

    maximum: int


class Made(NamedTuple):
    """A token just made: its number, the *secret* that is shown this once, its end."""

    id: int
    secret: str
    expires_us: int


class Bearer(NamedTuple):
    """Who comes with a token: the user it was made by, and the right that it opens."""

    sharing: int
    user: User
    right: Row[Any]


def create(db: Connection, user: User, entitlement: int) -> Made:
    """Make a token for a right of the user's member.

    NotFound unless the right is theirs, TooManyProfiles above LIVING_MAX. It ends with
    the right, at the latest after a year, an agent's with its mandate; others of the
    same right go on meanwhile.
    """
    right = statements.entitlement(db, entitlement, user.member)
    if len(of_right(db, entitlement)) >= LIVING_MAX:
        raise TooManyProfiles(LIVING_MAX)
    now_us = clock.now_us()
    ends = [now_us + AGE_MAX_US, *([right.until_us] if right.until_us else [])]
    ends += _of_agent(db, user)
    (number,) = next_numbers(db, sharings.c.id)
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    db.execute(
        insert(sharings).values(
            id=number,
            entitlement=entitlement,
            user=user.id,
            prefix=prefix,
            hash=sha256(secret.encode()).digest(),
            created_us=now_us,
            expires_us=min(ends),
        )
    )
    return Made(number, f"dbs_{prefix}_{secret}", min(ends))


def rotate(db: Connection, user: User, sharing: int) -> Made:
    """Make a token like another, which goes on for a day more.

    NotFound unless it is a living one of the member's, TooManyProfiles as `create`.
    """
    old = _own(db, user, sharing)
    made = create(db, user, old.entitlement)
    rotation.retire(db, sharings, old)
    return made


def bearer_of(db: Connection, token: str) -> tuple[Bearer, bool]:
    """Return who comes with *token*, and whether to call `touch`; or BadToken."""
    parts = _TOKEN.fullmatch(token)
    if parts is None:
        raise BadToken
    query = select(sharings).where(sharings.c.prefix == parts[1])
    row = db.execute(query).first()
    given = sha256(parts[2].encode()).digest()
    if row is None or not hmac.compare_digest(row.hash, given):
        raise BadToken
    stale = row.used_us is None or row.used_us < clock.now_us() - USED_US
    return _living(db, row), stale


def living(db: Connection, sharing: int) -> Bearer:
    """Return who holds the token numbered *sharing*; BadToken once it has ended."""
    row = db.execute(select(sharings).where(sharings.c.id == sharing)).first()
    if row is None:
        raise BadToken
    return _living(db, row)


def touch(db: Connection, sharing: int) -> None:
    """Record that the token was used just now."""
    used = update(sharings).where(sharings.c.id == sharing)
    db.execute(used.values(used_us=clock.now_us()))


def revoke(db: Connection, user: User, sharing: int) -> None:
    """End a token of the member's at once; NotFound if it has no such living one."""
    _own(db, user, sharing)
    ended = update(sharings).where(sharings.c.id == sharing)
    db.execute(ended.values(revoked_us=clock.now_us()))


def of_right(db: Connection, entitlement: int) -> list[Row[Any]]:
    """Return the living tokens of a right, newest first."""
    query = (
        select(sharings)
        .where(
            sharings.c.entitlement == entitlement,
            sharings.c.revoked_us.is_(None),
            sharings.c.expires_us > clock.now_us(),
        )
        .order_by(sharings.c.id.desc())
    )
    return list(db.execute(query))


def granted(
    secret_key: str, db: Connection, client: str, secret: str
) -> tuple[str, int, bool]:
    """Return an access token for a client's id and secret (RFC 6749 §4.4); BadToken.

    With it the number of its profile, and whether to call `touch`.
    """
    bearer, stale = bearer_of(db, secret)
    if client != ids.encode("sharing", bearer.sharing):
        raise BadToken
    signer = URLSafeTimedSerializer(secret_key, salt=_ACCESS)
    return str(signer.dumps(bearer.sharing)), bearer.sharing, stale


def accessed(secret_key: str, db: Connection, token: str) -> Bearer:
    """Return who comes with an access token; BadToken once it or its profile ended."""
    signer = URLSafeTimedSerializer(secret_key, salt=_ACCESS)
    try:
        number = signer.loads(token, max_age=ACCESS_S)
    except BadData:
        raise BadToken from None
    return living(db, int(number))


def profile(made: Made, root: str, kind: str = "bearer") -> dict[str, Any]:
    """Return the profile file of a token, as the protocol describes it.

    Version 1 carries the token itself; version 2 a client's id and secret, for which
    access tokens are given. *root* is where the exchange is, as its visitor sees it.
    """
    endpoint = root.rstrip("/") + PATH
    if kind == "oauth":
        return {
            "shareCredentialsVersion": 2,
            "type": "oauth_client_credentials",
            "endpoint": endpoint,
            "tokenEndpoint": f"{endpoint}/oauth/token",
            "clientId": ids.encode("sharing", made.id),
            "clientSecret": made.secret,
        }
    return {
        "shareCredentialsVersion": 1,
        "endpoint": endpoint,
        "bearerToken": made.secret,
        "expirationTime": clock.moment(made.expires_us).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _own(db: Connection, user: User, sharing: int) -> Row[Any]:
    query = select(sharings).where(
        sharings.c.id == sharing,
        sharings.c.revoked_us.is_(None),
        sharings.c.expires_us > clock.now_us(),
    )
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFound("sharing", ids.encode("sharing", sharing))
    statements.entitlement(db, row.entitlement, user.member)
    if row.user != user.id and _of_agent(db, user):  # it ends no colleague's
        raise NotFound("sharing", ids.encode("sharing", sharing))
    return row


def _of_agent(db: Connection, user: User) -> list[int]:
    """Return when the mandate of an agent ends; nothing of who is none."""
    held = mandate_reads.of_user(db, user.id)
    return [held.until_us] if held is not None and held.agent else []


def _living(db: Connection, row: Row[Any]) -> Bearer:
    if row.revoked_us is not None or row.expires_us <= clock.now_us():
        raise BadToken
    user = users.get(db, row.user)
    if users.is_disabled(db, row.user):
        raise BadToken
    return Bearer(
        row.id, user, statements.entitlement(db, row.entitlement, user.member)
    )
