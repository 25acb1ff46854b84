"""Contracts put to the other side, signed, returned, ended; and read.

Every step tells the other parties. Money is in minor units, moments in microseconds.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Row, and_, exists, or_, select

from listings.files import Readable, Storage
from listings.marking import N_
from listings.registration.attachments import FILE_MAX
from marketplace.community.notices import notify
from marketplace.contracts.models import EXISTING, MODELS
from marketplace.members import organisations
from marketplace.members.users import User
from marketplace.pricing import quotes
from marketplace.pricing.changes import Writing
from marketplace.trading.agreement_tables import agreements, signatures
from marketplace.trading.agreements import TEXT_MAX
from marketplace.trading.drafting import (
    CancelSale,
    DraftContract,
    ReturnContract,
    SignContract,
    Stage,
)
from marketplace.trading.tables import books
from settlement import clock
from settlement.canonical import canonical
from settlement.errors import Invalid, NotFound
from settlement.ids import encode
from settlement.ledger import HOUSE
from settlement.store import PAGE_MAX, Page, page
from settlement.tables import terms, trades

TITLE_MAX = 120  # characters
CLAUSE_MAX = 4_000
TOO_LONG = N_("The clauses are too long in all.")
NEEDS_PAPER = N_("Add the contract that was signed on paper, as PDF.")
NOT_PDF = N_("This is not a PDF.")
PDF = b"%PDF-"
a = agreements.c


class Said(NamedTuple):
    """What a contract is to say; the price is for each unit."""

    to: int
    instrument: int
    price: int
    quantity: int
    purpose: str
    stages: tuple[Stage, ...]
    days: int
    term_us: int | None
    expires_us: int
    house: bool
    model: str
    title: str
    clauses: Mapping[str, str]  # by code; one left out keeps the model's text
    offer: int = 0
    follows: int = 0


class Parts(Writing, Protocol):
    """What contracts work with; the services have it."""

    @property
    def files(self) -> Storage:
        """Where papers that exist are kept."""


class Head:
    """A stream with its first bytes looked at."""

    def __init__(self, stream: Readable) -> None:
        """Look at the beginning of *stream*."""
        self._stream, self.first = stream, stream.read(len(PDF))
        self._left = self.first

    def read(self, size: int, /) -> bytes:
        """Return up to *size* bytes, none at the end."""
        given, self._left = self._left[:size], self._left[size:]
        return given or self._stream.read(size)


def draft(
    parts: Parts, by: User, said: Said, paper: Readable | None, key: str | None
) -> int:
    """Put a contract to the other side and tell it; the contract's number.

    A contract that exists comes with its *paper*; Invalid if that is lacking or no PDF.
    """
    with parts.reads.connect() as db:
        if said.follows:
            one(db, said.follows, by.member)
        if said.offer:
            quotes.check_named(db, said.offer, by.member)
        text = compose(db, by.member, said)
    evidence = _evidence(parts, said.model, paper)
    command = DraftContract(
        by.id, by.member, said.to, said.instrument, said.price, said.quantity,
        said.purpose, said.stages, said.days, said.term_us, said.expires_us,
        said.house, text, evidence, said.offer, said.follows,
    )  # fmt: skip
    number: int = parts.gateway.submit(command, key).result
    _tell(parts, number, by.member, "contract_drafted")
    return number


def _evidence(parts: Parts, model: str, paper: Readable | None) -> str:
    if model != EXISTING:
        return ""
    if paper is None:
        raise Invalid({"paper": [NEEDS_PAPER]})
    whole = Head(paper)
    if whole.first != PDF:
        raise Invalid({"paper": [NOT_PDF]})
    return parts.files.put(whole, FILE_MAX).sha256


def compose(db: Connection, drafter: int, said: Said) -> str:
    """Return title, parties and clauses as canonical JSON."""
    model = MODELS[said.model]
    names = organisations.names(db, (drafter, said.to))
    text = canonical(
        {
            "model": said.model,
            "title": said.title,
            "names": {encode("member", n): list(both) for n, both in names.items()},
            "clauses": [
                {
                    "code": clause.code,
                    "zh": clause.heading.zh,
                    "en": clause.heading.en,
                    "text": said.clauses.get(clause.code)
                    or f"{clause.text.zh}\n{clause.text.en}",
                }
                for clause in model.clauses
            ],
        }
    )
    if len(text) > TEXT_MAX:
        raise Invalid({"clauses": [TOO_LONG]})
    return text


def sign(
    parts: Parts, by: User, number: int, sha256: str, key: str | None = None
) -> int | None:
    """Sign the text with that hash; the trade, if all have signed now."""
    command = SignContract(by.id, by.member, number, sha256)
    trade: int | None = parts.gateway.submit(command, key).result
    kind = "contract_signed" if trade is None else "contract_concluded"
    _tell(parts, number, by.member, kind)
    return trade


def give_back(parts: Parts, by: User, number: int, reason: str) -> None:
    """Refuse to sign, with the reason, or take back what the member drafted."""
    parts.gateway.submit(ReturnContract(by.id, by.member, number, reason))
    _tell(parts, number, by.member, "contract_returned", reason)


def cancel(parts: Parts, by: User, trade: int, *, agrees: bool, reason: str) -> None:
    """Ask to end a sale in escrow, or answer, and tell the other side."""
    command = CancelSale(by.id, by.member, trade, agrees, reason)
    back = parts.gateway.submit(command).result
    kind = "sale_ended" if back is not None else "sale_ends"
    with parts.writes.begin() as db:
        sides = select(trades.c.buyer, trades.c.seller).where(trades.c.id == trade)
        href = f"/orders/trades/{encode('trade', trade)}"
        cause = f"trade {trade} {kind} {clock.now_us()}"
        other = set(db.execute(sides).one()) - {by.member}
        _notify(db, other, by.member, kind if agrees else "sale_goes_on", cause, href)


def _tell(parts: Parts, number: int, actor: int, kind: str, reason: str = "") -> None:
    """Tell the other parties what *actor* did; staff see their queue instead."""
    with parts.writes.begin() as db:
        row = db.execute(select(agreements).where(a.id == number)).one()
        other = {row.vendor, row.buyer} - {actor}
        href = f"/contracts/{encode('agreement', number)}"
        cause = f"contract {number} {kind} {actor}"
        _notify(db, other, actor, kind, cause, href, reason)


def _notify(
    db: Connection,
    members: Iterable[int],
    actor: int,
    kind: str,
    cause: str,
    href: str,
    reason: str = "",
) -> None:
    member = organisations.names(db, [actor]).get(actor, ("", ""))
    facts = {"member": member, "href": href, "reason": reason}
    notify(db, members, kind, cause, None, facts)


# ── reads ──


def _query() -> Any:
    return select(agreements, books.c.symbol).join(
        books, books.c.instrument == a.instrument
    )


def of_member(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the contracts that a member is a party of, newest first."""
    mine = or_(a.vendor == member, a.buyer == member)
    return _page(db, _query().where(mine), before, limit)


def waiting(db: Connection, before: int | None = None, limit: int = 50) -> Page:
    """Return a page of the contracts that the exchange has still to sign."""
    s = signatures.c
    signed = exists().where(and_(s.agreement == a.id, s.party == HOUSE))
    mine = and_(a.state == "signing", a.house == 1, ~signed)
    return _page(db, _query().where(mine), before, limit)


def one(db: Connection, number: int, viewer: int) -> Row[Any]:
    """Return a contract that *viewer* is a party of; NotFound for all others."""
    sees = or_(a.vendor == viewer, a.buyer == viewer)
    if viewer == HOUSE:
        sees = a.house == 1
    row: Row[Any] | None = db.execute(_query().where(a.id == number, sees)).first()
    if row is None:
        raise NotFound("agreement", encode("agreement", number))
    return row


def body(db: Connection, found: Row[Any]) -> str:
    """Return the whole text of a contract: the canonical JSON that was hashed."""
    query = select(terms.c.body).where(terms.c.id == found.terms)
    return str(db.execute(query).scalar_one())


def text(db: Connection, found: Row[Any]) -> dict[str, Any]:
    """Return what a contract says, without what is sold."""
    said: dict[str, Any] = json.loads(body(db, found))["contract"]
    return said


def signed(db: Connection, number: int) -> dict[int, Row[Any]]:
    """Return the signatures under a contract, by party."""
    query = select(signatures).where(signatures.c.agreement == number)
    return {row.party: row for row in db.execute(query.order_by(signatures.c.seq))}


def of_trade(db: Connection, trade: int) -> Row[Any] | None:
    """Return the contract that became a trade; None if there is none."""
    row: Row[Any] | None = db.execute(_query().where(a.trade == trade)).first()
    return row


def parties(found: Row[Any]) -> tuple[int, ...]:
    """Return who signs a contract."""
    return (found.vendor, found.buyer, *([HOUSE] if found.house else []))


def _page(db: Connection, query: Any, before: int | None, limit: int) -> Page:
    limit = min(limit, PAGE_MAX)
    if before is not None:
        query = query.where(a.id < before)
    rows = db.execute(query.order_by(a.id.desc()).limit(limit + 1)).all()
    return page(rows, limit)
