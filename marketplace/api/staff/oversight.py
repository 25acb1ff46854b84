"""Oversight: all trades, the trial balance, the fees, figures without gaps."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.fields import Currency, Digits
from marketplace.api.market import HOURS_MAX
from marketplace.api.resource import PageQuery, Resource
from marketplace.api.statistics import FiguresQuery, FiguresSchema, answer
from marketplace.api.trades import TradeSchema
from marketplace.members.roles import STAFF
from marketplace.services import services
from marketplace.trading import reads
from settlement import clock, statements
from settlement.store import Page

bp = Resource(
    "staff-oversight", __name__, "Trades, balances, fees, figures: for staff."
)


class AllTradesQuery(PageQuery):
    """How far back."""

    hours = Digits(1, HOURS_MAX, load_default=24)


class AnyTradeSchema(TradeSchema):
    """A trade; *taker* is the side that arrived."""

    class Meta:
        """There is no own side to it."""

        exclude = ("side",)


class TotalSchema(Schema):
    """One line of the trial balance: who has how much of a currency; total is 0."""

    currency = Currency(attribute="asset", required=True)
    free = fields.Integer(required=True)
    held = fields.Integer(required=True)
    escrow = fields.Integer(required=True)
    house = fields.Integer(required=True)
    open = fields.Integer(required=True)
    total = fields.Integer(required=True)


class TrialBalanceSchema(Schema):
    """One line for each currency."""

    data = fields.List(fields.Nested(TotalSchema), required=True)


@bp.route("/staff/trades")
@bp.needs(*STAFF)
@bp.arguments(AllTradesQuery, location="query")
@bp.lists(AnyTradeSchema)
def list_all_trades(asked: dict[str, Any]) -> Page:
    """List all trades of the last hours."""
    since_us = clock.now_us() - asked["hours"] * clock.HOUR_US
    with services().reads.connect() as db:
        return reads.today(db, since_us, asked["cursor"], asked["limit"])


@bp.route("/staff/trial-balance")
@bp.needs(*STAFF)
@bp.response(200, TrialBalanceSchema)
def get_trial_balance() -> Any:
    """Read the trial balance of all money."""
    with services().reads.connect() as db:
        return {"data": statements.trial_balance(db)}


@bp.route("/staff/statistics/<code>")
@bp.needs("statistician")
@bp.arguments(FiguresQuery, location="query")
@bp.response(200, FiguresSchema)
@bp.refuses(404)
def ask_in_full(asked: dict[str, Any], code: str) -> Any:
    """Answer a question without withholding small cells."""
    return answer(code, asked, public=False)
