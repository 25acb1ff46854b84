"""Admission to the market: what the catalogue decides, the market is then told.

The catalogue's tables are the truth; the books follow them. Whatever lies between (a
crash, a full inbox), the difference of the two is what to tell, so that telling may be
interrupted and repeated.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row

from listings import catalogue, terms
from listings.instruments import Instrument
from listings.terms import MarketFacts
from marketplace.trading import reads
from marketplace.trading.commands import (
    Command,
    DelistInstrument,
    ListInstrument,
    ResumeInstrument,
    SuspendInstrument,
)
from settlement import statements
from settlement.canonical import canonical

if TYPE_CHECKING:  # the services start a follower that needs this module
    from marketplace.services import Services


def tell_market(parts: "Services", product: int, by: int) -> int:
    """Bring the books of a product to what the catalogue says; how many commands.

    *by* is the user whose decision it was.
    """
    with parts.reads.connect() as db:
        commands = list(untold(db, product, by))
    for command in commands:
        parts.gateway.submit(command)
    return len(commands)


def untold(db: Connection, product: int, by: int) -> Iterator[Command]:
    """Yield what the market does not know yet of a product's instruments."""
    units = catalogue.instruments_of(db, product)
    books = reads.books_of(db, [unit.id for unit in units])
    told = {facts.instrument: facts for facts in terms.of_products(db, [product])}
    known = statements.terms_of(db, {book.terms for book in books.values()})
    for unit in units:
        book = books.get(unit.id)
        if book is not None:
            yield from _moves(unit, book, by)
        facts = told.get(unit.id)
        if facts and (book is None or not _same(facts, book, known[book.terms])):
            yield ListInstrument(by, *facts)


def _moves(unit: Instrument, book: Row[Any], by: int) -> Iterator[Command]:
    """Yield the step that brings *book* into the state that *unit* has."""
    match unit.state, book.state:
        case "listed", "suspended":
            yield ResumeInstrument(by, unit.id)
        case "suspended", "listed":
            yield SuspendInstrument(by, unit.id)
        case "delisted", "listed" | "suspended":
            yield DelistInstrument(by, unit.id)


def _same(facts: MarketFacts, book: Row[Any], terms_known: dict[str, Any]) -> bool:
    """Tell whether the market has these facts already."""
    return (
        facts.terms == canonical(terms_known)
        and " ".join(facts.purposes) == book.purposes
        and facts.term_us == book.term_us
        and facts.deliveries_max == book.deliveries_max
    )
