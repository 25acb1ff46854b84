"""The close of months by API: figures, checklist, audit, proposal, decision."""

from typing import Any

from marshmallow import Schema, fields

from marketplace import auditing, monthend
from marketplace.api.fields import Body, Code, Currency, Id, Text
from marketplace.api.resource import KeyHeader, Resource
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import closings
from marketplace.web.months import of_month
from settlement.closings import CHECKLIST
from settlement.flows import Place

bp = Resource("closings", __name__, "The close of months: two persons each.")
HANDS = ("settlement_officer", "settlement_approver")
REASON_MAX = 2_000


class ClosedMonthSchema(Schema):
    """A month that is closed: by whom, and the digest of what it ended with."""

    month = fields.String(required=True)
    at_us = fields.Integer(required=True)
    until_us = fields.Integer(required=True)
    by_user = Id("user", required=True)
    approved_by = Id("user", required=True, allow_none=True)
    sha256 = fields.String(required=True)


class ClosedMonthsSchema(Schema):
    """The closed months, newest first, and the month that is closed next."""

    data = fields.List(fields.Nested(ClosedMonthSchema), required=True)
    following = fields.String(required=True)


class MonthLineSchema(Schema):
    """One kind of account in one currency, in minor units."""

    place = Code(*Place, required=True)
    currency = Currency(required=True)
    opening = fields.Integer(required=True)
    into = fields.Integer(required=True)
    out_of = fields.Integer(required=True)
    closing = fields.Integer(required=True)


class MonthCheckSchema(Schema):
    """An item of the checklist: how much of it is open."""

    item = Code(*CHECKLIST, required=True)
    open = fields.Integer(required=True)


class MonthWaitingSchema(Schema):
    """A close that waits for its second person."""

    id = Id("proposal", required=True)
    at_us = fields.Integer(required=True)
    by_user = Id("user", required=True)
    month = fields.String(required=True)
    reason = fields.String(required=True)


class MonthEndSchema(Schema):
    """A month: its accounts, whether it is closed, what is open, what waits."""

    month = fields.String(required=True)
    from_us = fields.Integer(required=True)
    until_us = fields.Integer(required=True)
    is_over = fields.Boolean(required=True)
    is_closed = fields.Boolean(required=True)
    may_close = fields.Boolean(required=True)
    lines = fields.List(fields.Nested(MonthLineSchema), required=True)
    checks = fields.List(fields.Nested(MonthCheckSchema), required=True)
    waiting = fields.List(fields.Nested(MonthWaitingSchema), required=True)
    invoiced = fields.Integer(required=True)
    uninvoiced = fields.Integer(required=True)


class AuditSchema(Schema):
    """What an audit found, up to which record."""

    at_us = fields.Integer(required=True)
    seq = fields.Integer(required=True)
    rows = fields.Integer(required=True)
    violations = fields.Integer(required=True)


class NewCloseSchema(Body):
    """Which month, as 2026-11, and what is to be said of it."""

    month = Text(7, least=7, required=True)
    reason = Text(REASON_MAX, least=1, required=True)


class CloseProposedSchema(Schema):
    """The proposal's id."""

    proposal = Id("proposal", required=True)


class CloseDecisionSchema(Body):
    """What a second person decides."""

    decision = Code("approve", "reject", required=True)


@bp.route("/staff/closings")
@bp.needs(*STAFF)
@bp.response(200, ClosedMonthsSchema)
def list_closed_months() -> Any:
    """List the closed months, and name the one that is closed next."""
    with services().reads.connect() as db:
        return {"data": closings.closed(db), "following": monthend.following(db)}


@bp.route("/staff/closings/<month>")
@bp.needs(*STAFF)
@bp.response(200, MonthEndSchema)
@bp.refuses(404)
def get_month_end(month: str) -> Any:
    """Read a month: what each kind of account began with, moved and ended with."""
    return _shown(of_month(month)[0])


@bp.route("/staff/audits", methods=["POST"])
@bp.needs(*HANDS)
@bp.response(201, AuditSchema)
@bp.refuses(409)
def run_audit() -> Any:
    """Check all records now and keep what was found; refused where they are many."""
    monthend.examine(services(), me())
    with services().reads.connect() as db:
        return auditing.latest(db)


@bp.route("/staff/closings", methods=["POST"])
@bp.needs(*HANDS)
@bp.arguments(NewCloseSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(201, CloseProposedSchema)
@bp.refuses(404, 409)
def propose_close(new: dict[str, Any], header: dict[str, str]) -> Any:
    """Propose to close a month of which nothing is open; another person decides."""
    month = of_month(new["month"])[0]
    made = monthend.propose(services(), month, new["reason"], me(), header["key"])
    return {"proposal": made}


@bp.route("/staff/closings/<proposal>/decisions", methods=["POST"])
@bp.needs(*HANDS)
@bp.arguments(CloseDecisionSchema)
@bp.response(200, MonthEndSchema)
@bp.refuses(403, 404, 409)
def decide_close(step: dict[str, str], proposal: int) -> Any:
    """Close the month that somebody else proposed, or turn it down."""
    approve = step["decision"] == "approve"
    return _shown(monthend.decide(services(), proposal, approve=approve, who=me()))


@bp.route("/staff/closings/<month>/invoices", methods=["POST"])
@bp.needs("settlement_officer")
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, MonthEndSchema)
@bp.refuses(404, 409)
def invoice_fees(header: dict[str, str], month: str) -> Any:
    """Issue invoices for the exchange's fees of a closed month, 200 at a time."""
    name = of_month(month)[0]
    monthend.invoice(services(), name, me(), header["key"])
    return _shown(name)


def _shown(month: str) -> dict[str, Any]:
    with services().reads.connect() as db:
        found = monthend.of_month(db, month)
    return {
        "month": found.month,
        "from_us": found.from_us,
        "until_us": found.until_us,
        "is_over": found.is_over,
        "is_closed": found.closed is not None,
        "may_close": found.may_close,
        "lines": [one._asdict() | {"closing": one.closing} for one in found.lines],
        "checks": [{"item": item, "open": count} for item, count in found.checks],
        "waiting": found.waiting,
        "invoiced": found.invoiced,
        "uninvoiced": found.uninvoiced,
    }
