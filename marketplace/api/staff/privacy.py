"""Retention and erasure, for staff: what is due, and what two persons erase."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.fields import Body, Code, Id, Text
from marketplace.api.resource import KeyHeader, Resource, submit
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.privacy import erasing, retention
from marketplace.privacy.erasing import ERASERS
from marketplace.services import services
from marketplace.trading.erasing import PERSON
from marketplace.trading.rights import REASON_MAX
from settlement import clock

bp = Resource("privacy", __name__, "What is kept how long, and what is erased.")
ERASED = tuple(each.code for each in retention.CLASSES if each.erased)


class RetentionClassSchema(Schema):
    """Records of one kind: how many, how many are past their period."""

    code = fields.String(required=True, attribute="of.code")
    days = fields.Integer(required=True, attribute="of.days")
    rule = fields.String(required=True, attribute="of.rule")
    erased = fields.Boolean(required=True, attribute="of.erased")
    rows = fields.Integer(required=True)
    due = fields.Integer(required=True)
    oldest_us = fields.Integer(required=True, allow_none=True)
    until_us = fields.Integer(required=True)


class ErasureWaitingSchema(Schema):
    """An erasure that waits for a second person; *subject* is the user, or none."""

    id = Id("proposal", required=True)
    at_us = fields.Integer(required=True)
    by_user = Id("user", required=True)
    what = Code(PERSON, *ERASED, required=True)
    subject = fields.Integer(required=True)
    until_us = fields.Integer(required=True)
    reason = fields.String(required=True)


class ErasureSchema(Schema):
    """What was decided; *rows* is null until it is carried out."""

    seq = fields.Integer(required=True)
    at_us = fields.Integer(required=True)
    what = Code(PERSON, *ERASED, required=True)
    subject = fields.Integer(required=True)
    until_us = fields.Integer(required=True)
    rows = fields.Integer(required=True, allow_none=True)
    key = Code("none", "kept", "destroyed", required=True)


class RetentionSchema(Schema):
    """All classes, what waits, and what was erased, the newest first."""

    data = fields.List(fields.Nested(RetentionClassSchema), required=True)
    waiting = fields.List(fields.Nested(ErasureWaitingSchema), required=True)
    erased = fields.List(fields.Nested(ErasureSchema), required=True)


class NewPersonErasureSchema(Body):
    """Whom to forget, and why."""

    user = Id("user", required=True)
    reason = Text(REASON_MAX, least=1, lines=True, required=True)


class NewClassErasureSchema(Body):
    """Of which class what is due goes, and why."""

    code = Code(*ERASED, required=True)
    reason = Text(REASON_MAX, least=1, lines=True, required=True)


class ErasureProposedSchema(Schema):
    """The proposal's id."""

    proposal = Id("proposal", required=True)


class ErasureDecisionSchema(Body):
    """What the second person decides."""

    decision = Code("approve", "reject", required=True)


@bp.route("/staff/retention")
@bp.needs(*STAFF)
@bp.response(200, RetentionSchema)
def list_retention() -> Any:
    """List the classes of records, what is due, what waits and what was erased."""
    with services().reads.connect() as db:
        return {
            "data": retention.due(db, clock.now_us()),
            "waiting": erasing.waiting(db),
            "erased": erasing.done(db),
        }


@bp.route("/staff/erasures/persons", methods=["POST"])
@bp.needs(*ERASERS)
@bp.arguments(NewPersonErasureSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(201, ErasureProposedSchema)
@bp.refuses(404, 409)
def propose_person_erasure(new: dict[str, Any], header: dict[str, str]) -> Any:
    """Propose to forget a person; another person decides.

    StillNeeded while a dispute, a case or a payout rests on that person.
    """
    with services().reads.connect() as db:
        said = (me().id, new["user"], new["reason"], clock.now_us())
        command = erasing.person(db, *said)
    return {"proposal": submit(command, header["key"])}


@bp.route("/staff/erasures/classes", methods=["POST"])
@bp.needs(*ERASERS)
@bp.arguments(NewClassErasureSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(201, ErasureProposedSchema)
@bp.refuses(409)
def propose_class_erasure(new: dict[str, Any], header: dict[str, str]) -> Any:
    """Propose to erase what is due of a class; another person decides."""
    command = erasing.of_class(me().id, new["code"], new["reason"], clock.now_us())
    return {"proposal": submit(command, header["key"])}


@bp.route("/staff/erasures/<proposal>/decisions", methods=["POST"])
@bp.needs(*ERASERS)
@bp.arguments(ErasureDecisionSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(204)
@bp.refuses(403, 404, 409)
def decide_erasure(step: dict[str, str], header: dict[str, str], proposal: int) -> None:
    """Erase what somebody else proposed, or turn it down."""
    parts = services()
    with parts.reads.connect() as db:
        approve = step["decision"] == "approve"
        said = erasing.decision(db, me().id, proposal, approve=approve)
    submit(said, header["key"])
    erasing.Eraser(parts.reads, parts.writes).step()
