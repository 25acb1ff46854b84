"""Invoices: asked for by the buyer, issued or refused by the seller, on paper."""

from http import HTTPStatus

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings.marking import N_
from marketplace import bill
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import bills
from marketplace.trading.billing import AskInvoice, IssueInvoice, RefuseInvoice
from marketplace.trading.invoices import LINES_MAX, NOTE_MAX, OUTSIDE_MAX
from marketplace.web.cash import OnceForm, bp
from marketplace.web.forms import Form, again, read, text
from marketplace.web.layout import before, place
from settlement import ids
from settlement.errors import Invalid, NotFound

TRADERS = ("buyer", "vendor")
CHOOSE = N_("Choose trades of one seller and currency, at most 50.")
REASON_MAX = 2_000


class AskForm(OnceForm):
    """To whom the invoice is; its trades are boxes that are ticked."""

    note = text(NOTE_MAX, needed=False)


class IssueForm(Form):
    """The number of the paper that the tax authority knows."""

    outside = text(OUTSIDE_MAX)


class RefuseForm(Form):
    """Why not."""

    reason = text(REASON_MAX)


@bp.get("/invoices")
@needs()
def invoices() -> ResponseReturnValue:
    """Show the member's invoices, either side's, and what may be asked for."""
    member = me().member
    with services().reads.connect() as db:
        page = bills.of_member(db, member, before())
        waiting = bills.askable(db, member, place("older"))
        parties = {p for row in page.rows for p in (row.seller, row.buyer)}
        parties |= {row.seller for row in waiting.rows}
        return render_template(
            "cash/invoices.html",
            page=page,
            waiting=waiting.rows,
            older=waiting.before,
            most=LINES_MAX,
            number_of=bills.number_of,
            names=organisations.names(db, parties),
        )


@bp.post("/invoices")
@needs(*TRADERS)
@again(invoices)
def ask_invoice() -> ResponseReturnValue:
    """Ask for an invoice on the trades that were ticked."""
    typed = read(AskForm())
    numbers = [ids.decode("trade", one) for one in request.form.getlist("trade")]
    if not 0 < len(numbers) <= LINES_MAX:
        raise Invalid({"trade": [CHOOSE]})
    with services().reads.connect() as db:
        told = bills.told(db, me().member, numbers)
    if len({(one.seller, one.currency) for one, _ in told}) > 1:
        raise Invalid({"trade": [CHOOSE]})
    command = AskInvoice(me().id, me().member, told, typed["note"])
    number = services().gateway.submit(command, typed["key"] or None).result
    flash(gettext("Asked for. The seller issues it, or says why not."), "success")
    return _to(number)


@bp.get("/invoices/<invoice>")
@needs()
def invoice(invoice: str) -> ResponseReturnValue:
    """Show one invoice: its lines, its state, what its seller may do."""
    with services().reads.connect() as db:
        row = bills.get(db, ids.decode("invoice", invoice), me().member)
        return render_template(
            "cash/invoice.html",
            invoice=row,
            lines=bills.lines(row),
            number=bills.number_of(row),
            names=organisations.names(db, {row.seller, row.buyer}),
        )


@bp.get("/invoices/<invoice>.pdf")
@needs()
def invoice_paper(invoice: str) -> ResponseReturnValue:
    """Hand an issued invoice out as PDF."""
    number = ids.decode("invoice", invoice)
    with services().reads.connect() as db:
        row = bills.get(db, number, me().member)
        if row.serial is None:
            raise NotFound("invoice", invoice)
        address = url_for("cash.invoice", invoice=invoice, _external=True)
        content = bill.printed(db, row, address, services().texts.open(row.note) or "")
    answer = Response(content, mimetype="application/pdf")
    name = f'attachment; filename="{bills.number_of(row)}.pdf"'
    answer.headers["Content-Disposition"] = name
    return answer


@bp.post("/invoices/<invoice>/issue")
@needs(*TRADERS)
@again(invoice)
def issue_invoice(invoice: str) -> ResponseReturnValue:
    """Issue what a buyer asked for."""
    number = ids.decode("invoice", invoice)
    outside = read(IssueForm())["outside"]
    command = IssueInvoice(me().id, me().member, number, outside)
    services().gateway.submit(command)
    flash(gettext("Issued and numbered."), "success")
    return _to(number)


@bp.post("/invoices/<invoice>/refuse")
@needs(*TRADERS)
@again(invoice)
def refuse_invoice(invoice: str) -> ResponseReturnValue:
    """Refuse it with a reason."""
    number = ids.decode("invoice", invoice)
    reason = read(RefuseForm())["reason"]
    services().gateway.submit(RefuseInvoice(me().id, me().member, number, reason))
    flash(gettext("Refused; the buyer sees why."), "success")
    return _to(number)


def _to(number: int) -> ResponseReturnValue:
    address = url_for("cash.invoice", invoice=ids.encode("invoice", number))
    return redirect(address, HTTPStatus.SEE_OTHER)
