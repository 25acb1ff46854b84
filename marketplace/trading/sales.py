"""What a vendor may ask: who bids for its instruments, who holds rights to them."""

from typing import Any

from sqlalchemy import Connection, Select, select

from marketplace.trading.reads import LIVE
from marketplace.trading.tables import books, orders
from settlement.store import PAGE_MAX, Page, page
from settlement.tables import entitlements


def bids_on(
    db: Connection, vendor: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the bids that wait for the vendor's instruments, newest first.

    Who bids is not told: a book is anonymous until there is a trade. A `total` is what
    the buyer would pay for all of it.
    """
    limit = min(limit, PAGE_MAX)
    query: Select[Any] = (
        select(
            orders.c.id,
            orders.c.at_us,
            orders.c.instrument,
            orders.c.price,
            orders.c.remaining,
            (orders.c.price * orders.c.remaining).label("total"),
            orders.c.expires_us,
            orders.c.purpose,
            books.c.symbol,
            books.c.currency,
            books.c.state,
        )
        .join(books, books.c.instrument == orders.c.instrument)
        .where(LIVE, orders.c.side == "buy", books.c.vendor == vendor)
        .where(orders.c.member != vendor)
    )
    if before is not None:
        query = query.where(orders.c.id < before)
    rows = db.execute(query.order_by(orders.c.id.desc()).limit(limit + 1)).all()
    return page(rows, limit)


def rights_from(
    db: Connection, vendor: int, before: int | None = None, limit: int = 50
) -> Page:
    """Return a page of the rights to the vendor's products, ended ones too."""
    limit = min(limit, PAGE_MAX)
    query: Select[Any] = (
        select(entitlements, books.c.symbol)
        .join(books, books.c.instrument == entitlements.c.instrument)
        .where(books.c.vendor == vendor)
    )
    if before is not None:
        query = query.where(entitlements.c.id < before)
    rows = db.execute(query.order_by(entitlements.c.id.desc()).limit(limit + 1)).all()
    return page(rows, limit)
