"""What stands beside a vendor's prices: the lint, announced rises, ceilings."""

from typing import NamedTuple

from sqlalchemy import Connection

from listings.instruments import Instrument
from listings.menu import Lint
from marketplace.pricing import changes
from marketplace.pricing.changes import Notice, Rise, notice_of
from marketplace.pricing.menus import of_menu
from marketplace.services import services
from marketplace.trading import reads


class Menu(NamedTuple):
    """A product's price menu as its vendor sees it."""

    lint: Lint
    rises: dict[int, Rise]
    notice: Notice
    ceilings: dict[int, int]  # of instruments that have one, minor units


def menu(db: Connection, units: list[Instrument]) -> Menu:
    """Return what there is to say of the prices of *units*."""
    numbers = [unit.id for unit in units]
    books = reads.books_of(db, numbers)
    return Menu(
        of_menu(units, reads.posted_prices(db, numbers)),
        changes.pending(db, numbers),
        notice_of(services().config),
        {
            number: book.price_max
            for number, book in books.items()
            if book.price_max is not None
        },
    )
