"""Disputes of trades in escrow, and refunds of settled sales."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.fields import Body, Code, Currency, Flag, Id, Int, Opened, Text
from marketplace.api.limits import ProposedSchema
from marketplace.api.resource import (
    TRADERS,
    KeyHeader,
    PageQuery,
    Resource,
    at,
    submit,
    who,
)
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import board, claims, reads
from marketplace.trading.control import Decide, Propose
from marketplace.trading.objecting import (
    AgreeDispute,
    AnswerDispute,
    OfferRefund,
    OpenDispute,
    ResolveDispute,
    ReturnSale,
    WithdrawDispute,
)
from settlement import ids
from settlement.disputes import NOTE_MAX, REASONS, DisputeState
from settlement.money import AMOUNT_MAX
from settlement.store import Page

bp = Resource("disputes", __name__, "Objections to deliveries, and refunds.")
DECIDERS = ("settlement_officer", "settlement_approver")


class NewDisputeSchema(Body):
    """Why the buyer objects, with the evidence in words."""

    reason = Code(*REASONS, required=True)
    note = Text(NOTE_MAX, least=1, lines=True, required=True)


class DisputeAnswerSchema(Body):
    """What the vendor says, and how much it would give back (minor units)."""

    note = Text(NOTE_MAX, least=1, lines=True, required=True)
    offer = Int(0, AMOUNT_MAX, load_default=0)


class ResolutionSchema(Body):
    """How much goes back of what is frozen (minor units), and why; 0: nothing."""

    refund = Int(0, AMOUNT_MAX, required=True)
    reason = Text(NOTE_MAX, least=1, lines=True, required=True)


class NewRefundSchema(Body):
    """How much goes back (minor units), and why."""

    amount = Int(1, AMOUNT_MAX, required=True)
    reason = Text(NOTE_MAX, least=1, lines=True, required=True)


class ApprovalSchema(Body):
    """Whether it is carried out; who proposed it may only withdraw it."""

    approve = Flag(required=True)


class DisputeSchema(Schema):
    """A dispute: `frozen` stands still until it ends, `refund` went back then."""

    id = Id("dispute", required=True)
    trade = Id("trade", required=True)
    at_us = fields.Integer(required=True)
    symbol = fields.String(required=True)
    buyer = Id("member", required=True)
    seller = Id("member", required=True)
    currency = Currency(required=True)
    frozen = fields.Integer(attribute="left_over", required=True)
    reason = Code(*REASONS, required=True)
    note = Opened()
    state = Code(*DisputeState, required=True)
    answer_by_us = fields.Integer(required=True)
    decide_by_us = fields.Integer(required=True)
    answer = Opened()
    offer = fields.Integer(required=True, allow_none=True)
    refund = fields.Integer(required=True, allow_none=True)


class DisputesSchema(Schema):
    """The disputes under way, what is to be decided first on top."""

    data = fields.List(fields.Nested(DisputeSchema), required=True)


class RefundSchema(Schema):
    """A refund of a settled sale, and the fee that the house gave back with it."""

    id = Id("refund", required=True)
    at_us = fields.Integer(required=True)
    amount = fields.Integer(required=True)
    fee = fields.Integer(required=True)


class RefundsSchema(Schema):
    """The refunds of one trade, the first first."""

    data = fields.List(fields.Nested(RefundSchema), required=True)


class DecisionWaitsSchema(Schema):
    """A decision that waits for its second person."""

    id = Id("proposal", required=True)
    at_us = fields.Integer(required=True)
    by = Id("user", attribute="by_user", required=True)
    kind = Code(*claims.KINDS, required=True)
    dispute = Id("dispute", required=True, allow_none=True)
    trade = Id("trade", required=True)
    amount = fields.Integer(required=True)
    reason = fields.String(required=True)


class DecisionsWaitSchema(Schema):
    """The decisions that wait, the oldest first."""

    data = fields.List(fields.Nested(DecisionWaitsSchema), required=True)


@bp.route("/disputes")
@bp.needs()
@bp.arguments(PageQuery, location="query")
@bp.lists(DisputeSchema)
def list_disputes(asked: dict[str, Any]) -> Page:
    """List the disputes that the member is a party to."""
    with services().reads.connect() as db:
        return claims.of_member(db, me().member, asked["cursor"], asked["limit"])


@bp.route("/disputes/<dispute>")
@bp.needs()
@bp.response(200, DisputeSchema)
@bp.refuses(404)
def get_dispute(dispute: int) -> Any:
    """Read one of the member's disputes."""
    return _dispute(dispute)


@bp.route("/trades/<trade>/dispute", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(NewDisputeSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.creates(DisputeSchema)
@bp.refuses(404, 409)
def open_dispute(said: dict[str, Any], header: dict[str, str], trade: int) -> Any:
    """Object to what was delivered: the money stands still until it is decided."""
    number = submit(OpenDispute(*who(), trade, **said), header["key"])
    return _dispute(number), at(f"/disputes/{ids.encode('dispute', number)}")


@bp.route("/disputes/<dispute>/answer", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(DisputeAnswerSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, DisputeSchema)
@bp.refuses(404, 409)
def answer_dispute(said: dict[str, Any], header: dict[str, str], dispute: int) -> Any:
    """Answer an objection, with an offer if there is one."""
    submit(AnswerDispute(*who(), dispute, **said), header["key"])
    return _dispute(dispute)


@bp.route("/disputes/<dispute>/agree", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, DisputeSchema)
@bp.refuses(404, 409)
def agree_dispute(header: dict[str, str], dispute: int) -> Any:
    """End it by agreement: the buyer takes the offer, or the vendor gives all back."""
    submit(AgreeDispute(*who(), dispute), header["key"])
    return _dispute(dispute)


@bp.route("/disputes/<dispute>/withdraw", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, DisputeSchema)
@bp.refuses(404, 409)
def withdraw_dispute(header: dict[str, str], dispute: int) -> Any:
    """Withdraw the member's own objection: the vendor is paid."""
    submit(WithdrawDispute(*who(), dispute), header["key"])
    return _dispute(dispute)


@bp.route("/trades/<trade>/return", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(KeyHeader, location="headers")
@bp.response(204)
@bp.refuses(404, 409)
def return_sale(header: dict[str, str], trade: int) -> None:
    """Give back what waits in escrow of the vendor's own sale."""
    submit(ReturnSale(*who(), trade), header["key"])


@bp.route("/trades/<trade>/refunds")
@bp.needs()
@bp.response(200, RefundsSchema)
@bp.refuses(404)
def list_refunds(trade: int) -> Any:
    """List the refunds of one of the member's trades after it settled."""
    with services().reads.connect() as db:
        reads.trade(db, trade, me().member)
        return {"data": claims.refunds_of(db, trade)}


@bp.route("/trades/<trade>/refunds", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(NewRefundSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, ProposedSchema)
@bp.refuses(404, 409)
def offer_refund(new: dict[str, Any], header: dict[str, str], trade: int) -> Any:
    """Offer a refund of a settled sale; it is paid once the exchange approves it."""
    with services().reads.connect() as db:
        sale = claims.sale(db, trade, me().member)
    command = OfferRefund(*who(), sale, new["amount"], new["reason"])
    return {"proposal": submit(command, header["key"])}


@bp.route("/staff/disputes")
@bp.needs(*STAFF)
@bp.response(200, DisputesSchema)
def queue_disputes() -> Any:
    """List the disputes under way."""
    with services().reads.connect() as db:
        return {"data": claims.queue(db)}


@bp.route("/staff/disputes/<dispute>/resolution", methods=["POST"])
@bp.needs(*DECIDERS)
@bp.arguments(ResolutionSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, ProposedSchema)
@bp.refuses(404, 409)
def resolve_dispute(said: dict[str, Any], header: dict[str, str], dispute: int) -> Any:
    """Propose a decision; another person carries it out."""
    values = (dispute, said["refund"])
    command = Propose(me().id, ResolveDispute.__name__, values, said["reason"])
    return {"proposal": submit(command, header["key"])}


@bp.route("/staff/decisions")
@bp.needs(*STAFF)
@bp.response(200, DecisionsWaitSchema)
def list_decisions() -> Any:
    """List the decisions and refunds that wait for a second person."""
    with services().reads.connect() as db:
        return {"data": claims.decisions(db)}


@bp.route("/staff/decisions/<proposal>", methods=["POST"])
@bp.needs(*DECIDERS)
@bp.arguments(ApprovalSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(204)
@bp.refuses(402, 403, 404, 409)
def decide_claim(said: dict[str, bool], header: dict[str, str], proposal: int) -> None:
    """Carry a decision or a refund out, or turn it down."""
    with services().reads.connect() as db:
        board.check_kind(db, proposal, *claims.KINDS)
    submit(Decide(me().id, proposal, said["approve"]), header["key"])


def _dispute(number: int) -> Any:
    with services().reads.connect() as db:
        return claims.dispute(db, number, me().member)
