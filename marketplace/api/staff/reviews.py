"""Reviews: the registrar's queue of products and listings, and what is decided."""

from typing import Any

from marshmallow import fields

from listings import catalogue
from listings.admission import (
    REASON_MAX,
    REASONS_MAX,
    ListingState,
    ProductState,
)
from marketplace.admission import STEPS, Decision, decide
from marketplace.api.fields import Body, Code, Long, Text
from marketplace.api.products import (
    ProductSchema,
    ProductSummarySchema,
    described,
    summaries,
)
from marketplace.api.resource import PageQuery, Resource
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.services import services
from settlement.store import Page

bp = Resource("staff-products", __name__, "Review, registration, admission: for staff.")
FIELD_MAX = 40  # characters of a field's name


class QueueQuery(PageQuery):
    """In which state: of the product, or of its listing."""

    state = Code(
        *dict.fromkeys((*ProductState, *ListingState)),
        load_default=ProductState.IN_REVIEW.value,
    )


class ProductDecisionSchema(Body):
    """The step, and what it has to say."""

    event = Code(*STEPS, required=True)
    reason = Text(REASON_MAX, lines=True, load_default="")
    remarks = fields.Dict(
        Text(FIELD_MAX, least=1),
        Text(REASON_MAX, lines=True, least=1),
        load_default=dict,
        validate=Long(0, REASONS_MAX),
        metadata={"description": "Of a return: field to what is to be changed."},
    )


@bp.route("/staff/products")
@bp.needs(*STAFF)
@bp.arguments(QueueQuery, location="query")
@bp.lists(ProductSummarySchema)
def list_queue(asked: dict[str, Any]) -> Page:
    """List the products in one state, the oldest first."""
    limit = asked["limit"]
    with services().reads.connect() as db:
        found = catalogue.queue(db, asked["state"], asked["cursor"], limit + 1)
    return summaries(found, limit)


@bp.route("/staff/products/<product>")
@bp.needs(*STAFF)
@bp.response(200, ProductSchema)
@bp.refuses(404)
def get_any_product(product: int) -> Any:
    """Read a product in any state, with its history."""
    return _any(product)


@bp.route("/staff/products/<product>/decisions", methods=["POST"])
@bp.needs("registrar")
@bp.arguments(ProductDecisionSchema)
@bp.response(200, ProductSchema)
@bp.refuses(404, 409)
def decide_product(said: dict[str, Any], product: int) -> Any:
    """Take one step with a product or its listing; the market is told."""
    decide(services(), product, Decision(**said), me())
    return _any(product)


def _any(number: int) -> dict[str, Any]:
    with services().reads.connect() as db:
        return described(db, number)
