"""Reviews: the registrar's queue of products and listings, and what is decided."""

from typing import Any

from marshmallow import Schema, fields

from listings import catalogue
from listings.admission import (
    REASON_MAX,
    REASONS_MAX,
    ListingState,
    ProductState,
)
from listings.registration import waiting
from marketplace.admission import STEPS, Decision, decide
from marketplace.api.fields import Body, Code, Flag, Id, Long, Text
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


class StandingSchema(Schema):
    """How long a product has waited, and whose it is."""

    since_us = fields.Integer(required=True)
    due_us = fields.Integer(
        required=True,
        metadata={"description": "By when staff decide, if it is theirs to decide."},
    )
    change = Flag(required=True)
    owner = Id("user", required=True, allow_none=True)
    claimed_us = fields.Integer(required=True, allow_none=True)


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


@bp.route("/staff/products/<product>/claim", methods=["PUT"])
@bp.needs("registrar")
@bp.response(200, StandingSchema)
@bp.refuses(404, 409)
def claim_product(product: int) -> Any:
    """Take a product on, so that no colleague decides on it meanwhile."""
    with services().writes.begin() as db:
        waiting.claim(db, product, me())
    return _standing(product)


@bp.route("/staff/products/<product>/claim", methods=["DELETE"])
@bp.needs("registrar")
@bp.response(200, StandingSchema)
@bp.refuses(404, 409)
def release_product(product: int) -> Any:
    """Give a product back to the queue."""
    with services().writes.begin() as db:
        waiting.release(db, product, me())
    return _standing(product)


@bp.route("/staff/products/<product>/claim")
@bp.needs(*STAFF)
@bp.response(200, StandingSchema)
@bp.refuses(404)
def get_claim(product: int) -> Any:
    """Read since when a product waits, by when it is due, and whose it is."""
    return _standing(product)


def _standing(number: int) -> dict[str, Any]:
    with services().reads.connect() as db:
        changed_us = catalogue.product(db, number).changed_us
        known = waiting.standings(db, [number]).get(number)
    found = known or waiting.Standing(changed_us, False, None, None)
    days = services().config.review_days
    return found._asdict() | {"due_us": waiting.due_us(found.since_us, days)}
