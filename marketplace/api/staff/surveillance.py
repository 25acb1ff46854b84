"""Surveillance by API: alerts with their evidence, cases, decisions by two persons."""

from typing import Any

from marshmallow import Schema, fields, pre_dump

from marketplace.api.fields import Body, Code, Digits, Flag, Id, Long, Text
from marketplace.api.resource import PageQuery, Resource
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.supervision import SUPERVISORS
from marketplace.surveillance import desk
from marketplace.surveillance.detectors import DETECTORS
from settlement import ids
from settlement.store import Page

bp = Resource("staff-surveillance", __name__, "Alerts, cases, decisions: for staff.")
KINDS = {
    "trades": "trade",
    "orders": "order",
    "contests": "contest",
    "ratings": "rating",
    "tenders": "demand",
}


class AlertsQuery(PageQuery):
    """Which alerts."""

    detector = Code(*DETECTORS, load_default="")
    waiting = Digits(0, 1, load_default=0)


class AlertSchema(Schema):
    """What a detector found."""

    id = Id("alert", required=True)
    at_us = fields.Integer(required=True)
    detector = Code(*DETECTORS, required=True)
    instrument = Id("instrument", required=True, allow_none=True)
    members = fields.List(Id("member"), required=True)
    evidence = fields.Dict(
        required=True, metadata={"description": "Ids of trades, orders, contests, …"}
    )
    facts = fields.Dict(required=True, metadata={"description": "What was measured."})
    case = Id("case", required=True, allow_none=True)

    @pre_dump
    def read(self, row: Any, **_: Any) -> Any:
        """Read the parts that are kept as JSON; name what they point to."""
        parts = desk.evidence(row)
        parts["evidence"] = {
            kind: [ids.encode(KINDS[kind], number) for number in numbers]
            for kind, numbers in parts["evidence"].items()
        }
        return row._asdict() | parts


class WatchedCaseSchema(Schema):
    """A case; the proposal and its reason once there is one."""

    id = Id("case", required=True)
    at_us = fields.Integer(required=True)
    by = Id("user", attribute="by_user", required=True)
    title = fields.String(required=True)
    state = Code(*desk.STATES, required=True)
    proposal = Code(*desk.PROPOSALS, required=True, allow_none=True)
    proposed_by = Id("user", required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    decided_by = Id("user", required=True, allow_none=True)
    decided_us = fields.Integer(required=True, allow_none=True)


class CaseNoteSchema(Schema):
    """A note."""

    at_us = fields.Integer(required=True)
    by = Id("user", attribute="by_user", required=True)
    text = fields.String(required=True)


class FullWatchedCaseSchema(WatchedCaseSchema):
    """A case with its alerts and notes."""

    alerts = fields.List(fields.Nested(AlertSchema), required=True)
    notes = fields.List(fields.Nested(CaseNoteSchema), required=True)


class WatchedCasesSchema(Schema):
    """The cases, newest first."""

    data = fields.List(fields.Nested(WatchedCaseSchema), required=True)


class NewWatchedCaseSchema(Body):
    """A case of alerts that are in none."""

    title = Text(desk.TITLE_MAX, least=1, required=True)
    alerts = fields.List(Id("alert"), required=True, validate=Long(1, desk.ALERTS_MAX))


class NewCaseNoteSchema(Body):
    """What was found out."""

    text = Text(desk.TEXT_MAX, least=1, lines=True, required=True)


class CaseProposalSchema(Body):
    """What is to become of a case."""

    proposal = Code(*desk.PROPOSALS, required=True)
    reason = Text(desk.TEXT_MAX, least=1, lines=True, required=True)


class CaseDecisionSchema(Body):
    """Whether the proposal is carried out; who made it may only turn it down."""

    approve = Flag(required=True)


@bp.route("/staff/alerts")
@bp.needs(*STAFF)
@bp.arguments(AlertsQuery, location="query")
@bp.lists(AlertSchema)
def list_alerts(asked: dict[str, Any]) -> Page:
    """List the alerts, newest first; with *waiting* those that are in no case."""
    with services().reads.connect() as db:
        return desk.newest(
            db,
            asked["cursor"],
            asked["limit"],
            detector=asked["detector"],
            waiting=bool(asked["waiting"]),
        )


@bp.route("/staff/cases")
@bp.needs(*STAFF)
@bp.response(200, WatchedCasesSchema)
def list_cases() -> Any:
    """List the latest cases."""
    with services().reads.connect() as db:
        return {"data": desk.all_cases(db)}


@bp.route("/staff/cases", methods=["POST"])
@bp.needs(*SUPERVISORS)
@bp.arguments(NewWatchedCaseSchema)
@bp.response(200, FullWatchedCaseSchema)
@bp.refuses(404)
def open_case(new: dict[str, Any]) -> Any:
    """Open a case of alerts."""
    with services().writes.begin() as db:
        return _case(db, desk.open_case(db, new["title"], new["alerts"], me().id))


@bp.route("/staff/cases/<case>")
@bp.needs(*STAFF)
@bp.response(200, FullWatchedCaseSchema)
@bp.refuses(404)
def get_case(case: int) -> Any:
    """Read a case with its alerts and notes."""
    with services().reads.connect() as db:
        return _case(db, case)


@bp.route("/staff/cases/<case>/notes", methods=["POST"])
@bp.needs(*SUPERVISORS)
@bp.arguments(NewCaseNoteSchema)
@bp.response(200, FullWatchedCaseSchema)
@bp.refuses(404)
def add_case_note(new: dict[str, str], case: int) -> Any:
    """Add a note to a case."""
    with services().writes.begin() as db:
        desk.note(db, case, new["text"], me().id)
        return _case(db, case)


@bp.route("/staff/cases/<case>/proposal", methods=["POST"])
@bp.needs(*SUPERVISORS)
@bp.arguments(CaseProposalSchema)
@bp.response(200, FullWatchedCaseSchema)
@bp.refuses(404, 409)
def propose_for_case(new: dict[str, str], case: int) -> Any:
    """Propose to flag the trades of a case, or to dismiss it."""
    with services().writes.begin() as db:
        desk.propose(db, case, new["proposal"], new["reason"], me().id)
        return _case(db, case)


@bp.route("/staff/cases/<case>/decision", methods=["POST"])
@bp.needs(*SUPERVISORS)
@bp.arguments(CaseDecisionSchema)
@bp.response(200, FullWatchedCaseSchema)
@bp.refuses(403, 404, 409)
def decide_case(decision: dict[str, bool], case: int) -> Any:
    """Carry out what another person proposed, or turn it down."""
    with services().writes.begin() as db:
        desk.decide(db, case, me().id, approve=decision["approve"])
        return _case(db, case)


def _case(db: Any, number: int) -> dict[str, Any]:
    found = desk.case(db, number)._asdict()
    alerts, notes = desk.alerts_of(db, number), desk.notes_of(db, number)
    return found | {"alerts": alerts, "notes": notes}
