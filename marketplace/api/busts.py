"""Erroneous trades: questioned by one of the exchange, decided by another."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.disputes import ApprovalSchema
from marketplace.api.fields import Body, Id, Int, Text
from marketplace.api.limits import ProposedSchema
from marketplace.api.resource import KeyHeader, Resource, submit
from marketplace.control import BUSTERS
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import board, mistakes, reads
from marketplace.trading.control import Decide
from marketplace.trading.orders import PRICE_MAX
from marketplace.trading.questioning import QuestionTrade
from marketplace.trading.rights import REASON_MAX

bp = Resource("busts", __name__, "Trades busted or adjusted by the exchange.")
PRICE = {"description": "Minor units per unit; null: the trade is busted."}


class BustSchema(Schema):
    """What was done to a trade: what moved, and what a unit costs from then on."""

    id = Id("bust", required=True)
    at_us = fields.Integer(required=True)
    price = fields.Integer(required=True, allow_none=True, metadata={**PRICE})
    amount = fields.Integer(
        required=True,
        metadata={"description": "Back to the buyer; below zero: paid on."},
    )
    fee = fields.Integer(
        required=True,
        metadata={"description": "Back to the seller; below zero: charged."},
    )
    reason = fields.String(required=True)


class BustsSchema(Schema):
    """What was done to one trade, the first first."""

    data = fields.List(fields.Nested(BustSchema), required=True)


class NewStruckQuestionSchema(Body):
    """The right price of a unit, or null to bust the trade; and why."""

    price = Int(
        0, PRICE_MAX, load_default=None, allow_none=True, metadata={**PRICE}
    )  # fmt: skip
    reason = Text(REASON_MAX, least=1, lines=True, required=True)


class StruckQuestionSchema(Schema):
    """A question that waits for its second person."""

    id = Id("proposal", required=True)
    at_us = fields.Integer(required=True)
    by = Id("user", attribute="by_user", required=True)
    trade = Id("trade", attribute="struck.trade", required=True)
    price = fields.Integer(required=True, allow_none=True, metadata={**PRICE})
    reason = fields.String(required=True)


class StruckQuestionsSchema(Schema):
    """The questions that wait, the oldest first."""

    data = fields.List(fields.Nested(StruckQuestionSchema), required=True)


@bp.route("/trades/<trade>/busts")
@bp.needs()
@bp.response(200, BustsSchema)
@bp.refuses(404)
def list_busts(trade: int) -> Any:
    """List what the exchange did to one of the member's trades."""
    with services().reads.connect() as db:
        reads.trade(db, trade, me().member)
        return {"data": mistakes.busts_of(db, trade)}


@bp.route("/staff/trades/<trade>/questions", methods=["POST"])
@bp.needs(*BUSTERS)
@bp.arguments(NewStruckQuestionSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, ProposedSchema)
@bp.refuses(404, 409)
def question_trade(new: dict[str, Any], header: dict[str, str], trade: int) -> Any:
    """Propose to bust a trade or to adjust its price; another person decides."""
    with services().reads.connect() as db:
        struck = mistakes.struck_trade(db, trade)
    command = QuestionTrade(me().id, struck, new["price"], new["reason"])
    return {"proposal": submit(command, header["key"])}


@bp.route("/staff/questions")
@bp.needs(*STAFF)
@bp.response(200, StruckQuestionsSchema)
def list_struck_questions() -> Any:
    """List the trades in question that wait for a second person."""
    with services().reads.connect() as db:
        return {"data": mistakes.questions(db)}


@bp.route("/staff/questions/<proposal>", methods=["POST"])
@bp.needs(*BUSTERS)
@bp.arguments(ApprovalSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(204)
@bp.refuses(402, 403, 404, 409)
def decide_question(
    said: dict[str, bool], header: dict[str, str], proposal: int
) -> None:
    """Carry a bust or an adjustment out, or turn it down."""
    with services().reads.connect() as db:
        board.check_kind(db, proposal, *mistakes.KINDS)
    submit(Decide(me().id, proposal, said["approve"]), header["key"])
