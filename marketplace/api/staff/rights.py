"""Rights under supervision: suspend, restore, revoke."""

from collections.abc import Mapping
from typing import Any

from marketplace.api.entitlements import EntitlementSchema, FullEntitlementSchema
from marketplace.api.fields import Body, Code
from marketplace.api.resource import Resource
from marketplace.api.staff.money import Step, take
from marketplace.members.roles import STAFF
from marketplace.services import services
from marketplace.trading import commands
from settlement import statements

bp = Resource("staff-rights", __name__, "Rights of use, for surveillance.")
SUPERVISOR = "surveillance"
STEPS: Mapping[str, Step] = {
    "suspend": ((SUPERVISOR,), commands.SuspendRight),
    "restore": ((SUPERVISOR,), commands.RestoreRight),
    "revoke": ((SUPERVISOR,), commands.RevokeRight),
}


class RightStepSchema(Body):
    """The step."""

    event = Code(*STEPS, required=True)


@bp.route("/staff/entitlements/<entitlement>")
@bp.needs(*STAFF)
@bp.response(200, FullEntitlementSchema)
@bp.refuses(404)
def get_any_entitlement(entitlement: int) -> Any:
    """Read a right of any member with its terms."""
    with services().reads.connect() as db:
        right = statements.entitlement(db, entitlement)
        return right._asdict() | {"terms": statements.terms(db, right.terms)}


@bp.route("/staff/entitlements/<entitlement>/decisions", methods=["POST"])
@bp.needs(SUPERVISOR)
@bp.arguments(RightStepSchema)
@bp.response(200, EntitlementSchema)
@bp.refuses(404, 409)
def decide_entitlement(step: dict[str, str], entitlement: int) -> Any:
    """Suspend a right, restore it, or revoke it for good."""
    take(STEPS[step["event"]], entitlement)
    with services().reads.connect() as db:
        return statements.entitlement(db, entitlement)
