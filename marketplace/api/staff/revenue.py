"""The allowed-revenue account of public data by API: for staff, and who operates it."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.fields import Body, Currency, Id, Int, Text
from marketplace.api.resource import Resource
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.pricing import allowance
from marketplace.services import services
from settlement.money import AMOUNT_MAX, BY_ASSET

bp = Resource("revenue", __name__, "What public data may take in a year, and took.")


class RevenueYearSchema(Schema):
    """A year in a currency; `allowed` is null until it is set. Minor units."""

    authorisation = Id("authorisation", required=True)
    operator = fields.String(required=True)
    year = fields.Integer(required=True)
    currency = Currency(required=True)
    allowed = fields.Integer(required=True, allow_none=True)
    carried_in = fields.Integer(required=True)
    may_take = fields.Integer(required=True, allow_none=True)
    sales = fields.Integer(required=True)
    uses = fields.Integer(required=True)
    taken = fields.Integer(required=True)
    left = fields.Integer(required=True, allow_none=True)
    carried_out = fields.Integer(required=True)
    basis = fields.String(required=True)


class RevenueYearsSchema(Schema):
    """By currency and year, the oldest first."""

    data = fields.List(fields.Nested(RevenueYearSchema), required=True)


class NewAllowanceSchema(Body):
    """What is allowed for a year, and the document that allows it."""

    year = Int(2_000, 2_999, required=True)
    currency = Currency(required=True)
    amount = Int(0, AMOUNT_MAX, required=True)
    basis = Text(allowance.BASIS_MAX, least=1, required=True)


@bp.route("/staff/authorisations/<authorisation>/revenue")
@bp.needs(*STAFF)
@bp.response(200, RevenueYearsSchema)
@bp.refuses(404)
def get_authorised_revenue(authorisation: int) -> Any:
    """Read an authorisation's account by year."""
    with services().reads.connect() as db:
        return {"data": allowance.accounts(db, authorisation)}


@bp.route("/staff/authorisations/<authorisation>/revenue", methods=["POST"])
@bp.needs("registrar")
@bp.arguments(NewAllowanceSchema)
@bp.response(200, RevenueYearsSchema)
@bp.refuses(404)
def allow_revenue(new: dict[str, Any], authorisation: int) -> Any:
    """Set the revenue allowed for a year; what was said before stays on record."""
    code = BY_ASSET[new["currency"]].code
    values = new["year"], code, new["amount"], new["basis"]
    with services().writes.begin() as db:
        allowance.allow(db, authorisation, *values, me().id)
        return {"data": allowance.accounts(db, authorisation)}


@bp.route("/revenue")
@bp.needs("vendor")
@bp.response(200, RevenueYearsSchema)
def list_own_revenue() -> Any:
    """List the accounts of the authorisations under which the vendor's products are."""
    with services().reads.connect() as db:
        rows = allowance.of_vendor(db, me().member)
        return {"data": [a for row in rows for a in allowance.accounts(db, row.id)]}
