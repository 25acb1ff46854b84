"""A vendor's posted price: put up the new one, then take down the old ones."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Row

from listings.admission import By
from marketplace.trading import reads
from marketplace.trading.commands import CancelOrder, Line, Placed, PlaceOrder
from marketplace.trading.gateway import Gateway
from settlement.errors import NotFound
from settlement.store import PAGE_MAX


class Parts(Protocol):
    """What posting works with; the services and the followers have it."""

    @property
    def reads(self) -> Engine:
        """The engine to read by."""

    @property
    def gateway(self) -> Gateway:
        """The one door."""


def post(
    parts: Parts, by: By, instrument: int, lot: int, price: int, key: str | None = None
) -> Placed:
    """Post *price* (minor units) for an instrument of the user's member.

    The new price stands before the old one goes, so that buyers always find one; bids
    at or above it are served at once. The old one stays if the new one cannot stand,
    because the member's own bid is in its way. Under the same *key* it is posted once.
    What is exclusive is offered once: the price ends with the sale.
    """
    with parts.reads.connect() as db:
        exclusive = bool(reads.book(db, instrument).exclusive)
    line = Line(instrument, "sell", price, lot, evergreen=not exclusive)
    command = PlaceOrder(by.id, by.member, line)
    placed: Placed = parts.gateway.submit(command, key).result
    with parts.reads.connect() as db:
        before = [
            order.id
            for order in offers(db, by.member)
            if order.instrument == instrument
            and order.evergreen
            and order.id < placed.order
        ]
    for order in before if placed.remaining else ():
        with suppress(NotFound):  # another user of the vendor was faster
            parts.gateway.submit(CancelOrder(by.id, by.member, order))
    return placed


def offers(db: Connection, vendor: int) -> Iterator[Row[Any]]:
    """Yield every waiting offer of the vendor, newest first."""
    page = reads.offers_of(db, vendor, limit=PAGE_MAX)
    yield from page.rows
    while page.before is not None:
        page = reads.offers_of(db, vendor, page.before, PAGE_MAX)
        yield from page.rows
