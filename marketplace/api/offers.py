"""Quotes and personal prices: offered to one member, countered, declined, taken."""

from typing import Any

from marshmallow import Schema, fields, validate

from listings.licences import PURPOSES
from listings.marking import N_
from marketplace.api.fields import Body, Code, Currency, Id, Int, Opened, Text
from marketplace.api.resource import (
    TRADERS,
    KeyHeader,
    PageQuery,
    Resource,
    at,
    who,
)
from marketplace.community import demands
from marketplace.members.signing import me
from marketplace.pricing import quotes, revising
from marketplace.services import services
from marketplace.trading.offers import ASKED, NOTE_MAX, REASONS, OfferState
from marketplace.trading.orders import PRICE_MAX, QUANTITY_MAX
from marketplace.trading.quoting import (
    CounterOffer,
    DeclineOffer,
    OfferPrice,
    TakeOffer,
    WithdrawOffer,
)
from marketplace.trading.risk import EXPIRES_MAX_US
from settlement import ids
from settlement.errors import Invalid
from settlement.store import Page

bp = Resource("offers", __name__, "Quotes and personal prices: for one member, once.")
NEEDED = N_("Say to whom.")
UNNAMED = N_("Leave this out: who asks is not named.")


class OffersQuery(PageQuery):
    """Whose: those addressed to the member, or those that it made."""

    which = Code("received", "made", load_default="received")


class CounterSchema(Body):
    """Another price or quantity for what was offered."""

    price = Int(
        0,
        PRICE_MAX,
        required=True,
        metadata={"description": "Minor units for each unit."},
    )
    quantity = Int(
        1, QUANTITY_MAX, required=True, metadata={"description": "Taken whole."}
    )
    note = Text(NOTE_MAX, lines=True, load_default="")
    expires_us = Int(1, EXPIRES_MAX_US, required=True)
    purpose = Code(
        "",
        *PURPOSES,
        load_default="",
        metadata={"description": "What a buyer who offers needs the data for."},
    )


class NewOfferSchema(CounterSchema):
    """A price for one member: the vendor's to a buyer, or a buyer's to the vendor.

    A vendor names the lawful reason in `reason` and `note`, unless it answers a demand;
    then, and for a buyer's offer, the reason is `asked`. A buyer's money is held.
    """

    instrument = Id("instrument", required=True)
    member = Id(
        "member",
        load_default=0,
        metadata={"description": "To whom; left out in answer to a demand."},
    )
    reason = Code(*REASONS, ASKED, load_default=ASKED)
    demand = Id("demand", load_default=0)


class OfferSchema(Schema):
    """An offer as it stands; `maker` is who made it, the other of the two decides.

    `member` is null to the vendor while who asks is not named, and `maker` with it.
    """

    id = Id("offer", required=True)
    at_us = fields.Integer(required=True)
    vendor = Id("member", required=True)
    member = Id(
        "member",
        required=True,
        allow_none=True,
        metadata={"description": "The buyer."},
    )
    maker = Id("member", required=True, allow_none=True)
    instrument = Id("instrument", required=True)
    symbol = fields.String(required=True)
    currency = Currency(required=True)
    price = fields.Integer(required=True)
    quantity = fields.Integer(required=True)
    reason = Code(*REASONS, ASKED, required=True)
    note = Opened()
    purpose = fields.String(required=True)
    expires_us = fields.Integer(required=True)
    demand = fields.Function(
        lambda row: ids.encode("demand", row.demand) if row.demand else None,
        required=True,
    )
    answers = Id("offer", required=True, allow_none=True)
    state = Code(*OfferState, required=True)
    trade = Id("trade", required=True, allow_none=True)


class AskChangesSchema(Body):
    """What is to be changed in an offer, what is wanted instead, and why."""

    topics = fields.List(
        Code(*revising.TOPICS),
        required=True,
        validate=validate.Length(1, len(revising.TOPICS)),
    )
    text = Text(revising.TEXT_MAX, least=1, lines=True, required=True)


class KeepOfferSchema(Body):
    """Why an offer stays as it is."""

    reply = Text(revising.TEXT_MAX, lines=True, load_default="")


class OfferChangeSchema(Schema):
    """Changes asked for; answered by a changed offer in `revised`, or with a reply."""

    at_us = fields.Integer(required=True)
    topics = fields.Function(lambda row: row.topics.split(), required=True)
    text = fields.String(required=True)
    answered_us = fields.Integer(required=True, allow_none=True)
    revised = Id("offer", required=True, allow_none=True)
    reply = fields.String(required=True)


class OfferChangesSchema(Schema):
    """All that was asked about one offer, in order."""

    data = fields.List(fields.Nested(OfferChangeSchema), required=True)


class TakeSchema(Body):
    """What the buyer needs the data for; it is written into the contract.

    A vendor who takes a buyer's offer says nothing: the purpose is the offer's.
    """

    purpose = Code("", *PURPOSES, load_default="")


class TakenSchema(Schema):
    """The trade that an offer became; its contract is frozen."""

    trade = Id("trade", required=True)


@bp.route("/offers")
@bp.needs()
@bp.arguments(OffersQuery, location="query")
@bp.lists(OfferSchema)
def list_offers(asked: dict[str, Any]) -> Page:
    """List the offers addressed to the member, or made by it."""
    listed = quotes.made_by if asked["which"] == "made" else quotes.made_to
    with services().reads.connect() as db:
        return listed(db, me().member, asked["cursor"], asked["limit"])


@bp.route("/offers", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(NewOfferSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.creates(OfferSchema)
@bp.refuses(402, 404, 409)
def make_offer(new: dict[str, Any], header: dict[str, str]) -> Any:
    """Offer one member a price, firm until its moment; the member is told."""
    new["to"] = _addressee(new["demand"], new.pop("member"))
    number = quotes.offer(services(), OfferPrice(*who(), **new), header["key"])
    return _mine(number), at(f"/offers/{ids.encode('offer', number)}")


@bp.route("/offers/<offer>")
@bp.needs()
@bp.response(200, OfferSchema)
@bp.refuses(404)
def get_offer(offer: int) -> Any:
    """Read an offer that the member made or got."""
    return _mine(offer)


@bp.route("/offers/<offer>/counter", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(CounterSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.creates(OfferSchema)
@bp.refuses(402, 404, 409)
def counter_offer(new: dict[str, Any], header: dict[str, str], offer: int) -> Any:
    """Answer an offer with another, or change one's own; the answered one ends."""
    command = CounterOffer(*who(), offer, **new)
    number = quotes.counter(services(), command, header["key"])
    return _mine(number), at(f"/offers/{ids.encode('offer', number)}")


@bp.route("/offers/<offer>/decline", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, OfferSchema)
@bp.refuses(404)
def decline_offer(header: dict[str, str], offer: int) -> Any:
    """Turn down what was offered to the member."""
    quotes.decline(services(), DeclineOffer(*who(), offer), header["key"])
    return _mine(offer)


@bp.route("/offers/<offer>/withdraw", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, OfferSchema)
@bp.refuses(404)
def withdraw_offer(header: dict[str, str], offer: int) -> Any:
    """Take back what the member offered and nobody took yet."""
    quotes.withdraw(services(), WithdrawOffer(*who(), offer), header["key"])
    return _mine(offer)


@bp.route("/offers/<offer>/take", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(TakeSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, TakenSchema)
@bp.refuses(402, 404, 409)
def take_offer(said: dict[str, str], header: dict[str, str], offer: int) -> Any:
    """Trade the whole quantity at the price offered, under the licence it pins."""
    command = TakeOffer(*who(), offer, said["purpose"])
    return {"trade": quotes.take(services(), command, header["key"])}


def _addressee(demand: int, member: int) -> int:
    """Return to whom an offer goes: to who asked, who may not be named beside it.

    A guess at an unnamed member is refused whoever it names, so that it tells nothing.
    """
    if not demand:
        if not member:
            raise Invalid({"member": [NEEDED]})
        return member
    with services().reads.connect() as db:
        if member and demands.is_unnamed(db, demand, me().member):
            raise Invalid({"member": [UNNAMED]})
        return member or demands.asker(db, demand)


@bp.route("/offers/<offer>/changes")
@bp.needs()
@bp.response(200, OfferChangesSchema)
@bp.refuses(404)
def list_offer_changes(offer: int) -> Any:
    """List what was asked to have changed in an offer, and how it was answered."""
    return _changes(offer)


@bp.route("/offers/<offer>/changes", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(AskChangesSchema)
@bp.response(200, OfferChangesSchema)
@bp.refuses(404, 409)
def ask_changes(asked: dict[str, Any], offer: int) -> Any:
    """Ask for changes before taking an offer; it stays firm meanwhile.

    Whoever made it answers with `counter`, which changes it, or with `changes/keep`.
    """
    with services().writes.begin() as db:
        revising.ask(db, me(), offer, asked["topics"], asked["text"])
    return _changes(offer)


@bp.route("/offers/<offer>/changes/keep", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(KeepOfferSchema)
@bp.response(200, OfferChangesSchema)
@bp.refuses(404, 409)
def keep_offer(said: dict[str, str], offer: int) -> Any:
    """Answer that an offer of the member stays as it is."""
    with services().writes.begin() as db:
        revising.keep(db, me(), offer, said["reply"])
    return _changes(offer)


def _changes(offer: int) -> Any:
    with services().reads.connect() as db:
        return {"data": revising.of_offers(db, [quotes.one(db, offer, me().member).id])}


def _mine(number: int) -> Any:
    with services().reads.connect() as db:
        return quotes.one(db, number, me().member)
