"""What a document may say: facts, what is sold, prices; and which product it is."""

from typing import Any, get_type_hints

from marshmallow import ValidationError, fields
from sqlalchemy import Connection, Row, select, update

from listings import products, tables
from listings.instruments import (
    DAYS_MAX,
    DELIVERIES_MAX,
    LOT_MAX,
    OF_PRODUCT_MAX,
    TERM_DAYS_MAX,
)
from listings.products import Facts
from marketplace.api.fields import Body, Currency, Flag, Id, Int, Long, Text
from marketplace.api.plans import PlanSchema
from marketplace.api.reader import flat
from marketplace.manifests.reading import Problem, Written
from marketplace.trading.orders import PRICE_MAX
from settlement.ids import encode
from settlement.money import AMOUNT_MAX, BY_CODE, DEFAULT

REFERENCE_MAX = 200  # characters
ORIGIN = ":code"  # no import is called so: its name has no colon

# What `products.wrong` judges later, in the words of the pages; here only the shape.
SHAPES: dict[Any, Any] = {
    str: lambda: fields.String(load_default=""),
    str | None: lambda: fields.String(load_default=None, allow_none=True),
    int | None: lambda: Int(0, products.NUMBER_MAX, load_default=None, allow_none=True),
    tuple[str, ...]: lambda: fields.List(fields.String(), load_default=list),
    tuple[dict[str, Any], ...]: lambda: fields.List(
        fields.Dict(fields.String()), load_default=list
    ),
    dict[str, Any] | None: lambda: fields.Dict(
        fields.String(), load_default=None, allow_none=True
    ),
    dict[str, dict[str, str]] | None: lambda: fields.Dict(
        fields.String(),
        fields.Dict(fields.String(), fields.String()),
        load_default=None,
        allow_none=True,
    ),
}
FactsWritten: Any = Body.from_dict(
    {name: SHAPES[hint]() for name, hint in get_type_hints(Facts).items()}
    | {"kind": fields.String(required=True)},
    name="FactsWritten",
)


class UnitWritten(Body):
    """An instrument; a trial names what it is a trial of by its symbol."""

    symbol = fields.String(required=True)
    licence = fields.String(required=True)
    mode = fields.String(required=True)
    currency = Currency(load_default=lambda: BY_CODE[DEFAULT].asset)
    tick = Int(1, AMOUNT_MAX, load_default=1)
    lot = Int(1, LOT_MAX, load_default=1)
    term_days = Int(1, TERM_DAYS_MAX, load_default=None, allow_none=True)
    deliveries_max = Int(1, DELIVERIES_MAX, load_default=None, allow_none=True)
    transferable = Flag(load_default=False)
    plan = fields.Nested(PlanSchema, load_default=None, allow_none=True)
    trial_of = fields.String(load_default=None, allow_none=True)
    acceptance_days = Int(0, DAYS_MAX, load_default=0)
    delivery_days = Int(0, DAYS_MAX, load_default=0)
    price = Int(0, PRICE_MAX, load_default=None, allow_none=True)


class DocumentWritten(Body):
    """One product: by its id, or by a name of the vendor's own that makes it."""

    product = Id("product", load_default=None, allow_none=True)
    reference = Text(REFERENCE_MAX, least=1, load_default=None)
    facts = fields.Nested(FactsWritten, required=True)
    instruments = fields.List(
        fields.Nested(UnitWritten), load_default=list, validate=Long(0, OF_PRODUCT_MAX)
    )


SCHEMA = DocumentWritten()


def loaded(document: Written) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values that are sound, and what is wrong with the others."""
    try:
        return dict(SCHEMA.load(document.values)), []
    except ValidationError as error:
        problems = [
            Problem(document.line(path), path, text)
            for path, texts in flat(error.messages)
            for text in texts
        ]
        return dict(error.valid_data or {}), problems


def facts_in(values: dict[str, Any]) -> Facts:
    """Return the facts among sound *values*; what was wrong counts as not said."""
    given = {name: value for name, value in values.items() if name in Facts._fields}
    lists = {
        name: tuple(given[name]) for name in ("keywords", "dictionary") if name in given
    }
    return Facts(**({"kind": "dataset"} | given | lists))


# ── names of the vendor's own ──


def origin(vendor: int) -> str:
    """Return under what the names of a vendor's documents are known."""
    return f"{encode('member', vendor)}:{ORIGIN}"


def reference_of(row: Row[Any]) -> str | None:
    """Return the name that its vendor's document has for a product."""
    return row.origin_id if row.origin == origin(row.vendor) else None


def named(db: Connection, vendor: int, reference: str) -> int | None:
    """Return the product that a vendor's document calls *reference*."""
    p = tables.products.c
    query = select(p.id).where(p.origin == origin(vendor), p.origin_id == reference)
    return db.scalar(query)


def name(db: Connection, product: int, vendor: int, reference: str) -> None:
    """Call a product *reference* from now on."""
    table = tables.products
    values = {"origin": origin(vendor), "origin_id": reference}
    db.execute(update(table).where(table.c.id == product).values(values))
