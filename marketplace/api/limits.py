"""The venue's limits, in public; proposed by one of the staff, decided by another."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.fields import Body, Code, Flag, Id, Int, Text
from marketplace.api.market import visible_book
from marketplace.api.resource import KeyHeader, Resource, submit
from marketplace.control import CONTROLLERS
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import board
from marketplace.trading.control import Decide, Propose, SetLimits
from marketplace.trading.limits import BPS, MOST
from marketplace.trading.proposals import WHOLE
from marketplace.trading.rights import REASON_MAX

bp = Resource("limits", __name__, "Price bands, order values and rates of orders.")
OPEN = {"load_default": None, "allow_none": True}


class NewLimitsSchema(Body):
    """Named limits; null: as the market has it, or none; 0: none."""

    static_bps = Int(
        0, BPS - 1, **OPEN,
        metadata={"description": "Either side of the last price before today."},
    )  # fmt: skip
    dynamic_bps = Int(
        0, BPS - 1, **OPEN, metadata={"description": "Either side of the last price."}
    )
    finger_times = Int(
        0, 10_000, **OPEN,
        metadata={"description": "Times the last price: above for bids, below for "
                  "offers."},
    )  # fmt: skip
    value_max = Int(
        0, MOST, **OPEN, metadata={"description": "Of one order, in minor units."}
    )
    second_max = Int(
        0, MOST, **OPEN, metadata={"description": "Orders of a member in a second."}
    )
    untraded_max = Int(
        0, MOST, **OPEN,
        metadata={"description": "Orders of a member here in a day, for each trade."},
    )  # fmt: skip


class ProposedLimitsSchema(Body):
    """Limits that another person is to put in force, and why."""

    instrument = Id("instrument", **OPEN)
    limits = fields.Nested(NewLimitsSchema, required=True)
    reason = Text(REASON_MAX, least=1, required=True)


class LimitsSchema(Schema):
    """The limits in force here, and the prices that are taken at present."""

    static_bps = fields.Integer(required=True, allow_none=True)
    dynamic_bps = fields.Integer(required=True, allow_none=True)
    finger_times = fields.Integer(required=True, allow_none=True)
    value_max = fields.Integer(required=True, allow_none=True)
    second_max = fields.Integer(required=True, allow_none=True)
    untraded_max = fields.Integer(required=True, allow_none=True)


class ProposedSchema(Schema):
    """The number of a proposal that waits."""

    proposal = Id("proposal", required=True)


class ProposalSchema(Schema):
    """A step of the venue that waits for a second person."""

    id = Id("proposal", required=True)
    at_us = fields.Integer(required=True)
    by = Id("user", attribute="by_user", required=True)
    kind = Code("SetLimits", required=True)
    instrument = Id("instrument", required=True, allow_none=True)
    limits = fields.Nested(LimitsSchema, required=True)
    reason = fields.String(required=True)


class ProposalsSchema(Schema):
    """The proposals that wait, the oldest first."""

    data = fields.List(fields.Nested(ProposalSchema), required=True)


class DecisionSchema(Body):
    """Whether it is carried out; its proposer may only withdraw it."""

    approve = Flag(required=True)


@bp.route("/instruments/<instrument>/limits")
@bp.response(200, LimitsSchema)
@bp.refuses(404)
def get_limits(instrument: int) -> Any:
    """Read the limits that hold in an instrument; null where there is none."""
    with services().reads.connect() as db:
        visible_book(db, instrument)
        return board.limits_of(db, instrument)


@bp.route("/staff/proposals")
@bp.needs(*STAFF)
@bp.response(200, ProposalsSchema)
def list_proposals() -> Any:
    """List the proposals that wait for a second person."""
    with services().reads.connect() as db:
        found = [proposal._asdict() for proposal in board.proposed(db)]
    return {"data": [one | {"instrument": one["instrument"] or None} for one in found]}


@bp.route("/staff/proposals", methods=["POST"])
@bp.needs(*CONTROLLERS)
@bp.arguments(ProposedLimitsSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, ProposedSchema)
@bp.refuses(404)
def propose_limits(new: dict[str, Any], header: dict[str, str]) -> Any:
    """Propose limits of an instrument, or of the whole market (null)."""
    limits = tuple(new["limits"][name] for name in NewLimitsSchema().fields)
    values = (new["instrument"] or WHOLE, limits)
    command = Propose(me().id, SetLimits.__name__, values, new["reason"])
    return {"proposal": submit(command, header["key"])}


@bp.route("/staff/proposals/<proposal>/decision", methods=["POST"])
@bp.needs(*CONTROLLERS)
@bp.arguments(DecisionSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(204)
@bp.refuses(403, 404)
def decide(decision: dict[str, bool], header: dict[str, str], proposal: int) -> None:
    """Carry a proposal out, or turn it down."""
    with services().reads.connect() as db:
        board.check_kind(db, proposal, SetLimits.__name__)
    submit(Decide(me().id, proposal, decision["approve"]), header["key"])
