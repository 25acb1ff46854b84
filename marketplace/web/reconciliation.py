"""The desk of reconciliation: rails, breaks with their journals, statements, files."""

from http import HTTPStatus

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from marketplace.members import organisations, users
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me, require_fresh
from marketplace.payments import bankbook, mending, messages, payfiles, reconciliation
from marketplace.services import services
from marketplace.web import breakwords as codes
from marketplace.web.forms import Form, again, choice, read, text
from marketplace.web.staff import APPROVER, OFFICER, bp, money
from settlement import ids
from settlement.corrections import REVERSALS, SIDES
from settlement.errors import Invalid
from settlement.money import BY_CODE
from settlement.payments.bank import STATEMENT_MAX

REASON_MAX = 2_000
HANDS = (OFFICER, APPROVER, "admin")


class JournalForm(Form):
    """The accounts of a correcting journal, and why."""

    debit = choice(SIDES)
    credit = choice(SIDES)
    code = choice(REVERSALS, needed=False)
    reason = text(REASON_MAX)


class DecisionForm(Form):
    """What a second person decides."""

    decision = choice(("approve", "reject"))


class FileForm(Form):
    """Which payouts go into a file."""

    currency = choice(BY_CODE)


@bp.get("/reconciliation")
@needs(*STAFF)
def reconcile() -> ResponseReturnValue:
    """Show both sides of each rail, and every break with its next step."""
    with services().reads.connect() as db:
        rows = reconciliation.open_breaks(db)
        return render_template(
            "staff/reconciliation.html",
            rails=reconciliation.rails(db),
            breaks=rows,
            ended=reconciliation.ended_breaks(db),
            journals={row.id: reconciliation.journal_of(row) for row in rows},
            proposals=mending.proposals(db, [r.proposal for r in rows if r.proposal]),
            names=organisations.names(db, {row.member for row in rows if row.member}),
            people=users.names(db, {row.owner for row in rows if row.owner}),
            statements=bankbook.latest(db),
            messages=messages.latest(db)[:10],
            sides=[(side, gettext(codes.SIDES[side])) for side in SIDES],
            closed={row.id: mending.closed_month(db, row) for row in rows},
            reversals=[(code, gettext(codes.REVERSALS[code])) for code in REVERSALS],
            acts=not me().roles.isdisjoint(HANDS),
            known=BY_CODE,
            currencies=[(code, code) for code in BY_CODE],
            cards=services().cards is not None,
        )


@bp.post("/reconciliation/run")
@needs(OFFICER, APPROVER)
@again(reconcile)
def look_again() -> ResponseReturnValue:
    """Match what waits and compare everything once more."""
    bankbook.match(services(), me().id)
    with services().writes.begin() as db:
        new, ended = reconciliation.run(db)
    flash(
        gettext("Compared: %(new)s new, %(ended)s agree now.", new=new, ended=ended),
        "success",
    )
    return redirect(url_for("staff.reconcile"), HTTPStatus.SEE_OTHER)


@bp.post("/reconciliation/statements")
@needs(OFFICER)
@again(reconcile)
def take_statement() -> ResponseReturnValue:
    """Take a bank statement in and match its lines."""
    sent = request.files.get("statement")
    content = sent.read(STATEMENT_MAX + 1) if sent else b""
    if not content:
        raise Invalid({"statement": ["This is needed."]})
    number = bankbook.take(services(), content, me().id)
    with services().writes.begin() as db:
        reconciliation.run(db)
        waiting = bankbook.unmatched(db, number)
    flash(
        ngettext(
            "Taken in; %(num)s line waits for you.",
            "Taken in; %(num)s lines wait for you.",
            waiting,
        ),
        "success",
    )
    return redirect(url_for("staff.reconcile"), HTTPStatus.SEE_OTHER)


@bp.post("/reconciliation/breaks/<number>/own")
@needs(OFFICER, APPROVER)
@again(reconcile)
def own_break(number: str) -> ResponseReturnValue:
    """Take care of a break."""
    with services().writes.begin() as db:
        reconciliation.own(db, ids.decode("break", number), me().id)
    return redirect(url_for("staff.reconcile"), HTTPStatus.SEE_OTHER)


@bp.post("/reconciliation/breaks/<number>/propose")
@needs(*HANDS)
@again(reconcile)
def propose_journal(number: str) -> ResponseReturnValue:
    """Propose the journal that mends a break; another person decides."""
    require_fresh()
    typed = read(JournalForm())
    journal = (typed["debit"], typed["credit"])
    mending.propose(
        services(), ids.decode("break", number), journal, typed["reason"], me(),
        typed["code"],
    )  # fmt: skip
    flash(gettext("Proposed. A second person decides."), "success")
    return redirect(url_for("staff.reconcile"), HTTPStatus.SEE_OTHER)


@bp.post("/reconciliation/breaks/<number>/decide")
@needs(*HANDS)
@again(reconcile)
def decide_journal(number: str) -> ResponseReturnValue:
    """Approve the proposed journal, or turn it down."""
    require_fresh()
    approve = read(DecisionForm())["decision"] == "approve"
    mending.decide(services(), ids.decode("break", number), approve=approve, who=me())
    flash(gettext("Done and recorded."), "success")
    return redirect(url_for("staff.reconcile"), HTTPStatus.SEE_OTHER)


@bp.post("/payouts/file")
@needs(OFFICER)
@again(money)
def payout_file() -> ResponseReturnValue:
    """Hand out the approved payouts of a currency as a file for the bank."""
    code = read(FileForm())["currency"]
    with services().reads.connect() as db:
        name, content = payfiles.make(db, code)
    answer = Response(content, mimetype="application/xml")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
