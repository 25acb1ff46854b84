"""Market control: the phases of an instrument, by hand or by timetable."""

from typing import Any

from marshmallow import Schema, fields, post_load

from marketplace.api.fields import Body, Code, Currency, Flag, Id, Int, Long, Text
from marketplace.api.orders import CancelledAllSchema
from marketplace.api.phases import IndicativeSchema
from marketplace.api.resource import KeyHeader, Resource, submit
from marketplace.control import CONTROLLERS
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import board
from marketplace.trading.control import (
    AllowTrading,
    SetPhase,
    SetTimetable,
    StopTrading,
    Uncross,
)
from marketplace.trading.orders import PRICE_MAX
from marketplace.trading.rights import REASON_MAX
from marketplace.trading.stops import ALL, OWN
from marketplace.trading.timetable import (
    DAY_MIN,
    HOLIDAYS_MAX,
    STEPS_MAX,
    ZONE_MAX,
    Action,
    Phase,
    Timetable,
)
from settlement.ledger import HOUSE

bp = Resource("staff-phases", __name__, "Phases and calls of the market: for staff.")
SUNDAY = 6
DAYS_MAX = 10**6  # since 1970: in the year 4707


class NewPhaseSchema(Body):
    """Which phase begins; the reference price of a call, null for the last price."""

    phase = Code(*Phase, required=True)
    reference = Int(1, PRICE_MAX, load_default=None, allow_none=True)


class NewStepSchema(Body):
    """What happens at which minute of the day."""

    minute = Int(0, DAY_MIN - 1, required=True)
    action = Code(*Action, required=True)


class NewTimetableSchema(Body):
    """A trading calendar; without steps the phases are set by hand."""

    zone_min = Int(-ZONE_MAX, ZONE_MAX, load_default=480)
    weekdays = fields.List(Int(0, SUNDAY), load_default=(0, 1, 2, 3, 4))
    holidays = fields.List(
        Int(0, DAYS_MAX), load_default=(), validate=Long(0, HOLIDAYS_MAX)
    )
    steps = fields.List(
        fields.Nested(NewStepSchema), required=True, validate=Long(0, STEPS_MAX)
    )

    @post_load
    def timetable(self, data: dict[str, Any], **_: Any) -> Timetable | None:
        """Return the timetable of the command, or none."""
        if not data["steps"]:
            return None
        steps = tuple((step["minute"], step["action"]) for step in data["steps"])
        days = tuple(data["weekdays"]), tuple(data["holidays"])
        return Timetable(data["zone_min"], *days, steps)


class UncrossedSchema(IndicativeSchema):
    """What an uncross came to."""

    trades = fields.Integer(required=True)


class BegunSchema(Schema):
    """What the call that ended came to, if there was one and it could trade."""

    ended = fields.Nested(UncrossedSchema, required=True, allow_none=True)


class NextSchema(Schema):
    """When the timetable next does something."""

    due_us = fields.Integer(required=True, allow_none=True)


@bp.route("/staff/instruments/<instrument>/phase", methods=["POST"])
@bp.needs(*CONTROLLERS)
@bp.arguments(NewPhaseSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, BegunSchema)
@bp.refuses(404, 409)
def set_phase(new: dict[str, Any], header: dict[str, str], instrument: int) -> Any:
    """Begin a phase; a call that collects ends first."""
    command = SetPhase(me().id, instrument, new["phase"], new["reference"])
    return {"ended": submit(command, header["key"])}


@bp.route("/staff/instruments/<instrument>/uncross", methods=["POST"])
@bp.needs(*CONTROLLERS)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, UncrossedSchema)
@bp.refuses(404, 409)
def uncross(header: dict[str, str], instrument: int) -> Any:
    """Trade at one price what a call has collected; it goes on with the rest."""
    return submit(Uncross(me().id, instrument), header["key"])


@bp.route("/staff/instruments/<instrument>/timetable", methods=["PUT"])
@bp.needs(*CONTROLLERS)
@bp.arguments(NewTimetableSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, NextSchema)
@bp.refuses(404)
def set_timetable(
    table: Timetable | None, header: dict[str, str], instrument: int
) -> Any:
    """Let a trading calendar set the phases from now on, or none."""
    return {"due_us": submit(SetTimetable(me().id, instrument, table), header["key"])}


class NewStopSchema(Body):
    """Whom to stop (null: everybody), whether to cancel their orders, and why.

    With an instrument or a currency only that, or what is traded in it, is halted.
    """

    member = Id("member", required=True, allow_none=True)
    cancel = Flag(required=True)
    instrument = Id("instrument", load_default=None, allow_none=True)
    currency = Currency(load_default=None, allow_none=True)
    reason = Text(REASON_MAX, least=1, required=True)


class StopSchema(Schema):
    """One stop that stands; member is null for everybody."""

    member = Id("member", required=True, allow_none=True)
    scope = fields.Integer(
        required=True,
        metadata={"description": "0: all; -1: by itself; else currency or instrument."},
    )
    at_us = fields.Integer(required=True)
    by = Id("user", attribute="by_user", required=True)
    reason = fields.String(required=True)


class StopsSchema(Schema):
    """The stops that stand."""

    data = fields.List(fields.Nested(StopSchema), required=True)


class WhomSchema(Body):
    """Whose orders are taken again; null: everybody's."""

    member = Id("member", required=True, allow_none=True)
    scope = Int(
        OWN, 2**53, load_default=ALL, metadata={"description": "As the stop has it."}
    )


@bp.route("/staff/stops")
@bp.needs(*STAFF)
@bp.response(200, StopsSchema)
def list_stops() -> Any:
    """List the stops that stand, the latest first."""
    with services().reads.connect() as db:
        found = [row._asdict() for row in board.stopped(db)]
    return {"data": [stop | {"member": stop["member"] or None} for stop in found]}


@bp.route("/staff/stops", methods=["POST"])
@bp.needs(*CONTROLLERS)
@bp.arguments(NewStopSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, CancelledAllSchema)
def stop_trading(new: dict[str, Any], header: dict[str, str]) -> Any:
    """Take no more orders of a member, or of anybody; cancels are always taken."""
    whom = HOUSE if new["member"] is None else new["member"]
    scope = new["instrument"] or new["currency"] or ALL
    command = StopTrading(me().id, whom, new["cancel"], new["reason"], scope)
    return {"orders": submit(command, header["key"])}


@bp.route("/staff/stops/end", methods=["POST"])
@bp.needs(*CONTROLLERS)
@bp.arguments(WhomSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(204)
@bp.refuses(403, 404)
def allow_trading(whom: dict[str, int | None], header: dict[str, str]) -> None:
    """Take orders again; another person than the one who stopped them."""
    stopped = HOUSE if whom["member"] is None else whom["member"]
    submit(AllowTrading(me().id, stopped, whom["scope"] or ALL), header["key"])
