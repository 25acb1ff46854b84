"""Filed deals: entered with their evidence, confirmed, registered; and read."""

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Engine, Row, or_, select

from listings.files import Readable, Storage
from listings.registration.attachments import FILE_MAX
from marketplace.community.notices import notify
from marketplace.members import organisations
from marketplace.members.users import User
from marketplace.pricing.changes import Writing
from marketplace.trading.recording import (
    ConfirmFiling,
    FileTrade,
    RegisterFiling,
    WithdrawFiling,
)
from marketplace.trading.tables import filings, standings
from marketplace.trading.venue import NotVerified, WrongOrder
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.store import PAGE_MAX, Page, page

f = filings.c


class Filed(NamedTuple):
    """What was dealt elsewhere; money in minor units."""

    other: int
    sells: bool  # whether who files it sold
    title: str
    currency: int
    amount: int
    dealt_us: int
    note: str = ""


class Parts(Writing, Protocol):
    """What filing works with; the services have it."""

    @property
    def reads(self) -> Engine:
        """The engine to read by."""

    @property
    def files(self) -> Storage:
        """Where the evidence is kept."""


def file(
    parts: Parts, by: User, entered: Filed, evidence: Readable, key: str | None
) -> int:
    """Enter a deal with the file that proves it, and tell the other side; its number.

    FileTooLarge, NotVerified, WrongOrder and others, as the market says.
    """
    with parts.reads.connect() as db:
        _check_parties(db, by.member, entered.other)
    stored = parts.files.put(evidence, FILE_MAX)
    command = FileTrade(by.id, by.member, *entered, stored.sha256)
    number: int = parts.gateway.submit(command, key).result
    _tell(parts, number, [entered.other], by.member, "deal_filed")
    return number


def _check_parties(db: Connection, *parties: int) -> None:
    """Refuse, before anything is stored, who cannot file or be named in a deal."""
    if len(set(parties)) < len(parties):
        raise WrongOrder("other")
    verified = select(standings.c.member).where(standings.c.verified == 1)
    known = set(db.scalars(verified.where(standings.c.member.in_(parties))))
    for party in parties:
        if party not in known:
            raise NotVerified(party)


def confirm(parts: Parts, by: User, number: int, *, agrees: bool, reason: str) -> None:
    """Confirm or contest what the other side filed, and tell it."""
    command = ConfirmFiling(by.id, by.member, number, agrees, reason)
    parts.gateway.submit(command)
    kind = "deal_confirmed" if agrees else "deal_contested"
    _tell(parts, number, _parties(parts, number) - {by.member}, by.member, kind)


def withdraw(parts: Parts, by: User, number: int) -> None:
    """Take back what the member filed and nobody confirmed yet."""
    parts.gateway.submit(WithdrawFiling(by.id, by.member, number))


def decide(parts: Parts, by: User, number: int, *, approve: bool, reason: str) -> None:
    """Put a confirmed deal on record, or refuse it, and tell both sides."""
    parts.gateway.submit(RegisterFiling(by.id, number, approve, reason))
    kind = "deal_registered" if approve else "deal_refused"
    _tell(parts, number, _parties(parts, number), by.member, kind)


def _parties(parts: Parts, number: int) -> set[int]:
    with parts.reads.connect() as db:
        row = db.execute(select(f.seller, f.buyer).where(f.id == number)).one()
    return {row.seller, row.buyer}


def _tell(
    parts: Parts, number: int, members: Iterable[int], actor: int, kind: str
) -> None:
    with parts.writes.begin() as db:
        facts = {
            "member": organisations.names(db, [actor])[actor],
            "href": f"/filings/{encode('filing', number)}",
        }
        notify(db, members, kind, f"filing {number} {kind}", None, facts)


def of_member(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the deals that a member filed or is named in, newest first."""
    mine = or_(f.seller == member, f.buyer == member)
    return _page(db, select(filings).where(mine), before, limit)


def waiting(db: Connection, before: int | None = None, limit: int = 50) -> Page:
    """Return a page of the confirmed deals that wait for a registrar."""
    return _page(db, select(filings).where(f.state == "confirmed"), before, limit)


def one(db: Connection, number: int, viewer: int | None) -> Row[Any]:
    """Return a filed deal of the *viewer*, of anybody if None; else NotFound."""
    query = select(filings).where(f.id == number)
    if viewer is not None:
        query = query.where(or_(f.seller == viewer, f.buyer == viewer))
    row: Row[Any] | None = db.execute(query).first()
    if row is None:
        raise NotFound("filing", encode("filing", number))
    return row


def _page(db: Connection, query: Any, before: int | None, limit: int) -> Page:
    limit = min(limit, PAGE_MAX)
    if before is not None:
        query = query.where(f.id < before)
    rows = db.execute(query.order_by(f.id.desc()).limit(limit + 1)).all()
    return page(rows, limit)
