"""Members: who they are, how far their verification is, and what is decided."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.account import ProfileSchema
from marketplace.api.cash import BalanceSchema, named
from marketplace.api.fields import Body, Code, Flag, Id, Text
from marketplace.api.resource import PageQuery, Resource
from marketplace.members import organisations, profiles, users, verification
from marketplace.members.organisations import KINDS
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.members.verification import REASON_MAX, MemberEvent, MemberState
from marketplace.profiling import answer as answer_profile
from marketplace.services import services
from settlement import statements
from settlement.store import Page

bp = Resource("staff-members", __name__, "Members and their verification, for staff.")
EVENTS = tuple(event for event in MemberEvent if event is not MemberEvent.SUBMIT)


class MemberSchema(Schema):
    """An organisation that can hold and trade."""

    id = Id("member", required=True)
    kind = Code(*KINDS, "house", required=True)
    name_zh = fields.String(required=True)
    name_en = fields.String(required=True)
    credit_code = fields.String(required=True, allow_none=True)
    region = fields.String(required=True)
    representative = fields.String(required=True)
    address = fields.String(required=True)
    vendor = Flag(required=True)
    buyer = Flag(required=True)
    state = Code(*MemberState, required=True)
    created_us = fields.Integer(required=True)


class PersonSchema(Schema):
    """A user of a member."""

    id = Id("user", required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    roles = fields.Function(lambda user: user.roles.split(), required=True)
    disabled = Flag(required=True)


class VerificationSchema(Schema):
    """One step of a verification."""

    at_us = fields.Integer(required=True)
    event = Code(*MemberEvent, required=True)
    state = Code(*MemberState, required=True)
    by = Id("user", attribute="by_user", required=True)
    reason = fields.String(required=True)


class ProfileRequestSchema(ProfileSchema):
    """What a verified member wants its profile to say."""

    id = Id("profile", required=True)
    asked_us = fields.Integer(required=True)
    state = fields.String(required=True)
    reason = fields.String(required=True)


class ProfileDecisionSchema(Body):
    """What is decided on it, and why."""

    approve = fields.Boolean(required=True)
    reason = Text(profiles.REASON_MAX, lines=True, load_default="")


class CaseSchema(MemberSchema):
    """A member with its users, its history and its money."""

    profile_request = fields.Nested(
        ProfileRequestSchema, required=True, allow_none=True
    )

    users = fields.List(fields.Nested(PersonSchema), required=True)
    history = fields.List(fields.Nested(VerificationSchema), required=True)
    balances = fields.List(fields.Nested(BalanceSchema), required=True)


class MembersQuery(PageQuery):
    """Which members."""

    state = Code(*MemberState, load_default=None)


class MemberDecisionSchema(Body):
    """What is decided, and why."""

    event = Code(*EVENTS, required=True)
    reason = Text(REASON_MAX, lines=True, load_default="")


@bp.route("/staff/members")
@bp.needs(*STAFF)
@bp.arguments(MembersQuery, location="query")
@bp.lists(MemberSchema)
def list_members(asked: dict[str, Any]) -> Page:
    """List the members in one state, or all."""
    with services().reads.connect() as db:
        return organisations.in_state(
            db, asked["state"], asked["cursor"], asked["limit"]
        )


@bp.route("/staff/members/<member>")
@bp.needs(*STAFF)
@bp.response(200, CaseSchema)
@bp.refuses(404)
def get_member(member: int) -> Any:
    """Read one member's case."""
    with services().reads.connect() as db:
        return organisations.get(db, member)._asdict() | {
            "users": users.of_member(db, member),
            "history": organisations.history(db, member),
            "profile_request": profiles.newest(db, member),
            "balances": [named(row) for row in statements.cash(db, member)],
        }


@bp.route("/staff/members/<member>/decisions", methods=["POST"])
@bp.needs("registrar")
@bp.arguments(MemberDecisionSchema)
@bp.response(200, MemberSchema)
@bp.refuses(404, 409)
def decide_member(decision: dict[str, str], member: int) -> Any:
    """Verify, reject, suspend or restore a member; the market is told."""
    event = MemberEvent(decision["event"])
    with services().writes.begin() as db:
        verification.decide(db, member, event, me(), decision["reason"])
    verification.tell_market(services().reads, services().gateway)
    with services().reads.connect() as db:
        return organisations.get(db, member)


@bp.route("/staff/profiles/<profile>/decision", methods=["POST"])
@bp.needs("registrar")
@bp.arguments(ProfileDecisionSchema)
@bp.response(200, MemberSchema)
@bp.refuses(404, 409)
def decide_profile(decision: dict[str, Any], profile: int) -> Any:
    """Approve or decline what a verified member wants its profile to say."""
    with services().writes.begin() as db:
        member = answer_profile(db, profile, me(), **decision)
        return organisations.get(db, member)
