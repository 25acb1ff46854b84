"""Public data under authorised operation: the register, use classes, ceilings.

Public governance and welfare use it free; industry pays at most the ceiling that the
authorising body set for the product (发改价格〔2025〕65号; domain §9). Staff keep the
register; vendors cannot change what it says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, insert, select, update

from listings import tables
from listings.changes import touch
from listings.licences import PURPOSES
from listings.marking import N_
from listings.vocabulary import Name
from settlement import clock, store
from settlement.errors import Invalid, NotFound, Refusal
from settlement.ids import encode
from settlement.money import AMOUNT_MAX
from settlement.store import next_numbers

MODES = {
    "whole": Name("整体授权", "Authorised as a whole"),
    "field": Name("分领域授权", "Authorised by field"),
    "scene": Name("依场景授权", "Authorised by scene"),
}
SOURCE_KINDS = {
    "government": Name("党政机关", "Party and government body"),
    "institution": Name("事业单位", "Public institution"),
    "utility": Name("公用企业", "Public utility"),
}
USE_CLASSES = {
    "welfare": Name("公共治理、公益", "Public governance and welfare"),
    "industry": Name("产业", "Industry"),
}
WELFARE_PURPOSES = ("public_service",)
TEXT_MAX = 200  # characters
RESOURCES_MAX = 4_000
TERM_DAYS_MAX = 1_827  # five years, of an agreement on authorised operation
SHOWN_MAX = 500


@dataclass(eq=False)
class AuthorisationOver(Refusal):
    """The authorisation of this public data is over; register another one first."""

    until_day: str


class Authorisation(NamedTuple):
    """What was granted to whom, by the columns of the table."""

    mode: str
    scope: str
    source_kind: str
    source_body: str
    granting_body: str
    implementing_body: str
    operator: str
    primary_developer: str
    secondary_developer: str
    resources: str
    from_day: str  # ISO 8601
    until_day: str


class Classed(NamedTuple):
    """How an instrument of public data may be used, at most for what."""

    use_class: str
    ceiling: int | None = None  # minor units per unit; for industry alone


def permitted(use_class: str | None, licensed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the purposes of an instrument: welfare has one of its own, for nothing.

    Whoever serves the public is not to pay the price for industry by mistake.
    """
    if use_class == "welfare":
        return WELFARE_PURPOSES
    if use_class == "industry":
        every = licensed or tuple(PURPOSES)
        return tuple(purpose for purpose in every if purpose not in WELFARE_PURPOSES)
    return licensed


def register(db: Connection, facts: Authorisation, by: int) -> int:
    """Enter an authorisation; its number. Invalid names every problem."""
    problems = wrong(facts)
    if problems:
        raise Invalid(problems)
    (number,) = next_numbers(db, tables.authorisations.c.id)
    db.execute(
        insert(tables.authorisations).values(
            id=number,
            created_us=clock.now_us(),
            created_by=by,
            **facts._asdict(),
        )
    )
    return number


def wrong(facts: Authorisation) -> dict[str, list[str]]:
    """Return what is wrong with an authorisation, by field."""
    problems: dict[str, list[str]] = {}
    if facts.mode not in MODES:
        problems["mode"] = [N_("Choose one of the list.")]
    if facts.source_kind not in SOURCE_KINDS:
        problems["source_kind"] = [N_("Choose one of the list.")]
    needed = ("source_body", "granting_body", "implementing_body", "operator")
    for field in (*needed, "resources", *(["scope"] if facts.mode != "whole" else [])):
        if not getattr(facts, field).strip():
            problems[field] = [N_("This is needed.")]
    try:
        first = date.fromisoformat(facts.from_day)
        last = date.fromisoformat(facts.until_day)
    except ValueError:
        return problems | {"from_day": [N_("Give a day, for example 2026-12-31.")]}
    if not 0 < (last - first).days <= TERM_DAYS_MAX:
        problems["until_day"] = [N_("The term is at most five years.")]
    return problems


def get(db: Connection, number: int) -> Row[Any]:
    """Return an authorisation; NotFound if there is none."""
    query = select(tables.authorisations).where(tables.authorisations.c.id == number)
    row = db.execute(query).first()
    if row is None:
        raise NotFound("authorisation", encode("authorisation", number))
    return row


def every(db: Connection) -> list[Row[Any]]:
    """Return the newest SHOWN_MAX authorisations, newest first."""
    a = tables.authorisations
    return list(db.execute(select(a).order_by(a.c.id.desc()).limit(SHOWN_MAX)))


def of_products(db: Connection, products: Iterable[int]) -> dict[int, Row[Any]]:
    """Return the authorisation of each of *products* that is public data."""
    a, p = tables.authorisations, tables.public_products
    query = (
        select(p.c.product, a)
        .join(a, a.c.id == p.c.authorisation)
        .where(p.c.product.in_(list(products)))
    )
    return {row.product: row for row in db.execute(query)}


def is_over(until_day: str) -> bool:
    """Tell whether the last day of an authorisation has passed, in UTC."""
    return until_day < _today()


def require_running(db: Connection, product: int) -> None:
    """Refuse with AuthorisationOver where a product's authorisation has ended."""
    found = of_products(db, [product]).get(product)
    if found is not None and is_over(found.until_day):
        raise AuthorisationOver(found.until_day)


def over(db: Connection, limit: int) -> list[int]:
    """Return listed products whose authorisation has ended, *limit* at most."""
    a, p, li = tables.authorisations, tables.public_products, tables.listings
    query = (
        select(p.c.product)
        .join(a, a.c.id == p.c.authorisation)
        .join(li, li.c.product == p.c.product)
        .where(a.c.until_day < _today(), li.c.state == "listed")
    )
    return list(db.execute(query.order_by(p.c.product).limit(limit)).scalars())


def _today() -> str:
    return clock.moment(clock.now_us()).date().isoformat()


def products_under(db: Connection, authorisation: int) -> list[int]:
    """Return the products under an authorisation."""
    p = tables.public_products
    query = select(p.c.product).where(p.c.authorisation == authorisation)
    return list(db.execute(query.order_by(p.c.product)).scalars())


def classify(
    db: Connection,
    product: int,
    authorisation: int,
    classed: Mapping[int, Classed],
    by: int,
) -> None:
    """Say under which authorisation a product is, and what each instrument may cost.

    Invalid if an instrument is left out, or a ceiling is missing or out of range. The
    market must be told afterwards.
    """
    if is_over(get(db, authorisation).until_day):
        raise Invalid({"authorisation": [N_("This authorisation is over.")]})
    units = tables.instruments
    mine = select(units.c.id).where(units.c.product == product)
    problems: dict[str, list[str]] = {}
    for number in db.execute(mine).scalars():
        found = classed.get(number)
        field = f"use_class-{encode('instrument', number)}"
        if found is None or found.use_class not in USE_CLASSES:
            problems[field] = [N_("Choose one of the list.")]
        elif (found.use_class == "industry") != (found.ceiling is not None):
            problems[field] = [N_("Industry has a ceiling; welfare is free.")]
        elif not 0 <= (found.ceiling or 0) <= AMOUNT_MAX:
            problems[field] = [N_("This number is out of range.")]
    if problems:
        raise Invalid(problems)
    row = (product, authorisation, clock.now_us(), by)
    store.upsert(db, tables.public_products, [row])
    for number, said in classed.items():
        db.execute(
            update(units)
            .where(units.c.id == number, units.c.product == product)
            .values(use_class=said.use_class, ceiling=said.ceiling)
        )
    touch(db, [product])
