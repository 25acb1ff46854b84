"""Supervision of rights: suspended, restored or revoked, and the reason on record."""

from collections.abc import Callable, Mapping

from listings.marking import N_
from marketplace.members.users import User
from marketplace.services import Services
from marketplace.trading.commands import (
    Command,
    RestoreRight,
    RevokeRight,
    SuspendRight,
)
from marketplace.trading.rights import REASON_MAX
from settlement.entitlements import EntitlementEvent
from settlement.errors import Invalid

SUPERVISORS = ("surveillance", "admin")
STEPS: Mapping[EntitlementEvent, Callable[[int, int, str], Command]] = {
    EntitlementEvent.SUSPEND: SuspendRight,
    EntitlementEvent.RESTORE: RestoreRight,
    EntitlementEvent.REVOKE: RevokeRight,
}


def supervise(
    parts: Services, entitlement: int, event: EntitlementEvent, reason: str, by: User
) -> None:
    """Take a step with a right of a member; its next delivery obeys.

    Invalid if what takes something away gives no reason, IllegalMove if the state does
    not allow it, NotFound if the right has ended.
    """
    harsh = event is not EntitlementEvent.RESTORE
    if (harsh and not reason.strip()) or len(reason) > REASON_MAX:
        raise Invalid({"reason": [N_("Give the reason, in at most 2,000 characters.")]})
    parts.gateway.submit(STEPS[event](by.id, entitlement, reason.strip()))
