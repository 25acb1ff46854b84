"""Auctions of one right: those under way, one room, to open, bid in, pay, withdraw."""

from typing import Any

from marshmallow import Schema, fields

from listings import visibility
from listings.licences import PURPOSES
from marketplace.api.fields import Body, Code, Currency, Flag, Id, Int
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
from marketplace.services import services
from marketplace.trading import rooms
from marketplace.trading.bidding import (
    BidInContest,
    CancelContest,
    OpenContest,
    PayContest,
)
from marketplace.trading.contests import (
    EXTENSION_MAX_US,
    KINDS,
    BidderState,
    ContestState,
)
from marketplace.trading.orders import PRICE_MAX, QUANTITY_MAX
from marketplace.trading.risk import EXPIRES_MAX_US
from settlement import ids
from settlement.store import Page

bp = Resource("contests", __name__, "Auctions: one right to the best of many bidders.")


class ContestsQuery(PageQuery):
    """Which: those that take bids, those that ended, the member's own."""

    which = Code("open", "ended", "made", "joined", load_default="open")


class NewContestSchema(Body):
    """An auction to open; prices in minor units for each unit.

    A sealed one (first, second) has neither increment nor extension: both are 0.
    """

    instrument = Id("instrument", required=True)
    kind = Code(*KINDS, required=True)
    quantity = Int(1, QUANTITY_MAX, required=True)
    start = Int(1, PRICE_MAX, required=True)
    reserve = Int(1, PRICE_MAX, required=True)
    increment = Int(0, PRICE_MAX, load_default=0)
    closes_us = Int(1, EXPIRES_MAX_US, required=True)
    extension_us = Int(0, EXTENSION_MAX_US, load_default=0)


class NewBidSchema(Body):
    """A bid; it is binding, and the first one holds the deposit."""

    price = Int(1, PRICE_MAX, required=True)
    purpose = Code(*PURPOSES, required=True)


class ContestSchema(Schema):
    """An auction as everybody sees it."""

    id = Id("contest", required=True)
    at_us = fields.Integer(required=True)
    vendor = Id("member", required=True)
    instrument = Id("instrument", required=True)
    symbol = fields.String(required=True)
    currency = Currency(required=True)
    kind = Code(*KINDS, required=True)
    quantity = fields.Integer(required=True)
    start = fields.Integer(required=True)
    increment = fields.Integer(required=True)
    closes_us = fields.Integer(required=True)
    extension_us = fields.Integer(required=True)
    deposit = fields.Integer(required=True)
    state = Code(*ContestState, required=True)
    price = fields.Integer(required=True, allow_none=True)


class ShownBidSchema(Schema):
    """A bid without a name: bidders are numbered in the order of their first bids."""

    at_us = fields.Integer(required=True)
    bidder = fields.Integer(required=True)
    price = fields.Integer(required=True)
    mine = Flag(required=True)


class OwnBidSchema(Schema):
    """What the member bid last, and what became of its deposit."""

    price = fields.Integer(required=True)
    purpose = fields.String(required=True)
    state = Code(*BidderState, required=True)


class RoomSchema(Schema):
    """An auction with what the asker may know of its bids.

    Of a sealed one nobody is told bids, bidders or the best before its close. The
    reserve is told to the vendor, the winner to the vendor and the winner.
    """

    contest = fields.Nested(ContestSchema, required=True)
    bids = fields.List(fields.Nested(ShownBidSchema), required=True)
    bidders = fields.Integer(required=True, allow_none=True)
    best = fields.Integer(required=True, allow_none=True)
    least = fields.Integer(required=True)
    reserve = fields.Integer(required=True, allow_none=True)
    reserve_met = Flag(required=True, allow_none=True)
    mine = fields.Nested(OwnBidSchema, required=True, allow_none=True)
    leads = Flag(required=True)
    winner = Id("member", required=True, allow_none=True)


class SaleSchema(Schema):
    """The trade that an auction became."""

    trade = Id("trade", required=True)


@bp.route("/contests")
@bp.arguments(ContestsQuery, location="query")
@bp.lists(ContestSchema)
def list_contests(asked: dict[str, Any]) -> Page:
    """List auctions, newest first."""
    listed = {
        "open": rooms.under_way,
        "ended": rooms.ended,
        "made": rooms.of_vendor,
        "joined": rooms.of_bidder,
    }[asked["which"]]
    with services().reads.connect() as db:
        return listed(db, me().member, asked["cursor"], asked["limit"])


@bp.route("/contests", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(NewContestSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.creates(RoomSchema)
@bp.refuses(404, 409)
def open_contest(new: dict[str, Any], header: dict[str, str]) -> Any:
    """Open an auction of an instrument of the vendor's own."""
    number = submit(OpenContest(*who(), **new), header["key"])
    return _room(number), at(f"/contests/{ids.encode('contest', number)}")


@bp.route("/contests/<contest>")
@bp.response(200, RoomSchema)
@bp.refuses(404)
def get_contest(contest: int) -> Any:
    """Read one auction."""
    return _room(contest)


@bp.route("/contests/<contest>/bids", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(NewBidSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, RoomSchema)
@bp.refuses(402, 404, 409)
def bid_in_contest(new: dict[str, Any], header: dict[str, str], contest: int) -> Any:
    """Bid, or replace the member's own bid."""
    submit(BidInContest(*who(), contest, **new), header["key"])
    return _room(contest)


@bp.route("/contests/<contest>/pay", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, SaleSchema)
@bp.refuses(402, 404, 409)
def pay_contest(header: dict[str, str], contest: int) -> Any:
    """Pay what the member has won, when the money was not there at the close."""
    return {"trade": submit(PayContest(*who(), contest), header["key"])}


@bp.route("/contests/<contest>/cancel", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, RoomSchema)
@bp.refuses(404, 409)
def cancel_contest(header: dict[str, str], contest: int) -> Any:
    """Withdraw an auction before its first bid."""
    submit(CancelContest(*who(), contest), header["key"])
    return _room(contest)


def _room(number: int) -> rooms.Room:
    with services().reads.connect() as db:
        found = rooms.room(db, number, me().member)
        if found.mine is None:
            visibility.check_instrument(db, found.contest.instrument, me().member)
        return found
