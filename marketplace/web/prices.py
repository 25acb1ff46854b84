"""Price tags: what the products on a page cost now, read from their books."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection

from listings import instruments
from listings.instruments import Instrument
from marketplace.trading import reads

FREE_MODE = "free"


class Tag(NamedTuple):
    """The lowest offer of a product, None where nobody offers."""

    price: int | None  # minor units
    currency: int
    offers: int  # instruments that are offered
    is_free: bool


NO_TAG = Tag(None, 1, 0, is_free=False)


def tags(db: Connection, products: Iterable[int]) -> dict[int, Tag]:
    """Return the price tag of each of *products* that has instruments."""
    units = instruments.of_products(db, products)
    numbers = [unit.id for of_product in units.values() for unit in of_product]
    best = reads.best(db, numbers)
    return {
        product: _tag(of_product, {number: best[number].offer for number in best})
        for product, of_product in units.items()
    }


def _tag(units: list[Instrument], offers: Mapping[int, int | None]) -> Tag:
    """Return the lowest offer in the currency of the first instrument that has one."""
    offered = [unit for unit in units if offers.get(unit.id) is not None]
    free = any(unit.mode == FREE_MODE for unit in units)
    if not offered:
        return Tag(None, units[0].currency, 0, free)
    currency = offered[0].currency
    prices = [offers[unit.id] for unit in offered if unit.currency == currency]
    lowest = min(price for price in prices if price is not None)
    return Tag(lowest, currency, len(offered), free or lowest == 0)
