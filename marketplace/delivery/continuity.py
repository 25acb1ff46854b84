"""When a vendor leaves: what the exchange keeps is served on, the rest is paid back.

Final releases lie with the exchange; a right opens them to the end of its paid term,
whatever became of its vendor (feature N15). What only the vendor could serve, a service
or an application of its own or data at its source, is paid back for the time that is
left: proposed by one of the desk, carried out by another, as every refund is, and the
right ends with it. Rounded up to the buyer's favour, for the units that the buyer still
has, less what was given back before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, Table, func, select

from listings import releases
from marketplace.delivery import files
from marketplace.members import organisations
from marketplace.members.tables import HOUSE
from marketplace.members.users import User
from marketplace.services import Services
from marketplace.trading import claims
from marketplace.trading.control import Propose
from marketplace.trading.objecting import RefundSale
from settlement import clock, ids, statements
from settlement.claim_tables import busts, refunds
from settlement.errors import NotFound, Refusal
from settlement.store import PAGE_MAX, page
from settlement.tables import entitlements, trades

LIVE = ("active", "suspended")


@dataclass(eq=False)
class VendorStays(Refusal):
    """The vendor has not left: it serves its rights itself, and refunds itself."""

    member: str


@dataclass(eq=False)
class StillServed(Refusal):
    """What this right opens lies with the exchange and is served to its end."""

    entitlement: str


@dataclass(eq=False)
class NothingToReturn(Refusal):
    """Nothing is left of this right to be paid back, or its refund waits already."""

    entitlement: str


class Left(NamedTuple):
    """A paid right of a vendor's: whether it is served on, else what goes back."""

    right: Row[Any]
    terms: dict[str, Any]
    kept: bool
    currency: int
    back: int  # minor units; 0 if it is kept, has no end, or as much was given back
    waits: bool  # a refund waits for its second person


def has_left(db: Connection, vendor: int) -> bool:
    """Tell whether a vendor serves no more: it is verified no longer."""
    return vendor != HOUSE and organisations.get(db, vendor).state != "verified"


def is_kept(db: Connection, terms: dict[str, Any]) -> bool:
    """Tell whether the exchange itself can serve what *terms* promise."""
    if terms.get("class") != "dataset" or not terms.get("release"):
        return False
    if "cleanroom" in terms or "cut" in terms:
        number = ids.decode("release", terms["release"]["id"])
        return releases.get(db, number).revoked_us is None
    return bool(files.included(db, terms))


def rights_of(
    db: Connection,
    vendor: int,
    now_us: int,
    before: int | None = None,
    limit: int = PAGE_MAX,
) -> tuple[list[Left], int | None]:
    """Return a page of a vendor's paid rights that run, and where the next begins.

    The newest that are older than *before*; of these those to be paid back first.
    """
    query = _running(vendor, now_us)
    if before is not None:
        query = query.where(entitlements.c.id < before)
    found = page(db.execute(query.limit(limit + 1)).all(), limit)
    every = _every(db, vendor, found.rows, now_us)
    return sorted(every, key=lambda one: (one.kept, -one.back)), found.before


def _running(vendor: int, now_us: int) -> Select[Any]:
    e, t = entitlements.c, trades.c
    return (
        select(entitlements, t.currency, t.quantity.label("bought"))
        .join(trades, t.id == e.trade)
        .where(t.seller == vendor, t.state == "settled", e.state.in_(LIVE))
        .where(e.until_us.is_(None) | (e.until_us > now_us))
        .order_by(e.id.desc())
    )


def _every(
    db: Connection, vendor: int, rows: Sequence[Row[Any]], now_us: int
) -> list[Left]:
    terms = statements.terms_of(db, {row.terms for row in rows})
    waiting = {one.trade for one in claims.decisions(db)}
    return [_left(db, row, terms[row.terms], vendor, waiting, now_us) for row in rows]


def pro_rata(
    paid: int, from_us: int, until_us: int, now_us: int, units: tuple[int, int] = (1, 1)
) -> int:
    """Return the part of *paid* for the time that is left, rounded up.

    Of *units* the first are still held, of those that were paid: the rest was sold on.
    """
    left = min(max(0, until_us - now_us), until_us - from_us)
    held, bought = units
    return -(-paid * left * held // ((until_us - from_us) * bought))


def propose(parts: Services, user: User, entitlement: int, reason: str) -> int:
    """Let the refund of what is left of a right wait for a second person; its number.

    VendorStays, StillServed, NothingToReturn; what the market refuses a refund for.
    """
    name = ids.encode("entitlement", entitlement)
    now_us = clock.now_us()
    with parts.reads.connect() as db:
        right = statements.entitlement(db, entitlement)
        if right.trade is None:
            raise NothingToReturn(name)
        vendor = db.scalar(select(trades.c.seller).where(trades.c.id == right.trade))
        assert vendor is not None
        if not has_left(db, vendor):
            raise VendorStays(ids.encode("member", vendor))
        query = _running(vendor, now_us).where(entitlements.c.id == entitlement)
        found = _every(db, vendor, db.execute(query).all(), now_us)
        if not found:
            raise NotFound("entitlement", name)
        if found[0].kept:
            raise StillServed(name)
        if not found[0].back or found[0].waits:
            raise NothingToReturn(name)
        sale = claims.sale(db, right.trade, vendor)
    values = (tuple(sale), found[0].back, True)  # the right ends with it
    said = Propose(user.id, RefundSale.__name__, values, reason)
    return int(parts.gateway.submit(said).result)


def _left(
    db: Connection,
    row: Row[Any],
    terms: dict[str, Any],
    vendor: int,
    waiting: set[int],
    now_us: int,
) -> Left:
    kept, back = is_kept(db, terms), 0
    if not kept and row.until_us is not None:
        off, given = _sum(db, busts, row.trade), _sum(db, refunds, row.trade)
        paid = max(0, claims.sale(db, row.trade, vendor).paid - off)
        units = row.quantity, row.bought
        due = pro_rata(paid, row.from_us, row.until_us, now_us, units)
        back = max(0, due - given)  # what was given back before counts towards it
    return Left(row, terms, kept, row.currency, back, row.trade in waiting)


def _sum(db: Connection, table: Table, trade: int) -> int:
    """Return what of a trade's price was refunded, or taken off it, minor units."""
    query = select(func.sum(table.c.amount)).where(table.c.trade == trade)
    return int(db.scalar(query) or 0)
