"""Orders: place one or a basket, read, cancel, reduce."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext
from marshmallow import Schema, fields, post_load, pre_dump

from listings.licences import PURPOSES
from marketplace.api.fields import Body, Code, Currency, Flag, Id, Int, Long
from marketplace.api.resource import (
    TRADERS,
    KeyHeader,
    PageQuery,
    Resource,
    at,
    submit,
    who,
)
from marketplace.api.trades import FillSchema
from marketplace.errors import facts_of
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import reads
from marketplace.trading.commands import (
    ORDERS_MAX,
    CancelAll,
    CancelOrder,
    Line,
    PlaceBasket,
    Placed,
    PlaceOrder,
    ReduceOrder,
    Refused,
    ReplaceOrder,
)
from marketplace.trading.orders import (
    PRICE_MAX,
    QUANTITY_MAX,
    VALUE_MAX,
    OrderState,
    Reason,
    Side,
    TimeInForce,
)
from settlement import ids
from settlement.errors import rebuild
from settlement.store import Page

bp = Resource("orders", __name__, "Instructions to buy (bids) or to sell (offers).")
FILL = ("trade", "price", "quantity")


class LineSchema(Body):
    """What is wanted. Whose it is comes from the key, never from the body."""

    instrument = Id("instrument", required=True)
    side = Code(*Side, required=True)
    price = Int(
        0,
        PRICE_MAX,
        required=True,
        allow_none=True,
        metadata={"description": "Minor units for each unit; null: at the market."},
    )
    quantity = Int(1, QUANTITY_MAX, required=True)
    time_in_force = Code(*TimeInForce, load_default=TimeInForce.GTC.value)
    expires_us = Int(
        load_default=None, allow_none=True, metadata={"description": "Of GTD orders."}
    )
    evergreen = Flag(
        load_default=False,
        metadata={"description": "A vendor's posted price, which does not run out."},
    )
    post_only = Flag(load_default=False)
    purpose = Code(
        *PURPOSES,
        "",
        load_default="",
        metadata={"description": "What a buyer needs the data for."},
    )
    quote = Id(
        "order",
        load_default=None,
        metadata={"description": "The posted price that was seen; it may rise since."},
    )

    @post_load
    def line(self, data: dict[str, Any], **_: Any) -> Line:
        """Return the line of the command."""
        return Line(**data)


class BasketSchema(Body):
    """Up to a thousand orders, each by itself; or, with a total, all or none."""

    total_max = Int(
        0,
        VALUE_MAX,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "Minor units. All lines buy at the market, in full and for "
            "at most so much together, or none does; their prices are null then."
        },
    )

    orders = fields.List(
        fields.Nested(LineSchema),
        required=True,
        validate=Long(1, ORDERS_MAX),
    )


class OrderSchema(Schema):
    """An order as it stands."""

    id = Id("order", required=True)
    at_us = fields.Integer(required=True)
    by = Id("user", attribute="by_user", required=True)
    instrument = Id("instrument", required=True)
    symbol = fields.String(required=True)
    currency = Currency(required=True)
    side = Code(*Side, required=True)
    price = fields.Integer(required=True, allow_none=True)
    quantity = fields.Integer(required=True)
    remaining = fields.Integer(required=True)
    time_in_force = Code(*TimeInForce, required=True)
    expires_us = fields.Integer(required=True, allow_none=True)
    evergreen = Flag(required=True)
    purpose = fields.String(required=True)
    state = Code(*OrderState, required=True)
    reason = Code(*Reason, required=True, allow_none=True)


class PlacedSchema(Schema):
    """What became of an order when it was placed."""

    order = Id("order", required=True)
    state = Code(*OrderState, required=True)
    remaining = fields.Integer(
        required=True, metadata={"description": "Waits in the book."}
    )
    cancelled = fields.Integer(required=True)
    reason = Code(*Reason, required=True, allow_none=True)
    trades = fields.List(fields.Nested(FillSchema), required=True)

    @pre_dump
    def name_fills(self, placed: Placed, **_: Any) -> Mapping[str, Any]:
        """Name the parts of each fill."""
        fills = [dict(zip(FILL, fill, strict=True)) for fill in placed.trades]
        return placed._asdict() | {"trades": fills}


class RefusedSchema(Schema):
    """Why a line of a basket was refused."""

    code = fields.String(required=True)
    title = fields.String(required=True)
    facts = fields.Dict(required=True)


class LineOutcomeSchema(Schema):
    """One of both is null."""

    placed = fields.Nested(PlacedSchema, required=True, allow_none=True)
    refused = fields.Nested(RefusedSchema, required=True, allow_none=True)


class BasketOutcomeSchema(Schema):
    """What became of each line, in their order."""

    orders = fields.List(fields.Nested(LineOutcomeSchema), required=True)


class OrdersQuery(PageQuery):
    """Which orders."""

    which = Code("all", "live", load_default="all")


class ReduceSchema(Body):
    """By how much."""

    quantity = Int(1, QUANTITY_MAX, required=True)


class ReplaceSchema(Body):
    """What the order is to be from now on."""

    price = Int(0, PRICE_MAX, required=True, allow_none=True)
    quantity = Int(
        1, QUANTITY_MAX, required=True, metadata={"description": "That is to wait."}
    )
    post_only = Flag(load_default=False)


class CancelAllSchema(Body):
    """In which instrument; in all unless it is named."""

    instrument = Id("instrument", load_default=None, allow_none=True)


class CancelledSchema(Schema):
    """How many units were given back."""

    cancelled = fields.Integer(required=True)


class CancelledAllSchema(Schema):
    """How many orders were cancelled."""

    orders = fields.Integer(required=True)


class RemainingSchema(Schema):
    """How many units still wait."""

    remaining = fields.Integer(required=True)


@bp.route("/orders", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(LineSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.creates(PlacedSchema)
@bp.refuses(402, 409)
def place_order(line: Line, header: dict[str, str]) -> Any:
    """Place an order. A posted price that rises is announced by its own operation."""
    placed = submit(PlaceOrder(*who(), line), header["key"])
    return placed, at(f"/orders/{ids.encode('order', placed.order)}")


@bp.route("/baskets", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(BasketSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, BasketOutcomeSchema)
@bp.refuses(402, 403, 409)
def place_basket(basket: dict[str, Any], header: dict[str, str]) -> Any:
    """Place up to 1,000 orders at once; a refused line does not touch the others.

    With a total all or none is carried out, and a refusal names the line that stands
    in the way. A posted price that would rise without notice refuses the whole basket.
    """
    lines = tuple(basket["orders"])
    command = PlaceBasket(*who(), lines, basket["total_max"])
    outcomes = submit(command, header["key"])
    return {"orders": [_outcome(outcome) for outcome in outcomes]}


@bp.route("/orders")
@bp.needs()
@bp.arguments(OrdersQuery, location="query")
@bp.lists(OrderSchema)
def list_orders(asked: dict[str, Any]) -> Page:
    """List the member's orders."""
    live = asked["which"] == "live"
    with services().reads.connect() as db:
        return reads.orders_of(
            db, me().member, asked["cursor"], asked["limit"], live=live
        )


@bp.route("/orders/<order>")
@bp.needs()
@bp.response(200, OrderSchema)
@bp.refuses(404)
def get_order(order: int) -> Any:
    """Read one of the member's orders."""
    with services().reads.connect() as db:
        return reads.order(db, order, me().member)


@bp.route("/orders/<order>/cancel", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, CancelledSchema)
@bp.refuses(404, 409)
def cancel_order(header: dict[str, str], order: int) -> Any:
    """Cancel what is left of an order."""
    return {"cancelled": submit(CancelOrder(*who(), order), header["key"])}


@bp.route("/orders/<order>/reduce", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(ReduceSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, RemainingSchema)
@bp.refuses(404, 409)
def reduce_order(by: dict[str, int], header: dict[str, str], order: int) -> Any:
    """Reduce an order by a quantity; it keeps its place in the queue."""
    command = ReduceOrder(*who(), order, by["quantity"])
    return {"remaining": submit(command, header["key"])}


@bp.route("/orders/<order>/replace", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(ReplaceSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, PlacedSchema)
@bp.refuses(402, 404, 409)
def replace_order(new: dict[str, Any], header: dict[str, str], order: int) -> Any:
    """Give an order another price or quantity, at once or not at all.

    Less at the same price keeps the place in the queue; all else is a new order.
    """
    wanted = new["price"], new["quantity"], new["post_only"]
    return submit(ReplaceOrder(*who(), order, *wanted), header["key"])


@bp.route("/orders/cancel", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(CancelAllSchema, required=False)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, CancelledAllSchema)
def cancel_all(which: dict[str, int | None], header: dict[str, str]) -> Any:
    """Cancel every waiting order of the member, or those in one instrument."""
    command = CancelAll(*who(), which["instrument"])
    return {"orders": submit(command, header["key"])}


def _outcome(outcome: Placed | Refused) -> dict[str, Any]:
    if isinstance(outcome, Placed):
        return {"placed": outcome, "refused": None}
    refusal = rebuild(outcome.code, outcome.facts)
    title = str(gettext(refusal.title()))
    told = {"code": outcome.code, "title": title, "facts": facts_of(refusal)}
    return {"placed": None, "refused": told}
