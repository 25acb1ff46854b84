"""Reconciliation by API: rails, breaks and their journals, bank statements, files."""

from typing import Any

from flask import Response, request
from marshmallow import Schema, fields

from listings.marking import N_
from marketplace.api.fields import Body, Code, Currency, Id, Text
from marketplace.api.resource import Resource
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.payments import bankbook, mending, payfiles, reconciliation
from marketplace.services import services
from settlement.corrections import REVERSALS, SIDES
from settlement.errors import Invalid
from settlement.money import BY_ASSET
from settlement.payments.bank import STATEMENT_MAX

bp = Resource("reconciliation", __name__, "Both sides of each rail, and every break.")
OFFICER, APPROVER = "settlement_officer", "settlement_approver"
HANDS = (OFFICER, APPROVER, "admin")
REASON_MAX = 2_000
XML, BINARY = "application/xml", {"type": "string", "format": "binary"}
ENDS = ("", "cleared", "corrected")


class RailSchema(Schema):
    """One rail in one currency; what is unexplained must be zero."""

    rail = fields.String(required=True)
    currency = fields.String(required=True)
    theirs = fields.Integer(required=True)
    ours = fields.Integer(required=True)
    waiting = fields.Integer(required=True)
    unexplained = fields.Integer(required=True)


class RailsSchema(Schema):
    """One row for each rail and currency."""

    data = fields.List(fields.Nested(RailSchema), required=True)


class JournalSchema(Schema):
    """A correcting journal: the accounts that it takes from and gives to."""

    debit = Code(*SIDES, required=True)
    credit = Code(*SIDES, required=True)


class WaitingJournalSchema(JournalSchema):
    """A journal that waits for its second person."""

    by_user = Id("user", required=True)
    reason = fields.String(required=True)


class BreakSchema(Schema):
    """What does not agree; `journal` is what would mend it, `waiting` what may."""

    id = Id("break", required=True)
    cause = fields.String(required=True)
    subject = fields.String(required=True)
    rail = fields.String(required=True)
    currency = fields.String(required=True)
    amount = fields.Integer(required=True)
    member = Id("member", required=True, allow_none=True)
    said = fields.String(required=True)
    found_us = fields.Integer(required=True)
    owner = Id("user", required=True, allow_none=True)
    ended_us = fields.Integer(required=True, allow_none=True)
    how = Code(*ENDS, required=True)
    closed_month = fields.String(required=True)
    journal = fields.Nested(JournalSchema, required=True, allow_none=True)
    waiting = fields.Nested(WaitingJournalSchema, required=True, allow_none=True)


class BreaksSchema(Schema):
    """The open breaks, oldest first."""

    data = fields.List(fields.Nested(BreakSchema), required=True)


class NewJournalSchema(Body):
    """The journal, and why; `code` just if the break is of a closed month."""

    debit = Code(*SIDES, required=True)
    credit = Code(*SIDES, required=True)
    reason = Text(REASON_MAX, least=1, required=True)
    code = Code("", *REVERSALS, load_default="")


class JournalDecisionSchema(Body):
    """What a second person decides."""

    decision = Code("approve", "reject", required=True)


class BankStatementSchema(Schema):
    """A statement of the bank's that was taken in."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    currency = Currency(required=True)
    opening = fields.Integer(required=True, allow_none=True)
    closing = fields.Integer(required=True, allow_none=True)
    from_day = fields.String(required=True)
    to_day = fields.String(required=True)
    by_user = Id("user", required=True)
    taken_us = fields.Integer(required=True)
    lines = fields.Integer(required=True)
    matched = fields.Integer(required=True)


class BankStatementsSchema(Schema):
    """The newest statements first."""

    data = fields.List(fields.Nested(BankStatementSchema), required=True)


class StatementTakenSchema(Schema):
    """A statement that was taken in, and how many of its lines wait for somebody."""

    id = fields.Integer(required=True)
    unmatched = fields.Integer(required=True)


class ComparedSchema(Schema):
    """What a comparison found."""

    new = fields.Integer(required=True)
    ended = fields.Integer(required=True)


class PayoutFileSchema(Body):
    """Whose approved payouts."""

    currency = Currency(required=True)


@bp.route("/staff/rails")
@bp.needs(*STAFF)
@bp.response(200, RailsSchema)
def list_rails() -> Any:
    """Read both sides of every rail."""
    with services().reads.connect() as db:
        found = reconciliation.rails(db)
    return {"data": [r._asdict() | {"unexplained": r.unexplained} for r in found]}


@bp.route("/staff/breaks")
@bp.needs(*STAFF)
@bp.response(200, BreaksSchema)
def list_breaks() -> Any:
    """List the open breaks, each with the journal that would mend it."""
    with services().reads.connect() as db:
        return {"data": [_shown(db, row) for row in reconciliation.open_breaks(db)]}


@bp.route("/staff/breaks/compare", methods=["POST"])
@bp.needs(OFFICER, APPROVER)
@bp.response(200, ComparedSchema)
def compare_books() -> Any:
    """Match what waits and compare everything once more."""
    bankbook.match(services(), me().id)
    with services().writes.begin() as db:
        new, ended = reconciliation.run(db)
    return {"new": new, "ended": ended}


@bp.route("/staff/breaks/<break>")
@bp.needs(*STAFF)
@bp.response(200, BreakSchema)
@bp.refuses(404)
def get_break(**of: int) -> Any:
    """Read one break."""
    return _break(of["break"])


@bp.route("/staff/breaks/<break>/journals", methods=["POST"])
@bp.needs(*HANDS)
@bp.arguments(NewJournalSchema)
@bp.response(200, BreakSchema)
@bp.refuses(403, 404, 409)
def propose_journal(new: dict[str, str], **of: int) -> Any:
    """Propose the journal that mends a break; another person decides."""
    journal = new["debit"], new["credit"]
    mending.propose(services(), of["break"], journal, new["reason"], me(), new["code"])
    return _break(of["break"])


@bp.route("/staff/breaks/<break>/decisions", methods=["POST"])
@bp.needs(*HANDS)
@bp.arguments(JournalDecisionSchema)
@bp.response(200, BreakSchema)
@bp.refuses(403, 404, 409)
def decide_journal(step: dict[str, str], **of: int) -> Any:
    """Approve the journal that somebody else proposed, or turn it down."""
    approve = step["decision"] == "approve"
    mending.decide(services(), of["break"], approve=approve, who=me())
    return _break(of["break"])


@bp.route("/staff/bank-statements")
@bp.needs(*STAFF)
@bp.response(200, BankStatementsSchema)
def list_bank_statements() -> Any:
    """List the bank's statements that were taken in."""
    with services().reads.connect() as db:
        return {"data": bankbook.latest(db)}


@bp.route("/staff/bank-statements", methods=["POST"])
@bp.needs(OFFICER)
@bp.doc(
    requestBody={
        "required": True,
        "content": {kind: {"schema": BINARY} for kind in (XML, "text/csv")},
    }
)
@bp.response(201, StatementTakenSchema)
@bp.refuses(409, 413, 422)
def take_bank_statement() -> Any:
    """Take a statement of the bank's in (camt.053 or CSV) and match its lines."""
    content = request.stream.read(STATEMENT_MAX + 1)
    if not content:
        raise Invalid({"statement": [N_("This is needed.")]})
    number = bankbook.take(services(), content, me().id)
    with services().writes.begin() as db:
        reconciliation.run(db)
        return {"id": number, "unmatched": bankbook.unmatched(db, number)}


@bp.route("/staff/payout-files", methods=["POST"])
@bp.needs(OFFICER)
@bp.arguments(PayoutFileSchema)
@bp.response(
    200, {"type": "string", "format": "binary"}, content_type="application/xml"
)
@bp.refuses(404)
def make_payout_file(asked: dict[str, int]) -> Any:
    """Write the approved payouts of a currency as pain.001, for the bank."""
    with services().reads.connect() as db:
        name, content = payfiles.make(db, BY_ASSET[asked["currency"]].code)
    answer = Response(content, mimetype=XML)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _break(number: int) -> dict[str, Any]:
    with services().reads.connect() as db:
        return _shown(db, reconciliation.get(db, number))


def _shown(db: Any, row: Any) -> dict[str, Any]:
    """Return a break with the journal that would mend it, and the one that waits."""
    journal = reconciliation.journal_of(row)
    waiting = mending.proposals(db, [row.proposal] if row.proposal else [])
    shown: dict[str, Any] = row._asdict() | {
        "member": row.member or None,
        "closed_month": mending.closed_month(db, row),
        "journal": journal and dict(zip(("debit", "credit"), journal, strict=True)),
        "waiting": None if row.how else waiting.get(row.proposal),
    }
    return shown
