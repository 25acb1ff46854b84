"""Sales: what waits for the vendor, and the rights that it sold."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.entitlements import EntitlementSchema
from marketplace.api.fields import Code, Currency, Id
from marketplace.api.resource import PageQuery, Resource
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import sales
from marketplace.trading.venue import BookState
from settlement.store import Page

bp = Resource("sales", __name__, "Bids for a vendor's instruments, rights it sold.")


class BidSchema(Schema):
    """A bid that waits; a book is anonymous until there is a trade."""

    id = Id("order", required=True)
    at_us = fields.Integer(required=True)
    instrument = Id("instrument", required=True)
    symbol = fields.String(required=True)
    currency = Currency(required=True)
    price = fields.Integer(required=True)
    remaining = fields.Integer(required=True)
    total = fields.Integer(required=True)
    expires_us = fields.Integer(required=True, allow_none=True)
    purpose = fields.String(required=True)
    instrument_state = Code(*BookState, attribute="state", required=True)


class SoldSchema(EntitlementSchema):
    """A right to a product of the vendor."""

    symbol = fields.String(required=True)


@bp.route("/sales/bids")
@bp.needs("vendor")
@bp.arguments(PageQuery, location="query")
@bp.lists(BidSchema)
def list_bids(asked: dict[str, Any]) -> Page:
    """List the bids that wait for the vendor's instruments."""
    with services().reads.connect() as db:
        return sales.bids_on(db, me().member, asked["cursor"], asked["limit"])


@bp.route("/sales/entitlements")
@bp.needs("vendor")
@bp.arguments(PageQuery, location="query")
@bp.lists(SoldSchema)
def list_sold_rights(asked: dict[str, Any]) -> Page:
    """List the rights to the vendor's products, ended ones too."""
    with services().reads.connect() as db:
        return sales.rights_from(db, me().member, asked["cursor"], asked["limit"])
