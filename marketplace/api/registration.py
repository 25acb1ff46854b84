"""Registration by API: evidence, assessors, opinions, the checklist."""

from typing import Any

from flask import request
from marshmallow import Schema, fields

from listings import catalogue
from listings.registration import attachments, checklist, opinions
from listings.registration.attachments import OF_VENDOR
from listings.registration.opinions import Given
from listings.releases import NAME_MAX
from listings.steps import REASON_MAX
from marketplace import evidence
from marketplace.admission import act
from marketplace.api.fields import Body, Code, Id, Text
from marketplace.api.products import ProductSchema, described, own
from marketplace.api.releases import STREAM
from marketplace.api.resource import Resource, at
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.services import services
from settlement import ids

bp = Resource("registration", __name__, "Evidence, opinions and the checklist.")
BYTES = {
    "required": True,
    "content": {STREAM: {"schema": {"type": "string", "format": "binary"}}},
}


class AttachmentQuery(Schema):
    """What the file is called, and what it proves."""

    name = Text(NAME_MAX, least=1, required=True)
    kind = Code(*OF_VENDOR, required=True)


class OpinionQuery(Schema):
    """What an assessor found; the signed file is the body."""

    name = Text(NAME_MAX, least=1, required=True)
    kind = Code(*opinions.KINDS, required=True)
    outcome = Code(*opinions.OUTCOMES, required=True)
    summary = Text(REASON_MAX, least=1, lines=True, required=True)
    valid_until_us = fields.Integer(required=True)
    methods = fields.List(Code(*opinions.METHODS), load_default=[])


class InviteSchema(Body):
    """Who is asked for which opinion."""

    kind = Code(*opinions.KINDS, required=True)
    assessor = Id("member", required=True)


class AttachmentSchema(Schema):
    """A file that proves something of a product."""

    id = Id("attachment", required=True)
    product = Id("product", required=True)
    kind = fields.String(required=True)
    name = fields.String(required=True)
    size = fields.Integer(required=True, metadata={"description": "Bytes."})
    sha256 = fields.String(required=True)
    media_type = fields.String(required=True)
    added_us = fields.Integer(required=True)


class OpinionSchema(Schema):
    """What an assessor said."""

    kind = fields.String(required=True)
    assessor = Id("member", required=True)
    outcome = fields.String(required=True)
    summary = fields.String(required=True)
    at_us = fields.Integer(required=True)
    valid_until_us = fields.Integer(required=True)
    attachment = Id("attachment", required=True)
    sha256 = fields.String(required=True)


class EngagementSchema(Schema):
    """An invitation that stands."""

    id = Id("engagement", required=True)
    kind = fields.String(required=True)
    assessor = Id("member", required=True)
    invited_us = fields.Integer(required=True)


class EvidenceSchema(Schema):
    """All that proves something of a product."""

    attachments = fields.List(fields.Nested(AttachmentSchema), required=True)
    opinions = fields.List(fields.Nested(OpinionSchema), required=True)
    engagements = fields.List(fields.Nested(EngagementSchema), required=True)


class VerdictSchema(Body):
    """The decision on one line of the checklist; a failed line needs a note."""

    line = Code(*checklist.LINES, required=True)
    verdict = Code(*checklist.VERDICTS, required=True)
    note = Text(REASON_MAX, lines=True, load_default="")


class VerdictsSchema(Body):
    """Decisions on lines of the checklist."""

    checks = fields.List(fields.Nested(VerdictSchema), required=True)


class CheckSchema(Schema):
    """A line of the checklist and the newest decision on it."""

    line = fields.String(required=True)
    rule = fields.String(required=True)
    verdict = fields.String(required=True, allow_none=True)
    note = fields.String(required=True)
    by = Id("user", attribute="by_user", required=True, allow_none=True)
    at_us = fields.Integer(required=True, allow_none=True)


class ChecksSchema(Schema):
    """The whole checklist."""

    data = fields.List(fields.Nested(CheckSchema), required=True)


@bp.route("/products/<product>/publish", methods=["POST"])
@bp.needs("vendor")
@bp.response(200, ProductSchema)
@bp.refuses(404, 409)
def publish_product(product: int) -> Any:
    """Bring an admitted product to the market, at the moment that the vendor likes."""
    act(services(), own(product), "publish", me())
    return _mine(product)


@bp.route("/products/<product>/request", methods=["POST"])
@bp.needs("vendor")
@bp.response(200, ProductSchema)
@bp.refuses(404, 409)
def request_admission(product: int) -> Any:
    """Ask again for admission after a listing was sent back."""
    act(services(), own(product), "request", me())
    return _mine(product)


@bp.route("/products/<product>/renew", methods=["POST"])
@bp.needs("vendor")
@bp.response(200, ProductSchema)
@bp.refuses(404, 409, 422)
def renew_registration(product: int) -> Any:
    """Ask for a further term of the same facts, in the last 60 days."""
    act(services(), own(product), "renew", me())
    return _mine(product)


@bp.route("/products/<product>/evidence")
@bp.needs("vendor")
@bp.response(200, EvidenceSchema)
@bp.refuses(404)
def get_evidence(product: int) -> Any:
    """Read what proves something of the vendor's product."""
    own(product)
    with services().reads.connect() as db:
        return evidence.case(db, product)


@bp.route("/products/<product>/attachments", methods=["POST"])
@bp.needs("vendor")
@bp.doc(requestBody=BYTES)
@bp.arguments(AttachmentQuery, location="query")
@bp.creates(AttachmentSchema)
@bp.refuses(404, 409, 413, 415)
def attach_file(named: dict[str, str], product: int) -> Any:
    """Attach a file to a product: its bytes are the body of the request."""
    file = (named["name"], request.stream)
    number = evidence.attach(services(), product, named["kind"], file, me())
    with services().reads.connect() as db:
        made = attachments.get(db, number)
    return made, at(f"/attachments/{ids.encode('attachment', number)}")


@bp.route("/attachments/<attachment>")
@bp.needs()
@bp.response(200, AttachmentSchema)
@bp.refuses(404)
def get_attachment(attachment: int) -> Any:
    """Read what an attachment is: for vendor, staff and invited assessors."""
    with services().reads.connect() as db:
        return evidence.readable(db, attachment, me())


@bp.route("/attachments/<attachment>", methods=["DELETE"])
@bp.needs("vendor")
@bp.response(204)
@bp.refuses(404, 409)
def remove_attachment(attachment: int) -> None:
    """Take an attachment back, before a review."""
    evidence.take_back(services(), attachment, me())


@bp.route("/products/<product>/assessors", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(InviteSchema)
@bp.response(200, EvidenceSchema)
@bp.refuses(404)
def invite_assessor(wanted: dict[str, Any], product: int) -> Any:
    """Invite a member to assess the product."""
    evidence.invite(services(), product, wanted["kind"], wanted["assessor"], me())
    with services().reads.connect() as db:
        return evidence.case(db, product)


@bp.route("/assessments/<product>/opinions", methods=["POST"])
@bp.needs("assessor")
@bp.doc(requestBody=BYTES)
@bp.arguments(OpinionQuery, location="query")
@bp.response(201, OpinionSchema)
@bp.refuses(404, 409, 413, 415)
def give_opinion(said: dict[str, Any], product: int) -> Any:
    """Give an opinion on a product that one is invited to assess."""
    given = Given(
        said["outcome"], said["summary"], said["valid_until_us"], tuple(said["methods"])
    )
    file = (said["name"], request.stream)
    number = evidence.give(services(), product, said["kind"], given, file, me())
    with services().reads.connect() as db:
        return next(o for o in opinions.of_product(db, product) if o.id == number)


@bp.route("/staff/products/<product>/checks")
@bp.needs(*STAFF)
@bp.response(200, ChecksSchema)
@bp.refuses(404)
def list_checks(product: int) -> Any:
    """Read the checklist of a product's present version."""
    return {"data": _checks(product)}


@bp.route("/staff/products/<product>/checks", methods=["POST"])
@bp.needs("registrar")
@bp.arguments(VerdictsSchema)
@bp.response(200, ChecksSchema)
@bp.refuses(404, 409)
def decide_checks(said: dict[str, Any], product: int) -> Any:
    """Decide on lines of the checklist; each is a recorded decision."""
    verdicts = {one["line"]: (one["verdict"], one["note"]) for one in said["checks"]}
    with services().writes.begin() as db:
        checklist.decide(db, product, verdicts, me())
    return {"data": _checks(product)}


def _checks(product: int) -> list[dict[str, Any]]:
    with services().reads.connect() as db:
        found = catalogue.product(db, product)
        known = checklist.of_version(db, product, found.version)
    nothing = {"verdict": None, "note": "", "by_user": None, "at_us": None}
    return [
        {"line": code, "rule": line.rule}
        | (known[code]._asdict() if code in known else nothing)
        for code, line in checklist.LINES.items()
    ]


def _mine(product: int) -> dict[str, Any]:
    with services().reads.connect() as db:
        return described(db, product, me().member)
