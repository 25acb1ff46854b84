"""Statements: a member's month in figures, and the transfers behind each."""

from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import Regexp

from marketplace import accounting
from marketplace.accounting import Month
from marketplace.api.cash import TransferSchema, transfer
from marketplace.api.fields import Code, Currency
from marketplace.api.resource import PageQuery, Resource
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import summaries
from marketplace.web.months import of_month
from settlement.flows import Figure
from settlement.store import Page

bp = Resource("statements", __name__, "The member's statements by month.")
MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])$"


class StatementQuery(Schema):
    """Which month of the exchange's calendar; the present one if none is named."""

    month = fields.String(
        load_default="",
        validate=Regexp(MONTH),
        metadata={"pattern": MONTH, "description": "As 2026-11."},
    )


class StatementFigureQuery(PageQuery, StatementQuery):
    """Which figure of a month's statement."""

    currency = Currency(required=True)
    figure = Code(*Figure, required=True)


class StatementFigureSchema(Schema):
    """By how much a kind of transfers changed the balance."""

    figure = Code(*Figure, required=True)
    amount = fields.Integer(required=True)
    transfers = fields.Integer(required=True)


class IncludedTaxesSchema(Schema):
    """The tax included, by the rates that the contracts froze."""

    sales = fields.Integer(required=True)
    purchases = fields.Integer(required=True)
    fees = fields.Integer(required=True)


class NettedSumsSchema(Schema):
    """What the figure `netting` is the difference of."""

    bought = fields.Integer(required=True)
    sold = fields.Integer(required=True)
    fee = fields.Integer(required=True)
    shares = fields.Integer(required=True)


class SummarySchema(Schema):
    """One currency: `closing` is `opening` and the sum of the figures."""

    currency = fields.String(required=True)
    opening = fields.Integer(required=True)
    figures = fields.List(fields.Nested(StatementFigureSchema), required=True)
    closing = fields.Integer(required=True)
    net = fields.Integer(
        required=True, metadata={"description": "All but money in and out."}
    )
    tax = fields.Nested(IncludedTaxesSchema, required=True)
    netted = fields.Nested(NettedSumsSchema, required=True)


class StatementSchema(Schema):
    """A month; once it is over its statement does not change."""

    month = fields.String(required=True)
    member = fields.String(required=True)
    from_us = fields.Integer(required=True)
    until_us = fields.Integer(required=True)
    is_over = fields.Boolean(required=True)
    data = fields.List(fields.Nested(SummarySchema), required=True)


@bp.route("/statements")
@bp.needs()
@bp.arguments(StatementQuery, location="query")
@bp.response(200, StatementSchema)
@bp.refuses(404)
def get_statement(asked: dict[str, str]) -> Any:
    """Read the member's statement of a month."""
    month = Month(*of_month(asked["month"]), me().member)
    with services().reads.connect() as db:
        return accounting.told(month, accounting.of_month(db, month))


@bp.route("/statements/transfers")
@bp.needs()
@bp.arguments(StatementFigureQuery, location="query")
@bp.lists(TransferSchema)
@bp.refuses(404)
def list_statement_transfers(asked: dict[str, Any]) -> Page:
    """List the transfers that a figure of a statement is the sum of."""
    month = Month(*of_month(asked["month"]), me().member)
    with services().reads.connect() as db:
        page = summaries.postings(
            db, month.member, accounting.during(db, month), asked["currency"],
            Figure(asked["figure"]), asked["cursor"], asked["limit"],
        )  # fmt: skip
    return page._replace(rows=list(map(transfer, page.rows)))
