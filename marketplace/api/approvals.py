"""What waits for a second user of the member: limits, the queue, decisions."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.fields import Body, Code, Currency, Id, Text
from marketplace.api.resource import PageQuery, Resource
from marketplace.approvals import desk, limits, sending
from marketplace.members.roles import DECIDERS
from marketplace.members.signing import me
from marketplace.services import services
from settlement import ids
from settlement.store import Page

bp = Resource("approvals", __name__, "Orders above a limit wait for a colleague.")
STATES = (
    "waiting",
    "approved",
    "sent",
    "refused",
    "rejected",
    "withdrawn",
    "expired",
    "unsent",
)
KINDS = (*sending.MAKES, desk.LIMIT)


class ApprovalsQuery(PageQuery):
    """Which requests."""

    which = Code("waiting", "over", load_default="waiting")


class AwaitedSchema(Schema):
    """A request; `result` is what it made, once it was approved and sent."""

    id = Id("approval", required=True)
    by = Id("user", attribute="by_user", required=True)
    at_us = fields.Integer(required=True)
    expires_us = fields.Integer(required=True)
    kind = Code(*KINDS, required=True)
    currency = Currency(required=True)
    amount = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "That it costs at most; null: no limit is asked for."},
    )
    lines = fields.Integer(required=True)
    state = fields.Function(desk.stands, required=True, metadata={"enum": [*STATES]})
    decided_by = Id("user", required=True, allow_none=True)
    reason = fields.String(required=True)
    result = fields.Function(
        lambda row: (
            None
            if row.result is None
            else ids.encode(sending.MAKES[row.kind], row.result)
        ),
        required=True,
        metadata={"type": ["string", "null"]},
    )


class RejectionSchema(Body):
    """Why."""

    reason = Text(desk.REASON_MAX, lines=True, load_default="")


class ApprovalLimitSchema(Schema):
    """Above what a second user is needed, in minor units."""

    currency = Currency(required=True)
    amount = fields.Integer(required=True)


class ApprovalLimitsSchema(Schema):
    """The member's limits."""

    data = fields.List(fields.Nested(ApprovalLimitSchema), required=True)


@bp.route("/approvals")
@bp.needs("buyer", "vendor", *DECIDERS)
@bp.arguments(ApprovalsQuery, location="query")
@bp.lists(AwaitedSchema)
def list_approvals(asked: dict[str, Any]) -> Page:
    """List what waits for a colleague's approval, or what waits no more."""
    waiting = asked["which"] == "waiting"
    with services().reads.connect() as db:
        return desk.listed(
            db, me().member, asked["cursor"], asked["limit"], waiting=waiting
        )


@bp.route("/approvals/<approval>")
@bp.needs("buyer", "vendor", *DECIDERS)
@bp.response(200, AwaitedSchema)
@bp.refuses(404)
def get_approval(approval: int) -> Any:
    """Read what became of a request."""
    return _one(approval)


@bp.route("/approvals/<approval>/approve", methods=["POST"])
@bp.needs(*DECIDERS)
@bp.response(200, AwaitedSchema)
@bp.refuses(402, 404, 409)
def approve_spending(approval: int) -> Any:
    """Approve what a colleague asked for; it is sent at once, under its own key."""
    sending.approve(services(), me(), approval)
    return _one(approval)


@bp.route("/approvals/<approval>/reject", methods=["POST"])
@bp.needs(*DECIDERS)
@bp.arguments(RejectionSchema, required=False)
@bp.response(200, AwaitedSchema)
@bp.refuses(404, 409)
def reject_spending(said: dict[str, str], approval: int) -> Any:
    """Turn down what a colleague asked for."""
    with services().writes.begin() as db:
        desk.reject(db, me(), approval, said["reason"])
    return _one(approval)


@bp.route("/approvals/<approval>/withdraw", methods=["POST"])
@bp.needs("buyer", "vendor", *DECIDERS)
@bp.response(200, AwaitedSchema)
@bp.refuses(404, 409)
def withdraw_spending(approval: int) -> Any:
    """Take back what you asked for."""
    with services().writes.begin() as db:
        desk.withdraw(db, me(), approval)
    return _one(approval)


@bp.route("/approval-limits")
@bp.needs()
@bp.response(200, ApprovalLimitsSchema)
def list_approval_limits() -> Any:
    """List above what a second user is needed; owners set it on the page."""
    with services().reads.connect() as db:
        return {"data": limits.of_member(db, me().member).values()}


def _one(number: int) -> Any:
    with services().reads.connect() as db:
        return desk.one(db, number, me().member)
