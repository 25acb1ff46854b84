"""Files under a right: which they are, and one delivery of one of them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Row

from listings import releases
from marketplace.members.users import User
from marketplace.services import Services
from marketplace.trading.commands import Deliver
from settlement import ids, statements
from settlement.errors import NotFound


class Delivery(NamedTuple):
    """One file on its way; the receipt was written before the first byte."""

    receipt: int
    name: str
    media_type: str
    size: int  # bytes
    sha256: str
    content: Iterator[bytes]


def included(terms: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the files that frozen *terms* include: id, name, size, sha256."""
    release = terms.get("release") or {}
    files: list[dict[str, Any]] = release.get("files", [])
    return files


def deliver(parts: Services, user: User, entitlement: int, file: int) -> Delivery:
    """Deliver one file under a right of the user's member.

    NotFound unless the right is theirs and its terms include the file; RightEnded or
    QuotaUsedUp as the market says. The content is looked up first, so that nothing is
    counted that cannot be delivered.
    """
    with parts.reads.connect() as db:
        right = statements.entitlement(db, entitlement, user.member)
        promised = _promised(statements.terms(db, right.terms), file)
        found = releases.file_of(db, file)
    assert found.sha256 == promised["sha256"], (found, promised)
    content = parts.files.read(found.storage_key)
    receipt = parts.gateway.submit(_command(user, right, found)).result
    return Delivery(
        receipt, found.name, found.media_type, found.size, found.sha256, content
    )


def _promised(terms: dict[str, Any], file: int) -> dict[str, Any]:
    wanted = ids.encode("file", file)
    for promised in included(terms):
        if promised["id"] == wanted:
            return promised
    raise NotFound("file", wanted)


def _command(user: User, right: Row[Any], found: releases.File) -> Deliver:
    return Deliver(user.id, user.member, right.id, found.id, found.sha256, found.size)
