"""Invoices: asked for by the buyer, issued or refused by the seller."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.fields import Body, Code, Currency, Id, Long, Opened, Text
from marketplace.api.resource import (
    TRADERS,
    KeyHeader,
    PageQuery,
    Resource,
    at,
    submit,
    who,
)
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import bills
from marketplace.trading.billing import AskInvoice, IssueInvoice, RefuseInvoice
from marketplace.trading.invoices import (
    LINES_MAX,
    NOTE_MAX,
    OUTSIDE_MAX,
    InvoiceState,
    Series,
)
from settlement import ids
from settlement.store import Page

bp = Resource("invoices", __name__, "Invoices and credit notes.")
REASON_MAX = 2_000


class InvoiceLineSchema(Schema):
    """One trade, or (null) fees of the exchange; `amount` includes `tax`."""

    trade = Id("trade", required=True, allow_none=True)
    amount = fields.Integer(required=True)
    bps = fields.Integer(required=True)
    tax = fields.Integer(required=True)


class InvoiceSchema(Schema):
    """An invoice or credit note; `number` once it is issued, without a gap.

    Of a `period` it is the exchange's, for its fees of that month.
    """

    id = Id("invoice", required=True)
    at_us = fields.Integer(required=True)
    series = Code(*Series, required=True)
    seller = Id("member", required=True)
    buyer = Id("member", required=True)
    currency = Currency(required=True)
    lines = fields.List(fields.Nested(InvoiceLineSchema), required=True)
    amount = fields.Integer(required=True)
    tax = fields.Integer(required=True)
    note = Opened()
    state = Code(*InvoiceState, required=True)
    number = fields.String(required=True)
    outside = fields.String(required=True)
    reason = fields.String(required=True)
    corrects = Id("invoice", required=True, allow_none=True)
    period = fields.String(required=True)
    ended_us = fields.Integer(required=True, allow_none=True)


class NewInvoiceSchema(Body):
    """Which trades, of one seller and currency; to whom the invoice is."""

    trades = fields.List(
        Id("trade", required=True), required=True, validate=Long(1, LINES_MAX)
    )
    note = Text(NOTE_MAX, load_default="")


class IssueSchema(Body):
    """The number of the tax authority's paper."""

    outside = Text(OUTSIDE_MAX, least=1, required=True)


class InvoiceRefusalSchema(Body):
    """Why not."""

    reason = Text(REASON_MAX, least=1, required=True)


@bp.route("/invoices")
@bp.needs()
@bp.arguments(PageQuery, location="query")
@bp.lists(InvoiceSchema)
def list_invoices(asked: dict[str, Any]) -> Page:
    """List the member's invoices and credit notes, either side's."""
    with services().reads.connect() as db:
        page = bills.of_member(db, me().member, asked["cursor"], asked["limit"])
    shown: Any = list(map(_shown, page.rows))
    return page._replace(rows=shown)


@bp.route("/invoices", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(NewInvoiceSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.creates(InvoiceSchema)
@bp.refuses(404)
def ask_invoice(new: dict[str, Any], header: dict[str, str]) -> Any:
    """Ask the seller of settled purchases for an invoice."""
    with services().reads.connect() as db:
        told = bills.told(db, me().member, new["trades"])
    number = submit(AskInvoice(*who(), told, new["note"]), header["key"])
    return _invoice(number), at(f"/invoices/{ids.encode('invoice', number)}")


@bp.route("/invoices/<invoice>")
@bp.needs()
@bp.response(200, InvoiceSchema)
@bp.refuses(404)
def get_invoice(invoice: int) -> Any:
    """Read one invoice."""
    return _invoice(invoice)


@bp.route("/invoices/<invoice>/issue", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(IssueSchema)
@bp.response(200, InvoiceSchema)
@bp.refuses(404)
def issue_invoice(said: dict[str, str], invoice: int) -> Any:
    """Issue what a buyer asked for: it gets the next number."""
    submit(IssueInvoice(*who(), invoice, said["outside"]))
    return _invoice(invoice)


@bp.route("/invoices/<invoice>/refuse", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(InvoiceRefusalSchema)
@bp.response(200, InvoiceSchema)
@bp.refuses(404)
def refuse_invoice(said: dict[str, str], invoice: int) -> Any:
    """Refuse it with a reason; its trades may be asked for again."""
    submit(RefuseInvoice(*who(), invoice, said["reason"]))
    return _invoice(invoice)


def _invoice(number: int) -> Any:
    with services().reads.connect() as db:
        return _shown(bills.get(db, number, me().member))


def _shown(row: Any) -> dict[str, Any]:
    """Return an invoice with its lines and its number."""
    lines = [one._asdict() | {"trade": one.trade or None} for one in bills.lines(row)]
    more = {"lines": lines, "number": bills.number_of(row)}
    shown: dict[str, Any] = row._asdict() | more
    return shown
