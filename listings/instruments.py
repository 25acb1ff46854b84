"""Instruments: what of a product is traded, under which licence, in which unit."""

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, insert, select

from listings import licences, plans, publicdata, tables
from listings.licences import Licence
from listings.marking import N_
from listings.plans import TRIAL, Plan
from listings.vocabulary import MODES
from settlement import clock
from settlement.errors import Invalid, NotFound
from settlement.ids import encode
from settlement.money import AMOUNT_MAX, BY_ASSET, INSTRUMENT_MIN
from settlement.store import next_numbers

SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.-]{1,31}", re.ASCII)
LOT_MAX = 1_000_000
TERM_DAYS_MAX = 36_525  # a hundred years
DELIVERIES_MAX = 1_000_000_000
OF_PRODUCT_MAX = 50
DAYS_MAX = 90  # working days to deliver, and to accept; the market has the same


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
    plan: Plan | None = None  # how use is charged, on top of the price
    trial_of: int | None = None
    use_class: str | None = None  # of public data: welfare or industry
    ceiling: int | None = None  # of public data for industry, minor units
    acceptance_days: int = 0  # working days to examine; 0: settled at once
    delivery_days: int = 0  # working days to deliver; 0: there with the trade

    @property
    def currency_code(self) -> str:
        """The ISO 4217 code of the money."""
        return BY_ASSET[self.currency].code

    @property
    def exclusive(self) -> bool:
        """Tell whether its right tolerates no other buyer's."""
        said = self.licence.terms
        return said is not None and said.exclusivity != "none"

    @property
    def purposes(self) -> tuple[str, ...]:
        """What buyers may use it for; empty: anything that the licence permits."""
        said = self.licence.terms
        licensed = said.permitted if said else ()
        return publicdata.permitted(self.use_class, licensed)


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
    plan: Plan | None = None
    trial_of: int | None = None
    acceptance_days: int = 0
    delivery_days: int = 0


def add(db: Connection, product: int, unit: Unit) -> int:
    """Add an instrument to a product, state pending; return its number.

    Invalid names every problem; the symbol must be unique on the market.
    """
    problems = wrong(unit)
    paid = of_products(db, [product]).get(product, [])
    if unit.trial_of is not None and not _may_be_tried(paid, unit.trial_of):
        problems["trial_of"] = [
            N_("Choose a paid instrument of this product that has no trial yet.")
        ]
    taken = select(tables.instruments.c.id).where(
        tables.instruments.c.symbol == unit.symbol
    )
    if db.execute(taken).first():
        problems["symbol"] = [N_("Another instrument has this symbol.")]
    if len(paid) >= OF_PRODUCT_MAX:
        problems["symbol"] = [N_("A product has at most 50 instruments.")]
    said = licences.get(db, unit.licence).terms
    if said is not None and said.exclusivity != "none":
        problems |= _wrong_of_exclusive(unit)
    if problems:
        raise Invalid(problems)
    (number,) = next_numbers(db, tables.instruments.c.id, least=INSTRUMENT_MIN)
    db.execute(
        insert(tables.instruments).values(
            id=number,
            product=product,
            state="pending",
            created_us=clock.now_us(),
            **(unit._asdict() | _stored(unit)),
        )
    )
    return number


def _wrong_of_exclusive(unit: Unit) -> dict[str, list[str]]:
    """Return what an exclusive right cannot be: sold on, tried, sold by the lot."""
    problems: dict[str, list[str]] = {}
    if unit.transferable:
        problems["transferable"] = [N_("An exclusive right cannot be sold on.")]
    if unit.trial_of is not None:
        problems["trial_of"] = [N_("An exclusive right is no trial.")]
    if unit.lot != 1:
        problems["lot"] = [N_("An exclusive right is sold one at a time.")]
    return problems


def _stored(unit: Unit) -> dict[str, Any]:
    """Return the columns that are stored otherwise than they are given."""
    plan = None if unit.plan is None else json.dumps(plans.dump(unit.plan))
    return {"transferable": int(unit.transferable), "plan": plan}


def _may_be_tried(units: list[Instrument], paid: int) -> bool:
    """Tell whether the product's instrument *paid* may get a trial."""
    return any(unit.id == paid and unit.mode != TRIAL for unit in units) and not any(
        unit.trial_of == paid for unit in units
    )


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
    if (unit.mode == TRIAL) != (unit.trial_of is not None):
        problems["trial_of"] = [N_("A trial is a trial of a paid instrument.")]
    if unit.mode == TRIAL and (unit.transferable or unit.term_days is None):
        problems["term_days"] = [N_("A trial ends, and cannot be sold on.")]
    problems |= plans.wrong(unit.plan, unit.mode)
    limits = (("term_days", TERM_DAYS_MAX), ("deliveries_max", DELIVERIES_MAX))
    for field, highest in limits:
        value = getattr(unit, field)
        if value is not None and not 1 <= value <= highest:
            problems[field] = [N_("Give a whole number of at least 1, or nothing.")]
    return problems | _wrong_of_acceptance(unit)


def _wrong_of_acceptance(unit: Unit) -> dict[str, list[str]]:
    """Return what is wrong with the times to deliver and to accept."""
    problems: dict[str, list[str]] = {}
    days = unit.acceptance_days
    for field, most in (("acceptance_days", DAYS_MAX), ("delivery_days", DAYS_MAX)):
        if not 0 <= getattr(unit, field) <= most:
            problems[field] = [N_("Give a number of working days, at most 90.")]
    if unit.delivery_days and not days:
        problems["delivery_days"] = [
            N_("What is settled at once is delivered at once.")
        ]
    if days and (unit.transferable or unit.trial_of is not None):
        problems["acceptance_days"] = [
            N_("What may be sold on, and a trial, is settled at once.")
        ]
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
            *(i.c.transferable, i.c.state, i.c.plan, i.c.trial_of, i.c.use_class),
            *(i.c.ceiling, i.c.acceptance_days, i.c.delivery_days),
            *(lic.c.id.label("licence_id"), lic.c.code),
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
    plan = plans.load(None if row.plan is None else json.loads(row.plan))
    public = (plan, row.trial_of, row.use_class, row.ceiling)
    times = (row.acceptance_days, row.delivery_days)
    return Instrument._make(
        (*row[:10], bool(row.transferable), row.state, licence, *public, *times)
    )


def _one(db: Connection, query: Select[Any], wanted: str) -> Instrument:
    row = db.execute(query).first()
    if row is None:
        raise NotFound("instrument", wanted)
    return from_row(row)
