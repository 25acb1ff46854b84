"""Personal prices: offered to one member for a lawful reason, withdrawn, taken."""

from typing import Any

from marshmallow import Schema, fields

from listings.licences import PURPOSES
from marketplace.api.fields import Body, Code, Currency, Id, Int, Text
from marketplace.api.resource import (
    TRADERS,
    KeyHeader,
    PageQuery,
    Resource,
    at,
    submit,
    who,
)
from marketplace.members.signing import me
from marketplace.pricing import personal
from marketplace.services import services
from marketplace.trading.quoting import OfferPrice, TakeOffer, WithdrawOffer
from marketplace.trading.offers import NOTE_MAX, REASONS, OfferState
from marketplace.trading.orders import PRICE_MAX, QUANTITY_MAX
from marketplace.trading.risk import EXPIRES_MAX_US
from settlement import ids
from settlement.store import Page

bp = Resource("offers", __name__, "Personal prices: addressed to one member, once.")


class OffersQuery(PageQuery):
    """Whose: those addressed to the member, or those that it made as the vendor."""

    which = Code("received", "made", load_default="received")


class NewOfferSchema(Body):
    """A price for one member, with the reason that the law asks for."""

    instrument = Id("instrument", required=True)
    member = Id("member", required=True)
    price = Int(
        0,
        PRICE_MAX,
        required=True,
        metadata={"description": "Minor units for each unit."},
    )
    quantity = Int(
        1, QUANTITY_MAX, required=True, metadata={"description": "Taken whole."}
    )
    reason = Code(*REASONS, required=True)
    note = Text(
        NOTE_MAX,
        least=1,
        lines=True,
        required=True,
        metadata={"description": "The reason in words; staff and the member read it."},
    )
    expires_us = Int(1, EXPIRES_MAX_US, required=True)


class OfferSchema(Schema):
    """A personal price as it stands."""

    id = Id("offer", required=True)
    at_us = fields.Integer(required=True)
    vendor = Id("member", required=True)
    member = Id("member", required=True)
    instrument = Id("instrument", required=True)
    symbol = fields.String(required=True)
    currency = Currency(required=True)
    price = fields.Integer(required=True)
    quantity = fields.Integer(required=True)
    reason = Code(*REASONS, required=True)
    note = fields.String(required=True)
    expires_us = fields.Integer(required=True)
    state = Code(*OfferState, required=True)
    trade = Id("trade", required=True, allow_none=True)


class TakeSchema(Body):
    """What the buyer needs the data for; it is written into the contract."""

    purpose = Code(*PURPOSES, required=True)


class TakenSchema(Schema):
    """The trade that a personal price became; its contract is frozen."""

    trade = Id("trade", required=True)


@bp.route("/offers")
@bp.needs()
@bp.arguments(OffersQuery, location="query")
@bp.lists(OfferSchema)
def list_offers(asked: dict[str, Any]) -> Page:
    """List the personal prices addressed to the member, or made by it."""
    listed = personal.of_vendor if asked["which"] == "made" else personal.of_member
    with services().reads.connect() as db:
        return listed(db, me().member, asked["cursor"], asked["limit"])


@bp.route("/offers", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(NewOfferSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.creates(OfferSchema)
@bp.refuses(404, 409)
def make_offer(new: dict[str, Any], header: dict[str, str]) -> Any:
    """Offer one member a price of its own; the member is told."""
    new["to"] = new.pop("member")
    command = OfferPrice(*who(), **new)
    number = personal.propose(services(), command, header["key"])
    return _mine(number), at(f"/offers/{ids.encode('offer', number)}")


@bp.route("/offers/<offer>")
@bp.needs()
@bp.response(200, OfferSchema)
@bp.refuses(404)
def get_offer(offer: int) -> Any:
    """Read a personal price that the member made or got."""
    return _mine(offer)


@bp.route("/offers/<offer>/withdraw", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, OfferSchema)
@bp.refuses(404)
def withdraw_offer(header: dict[str, str], offer: int) -> Any:
    """Take back a personal price that nobody took yet."""
    submit(WithdrawOffer(*who(), offer), header["key"])
    return _mine(offer)


@bp.route("/offers/<offer>/take", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(TakeSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, TakenSchema)
@bp.refuses(402, 404, 409)
def take_offer(said: dict[str, str], header: dict[str, str], offer: int) -> Any:
    """Buy the whole quantity at the personal price, under the listing's licence."""
    return {"trade": submit(TakeOffer(*who(), offer, said["purpose"]), header["key"])}


def _mine(number: int) -> Any:
    with services().reads.connect() as db:
        return personal.one(db, number, me().member)
