"""Money: the payins and payouts that wait for somebody, and each next step."""

from collections.abc import Callable, Mapping
from typing import Any

from marketplace.api.cash import PayinSchema, PayoutSchema
from marketplace.api.fields import Body, Code
from marketplace.api.resource import PageQuery, Resource, submit
from marketplace.members.roles import STAFF, require
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import cashing
from marketplace.trading.commands import Command
from settlement import statements
from settlement.payments.payins import PayinState
from settlement.payments.payouts import PayoutState
from settlement.store import Page

bp = Resource("staff-money", __name__, "Payins and payouts, for staff.")
OFFICER, APPROVER = "settlement_officer", "settlement_approver"
BOTH = (OFFICER, APPROVER)

# Who may, and the command. That two persons act is kept by the market itself.
Step = tuple[tuple[str, ...], Callable[[int, int], Command]]
PAYIN_STEPS: Mapping[str, Step] = {
    "confirm": ((OFFICER,), cashing.ConfirmPayin),
    "approve": ((APPROVER,), cashing.ApprovePayin),
    "reject": (BOTH, cashing.RejectPayin),
}
PAYOUT_STEPS: Mapping[str, Step] = {
    "approve": ((APPROVER,), cashing.ApprovePayout),
    "pay": ((OFFICER,), cashing.PayPayout),
    "fail": (BOTH, cashing.FailPayout),
}


class PayinsQuery(PageQuery):
    """In which state."""

    state = Code(*PayinState, load_default=PayinState.CREATED.value)


class PayoutsQuery(PageQuery):
    """In which state."""

    state = Code(*PayoutState, load_default=PayoutState.REQUESTED.value)


class PayinStepSchema(Body):
    """The step."""

    event = Code(*PAYIN_STEPS, required=True)


class PayoutStepSchema(Body):
    """The step."""

    event = Code(*PAYOUT_STEPS, required=True)


@bp.route("/staff/payins")
@bp.needs(*STAFF)
@bp.arguments(PayinsQuery, location="query")
@bp.lists(PayinSchema)
def queue_payins(asked: dict[str, Any]) -> Page:
    """List the payins in one state, the oldest first."""
    with services().reads.connect() as db:
        return statements.payins_in(db, asked["state"], asked["cursor"], asked["limit"])


@bp.route("/staff/payins/<payin>/decisions", methods=["POST"])
@bp.needs(*BOTH)
@bp.arguments(PayinStepSchema)
@bp.response(200, PayinSchema)
@bp.refuses(404, 409)
def decide_payin(step: dict[str, str], payin: int) -> Any:
    """Confirm, approve or reject a payin."""
    take(PAYIN_STEPS[step["event"]], payin)
    with services().reads.connect() as db:
        return statements.payin(db, payin)


@bp.route("/staff/payouts")
@bp.needs(*STAFF)
@bp.arguments(PayoutsQuery, location="query")
@bp.lists(PayoutSchema)
def queue_payouts(asked: dict[str, Any]) -> Page:
    """List the payouts in one state, the oldest first."""
    with services().reads.connect() as db:
        return statements.payouts_in(
            db, asked["state"], asked["cursor"], asked["limit"]
        )


@bp.route("/staff/payouts/<payout>/decisions", methods=["POST"])
@bp.needs(*BOTH)
@bp.arguments(PayoutStepSchema)
@bp.response(200, PayoutSchema)
@bp.refuses(404, 409)
def decide_payout(step: dict[str, str], payout: int) -> Any:
    """Approve a payout, record that it was paid, or that it failed."""
    take(PAYOUT_STEPS[step["event"]], payout)
    with services().reads.connect() as db:
        return statements.payout(db, payout)


def take(step: Step, number: int) -> None:
    """Take *step* with what has this number, if the user has a role for it."""
    roles, command = step
    require(*roles)
    submit(command(me().id, number))
