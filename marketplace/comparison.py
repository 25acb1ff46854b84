"""Products side by side: what they cover, what they allow, what they cost for one need.

Source: features U8 (compare up to four: coverage, freshness, rights, price for my
purpose and seats, last trades).
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from listings import catalogue, instruments
from listings.catalogue import Listing
from listings.instruments import Instrument
from listings.licences import USES
from marketplace.members import organisations
from marketplace.projection import CNY_OF_100
from marketplace.trading import reads

SIDES_MAX = 4
SEATS_MAX = 10_000
SEAT = "seat"


class Price(NamedTuple):
    """What a need costs at the best offer, if it meets enough of them."""

    instrument: int
    symbol: str
    mode: str
    currency: int
    price: int  # minor units, of one
    quantity: int
    total: int  # minor units


class Last(NamedTuple):
    """The last public trade."""

    symbol: str
    currency: int
    price: int
    at_us: int


class Side(NamedTuple):
    """One product of a comparison."""

    listing: Listing
    vendor: tuple[str, str]
    released_us: int | None  # its newest release
    licences: tuple[tuple[str, str], ...]  # titles
    uses: dict[str, bool | None]  # of any licence; None: no licence says it as a fact
    price: Price | None
    last: Last | None


def compare(
    db: Connection,
    products: Sequence[int],
    viewer: int = 0,
    purpose: str = "",
    seats: int = 1,
) -> list[Side]:
    """Return up to SIDES_MAX *products* side by side, priced for a need.

    NotFound if one is not public for *viewer*. An empty *purpose* is any.
    """
    assert len(products) <= SIDES_MAX, products
    assert 1 <= seats <= SEATS_MAX, seats
    found = [catalogue.listing(db, number, viewer) for number in products]
    named = organisations.names(db, {listing.vendor for listing in found})
    units = instruments.of_products(db, [listing.id for listing in found])
    return [
        _side(db, listing, named.get(listing.vendor, ("", "")), open_, purpose, seats)
        for listing in found
        for open_ in [[u for u in units.get(listing.id, ()) if u.state == "listed"]]
    ]


def _side(
    db: Connection,
    listing: Listing,
    vendor: tuple[str, str],
    units: list[Instrument],
    purpose: str,
    seats: int,
) -> Side:
    released = [
        release.finalised_us
        for release in catalogue.releases_of(db, listing.id)
        if release.finalised_us is not None
    ]
    titles = {(u.licence.title_zh, u.licence.title_en): None for u in units}
    return Side(
        listing,
        vendor,
        max(released, default=None),
        tuple(titles),
        _uses(units),
        _price(db, units, purpose, seats),
        _last(db, units),
    )


def _uses(units: list[Instrument]) -> dict[str, bool | None]:
    terms = [unit.licence.terms for unit in units]
    stated = [each for each in terms if each is not None]
    return {
        use: any(use in each.uses for each in stated) if stated else None
        for use in USES
    }


def _price(
    db: Connection, units: list[Instrument], purpose: str, seats: int
) -> Price | None:
    """Return the cheapest way at the best offers, in a common currency."""
    fitting = [u for u in units if not purpose or purpose in (u.purposes or (purpose,))]
    best = reads.best(db, [unit.id for unit in fitting])
    priced = []
    for unit in fitting:
        offer = best[unit.id].offer if unit.id in best else None
        if offer is None:
            continue
        wanted = seats if unit.mode == SEAT else 1
        quantity = -(-wanted // unit.lot) * unit.lot
        priced.append(
            Price(
                *(unit.id, unit.symbol, unit.mode, unit.currency),
                *(offer, quantity, offer * quantity),
            )
        )
    return min(priced, key=lambda p: p.total * CNY_OF_100[p.currency], default=None)


def _last(db: Connection, units: list[Instrument]) -> Last | None:
    trades = [
        Last(unit.symbol, unit.currency, row.price, row.at_us)
        for unit in units
        for row in reads.trades_of_instrument(db, unit.id, limit=1).rows
    ]
    return max(trades, key=lambda trade: trade.at_us, default=None)
