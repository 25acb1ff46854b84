"""Tenders: called for a demand, bid for under seal, opened, scored."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.demands import DemandSchema, NewDemandSchema, wanted_of
from marketplace.api.fields import Body, Code, Id, Int, Text
from marketplace.api.resource import TRADERS, KeyHeader, Resource, at
from marketplace.community import demands
from marketplace.members.signing import me
from marketplace.pricing import tenders
from marketplace.pricing.tenders import Rules
from marketplace.services import services
from marketplace.trading.offers import NOTE_MAX
from marketplace.trading.orders import PRICE_MAX, QUANTITY_MAX, VALUE_MAX
from marketplace.trading.tenders import (
    BIDDERS_MAX,
    BIDDERS_MIN,
    WEIGHTS,
    Bid,
    BidState,
    Bond,
    TenderState,
)
from settlement import ids
from settlement.errors import NotFound

bp = Resource("tenders", __name__, "Sealed bids for a demand, opened together, scored.")


class NewTenderSchema(NewDemandSchema):
    """A demand, and how its tender is decided; it closes at `until_us`."""

    bidders_min = Int(1, BIDDERS_MAX, load_default=BIDDERS_MIN)
    technical = Int(0, tenders.POINTS, load_default=WEIGHTS[0])
    price = Int(0, tenders.POINTS, load_default=WEIGHTS[1])
    qualification = Int(0, tenders.POINTS, load_default=WEIGHTS[2])
    deposit = Int(
        0,
        VALUE_MAX,
        load_default=0,
        metadata={
            "description": "Minor units of CNY that each bidder has held, at most 2 %"
            " of the budget: lost by who takes an opened bid back, else returned."
        },
    )


class NewSealedBidSchema(Body):
    """A bid, before it is sealed; prices in minor units of CNY for each unit."""

    instrument = Id("instrument", required=True)
    price = Int(0, PRICE_MAX, required=True)
    quantity = Int(1, QUANTITY_MAX, required=True)
    note = Text(NOTE_MAX, lines=True, load_default="")


class SealedSchema(Schema):
    """What the records have of a sealed bid: its hash."""

    commitment = fields.String(required=True)


class PointsSchema(Body):
    """Points of a hundred that the buyer gives an opened bid."""

    technical = Int(0, tenders.POINTS, required=True)
    qualification = Int(0, tenders.POINTS, required=True)


class BidScoreSchema(Schema):
    """The points of an opened bid; in all to two decimals, null until all are given."""

    offer = Id("offer", required=True)
    technical = fields.Integer(required=True, allow_none=True)
    qualification = fields.Integer(required=True, allow_none=True)
    price = fields.Function(lambda one: _decimal(one.price), required=True)
    points = fields.Function(lambda one: _decimal(one.points), required=True)


class TenderSchema(Schema):
    """A tender; before it is opened only the number of bids is told."""

    demand = Id("demand", attribute="id", required=True)
    closes_us = fields.Integer(required=True)
    bidders_min = fields.Integer(required=True)
    technical = fields.Integer(required=True)
    price = fields.Integer(required=True)
    qualification = fields.Integer(required=True)
    deposit = fields.Integer(required=True)
    state = Code(*TenderState, required=True)
    bids = fields.Integer(required=True)
    own = Code(*BidState, required=True, allow_none=True)
    bond = Code(
        *Bond,
        required=True,
        allow_none=True,
        metadata={"description": "What became of the member's own deposit."},
    )
    ranking = fields.List(fields.Nested(BidScoreSchema), required=True)


def _decimal(points: Any) -> str | None:
    return None if points is None else f"{float(points):.2f}"


@bp.route("/tenders", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(NewTenderSchema)
@bp.creates(DemandSchema)
@bp.refuses(409)
def call_tender(new: dict[str, Any]) -> Any:
    """Post a demand that is answered by sealed bids."""
    rules = Rules(*(new.pop(name) for name in Rules._fields))
    number = tenders.call(services(), me(), wanted_of(new), rules)
    with services().reads.connect() as db:
        made = demands.get(db, number, me().member)
    return made, at(f"/demands/{ids.encode('demand', number)}")


@bp.route("/demands/<demand>/tender")
@bp.needs()
@bp.response(200, TenderSchema)
@bp.refuses(404)
def get_tender(demand: int) -> Any:
    """Read how a tender stands; its points are for the buyer alone."""
    return _tender(demand)


@bp.route("/demands/<demand>/bids", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(NewSealedBidSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, SealedSchema)
@bp.refuses(402, 404, 409)
def seal_bid(new: dict[str, Any], header: dict[str, str], demand: int) -> Any:
    """Seal a bid, or replace the vendor's own; nobody reads it before the close.

    With the first one the tender's deposit is held.
    """
    bid = Bid(me().member, **new, salt="")
    sealed = tenders.seal(services(), me(), demand, bid, header["key"])
    return {"commitment": sealed}


@bp.route("/demands/<demand>/opening", methods=["POST"])
@bp.needs(*TRADERS)
@bp.response(200, TenderSchema)
@bp.refuses(404, 409)
def open_tender(demand: int) -> Any:
    """Open all bids after the close; the buyer or any bidder does it."""
    tenders.open_bids(services(), me(), demand)
    return _tender(demand)


@bp.route("/demands/<demand>/cancel", methods=["POST"])
@bp.needs(*TRADERS)
@bp.response(200, TenderSchema)
@bp.refuses(404, 409)
def cancel_tender(demand: int) -> Any:
    """Call the member's tender off before its close; no bid is read."""
    tenders.cancel(services(), me(), demand)
    return _tender(demand)


@bp.route("/offers/<offer>/score", methods=["PUT"])
@bp.needs(*TRADERS)
@bp.arguments(PointsSchema)
@bp.response(200, PointsSchema)
@bp.refuses(404)
def score_bid(points: dict[str, int], offer: int) -> Any:
    """Give an opened bid of the member's tender its points."""
    with services().writes.begin() as db:
        tenders.score(db, me(), offer, **points)
    return points


def _tender(demand: int) -> Any:
    member = me().member
    with services().reads.connect() as db:
        demands.get(db, demand, member)
        found = tenders.of(db, demand)
        if found is None:
            raise NotFound("demand", ids.encode("demand", demand))
        sealed = tenders.own(db, demand, member)
        ranked = tenders.ranking(db, found) if found.buyer == member else []
    own = {"own": sealed and sealed.state, "bond": sealed and sealed.bond}
    return found._asdict() | own | {"ranking": ranked}
