"""A member's own kill switch: no more orders, and those that wait are cancelled."""

from typing import Any

from marketplace.api.fields import Body, Text
from marketplace.api.orders import CancelledAllSchema
from marketplace.api.resource import TRADERS, KeyHeader, Resource, submit, who
from marketplace.trading.control import AllowTrading, StopTrading
from marketplace.trading.rights import REASON_MAX
from marketplace.trading.stops import OWN

bp = Resource("stops", __name__, "A member stops its own trading.")


class OwnStopSchema(Body):
    """Why the member stops."""

    reason = Text(REASON_MAX, least=1, required=True)


@bp.route("/stop", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(OwnStopSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, CancelledAllSchema)
def stop_own_trading(new: dict[str, str], header: dict[str, str]) -> Any:
    """Cancel every order of the member and take no more, whoever places them."""
    by, member = who()
    command = StopTrading(by, member, cancel=True, reason=new["reason"], scope=OWN)
    return {"orders": submit(command, header["key"])}


@bp.route("/stop/end", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(KeyHeader, location="headers")
@bp.response(204)
@bp.refuses(403, 404)
def allow_own_trading(header: dict[str, str]) -> None:
    """Take the member's orders again; another of its users decides it."""
    by, member = who()
    submit(AllowTrading(by, member, OWN), header["key"])
