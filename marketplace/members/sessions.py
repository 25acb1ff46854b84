"""Sessions of signed-in browsers, kept on the server so that it can end them."""

import secrets
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from marketplace.members.tables import sessions, users
from marketplace.members.users import User, facts, user_of
from settlement import clock

IDLE_US = 12 * clock.HOUR_US
AGE_US = 14 * clock.DAY_US  # after which everybody signs in again
SEEN_US = 5 * clock.MINUTE_US  # how exactly "last seen" is kept: a write costs a commit
FRESH_US = 15 * clock.MINUTE_US  # after which outgoing steps ask for the password
AGENT_MAX = 200


def start(db: Connection, user: int, agent: str) -> str:
    """Start a session of *user* in the browser *agent*; return its token."""
    token, at_us = secrets.token_urlsafe(32), clock.now_us()
    db.execute(
        insert(sessions).values(
            hash=_hash(token),
            user=user,
            agent="".join(filter(str.isprintable, agent))[:AGENT_MAX],
            created_us=at_us,
            seen_us=at_us,
            expires_us=at_us + AGE_US,
            proved_us=at_us,
        )
    )
    return token


def user_with(db: Connection, token: str) -> tuple[User, bool] | None:
    """Return the user whose session *token* is alive, and whether to call `touch`."""
    at_us = clock.now_us()
    query = facts().add_columns(sessions.c.seen_us)
    query = query.join(sessions, sessions.c.user == users.c.id).where(
        sessions.c.hash == _hash(token),
        sessions.c.revoked_us.is_(None),
        sessions.c.expires_us > at_us,
        sessions.c.seen_us > at_us - IDLE_US,
        users.c.disabled == 0,
    )
    row = db.execute(query).first()
    if row is None:
        return None
    return user_of(row, token=token), row.seen_us < at_us - SEEN_US


def touch(db: Connection, token: str) -> None:
    """Record that the session was used just now."""
    seen = sessions.c.hash == _hash(token)
    db.execute(update(sessions).where(seen).values(seen_us=clock.now_us()))


def is_fresh(db: Connection, token: str) -> bool:
    """Tell whether the password was given in this session a short while ago."""
    query = select(sessions.c.proved_us).where(sessions.c.hash == _hash(token))
    proved_us = db.scalar(query)
    return proved_us is not None and proved_us > clock.now_us() - FRESH_US


def prove(db: Connection, token: str) -> None:
    """Record that the password was given again just now."""
    which = sessions.c.hash == _hash(token)
    db.execute(update(sessions).where(which).values(proved_us=clock.now_us()))


def revoke(db: Connection, token: str) -> None:
    """End one session."""
    _end(db, sessions.c.hash == _hash(token))


def revoke_all(db: Connection, user: int) -> int:
    """End every session of the user; return how many were alive."""
    return _end(db, sessions.c.user == user)


def of_user(db: Connection, user: int) -> list[Row[Any]]:
    """Return the user's living sessions, newest first."""
    query = select(sessions).where(
        sessions.c.user == user,
        sessions.c.revoked_us.is_(None),
        sessions.c.expires_us > clock.now_us(),
    )
    return list(db.execute(query.order_by(sessions.c.id.desc())))


def _end(db: Connection, which: Any) -> int:
    ended = update(sessions).where(which, sessions.c.revoked_us.is_(None))
    return int(db.execute(ended.values(revoked_us=clock.now_us())).rowcount)


def _hash(token: str) -> bytes:
    # 256 random bits need no salt and no slow hash.
    return sha256(token.encode()).digest()
