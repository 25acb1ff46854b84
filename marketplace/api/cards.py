"""Pay-ins by card: begun here, paid on the payment provider's own page."""

from typing import Any

from flask import request
from marshmallow import fields

from marketplace.api.cash import AmountSchema, PayinSchema
from marketplace.api.document import PREFIX
from marketplace.api.resource import TRADERS, KeyHeader, Resource, at, who
from marketplace.members.signing import me
from marketplace.payments import checkouts, starting
from marketplace.services import services
from marketplace.trading.carding import RequestCardPayin
from settlement import ids, statements

bp = Resource("cards", __name__, "Pay-ins by card.")


class CardPayinSchema(PayinSchema):
    """A pay-in by card, and where it is paid."""

    checkout_url = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The provider's page; null while it has no answer."},
    )


@bp.route("/payins/card", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(AmountSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.creates(CardPayinSchema)
@bp.refuses(409)
def begin(new: dict[str, Any], header: dict[str, str]) -> Any:
    """Begin a pay-in by card; it counts once the provider has the money."""
    command = RequestCardPayin(*who(), new["currency"], new["amount"])
    number = starting.begin(services(), command, header["key"], _address)
    return _read(number), at(f"/payins/{ids.encode('payin', number)}")


@bp.route("/payins/<payin>/checkout", methods=["POST"])
@bp.needs(*TRADERS)
@bp.response(200, CardPayinSchema)
@bp.refuses(404, 409, 503)
def resume(payin: int) -> Any:
    """Ask the provider again for the page of a pay-in: it is the same one."""
    _read(payin)
    starting.resume(services(), payin)
    return _read(payin)


def _address(number: int) -> str:
    return (
        f"{request.host_url.rstrip('/')}{PREFIX}/payins/{ids.encode('payin', number)}"
    )


def _read(number: int) -> Any:
    with services().reads.connect() as db:
        found = statements.payin(db, number, me().member)
        checkout = checkouts.find(db, number)
    url = checkout.url if checkout is not None else None
    return found._asdict() | {"checkout_url": url}
