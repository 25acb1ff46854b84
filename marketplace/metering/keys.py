"""Keys to a service under one right: sent along, or used to sign; shown once.

A signed request carries ``Databourse-Timestamp`` (seconds) and ``Databourse-Signature``
``v1=HEX``: HMAC-SHA256 with the key's secret over ``TIMESTAMP.METHOD.PATH.HASH``, PATH
as it is asked for with its query, HASH the SHA-256 of the body in hexadecimal. It holds
SIGNED_S seconds, once.
"""

import hmac
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from listings.marking import N_
from marketplace import rotation
from marketplace.members.tables import users
from marketplace.members.users import User
from marketplace.metering.tables import service_keys as t
from marketplace.metering.tables import signatures
from marketplace.trading import mandate_reads
from marketplace.vault import Vault
from settlement import clock, ids, statements
from settlement.errors import Invalid, NotFound, Refusal
from settlement.store import next_numbers

LIVING_MAX = 20  # of one right
NAME_MAX = 100
ADDRESSES_MAX = 50
SIGNED_S = 300  # how far a signed request's time may be off
TOKEN = re.compile(r"dbc_([a-z0-9]{12})(?:_([A-Za-z0-9_-]{43}))?", re.ASCII)


@dataclass(eq=False)
class BadServiceKey(Refusal):
    """This key to a service is unknown, expired or revoked, or its signature wrong."""


@dataclass(eq=False)
class TooManyServiceKeys(Refusal):
    """This right has as many keys as it may have; revoke one first."""

    maximum: int


class Made(NamedTuple):
    """A key just made: its number, and the *secret* that is shown this once."""

    id: int
    secret: str


def create(
    db: Connection,
    vault: Vault,
    user: User,
    entitlement: int,
    name: str,
    kind: str = "secret",
    addresses: str = "",
    *,
    test: bool = False,
    expires_us: int | None = None,
) -> Made:
    """Make a key for a right of the user's member; NotFound unless it is theirs.

    OutsideMandate for whom a mandate bounds: calls are paid past it.
    """
    mandate_reads.check_unbounded(db, user.id)
    statements.entitlement(db, entitlement, user.member)
    networks, problems = _networks(addresses)
    if not name.strip() or len(name) > NAME_MAX or not name.isprintable():
        problems["name"] = [N_("Give a name of at most 100 characters.")]
    if kind not in ("secret", "signed"):
        problems["kind"] = [N_("Choose one of the list.")]
    if problems:
        raise Invalid(problems)
    if len(of_right(db, entitlement)) >= LIVING_MAX:
        raise TooManyServiceKeys(LIVING_MAX)
    (number,) = next_numbers(db, t.c.id)
    prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    signs = kind == "signed"
    db.execute(
        insert(t).values(
            id=number,
            entitlement=entitlement,
            user=user.id,
            name=name.strip(),
            prefix=prefix,
            kind=kind,
            test=int(test),
            hash=None if signs else sha256(secret.encode()).digest(),
            sealed=vault.lock(secret) if signs else "",
            addresses=" ".join(networks),
            created_us=clock.now_us(),
            expires_us=expires_us,
        )
    )
    return Made(number, f"dbc_{prefix}_{secret}")


def rotate(db: Connection, vault: Vault, user: User, key: int) -> Made:
    """Make a key like *key*, which goes on for a day more; NotFound if none."""
    mandate_reads.check_unbounded(db, user.id)
    old = _own(db, user, key)
    made = create(
        db, vault, user, old.entitlement, old.name, old.kind, old.addresses,
        test=bool(old.test), expires_us=old.expires_us,
    )  # fmt: skip
    rotation.retire(db, t, old)
    return made


def revoke(db: Connection, user: User, key: int) -> int:
    """End a key of the member's at once; the number of its right. NotFound if none."""
    mandate_reads.check_unbounded(db, user.id)
    old = _own(db, user, key)
    db.execute(update(t).where(t.c.id == key).values(revoked_us=clock.now_us()))
    return int(old.entitlement)


def right_of(db: Connection, key: int) -> int:
    """Return the right that a key is of."""
    return int(db.execute(select(t.c.entitlement).where(t.c.id == key)).scalar_one())


def touch(db: Connection, used: dict[int, int]) -> None:
    """Record when keys (number → time) were last used."""
    for key, at_us in sorted(used.items()):
        db.execute(update(t).where(t.c.id == key).values(used_us=at_us))


def of_right(db: Connection, entitlement: int) -> list[Row[Any]]:
    """Return the living keys of a right, newest first."""
    query = select(t).where(
        t.c.entitlement == entitlement,
        t.c.revoked_us.is_(None),
        t.c.expires_us.is_(None) | (t.c.expires_us > clock.now_us()),
    )
    return list(db.execute(query.order_by(t.c.id.desc())))


def that_work(db: Connection, entitlement: int, holder: int) -> list[Row[Any]]:
    """Return the living keys of a right whose users may act for its holder.

    Nobody bounded by a mandate may: what is counted for a key is the holder's to pay.
    """
    acting = select(users.c.id).where(users.c.member == holder, users.c.disabled == 0)
    living = of_right(db, entitlement)
    mine = set(db.execute(acting).scalars())
    mine -= mandate_reads.bounded(db, {row.user for row in living})
    return [row for row in living if row.user in mine]


def is_key_of(db: Connection, prefix: str, entitlement: int) -> bool:
    """Tell whether a right has a key with this prefix that was not revoked."""
    query = select(t.c.entitlement).where(
        t.c.prefix == prefix, t.c.revoked_us.is_(None)
    )
    return bool(db.scalar(query) == entitlement)


def is_living(row: Row[Any], at_us: int) -> bool:
    """Tell whether a key is in force."""
    over = row.expires_us is not None and row.expires_us <= at_us
    return row.revoked_us is None and not over


def signature(secret: str, timestamp: str, method: str, path: str, body: bytes) -> str:
    """Return how a request is signed; see the head of this module."""
    said = f"{timestamp}.{method}.{path}.{sha256(body).hexdigest()}"
    return "v1=" + hmac.new(secret.encode(), said.encode(), sha256).hexdigest()


def spend(db: Connection, key: int, said: str, signed_s: int) -> bool:
    """Record that a signature was used, once; False if it was used before."""
    try:
        db.execute(
            insert(signatures).values(key=key, signature=said, signed_s=signed_s)
        )
    except IntegrityError:
        return False
    return True


def forget_signatures(db: Connection, now_s: int) -> None:
    """Forget the signatures that would be refused for their time by now."""
    old = signatures.c.signed_s < now_s - 2 * SIGNED_S
    db.execute(delete(signatures).where(old))


def admits(addresses: tuple[Any, ...], address: str) -> bool:
    """Tell whether a key may be used from *address*."""
    if not addresses:
        return True
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in addresses)


def networks_of(row: Row[Any]) -> tuple[Any, ...]:
    """Return the networks that a key may be used from; empty: any."""
    return tuple(ip_network(text) for text in row.addresses.split())


def _networks(text: str) -> tuple[list[str], dict[str, list[str]]]:
    found = []
    for word in text.replace(",", " ").split():
        try:
            found.append(str(ip_network(word, strict=False)))
        except ValueError:
            return [], {"addresses": [N_("Write addresses such as 203.0.113.0/24.")]}
    if len(found) > ADDRESSES_MAX:
        return [], {"addresses": [N_("At most 50 addresses.")]}
    return found, {}


def _own(db: Connection, user: User, key: int) -> Row[Any]:
    row = db.execute(select(t).where(t.c.id == key)).one_or_none()
    if row is None or not is_living(row, clock.now_us()):
        raise NotFound("service_key", ids.encode("service_key", key))
    statements.entitlement(db, row.entitlement, user.member)
    return row
