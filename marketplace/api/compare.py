"""Listings side by side, priced for a need."""

from typing import Any

from marshmallow import Schema, fields

from listings.licences import PURPOSES, USES
from marketplace import comparison
from marketplace.api.fields import Code, Currency, Digits, Id, Long
from marketplace.api.resource import Resource
from marketplace.comparison import SEATS_MAX, SIDES_MAX, Side
from marketplace.members.signing import me
from marketplace.services import services

bp = Resource("compare", __name__, "Listings side by side.")


class NeedQuery(Schema):
    """Which listings, and what they are needed for."""

    id = fields.List(Id("product"), required=True, validate=Long(1, SIDES_MAX))
    purpose = Code(*PURPOSES, load_default="")
    seats = Digits(1, SEATS_MAX, load_default=1)


class NeedPriceSchema(Schema):
    """The cheapest posted way to meet the need."""

    instrument = Id("instrument", required=True)
    symbol = fields.String(required=True)
    mode = fields.String(required=True)
    currency = Currency(required=True)
    price = fields.Integer(required=True)
    quantity = fields.Integer(required=True)
    total = fields.Integer(required=True)


class LastTradeSchema(Schema):
    """The last public trade."""

    symbol = fields.String(required=True)
    currency = Currency(required=True)
    price = fields.Integer(required=True)
    at_us = fields.Integer(required=True)


class SideSchema(Schema):
    """One listing of the comparison."""

    id = Id("product", required=True)
    title_zh = fields.String(required=True)
    title_en = fields.String(required=True)
    kind = fields.String(required=True)
    sector = fields.String(required=True, allow_none=True)
    region = fields.String(required=True, allow_none=True)
    updates = fields.String(required=True, allow_none=True)
    coverage_from = fields.String(required=True, allow_none=True)
    coverage_until = fields.String(required=True, allow_none=True)
    row_count = fields.Integer(required=True, allow_none=True)
    released_us = fields.Integer(required=True, allow_none=True)
    uses = fields.Dict(
        fields.String(),
        fields.Boolean(allow_none=True),
        required=True,
        metadata={"description": f"Null: read the text. Of {', '.join(USES)}."},
    )
    price = fields.Nested(NeedPriceSchema, required=True, allow_none=True)
    last = fields.Nested(LastTradeSchema, required=True, allow_none=True)


class ComparisonSchema(Schema):
    """The listings in the order asked for."""

    data = fields.List(fields.Nested(SideSchema), required=True)


@bp.route("/compare")
@bp.arguments(NeedQuery, location="query")
@bp.response(200, ComparisonSchema)
@bp.refuses(404)
def compare_listings(asked: dict[str, Any]) -> Any:
    """Compare up to four listings: coverage, rights, price for a need, last trade."""
    with services().reads.connect() as db:
        sides = comparison.compare(
            db,
            list(dict.fromkeys(asked["id"])),
            me().member,
            asked["purpose"],
            asked["seats"],
        )
    return {"data": [_side(side) for side in sides]}


def _side(side: Side) -> dict[str, Any]:
    return side.listing._asdict() | {
        "released_us": side.released_us,
        "uses": side.uses,
        "price": side.price,
        "last": side.last,
    }
