"""Personal prices: offered and told to their member; those offered, those addressed."""

from typing import Any

from flask import url_for
from sqlalchemy import Connection, Row, select

from listings import instruments
from marketplace.community.notices import notify
from marketplace.pricing.changes import Writing
from marketplace.trading.quoting import OfferPrice
from marketplace.trading.tables import books, offers
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.store import PAGE_MAX, Page, page


def propose(parts: Writing, command: OfferPrice, key: str | None) -> int:
    """Offer one member a price of its own, and tell it; the offer's number.

    NotFound, ReasonNeeded, AboveCeiling and others, as the market says.
    """
    offer: int = parts.gateway.submit(command, key).result
    with parts.writes.begin() as db:
        product = instruments.get(db, command.instrument).product
        told = {"href": url_for("orders.offered")}
        cause = f"personal-price {offer}"
        notify(db, [command.to], "personal_price", cause, product, told)
    return offer


def _offers() -> Any:
    return select(offers, books.c.symbol, books.c.currency).join(
        books, books.c.instrument == offers.c.instrument
    )


def of_vendor(
    db: Connection, vendor: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of what a vendor offered to single members, newest first."""
    return _page(db, _offers().where(offers.c.vendor == vendor), before, limit)


def of_member(
    db: Connection, member: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of what was offered to a member alone, newest first."""
    return _page(db, _offers().where(offers.c.member == member), before, limit)


def open_for(
    db: Connection, member: int, instruments: list[int], now_us: int
) -> list[Row[Any]]:
    """Return what a member may take now of these instruments, newest first."""
    query = _offers().where(
        offers.c.member == member,
        offers.c.state == "open",
        offers.c.expires_us > now_us,
        offers.c.instrument.in_(instruments),
    )
    return list(db.execute(query.order_by(offers.c.id.desc()).limit(PAGE_MAX)))


def one(db: Connection, number: int, member: int) -> Row[Any]:
    """Return an offer that *member* made or got; NotFound for all others."""
    mine = (offers.c.vendor == member) | (offers.c.member == member)
    row: Row[Any] | None = db.execute(
        _offers().where(offers.c.id == number, mine)
    ).first()
    if row is None:
        raise NotFound("offer", encode("offer", number))
    return row


def _page(db: Connection, query: Any, before: int | None, limit: int) -> Page:
    limit = min(limit, PAGE_MAX)
    if before is not None:
        query = query.where(offers.c.id < before)
    rows = db.execute(query.order_by(offers.c.id.desc()).limit(limit + 1)).all()
    return page(rows, limit)
