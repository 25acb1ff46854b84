"""Files under a right: which they are, and one delivery of one of them."""

import json
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from listings import releases
from marketplace.delivery import licence
from marketplace.delivery.content import Content
from marketplace.members import organisations
from marketplace.members.users import User
from marketplace.services import Services
from marketplace.trading.commands import Deliver
from settlement import clock, ids, statements
from settlement.entitlements import EntitlementState, RightEnded
from settlement.errors import Forbidden, NotFound, Refusal
from settlement.tables import receipts

RESUMED_US = clock.DAY_US  # after its receipt that a delivery may be gone on with


@dataclass(eq=False)
class ReceiptTooOld(Refusal):
    """This delivery was begun more than a day ago; begin a new one."""

    receipt: str


class Delivery(NamedTuple):
    """One file on its way; the receipt was written before the first byte."""

    receipt: int
    name: str
    media_type: str
    size: int  # bytes
    sha256: str
    content: Content


def included(db: Connection, terms: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the files that frozen *terms* open now: id, name, size, sha256, release.

    Their own release, and as many older and later ones as the terms say; see
    `releases.served`, which leaves out what was revoked or is not served yet. A right
    to a clean room opens none, nor one whose licence cuts its tables (`shares`).
    """
    release = terms.get("release")
    if not release or "cleanroom" in terms or "cut" in terms:
        return []
    window = terms.get("releases") or {"history": 0, "future": 0}
    number = ids.decode("release", release["id"])
    return [
        file._asdict() | {"id": ids.encode("file", file.id), "release": one.label}
        for one in releases.served(db, number, window["history"], window["future"])
        for file in releases.files_of(db, one.id)
    ]


def deliver(
    parts: Services, user: User, entitlement: int, file: int, key: str | None = None
) -> Delivery:
    """Deliver one file under a right of the user's member.

    NotFound unless the right is theirs and its terms include the file; see `permit`
    and `count` for the rest. The content is looked up first, so that nothing is
    counted that cannot be delivered; under the same idempotency *key* it is counted
    once. What is on its way ends with the right.
    """
    with parts.reads.connect() as db:
        right = statements.entitlement(db, entitlement, user.member)
        terms = statements.frozen(db, right.terms)
        found = _promised(db, json.loads(terms.body), file)
        permit(db, user, right)
    content = Content(
        parts.files, found.storage_key, partial(check_running, parts, right.id)
    )
    try:
        receipt = count(parts, user, right, found, key)
    except BaseException:
        content.close()
        raise
    return Delivery(
        receipt, found.name, found.media_type, found.size, found.sha256, content
    )


def resume(parts: Services, user: User, receipt: int) -> Delivery:
    """Go on with a delivery that the member has a receipt of; it is not counted again.

    NotFound unless the receipt is theirs, ReceiptTooOld after RESUMED_US; else what
    `deliver` refuses, for the right may have ended and the release been revoked.
    """
    with parts.reads.connect() as db:
        query = select(receipts).where(
            receipts.c.id == receipt, receipts.c.holder == user.member
        )
        row = db.execute(query).one_or_none()
        if row is None:
            raise NotFound("receipt", ids.encode("receipt", receipt))
        if row.at_us + RESUMED_US <= clock.now_us():
            raise ReceiptTooOld(ids.encode("receipt", receipt))
        right = statements.entitlement(db, row.entitlement, user.member)
        terms = statements.frozen(db, right.terms)
        found = _promised(db, json.loads(terms.body), row.file)
        permit(db, user, right)
    content = Content(
        parts.files, found.storage_key, partial(check_running, parts, right.id)
    )
    return Delivery(
        receipt, found.name, found.media_type, found.size, found.sha256, content
    )


def permit(db: Connection, user: User, right: Row[Any]) -> None:
    """Refuse what is not to be delivered under *right* now, to *user*.

    Forbidden unless its member is verified, RightEnded, NotLicensed if the licence
    does not permit it.
    """
    if user.state != "verified":
        raise Forbidden("verified")
    if not is_in_force(right):
        ended = right.until_us is not None and right.until_us <= clock.now_us()
        state = EntitlementState.EXPIRED.value if ended else right.state
        raise RightEnded(ids.encode("entitlement", right.id), state)
    terms = statements.frozen(db, right.terms)
    region = organisations.get(db, right.holder).region
    licence.check(right, terms, region, clock.now_us())


def is_in_force(right: Row[Any]) -> bool:
    """Tell whether *right* opens anything now."""
    ended = right.until_us is not None and right.until_us <= clock.now_us()
    return not ended and right.state == EntitlementState.ACTIVE


def count(
    parts: Services,
    user: User,
    right: Row[Any],
    found: releases.File,
    key: str | None = None,
) -> int:
    """Count one delivery of a file; the number of its receipt.

    RightEnded or QuotaUsedUp as the market says.
    """
    command = Deliver(
        user.id, user.member, right.id, found.id, found.sha256, found.size
    )
    return int(parts.gateway.submit(command, key).result)


def check_running(parts: Services, entitlement: int) -> None:
    """Refuse once a right opens nothing any more: what is on its way then ends."""
    with parts.reads.connect() as db:
        right = statements.entitlement(db, entitlement)
    if not is_in_force(right):
        raise RightEnded(ids.encode("entitlement", entitlement), right.state)


def _promised(db: Connection, terms: dict[str, Any], file: int) -> releases.File:
    """Return a file that *terms* open; Revoked if its release was, else NotFound."""
    wanted = ids.encode("file", file)
    if any(promised["id"] == wanted for promised in included(db, terms)):
        return releases.file_of(db, file)
    release = releases.get(db, releases.file_of(db, file).release)
    theirs = ids.encode("product", release.product) == terms.get("product")
    if theirs and release.revoked_us is not None:
        raise releases.Revoked(release.label, release.revoked_reason or "")
    raise NotFound("file", wanted)
