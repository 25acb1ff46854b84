"""Phases and calls of an instrument, in public: what it does with orders now."""

from typing import Any

from marshmallow import Schema, fields, pre_dump

from marketplace.api.fields import Code
from marketplace.api.market import visible_book
from marketplace.api.resource import PageQuery, Resource
from marketplace.services import services
from marketplace.trading import board
from marketplace.trading.orders import Side
from marketplace.trading.timetable import Action, Phase, Timetable
from settlement.store import Page

bp = Resource("phases", __name__, "Phases, calls and their prices, in public.")


class IndicativeSchema(Schema):
    """What a call would come to now; price is null where nothing could trade."""

    price = fields.Integer(required=True, allow_none=True)
    quantity = fields.Integer(required=True)
    surplus = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Null: a posted price has no end."},
    )
    side = Code(*Side, required=True, allow_none=True)


class StepSchema(Schema):
    """One step of a timetable."""

    minute = fields.Integer(required=True)
    action = Code(*Action, required=True)


class TimetableSchema(Schema):
    """What happens on which days."""

    zone_min = fields.Integer(
        required=True, metadata={"description": "Minutes east of UTC."}
    )
    weekdays = fields.List(
        fields.Integer, required=True, metadata={"description": "0 is Monday."}
    )
    holidays = fields.List(
        fields.Integer, required=True, metadata={"description": "Days since 1970."}
    )
    steps = fields.List(fields.Nested(StepSchema), required=True)

    @pre_dump
    def name_steps(self, table: Timetable, **_: Any) -> dict[str, Any]:
        """Name the parts of each step."""
        steps = [{"minute": minute, "action": action} for minute, action in table.steps]
        return table._asdict() | {"steps": steps}


class BoardSchema(Schema):
    """What an instrument does with orders now; prices in minor units."""

    state = Code("listed", "suspended", "delisted", required=True)
    phase = Code(*Phase, required=True)
    reference = fields.Integer(required=True, allow_none=True)
    floor = fields.Integer(required=True, allow_none=True)
    ceiling = fields.Integer(required=True, allow_none=True)
    timetable = fields.Nested(TimetableSchema, required=True, allow_none=True)
    due_us = fields.Integer(required=True, allow_none=True)
    indicative = fields.Nested(IndicativeSchema, required=True, allow_none=True)


class AuctionSchema(IndicativeSchema):
    """What a call came to; its trades have the origin auction."""

    at_us = fields.Integer(required=True)
    reference = fields.Integer(required=True, allow_none=True)
    floor = fields.Integer(required=True)
    ceiling = fields.Integer(required=True)


@bp.route("/instruments/<instrument>/phase")
@bp.response(200, BoardSchema)
@bp.refuses(404)
def get_phase(instrument: int) -> Any:
    """Read an instrument's phase and, while a call collects, its indicative price."""
    with services().reads.connect() as db:
        visible_book(db, instrument)
        return board.board(db, instrument)


@bp.route("/instruments/<instrument>/auctions")
@bp.arguments(PageQuery, location="query")
@bp.lists(AuctionSchema)
@bp.refuses(404)
def list_auctions(asked: dict[str, Any], instrument: int) -> Page:
    """List what the calls of an instrument came to, newest first."""
    with services().reads.connect() as db:
        visible_book(db, instrument)
        return board.auctions_of(db, instrument, asked["cursor"], asked["limit"])
