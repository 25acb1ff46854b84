"""A vendor's posted price: put up the new one, then take down the old ones."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Row

from marketplace.members.users import User
from marketplace.services import Services
from marketplace.trading import reads
from marketplace.trading.commands import CancelOrder, Line, Placed, PlaceOrder
from settlement.errors import NotFound
from settlement.store import PAGE_MAX


def post(parts: Services, user: User, instrument: int, lot: int, price: int) -> Placed:
    """Post *price* (minor units) for an instrument of the user's member.

    The new price stands before the old one goes, so that buyers always find one; bids
    at or above it are served at once. The old one stays if the new one cannot stand,
    because the member's own bid is in its way.
    """
    with parts.reads.connect() as db:
        before = [
            order.id
            for order in offers(db, user.member)
            if order.instrument == instrument and order.evergreen
        ]
    line = Line(instrument, "sell", price, lot, evergreen=True)
    placed: Placed = parts.gateway.submit(PlaceOrder(user.id, user.member, line)).result
    for order in before if placed.remaining else ():
        with suppress(NotFound):  # another user of the vendor was faster
            parts.gateway.submit(CancelOrder(user.id, user.member, order))
    return placed


def offers(db: Connection, vendor: int) -> Iterator[Row[Any]]:
    """Yield every waiting offer of the vendor, newest first."""
    page = reads.offers_of(db, vendor, limit=PAGE_MAX)
    yield from page.rows
    while page.before is not None:
        page = reads.offers_of(db, vendor, page.before, PAGE_MAX)
        yield from page.rows
