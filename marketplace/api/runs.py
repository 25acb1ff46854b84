"""Cycles: when trades settle, the member's positions in runs, its debts; the desk."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.fields import Body, Code, Currency, Id
from marketplace.api.resource import (
    TRADERS,
    KeyHeader,
    PageQuery,
    Resource,
    submit,
    who,
)
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import settling
from marketplace.trading.dues import (
    ApproveRun,
    CancelRun,
    ExecuteRun,
    FreezeRun,
    PayDebt,
)
from settlement import clock
from settlement.cycles import ObligationState, RunState
from settlement.store import Page

bp = Resource("cycles", __name__, "Trades that settle at the end of a cycle.")
DESK = ("settlement_officer", "settlement_approver")


class CycleSchema(Schema):
    """How many working days after the trade it settles; 0: at once."""

    currency = Currency(required=True)
    origin = fields.String(required=True)
    days = fields.Integer(required=True)
    cover_bps = fields.Integer(required=True)


class CyclesSchema(Schema):
    """One row for each currency and way of trading that was ever decided on."""

    data = fields.List(fields.Nested(CycleSchema), required=True)


class PositionSchema(Schema):
    """What a run comes to for a member; `short` was advanced by the reserve."""

    run = Id("run", required=True)
    at_us = fields.Integer(required=True)
    member = Id("member", required=True)
    currency = Currency(required=True)
    pays = fields.Integer(required=True)
    gets = fields.Integer(required=True)
    fee = fields.Integer(required=True)
    shares = fields.Integer(required=True)
    net = fields.Integer(required=True)
    short = fields.Integer(required=True)
    state = Code(*RunState, required=True)


class NettedTradeSchema(Schema):
    """A trade behind a position."""

    trade = Id("trade", attribute="id", required=True)
    at_us = fields.Integer(required=True)
    symbol = fields.String(required=True)
    buyer = Id("member", required=True)
    seller = Id("member", required=True)
    value = fields.Integer(required=True)
    fee = fields.Integer(required=True)
    cover = fields.Integer(required=True)
    obligation = Code(*ObligationState, required=True)


class DebtSchema(Schema):
    """What the reserve advanced for the member, and why it had to."""

    id = Id("fail", required=True)
    run = Id("run", required=True)
    at_us = fields.Integer(required=True)
    currency = Currency(required=True)
    amount = fields.Integer(required=True)
    penalty = fields.Integer(required=True)
    cause = fields.String(required=True)
    state = fields.String(required=True)


class DebtsSchema(Schema):
    """The member's debts, open ones first."""

    data = fields.List(fields.Nested(DebtSchema), required=True)


class DebtPaidSchema(Schema):
    """What was paid: the debt with its penalty."""

    paid = fields.Integer(required=True)


class RunSchema(Schema):
    """A netting run; `gross` is what all buyers owe, `net` what moves."""

    id = Id("run", required=True)
    at_us = fields.Integer(required=True)
    currency = Currency(required=True)
    state = Code(*RunState, required=True)
    trades = fields.Integer(required=True)
    gross = fields.Integer(required=True)
    net = fields.Integer(required=True)
    by = Id("user", attribute="by_user", required=True)
    approved_by = Id("user", required=True, allow_none=True)


class PreviewLineSchema(Schema):
    """What a run would come to for a member."""

    member = Id("member", required=True)
    pays = fields.Integer(required=True)
    gets = fields.Integer(required=True)
    fee = fields.Integer(required=True)
    shares = fields.Integer(required=True)
    net = fields.Integer(required=True)


class PreviewSchema(Schema):
    """What a run of one currency would come to now."""

    currency = Currency(required=True)
    trades = fields.Integer(required=True)
    gross = fields.Integer(required=True)
    net = fields.Integer(required=True)
    lines = fields.List(fields.Nested(PreviewLineSchema), required=True)


class PreviewsSchema(Schema):
    """One for each currency in which something is due."""

    data = fields.List(fields.Nested(PreviewSchema), required=True)


class NewRunSchema(Body):
    """Which currency."""

    currency = Currency(required=True)


@bp.route("/cycles")
@bp.response(200, CyclesSchema)
def list_cycles() -> Any:
    """List when trades settle; what is not here settles at once."""
    with services().reads.connect() as db:
        return {"data": settling.rules(db)}


@bp.route("/runs")
@bp.needs()
@bp.arguments(PageQuery, location="query")
@bp.lists(PositionSchema)
def list_positions(asked: dict[str, Any]) -> Page:
    """List the member's positions in netting runs."""
    with services().reads.connect() as db:
        return settling.lines_of(db, me().member, asked["cursor"], asked["limit"])


@bp.route("/runs/<run>/trades")
@bp.needs()
@bp.arguments(PageQuery, location="query")
@bp.lists(NettedTradeSchema)
@bp.refuses(404)
def list_netted_trades(asked: dict[str, Any], run: int) -> Page:
    """List the trades behind the member's position in a run."""
    with services().reads.connect() as db:
        settling.line_of(db, run, me().member)
        return settling.trades_of(db, run, me().member, asked["cursor"])


@bp.route("/debts")
@bp.needs()
@bp.response(200, DebtsSchema)
def list_debts() -> Any:
    """List the member's debts from netting runs."""
    with services().reads.connect() as db:
        return {"data": settling.debts(db, me().member)}


@bp.route("/debts/<fail>/payment", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, DebtPaidSchema)
@bp.refuses(402, 404)
def pay_debt(header: dict[str, str], fail: int) -> Any:
    """Pay a debt with its penalty; the rights that waited for it are in force."""
    return {"paid": submit(PayDebt(*who(), fail), header["key"])}


@bp.route("/staff/runs")
@bp.needs(*STAFF)
@bp.arguments(PageQuery, location="query")
@bp.lists(RunSchema)
def list_runs(asked: dict[str, Any]) -> Page:
    """List the netting runs."""
    with services().reads.connect() as db:
        return settling.runs_of(db, asked["cursor"], asked["limit"])


@bp.route("/staff/runs/preview")
@bp.needs(*STAFF)
@bp.response(200, PreviewsSchema)
def preview_runs() -> Any:
    """Say what a run of each currency would come to now."""
    with services().reads.connect() as db:
        return {"data": settling.preview(db, clock.now_us())}


@bp.route("/staff/runs", methods=["POST"])
@bp.needs(*DESK)
@bp.arguments(NewRunSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(201, RunSchema)
@bp.refuses(409)
def freeze_run(new: dict[str, Any], header: dict[str, str]) -> Any:
    """Freeze what is due in a currency into a run."""
    return _run(submit(FreezeRun(me().id, new["currency"]), header["key"]))


@bp.route("/staff/runs/<run>/approval", methods=["POST"])
@bp.needs(*DESK)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, RunSchema)
@bp.refuses(403, 404, 409)
def approve_run(header: dict[str, str], run: int) -> Any:
    """Approve a frozen run as the second person."""
    submit(ApproveRun(me().id, run), header["key"])
    return _run(run)


@bp.route("/staff/runs/<run>/execution", methods=["POST"])
@bp.needs(*DESK)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, RunSchema)
@bp.refuses(404, 409)
def execute_run(header: dict[str, str], run: int) -> Any:
    """Settle an approved run as a whole."""
    submit(ExecuteRun(me().id, run), header["key"])
    return _run(run)


@bp.route("/staff/runs/<run>/cancellation", methods=["POST"])
@bp.needs(*DESK)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, RunSchema)
@bp.refuses(404, 409)
def cancel_run(header: dict[str, str], run: int) -> Any:
    """Give a run up that is not executed."""
    submit(CancelRun(me().id, run), header["key"])
    return _run(run)


def _run(number: int) -> Any:
    with services().reads.connect() as db:
        return settling.run(db, number)
