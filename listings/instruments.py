"""Instruments: what of a product is traded, under which licence, in which unit."""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, insert, select

from listings import licences, tables
from listings.licences import Licence
from listings.numbers import next_numbers
from listings.vocabulary import MODES, N_
from settlement import clock
from settlement.errors import Invalid, NotFound
from settlement.ids import encode
from settlement.money import AMOUNT_MAX, BY_ASSET, INSTRUMENT_MIN

SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.-]{1,31}", re.ASCII)
LOT_MAX = 1_000_000
TERM_DAYS_MAX = 36_525  # a hundred years
DELIVERIES_MAX = 1_000_000_000
OF_PRODUCT_MAX = 50


class Instrument(NamedTuple):
    """What is traded: a unit of a product under a licence; the price is in the book."""

    id: int
    product: int
    vendor: int
    symbol: str
    currency: int  # asset number of the money
    tick: int  # minor units
    lot: int
    mode: str
    term_days: int | None
    deliveries_max: int | None
    transferable: bool
    state: str
    licence: Licence

    @property
    def currency_code(self) -> str:
        """The ISO 4217 code of the money."""
        return BY_ASSET[self.currency].code

    @property
    def purposes(self) -> tuple[str, ...]:
        """What buyers may use it for; empty: anything that the licence permits."""
        return self.licence.terms.purposes if self.licence.terms else ()


class Unit(NamedTuple):
    """What a vendor chooses of an instrument."""

    symbol: str
    licence: int
    mode: str
    currency: int = 1
    tick: int = 1
    lot: int = 1
    term_days: int | None = None
    deliveries_max: int | None = None
    transferable: bool = False


def add(db: Connection, product: int, unit: Unit) -> int:
    """Add an instrument to a product, state pending; return its number.

    Invalid names every problem; the symbol must be unique on the market.
    """
    problems = wrong(unit)
    taken = select(tables.instruments.c.id).where(
        tables.instruments.c.symbol == unit.symbol
    )
    if db.execute(taken).first():
        problems["symbol"] = [N_("Another instrument has this symbol.")]
    there = db.execute(
        select(tables.instruments.c.id).where(tables.instruments.c.product == product)
    ).all()
    if len(there) >= OF_PRODUCT_MAX:
        problems["symbol"] = [N_("A product has at most 50 instruments.")]
    if problems:
        raise Invalid(problems)
    licences.get(db, unit.licence)
    (number,) = next_numbers(db, tables.instruments.c.id, least=INSTRUMENT_MIN)
    db.execute(
        insert(tables.instruments).values(
            id=number,
            product=product,
            state="pending",
            created_us=clock.now_us(),
            **(unit._asdict() | {"transferable": int(unit.transferable)}),
        )
    )
    return number


def wrong(unit: Unit) -> dict[str, list[str]]:
    """Return what is wrong with the choices of a vendor, by field."""
    problems: dict[str, list[str]] = {}
    if not SYMBOL.fullmatch(unit.symbol):
        problems["symbol"] = [N_("Use 2 to 32 of A–Z, 0–9, point and hyphen.")]
    if unit.mode not in MODES:
        problems["mode"] = [N_("Choose one of the list.")]
    if unit.currency not in BY_ASSET:
        problems["currency"] = [N_("Choose one of the list.")]
    for field, highest in (("tick", AMOUNT_MAX), ("lot", LOT_MAX)):
        if not 1 <= getattr(unit, field) <= highest:
            problems[field] = [N_("Give a whole number of at least 1.")]
    limits = (("term_days", TERM_DAYS_MAX), ("deliveries_max", DELIVERIES_MAX))
    for field, highest in limits:
        value = getattr(unit, field)
        if value is not None and not 1 <= value <= highest:
            problems[field] = [N_("Give a whole number of at least 1, or nothing.")]
    return problems


def get(db: Connection, number: int) -> Instrument:
    """Return an instrument; NotFound if there is none."""
    return _one(
        db,
        instruments_query().where(tables.instruments.c.id == number),
        encode("instrument", number),
    )


def by_symbol(db: Connection, symbol: str) -> Instrument:
    """Return the instrument with that symbol; NotFound if there is none."""
    wanted = symbol.upper()[:40]
    query = instruments_query().where(tables.instruments.c.symbol == wanted)
    return _one(db, query, wanted)


def of_products(db: Connection, products: Iterable[int]) -> dict[int, list[Instrument]]:
    """Return the instruments of each of *products*, oldest first."""
    query = (
        instruments_query()
        .where(tables.instruments.c.product.in_(list(products)))
        .order_by(tables.instruments.c.id)
    )
    found: dict[int, list[Instrument]] = {}
    for row in db.execute(query):
        found.setdefault(row.product, []).append(from_row(row))
    return found


def instruments_query() -> Select[Any]:
    """Return the query of all instruments with vendor and licence."""
    i, lic = tables.instruments, tables.licences
    return (
        select(
            *(i.c.id, i.c.product, tables.products.c.vendor, i.c.symbol, i.c.currency),
            *(i.c.tick, i.c.lot, i.c.mode, i.c.term_days, i.c.deliveries_max),
            *(i.c.transferable, i.c.state, lic.c.id.label("licence_id"), lic.c.code),
            *(lic.c.version, lic.c.spdx, lic.c.title_zh, lic.c.title_en),
            *(lic.c.text_zh, lic.c.text_en, lic.c.url, lic.c.terms),
        )
        .join(tables.products, tables.products.c.id == i.c.product)
        .join(lic, lic.c.id == i.c.licence)
    )


def from_row(row: Row[Any]) -> Instrument:
    """Return the instrument that a row of `instruments_query` holds."""
    licence = Licence(
        row.code,
        row.version,
        row.spdx,
        row.title_zh,
        row.title_en,
        row.text_zh,
        row.text_en,
        row.url,
        licences.terms_from(row.terms),
        row.licence_id,
    )
    return Instrument._make((*row[:10], bool(row.transferable), row.state, licence))


def _one(db: Connection, query: Select[Any], wanted: str) -> Instrument:
    row = db.execute(query).first()
    if row is None:
        raise NotFound("instrument", wanted)
    return from_row(row)
