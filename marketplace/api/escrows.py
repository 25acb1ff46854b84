"""Escrow: what waits for delivery or acceptance; the calendar that deadlines go by."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.fields import Body, Code, Currency, Flag, Id, Int, Long
from marketplace.api.resource import (
    TRADERS,
    KeyHeader,
    Resource,
    submit,
    who,
)
from marketplace.holidays import day_of, number_of
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import pending, reads
from marketplace.trading.acceptance import (
    AcceptDelivery,
    ReportDelivery,
    SetWorkdays,
)
from marketplace.trading.orders import QUANTITY_MAX
from settlement import ids
from settlement.errors import NotFound
from settlement.escrows import TradeState

bp = Resource("escrows", __name__, "Trades whose money waits until it is accepted.")
CALENDAR_OFFICERS = ("settlement_officer",)
DAYS_MAX = 400  # in one publication


class SideQuery(Schema):
    """Whose: purchases or sales of the member."""

    side = Code("buy", "sell", load_default="buy")


class EscrowSchema(Schema):
    """A trade in escrow. Of its value, the released went to the seller, less the fee.

    By `deliver_by_us` the seller has to deliver, else the rest goes back; by
    `accept_by_us` what was delivered is accepted unless the buyer objects.
    """

    trade = Id("trade", required=True)
    symbol = fields.String(required=True)
    buyer = Id("member", required=True)
    seller = Id("member", required=True)
    state = Code(*TradeState, required=True)
    currency = Currency(required=True)
    value = fields.Integer(required=True)
    left = fields.Integer(required=True)
    released = fields.Integer(required=True)
    refunded = fields.Integer(required=True)
    fee = fields.Integer(
        attribute="charged",
        required=True,
        metadata={"description": "Charged so far, to the seller."},
    )
    quantity = fields.Integer(required=True)
    delivered = fields.Integer(required=True)
    accepted = fields.Integer(required=True)
    returned = fields.Integer(required=True)
    deliver_by_us = fields.Integer(required=True, allow_none=True)
    accept_by_us = fields.Integer(required=True, allow_none=True)


class EscrowsSchema(Schema):
    """What waits, by what is due first."""

    data = fields.List(fields.Nested(EscrowSchema), required=True)


class UnitsSchema(Body):
    """How many units; null: all that wait."""

    units = Int(1, QUANTITY_MAX, load_default=None, allow_none=True)


class DeliveredSchema(Body):
    """How many units more have been delivered."""

    units = Int(1, QUANTITY_MAX, required=True)


class WorkdaySchema(Body):
    """A day that is worked, or not, unlike its weekday."""

    day = fields.Date(required=True)
    worked = Flag(required=True)


class NewWorkdaysSchema(Body):
    """Days unlike their weekday; all others are worked Monday to Friday."""

    data = fields.List(
        fields.Nested(WorkdaySchema), required=True, validate=Long(1, DAYS_MAX)
    )


class WorkdaysSchema(Schema):
    """The days that were published, the first first."""

    data = fields.List(fields.Nested(WorkdaySchema), required=True)


@bp.route("/escrows")
@bp.needs()
@bp.arguments(SideQuery, location="query")
@bp.response(200, EscrowsSchema)
def list_escrows(asked: dict[str, str]) -> Any:
    """List the member's trades whose money waits, at most 100."""
    listed = {"buy": pending.of_buyer, "sell": pending.of_seller}[asked["side"]]
    with services().reads.connect() as db:
        return {"data": listed(db, me().member)}


@bp.route("/trades/<trade>/escrow")
@bp.needs()
@bp.response(200, EscrowSchema)
@bp.refuses(404)
def get_escrow(trade: int) -> Any:
    """Read how the money of one of the member's trades in escrow stands."""
    with services().reads.connect() as db:
        reads.trade(db, trade, me().member)
    return _escrow(trade)


@bp.route("/trades/<trade>/acceptance", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(UnitsSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, EscrowSchema)
@bp.refuses(404, 409)
def accept_delivery(asked: dict[str, Any], header: dict[str, str], trade: int) -> Any:
    """Accept what was delivered, all or some units: the seller is paid for them."""
    submit(AcceptDelivery(*who(), trade, asked["units"]), header["key"])
    return _escrow(trade)


@bp.route("/trades/<trade>/deliveries", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(DeliveredSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, EscrowSchema)
@bp.refuses(404, 409)
def report_delivery(asked: dict[str, Any], header: dict[str, str], trade: int) -> Any:
    """Say that units of a sale have been delivered; the buyer's time runs from now."""
    submit(ReportDelivery(*who(), trade, asked["units"]), header["key"])
    return _escrow(trade)


@bp.route("/workdays")
@bp.response(200, WorkdaysSchema)
def list_workdays() -> Any:
    """List the days that are worked, or not, unlike their weekday."""
    return _calendar()


@bp.route("/staff/workdays", methods=["POST"])
@bp.needs(*CALENDAR_OFFICERS)
@bp.arguments(NewWorkdaysSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, WorkdaysSchema)
def set_workdays(asked: dict[str, Any], header: dict[str, str]) -> Any:
    """Publish days unlike their weekday; deadlines that run already stay."""
    days = tuple((number_of(one["day"]), one["worked"]) for one in asked["data"])
    submit(SetWorkdays(me().id, days), header["key"])
    return _calendar()


def _escrow(trade: int) -> Any:
    with services().reads.connect() as db:
        found = pending.of_trade(db, trade)
    if found is None:
        raise NotFound("trade", ids.encode("trade", trade))
    return found


def _calendar() -> dict[str, Any]:
    with services().reads.connect() as db:
        found = pending.exceptions(db)
    return {"data": [{"day": day_of(d), "worked": w} for d, w in found.items()]}
