"""Rights under supervision: suspend, restore, revoke; paid back when a vendor left."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.disputes import DECIDERS
from marketplace.api.entitlements import FullEntitlementSchema, in_full
from marketplace.api.fields import Body, Code, Cursor, Id, Text
from marketplace.api.limits import ProposedSchema
from marketplace.api.resource import PageQuery, Resource
from marketplace.delivery import continuity
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.supervision import STEPS, SUPERVISORS, supervise
from marketplace.trading.rights import REASON_MAX
from settlement import clock, statements
from settlement.entitlements import EntitlementEvent

bp = Resource("staff-rights", __name__, "Rights of use, for surveillance.")


class RightStepSchema(Body):
    """The step; what takes something away has a reason, which the member reads."""

    event = Code(*STEPS, required=True)
    reason = Text(REASON_MAX, lines=True, load_default="")


class LeftSchema(Schema):
    """A paid right that runs: served on, or what would go back (minor units)."""

    entitlement = Id("entitlement", required=True)
    holder = Id("member", required=True)
    until_us = fields.Integer(required=True, allow_none=True)
    kept = fields.Boolean(required=True)
    back = fields.Integer(required=True)
    waits = fields.Boolean(required=True)


class LeftRightsSchema(Schema):
    """The paid rights of a vendor's that run, and whether it has left."""

    left = fields.Boolean(required=True)
    data = fields.List(fields.Nested(LeftSchema), required=True)
    next = Cursor(required=True, allow_none=True)


class ReturnReasonSchema(Body):
    """Why what is left of a right is paid back."""

    reason = Text(REASON_MAX, least=1, lines=True, required=True)


@bp.route("/staff/entitlements/<entitlement>")
@bp.needs(*STAFF)
@bp.response(200, FullEntitlementSchema)
@bp.refuses(404)
def get_any_entitlement(entitlement: int) -> Any:
    """Read a right of any member with its terms."""
    with services().reads.connect() as db:
        return in_full(db, statements.entitlement(db, entitlement))


@bp.route("/staff/entitlements/<entitlement>/decisions", methods=["POST"])
@bp.needs(*SUPERVISORS)
@bp.arguments(RightStepSchema)
@bp.response(200, FullEntitlementSchema)
@bp.refuses(404, 409)
def decide_entitlement(step: dict[str, str], entitlement: int) -> Any:
    """Suspend a right, restore it, or revoke it for good."""
    event = EntitlementEvent(step["event"])
    supervise(services(), entitlement, event, step["reason"], me())
    with services().reads.connect() as db:
        return in_full(db, statements.entitlement(db, entitlement))


@bp.route("/staff/members/<member>/continuity")
@bp.needs(*STAFF)
@bp.arguments(PageQuery, location="query")
@bp.response(200, LeftRightsSchema)
@bp.refuses(404)
def list_left_rights(asked: dict[str, Any], member: int) -> Any:
    """List a vendor's paid rights that run: served on by the exchange, or paid back."""
    with services().reads.connect() as db:
        left = continuity.has_left(db, member)
        now_us, before = clock.now_us(), asked["cursor"]
        rows, more = continuity.rights_of(db, member, now_us, before, asked["limit"])
    return {
        "left": left,
        "next": more,
        "data": [
            row._asdict()
            | {
                "entitlement": row.right.id,
                "holder": row.right.holder,
                "until_us": row.right.until_us,
            }
            for row in rows
        ],
    }


@bp.route("/staff/entitlements/<entitlement>/continuity", methods=["POST"])
@bp.needs(*DECIDERS)
@bp.arguments(ReturnReasonSchema)
@bp.response(200, ProposedSchema)
@bp.refuses(404, 409)
def propose_return(said: dict[str, str], entitlement: int) -> Any:
    """Propose to pay back what is left of a right that its vendor serves no more."""
    number = continuity.propose(services(), me(), entitlement, said["reason"])
    return {"proposal": number}
