"""The desk's months: checklist, every kind of account, close by two persons."""

from http import HTTPStatus

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from listings.marking import N_
from marketplace import monthend
from marketplace.exporting import SHEETS
from marketplace.members import users
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me, require_fresh
from marketplace.services import services
from marketplace.trading import closings
from marketplace.web import months
from marketplace.web.forms import Form, again, choice, read, text
from marketplace.web.fundsflow import MEANINGS
from marketplace.web.staff import APPROVER, OFFICER, bp
from settlement import ids
from settlement.money import BY_ASSET, plain

HANDS = (OFFICER, APPROVER)
REASON_MAX = 2_000
COLUMNS = ("month", "account", "currency", "opening", "in", "out", "closing")
# What each item of the checklist asks, and where it is dealt with.
ITEMS = {
    "unsettled": (N_("Trades that were due and wait for a run"), "staff.netting"),
    "proposals": (N_("Proposals that wait for a second person"), "staff.show"),
    "breaks": (N_("Breaks that are open"), "staff.reconcile"),
    "bank_lines": (N_("Bank lines that are of nothing yet"), "staff.reconcile"),
    "audit": (N_("Audit after the month's end, without a violation"), ""),
}


class CloseForm(Form):
    """What is to be said of the close."""

    reason = text(REASON_MAX)


class DecisionForm(Form):
    """What a second person decides."""

    decision = choice(("approve", "reject"))


@bp.get("/closings")
@needs(*STAFF)
def closings_of() -> ResponseReturnValue:
    """Show the closed months, the one that is closed next, and what waits."""
    before = request.args.get("before", "")
    with services().reads.connect() as db:
        rows, waiting = closings.closed(db, before), closings.waiting(db)
        by = {u for row in rows for u in (row.by_user, row.approved_by) if u}
        return render_template(
            "staff/closings.html",
            rows=rows,
            following=monthend.following(db),
            waiting=waiting,
            who=users.names(db, by | {one.by_user for one in waiting}),
        )


@bp.get("/closings/<month>")
@needs(*STAFF)
def closing(month: str) -> ResponseReturnValue:
    """Show one month: its checklist, its accounts, and what may be done."""
    name = months.of_month(month)[0]
    with services().reads.connect() as db:
        found = monthend.of_month(db, name)
        by = {one.by_user for one in found.waiting}
        return render_template(
            "staff/closing.html",
            found=found,
            items=ITEMS,
            places={one.place: MEANINGS[one.place].name for one in found.lines},
            hands=HANDS,
            suffixes=tuple(SHEETS),
            who=users.names(db, by),
        )


@bp.get("/closings/<month>.csv", defaults={"paper_kind": "csv"})
@bp.get("/closings/<month>.xlsx", defaults={"paper_kind": "xlsx"})
@needs(*STAFF)
def closing_file(month: str, paper_kind: str) -> ResponseReturnValue:
    """Hand a month's accounts out as a table."""
    name = months.of_month(month)[0]
    with services().reads.connect() as db:
        lines = monthend.of_month(db, name).lines
    rows = [
        (
            name, gettext(MEANINGS[one.place].name), BY_ASSET[one.currency].code,
            *(
                plain(amount, BY_ASSET[one.currency].code)
                for amount in (one.opening, one.into, one.out_of, one.closing)
            ),
        )
        for one in lines
    ]  # fmt: skip
    sheet = SHEETS[paper_kind]
    answer = Response(sheet.write(COLUMNS, rows), mimetype=sheet.media_type)
    filename = f'attachment; filename="accounts-{name}.{paper_kind}"'
    answer.headers["Content-Disposition"] = filename
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.post("/closings/<month>/audit")
@needs(*HANDS)
@again(closing)
def audit_month(month: str) -> ResponseReturnValue:
    """Check all records now and keep what was found."""
    monthend.examine(services(), me())
    flash(gettext("Checked; the outcome is kept."), "success")
    return _to(month)


@bp.post("/closings/<month>/propose")
@needs(*HANDS)
@again(closing)
def propose_close(month: str) -> ResponseReturnValue:
    """Propose to close the month; another person decides."""
    require_fresh()
    name = months.of_month(month)[0]
    monthend.propose(services(), name, read(CloseForm())["reason"], me())
    flash(gettext("Proposed. A second person decides."), "success")
    return _to(name)


@bp.post("/closings/<month>/invoices")
@needs(OFFICER)
@again(closing)
def invoice_fees(month: str) -> ResponseReturnValue:
    """Issue the invoices for the exchange's fees of a closed month."""
    name = months.of_month(month)[0]
    count = monthend.invoice(services(), name, me())
    flash(
        ngettext("%(num)s invoice is issued.", "%(num)s invoices are issued.", count),
        "success",
    )
    return _to(name)


@bp.post("/closings/decisions/<proposal>")
@needs(*HANDS)
@again(closings_of)
def decide_close(proposal: str) -> ResponseReturnValue:
    """Close the month that somebody else proposed, or turn it down."""
    require_fresh()
    approve = read(DecisionForm())["decision"] == "approve"
    number = ids.decode("proposal", proposal)
    month = monthend.decide(services(), number, approve=approve, who=me())
    flash(gettext("Done and recorded."), "success")
    return _to(month)


def _to(month: str) -> ResponseReturnValue:
    return redirect(url_for("staff.closing", month=month), HTTPStatus.SEE_OTHER)
