"""Price dispersion, for staff: one row for each instrument sold in a month."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.fields import Currency, Id, Text
from marketplace.api.resource import Resource
from marketplace.members.roles import STAFF
from marketplace.pricing import dispersion
from marketplace.services import services

bp = Resource("staff-prices", __name__, "How far prices lie apart: for staff.")


class MonthQuery(Schema):
    """Which month."""

    month = Text(7, required=True, metadata={"pattern": dispersion.MONTH.pattern})


class DispersionSchema(Schema):
    """The unit prices of one instrument in one month, in minor units."""

    instrument = Id("instrument", required=True)
    symbol = fields.String(required=True)
    currency = Currency(required=True)
    trades = fields.Integer(required=True)
    buyers = fields.Integer(required=True)
    lowest = fields.Integer(required=True)
    median = fields.Integer(required=True)
    highest = fields.Integer(required=True)
    variation_bps = fields.Integer(required=True)
    personal = fields.Integer(required=True)
    reasons = fields.Dict(fields.String(), fields.Integer(), required=True)


class DispersionsSchema(Schema):
    """The widest first."""

    data = fields.List(fields.Nested(DispersionSchema), required=True)


@bp.route("/staff/dispersion")
@bp.needs(*STAFF)
@bp.arguments(MonthQuery, location="query")
@bp.response(200, DispersionsSchema)
@bp.refuses(404)
def list_dispersion(asked: dict[str, Any]) -> Any:
    """List how far the prices of each instrument lay apart in a month."""
    with services().reads.connect() as db:
        return {"data": dispersion.report(db, asked["month"])}
