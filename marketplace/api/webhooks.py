"""Where the payment provider reports: verified by its signature, kept once."""

from http import HTTPStatus

from flask import Blueprint, Response, request

from marketplace.payments import messages
from marketplace.services import services
from settlement.payments.provider import BadSignature, CardsOff

bp = Blueprint("webhooks", __name__, url_prefix="/api/webhooks")
BODY_MAX = 256 * 1024  # bytes


@bp.post("/stripe")
def stripe() -> Response:
    """Keep a signed message; 400 if it is not genuine, 200 if it is known."""
    provider = services().cards
    if provider is None:
        raise CardsOff
    if (request.content_length or 0) > BODY_MAX:
        raise BadSignature
    body = request.get_data(cache=False)
    message = provider.message(body, request.headers.get("Stripe-Signature", ""))
    with services().writes.begin() as db:
        messages.keep(db, message, live=provider.live)
    return Response(status=HTTPStatus.OK)
