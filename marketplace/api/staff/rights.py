"""Rights under supervision: suspend, restore, revoke."""

from typing import Any

from marketplace.api.entitlements import FullEntitlementSchema, in_full
from marketplace.api.fields import Body, Code, Text
from marketplace.api.resource import Resource
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.supervision import STEPS, SUPERVISORS, supervise
from marketplace.trading.rights import REASON_MAX
from settlement import statements
from settlement.entitlements import EntitlementEvent

bp = Resource("staff-rights", __name__, "Rights of use, for surveillance.")


class RightStepSchema(Body):
    """The step; what takes something away has a reason, which the member reads."""

    event = Code(*STEPS, required=True)
    reason = Text(REASON_MAX, lines=True, load_default="")


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
