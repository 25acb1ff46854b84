"""Trades: the member's own, and what was agreed in each."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.fields import Code, Currency, Id
from marketplace.api.resource import PageQuery, Resource
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import reads
from marketplace.trading.orders import Side
from settlement import statements
from settlement.store import Page

bp = Resource("trades", __name__, "What was matched and settled.")


NEGOTIATED = {"description": "None for a personal price."}


class OrderId(Id):
    """The id of an order in a trade; null where a negotiated trade has none."""

    def __init__(self, **more: Any) -> None:
        """Know the kind."""
        super().__init__("order", **more)

    def _serialize(
        self, value: Any, attr: str | None, obj: Any, **more: Any
    ) -> str | None:
        return super()._serialize(value or None, attr, obj, **more)


class FillSchema(Schema):
    """A trade as its price and quantity."""

    trade = Id("trade", required=True)
    price = fields.Integer(required=True)
    quantity = fields.Integer(required=True)


class TradeSchema(Schema):
    """A trade of the member; *side* is its own."""

    id = Id("trade", required=True)
    at_us = fields.Integer(required=True)
    instrument = Id("instrument", required=True)
    symbol = fields.String(required=True)
    side = Code(*Side, required=True)
    taker = Code(*Side, required=True)
    price = fields.Integer(required=True)
    quantity = fields.Integer(required=True)
    value = fields.Integer(required=True)
    currency = Currency(required=True)
    fee = fields.Integer(required=True, metadata={"description": "Paid by the seller."})
    buyer = Id("member", required=True)
    seller = Id("member", required=True)
    buy_order = OrderId(required=True, allow_none=True, metadata={**NEGOTIATED})
    sell_order = OrderId(required=True, allow_none=True, metadata={**NEGOTIATED})
    origin = fields.String(required=True)
    state = fields.String(required=True)
    corrected = Code(
        "busted",
        "adjusted",
        required=True,
        allow_none=True,
        metadata={"description": "By the exchange, afterwards; see its busts."},
    )


class OwnTradeSchema(TradeSchema):
    """A trade as one of its parties sees it: the other's order is not theirs to see."""

    class Meta:
        """What is left out."""

        exclude = ("buy_order", "sell_order")

    order = OrderId(
        required=True,
        allow_none=True,
        metadata={"description": "Your own order; none for a personal price."},
    )


class ContractSchema(Schema):
    """What was agreed in a trade, frozen."""

    trade = Id("trade", attribute="id", required=True)
    at_us = fields.Integer(required=True)
    purpose = fields.String(required=True)
    fee_schedule = fields.Integer(required=True)
    terms_sha256 = fields.String(
        required=True, metadata={"description": "Of the terms' canonical JSON."}
    )
    terms = fields.Dict(
        required=True,
        metadata={"description": "Product, release, files, licence with its text."},
    )


@bp.route("/trades")
@bp.needs()
@bp.arguments(PageQuery, location="query")
@bp.lists(OwnTradeSchema)
def list_trades(asked: dict[str, Any]) -> Page:
    """List the member's trades, on either side."""
    with services().reads.connect() as db:
        page = reads.trades_of(db, me().member, asked["cursor"], asked["limit"])
        return page._replace(rows=[own(row) for row in page.rows])


@bp.route("/trades/<trade>")
@bp.needs()
@bp.response(200, OwnTradeSchema)
@bp.refuses(404)
def get_trade(trade: int) -> Any:
    """Read one of the member's trades."""
    with services().reads.connect() as db:
        return own(reads.trade(db, trade, me().member))


@bp.route("/trades/<trade>/contract")
@bp.needs()
@bp.response(200, ContractSchema)
@bp.refuses(404)
def get_contract(trade: int) -> Any:
    """Read what was agreed in one of the member's trades."""
    with services().reads.connect() as db:
        mine = reads.trade(db, trade, me().member)
        agreed = statements.contract(db, mine.id)
        return agreed._asdict() | {"terms": statements.terms(db, agreed.terms)}


def own(row: Any, side: str | None = None) -> Any:
    """Return a trade with the member's own order alone; *side* unless *row* has it."""
    side = side or row.side
    order = row.buy_order if side == "buy" else row.sell_order
    return row._asdict() | {"order": order, "side": side}
