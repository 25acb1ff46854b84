"""Complaints about listings, and how many members look at them and buy."""

from typing import Any, NamedTuple

from marshmallow import Schema, fields

from listings import catalogue
from marketplace.api.fields import Body, Code, Id, Text
from marketplace.api.products import summaries
from marketplace.api.resource import TRADERS, PageQuery, Resource
from marketplace.community import complaints
from marketplace.community.funnel import of_products
from marketplace.members.signing import me
from marketplace.services import services
from settlement.store import Page

bp = Resource("complaints", __name__, "Listings that members report; how many buy.")


class NewComplaintSchema(Body):
    """What is wrong with a listing."""

    kind = Code(*complaints.KINDS, required=True)
    complaint = Text(complaints.TEXT_MAX, least=1, lines=True, required=True)


class ComplaintSchema(Schema):
    """A complaint, and what was decided; the outcome is empty until then."""

    id = Id("complaint", required=True)
    product = Id("product", required=True)
    kind = fields.String(required=True)
    complaint = fields.String(attribute="text", required=True)
    at_us = fields.Integer(required=True)
    outcome = fields.String(required=True)
    answer = fields.String(required=True)
    decided_us = fields.Integer(required=True, allow_none=True)


class ComplaintDecisionSchema(Body):
    """Whether it holds, and what the member is told."""

    outcome = Code(*complaints.OUTCOMES, required=True)
    answer = Text(complaints.TEXT_MAX, least=1, lines=True, required=True)


class Counted(NamedTuple):
    """The stages of a product, with the product."""

    product: int
    looked: int | None
    followed: int | None
    asked: int
    bought: int
    again: int
    delivered: int


class StagesSchema(Schema):
    """How many members reached each stage in the last 90 days.

    *looked* and *followed* are null for a product that only guests may see.
    """

    product = Id("product", required=True)
    looked = fields.Integer(required=True, allow_none=True)
    followed = fields.Integer(required=True, allow_none=True)
    asked = fields.Integer(required=True)
    bought = fields.Integer(required=True)
    again = fields.Integer(required=True)
    delivered = fields.Integer(required=True)


@bp.route("/listings/<product>/complaints", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(NewComplaintSchema)
@bp.response(201, ComplaintSchema)
@bp.refuses(404)
def report_listing(said: dict[str, str], product: int) -> Any:
    """Report a listing to the exchange, or replace an undecided report of it."""
    with services().writes.begin() as db:
        complaints.complain(db, product, said["kind"], said["complaint"], me())
        return complaints.of_member(db, product, me().member)


@bp.route("/staff/complaints")
@bp.needs("registrar")
@bp.arguments(PageQuery, location="query")
@bp.lists(ComplaintSchema)
def list_complaints(asked: dict[str, Any]) -> Page:
    """List the undecided complaints, oldest first."""
    limit = asked["limit"]
    with services().reads.connect() as db:
        found = complaints.waiting(db, asked["cursor"], limit + 1)
    return summaries(found, limit)


@bp.route("/staff/complaints/<complaint>/decision", methods=["POST"])
@bp.needs("registrar")
@bp.arguments(ComplaintDecisionSchema)
@bp.response(200, ComplaintSchema)
@bp.refuses(404, 409)
def decide_complaint(said: dict[str, str], complaint: int) -> Any:
    """Uphold or dismiss a complaint; the member is told."""
    with services().writes.begin() as db:
        complaints.decide(db, complaint, said["outcome"], said["answer"], me())
        return complaints.get(db, complaint)


@bp.route("/funnel")
@bp.needs("vendor")
@bp.arguments(PageQuery, location="query")
@bp.lists(StagesSchema)
def list_stages(asked: dict[str, Any]) -> Page:
    """Read how many members looked at each product, asked, and bought; newest first."""
    limit, vendor = asked["limit"], me().member
    with services().reads.connect() as db:
        page = summaries(
            catalogue.products_of(db, vendor, asked["cursor"], limit + 1), limit
        )
        found = of_products(db, vendor, [product.id for product in page.rows])
    rows = [Counted(number, *stages) for number, stages in found.items()]
    return page._replace(rows=rows)  # type: ignore[arg-type]
