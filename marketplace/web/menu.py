"""What stands beside a vendor's prices: the lint, announced rises, ceilings."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from listings.instruments import Instrument
from listings.menu import Lint
from marketplace.pricing import changes
from marketplace.pricing.changes import Notice, Rise, notice_of
from marketplace.pricing.menus import of_menu
from marketplace.pricing.proposed import Proposed, offered, proposed
from marketplace.services import services
from marketplace.trading import reads


class Menu(NamedTuple):
    """A product's price menu as its vendor sees it."""

    lint: Lint
    rises: dict[int, Rise]
    notice: Notice
    ceilings: dict[int, int]  # of instruments that have one, minor units
    proposed: Proposed | None  # by the row that the product was imported from
    offered: dict[int, int]  # instrument → that price, where it may be posted now


def menu(
    db: Connection, units: list[Instrument], extra: Mapping[str, Any] | None = None
) -> Menu:
    """Return what there is to say of the prices of *units*; *extra* came with them."""
    numbers = [unit.id for unit in units]
    books, posted = reads.books_of(db, numbers), reads.posted_prices(db, numbers)
    wish = proposed(extra)
    return Menu(
        of_menu(units, posted),
        changes.pending(db, numbers),
        notice_of(services().config),
        {
            number: book.price_max
            for number, book in books.items()
            if book.price_max is not None
        },
        wish,
        offered(wish, units, posted),
    )
