"""Where a vendor's service is called, with which secret, by which rules."""

import re
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import Connection, insert, select, update

from listings.marking import N_
from listings.tables import instruments, products
from marketplace import outgoing
from marketplace.metering.tables import endpoints as t
from marketplace.outgoing import URL_MAX, NotReachable
from marketplace.vault import Vault
from settlement import clock
from settlement.entitlements import EntitlementState
from settlement.errors import Invalid
from settlement.tables import entitlements

HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}", re.ASCII)
SECRET_MAX = 1_000  # characters
POINTER = re.compile(r"(/[^/\x00-\x1f]{0,100}){0,10}")  # RFC 6901, short
WAIT_S_MAX = 30
SECOND_MAX, DAY_MAX = 1_000, 10_000_000
CACHE_S_MAX = 3_600
RUNNING = (EntitlementState.ACTIVE, EntitlementState.SUSPENDED)
# Headers that a secret may not be sent in: they are the connection's own.
TAKEN = {"host", "content-length", "transfer-encoding", "connection", "user-agent"}


class Endpoint(NamedTuple):
    """What a vendor says of its service; the secret is kept apart, sealed."""

    url: str
    sandbox_url: str = ""
    header: str = ""
    pointer: str = ""
    wait_s: int = 10
    second_max: int = 20
    day_max: int = 100_000
    cache_s: int = 0


def connect(
    db: Connection,
    vault: Vault,
    product: int,
    wanted: Endpoint,
    secret: str,
    by: int,
    reachable: Any = (),
) -> None:
    """Say where a service is called from now on; running rights go on there.

    An empty *secret* keeps the one that is sealed, as long as the address stays at the
    same host: else who may change the address could have it sent to their own. As long
    as rights run, limits only rise and what counts as a hit stays: that is what they
    were bought under. Invalid names what is wrong.
    """
    known = get(db, product)
    problems = wrong(wanted, secret, reachable)
    problems |= _narrower(db, product, known, wanted)
    kind = db.scalar(select(products.c["class"]).where(products.c.id == product))
    if kind != "service":
        problems["url"] = [N_("Only a data service is called.")]
    sealed = ""
    if wanted.header and secret:
        sealed = vault.lock(secret)
    elif wanted.header and known is not None and known.sealed:
        sealed = known.sealed
        if _host(known.url) != _host(wanted.url) or known.header != wanted.header:
            problems["secret"] = [N_("Give the secret again for another address.")]
    elif wanted.header:
        problems["secret"] = [N_("Give the secret that the header is to carry.")]
    if problems:
        raise Invalid(problems)
    values = wanted._asdict() | {
        "sealed": sealed,
        "changed_us": clock.now_us(),
        "changed_by": by,
    }
    if known is None:
        db.execute(insert(t).values(product=product, **values))
    else:
        db.execute(update(t).where(t.c.product == product).values(**values))


def wrong(wanted: Endpoint, secret: str, reachable: Any = ()) -> dict[str, list[str]]:
    """Return what is wrong with an endpoint, by field."""
    problems: dict[str, list[str]] = {}
    for field in ("url", "sandbox_url"):
        url = getattr(wanted, field)
        if not url and field == "sandbox_url":
            continue
        try:
            parts = outgoing.checked(url, reachable)
        except NotReachable:
            problems[field] = [N_("Give a public http or https address.")]
            continue
        if parts.query or parts.fragment or len(url) > URL_MAX:
            problems[field] = [N_("Leave out what comes after a question mark or #.")]
    if wanted.header and (
        not HEADER.fullmatch(wanted.header) or wanted.header.lower() in TAKEN
    ):
        problems["header"] = [N_("This is no name of a header for a secret.")]
    if secret and (len(secret) > SECRET_MAX or not _sendable(secret)):
        problems["secret"] = [N_("Use printable ASCII, at most 1,000 characters.")]
    if not POINTER.fullmatch(wanted.pointer):
        problems["pointer"] = [N_("Write a JSON pointer, such as /data/items.")]
    ranges = (
        ("wait_s", 1, WAIT_S_MAX),
        ("second_max", 1, SECOND_MAX),
        ("day_max", 1, DAY_MAX),
        ("cache_s", 0, CACHE_S_MAX),
    )
    for field, low, high in ranges:
        if not low <= getattr(wanted, field) <= high:
            problems[field] = [N_("This number is out of range.")]
    return problems


def get(db: Connection, product: int) -> Any:
    """Return the row of a product's endpoint, or None."""
    return db.execute(select(t).where(t.c.product == product)).one_or_none()


def _narrower(
    db: Connection, product: int, known: Any, wanted: Endpoint
) -> dict[str, list[str]]:
    """Return what would take from running rights what they were bought under."""
    running = (
        select(entitlements.c.id)
        .join(instruments, instruments.c.id == entitlements.c.instrument)
        .where(instruments.c.product == product)
        .where(entitlements.c.state.in_(RUNNING))
    )
    if db.execute(running.limit(1)).first() is None:
        return {}
    least = known or Endpoint("", pointer=wanted.pointer)
    problems = {
        field: [N_("Rights run that were bought under more; this can only rise.")]
        for field in ("second_max", "day_max")
        if getattr(wanted, field) < getattr(least, field)
    }
    if wanted.pointer != least.pointer:
        problems["pointer"] = [N_("Rights run whose use is counted by this; it stays.")]
    return problems


def _host(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _sendable(secret: str) -> bool:
    return secret.isascii() and secret.isprintable() and secret == secret.strip()
