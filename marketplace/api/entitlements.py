"""Entitlements: the rights that the member holds, and what they deliver."""

from typing import Any

from flask import Response
from marshmallow import Schema, fields
from sqlalchemy import Connection, Row
from werkzeug.http import dump_options_header

from marketplace.api.fields import Body, Code, Id
from marketplace.api.resource import KeyHeader, PageQuery, Resource
from marketplace.delivery.content import ranged
from marketplace.delivery.files import deliver, included, resume
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.supervision import STEPS
from settlement import ids, statements
from settlement.entitlements import EntitlementState
from settlement.store import Page

bp = Resource("rights", __name__, "Rights of use, the files they open, receipts.")
STREAM = "application/octet-stream"
RECEIPT, SHA256 = "X-Receipt", "X-Content-SHA256"
RANGES = [
    {
        "name": name,
        "in": "header",
        "description": said,
        "schema": {"type": "string"},
    }
    for name, said in (
        ("Range", "One range of bytes, such as `bytes=1048576-`."),
        ("If-Range", "The ETag of what you have; the whole comes if it changed."),
    )
]


class EntitlementSchema(Schema):
    """A right of use."""

    id = Id("entitlement", required=True)
    holder = Id("member", required=True)
    trade = Id("trade", required=True, allow_none=True)
    instrument = Id("instrument", required=True)
    quantity = fields.Integer(required=True)
    purpose = fields.String(required=True)
    from_us = fields.Integer(required=True)
    until_us = fields.Integer(required=True, allow_none=True)
    deliveries = fields.Integer(required=True)
    deliveries_max = fields.Integer(required=True, allow_none=True)
    state = Code(*EntitlementState, required=True)


class MeasureSchema(Schema):
    """What the exchange did with a right, and why."""

    record = Id("record", attribute="seq", required=True)
    at_us = fields.Integer(required=True)
    event = Code(*STEPS, required=True)
    reason = fields.String(required=True)


class FullEntitlementSchema(EntitlementSchema):
    """A right of use with its terms, and what the exchange did with it last."""

    terms = fields.Dict(required=True)
    measures = fields.List(fields.Nested(MeasureSchema), required=True)


class IncludedSchema(Schema):
    """A file that a right opens."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    size = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    media_type = fields.String(required=True)
    release = fields.String(required=True, metadata={"description": "Its label."})


class FilesSchema(Schema):
    """The files that a right opens, as its terms promise them."""

    data = fields.List(fields.Nested(IncludedSchema), required=True)


class ReceiptSchema(Schema):
    """Proof of one delivery."""

    id = Id("receipt", required=True)
    record = Id("record", attribute="seq", required=True)
    at_us = fields.Integer(required=True)
    entitlement = Id("entitlement", required=True)
    file = Id("file", required=True)
    sha256 = fields.String(required=True)
    bytes = fields.Integer(required=True)


class ReceiptsQuery(PageQuery):
    """Which receipts."""

    entitlement = Id("entitlement", load_default=None)


class DeliverySchema(Body):
    """Which file."""

    file = Id("file", required=True)


@bp.route("/entitlements")
@bp.needs()
@bp.arguments(PageQuery, location="query")
@bp.lists(EntitlementSchema)
def list_entitlements(asked: dict[str, Any]) -> Page:
    """List the member's rights, ended ones too."""
    with services().reads.connect() as db:
        return statements.entitlements_of(
            db, me().member, asked["cursor"], asked["limit"]
        )


@bp.route("/entitlements/<entitlement>")
@bp.needs()
@bp.response(200, FullEntitlementSchema)
@bp.refuses(404)
def get_entitlement(entitlement: int) -> Any:
    """Read one of the member's rights with its terms."""
    with services().reads.connect() as db:
        return in_full(db, statements.entitlement(db, entitlement, me().member))


def in_full(db: Connection, right: Row[Any]) -> dict[str, Any]:
    """Return a right with its terms and the measures taken."""
    return right._asdict() | {
        "terms": statements.terms(db, right.terms),
        "measures": statements.measures_of(db, right.id).rows,
    }


@bp.route("/entitlements/<entitlement>/files")
@bp.needs()
@bp.response(200, FilesSchema)
@bp.refuses(404)
def list_included(entitlement: int) -> Any:
    """List the files that a right opens."""
    with services().reads.connect() as db:
        right = statements.entitlement(db, entitlement, me().member)
        return {"data": included(db, statements.terms(db, right.terms))}


@bp.route("/entitlements/<entitlement>/deliveries", methods=["POST"])
@bp.needs("buyer")
@bp.arguments(DeliverySchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(
    200,
    {"type": "string", "format": "binary"},
    content_type=STREAM,
    headers={
        name: {"schema": {"type": "string"}}
        for name in (RECEIPT, SHA256, "Content-Disposition")
    },
)
@bp.refuses(404)
def deliver_file(
    wanted: dict[str, int], header: dict[str, str], entitlement: int
) -> Response:
    """Deliver a file: checked, counted and receipted before the first byte.

    The receipt's id is in the header X-Receipt. With the same Idempotency-Key a broken
    download is begun again without being counted again; the receipt's content goes on
    where it broke off.
    """
    sent = deliver(services(), me(), entitlement, wanted["file"], header["key"])
    answer = Response(sent.content, mimetype=STREAM)
    answer.headers["Content-Disposition"] = dump_options_header(
        "attachment", {"filename": sent.name}
    )
    answer.content_length = sent.size
    answer.headers[RECEIPT] = ids.encode("receipt", sent.receipt)
    answer.headers[SHA256] = sent.sha256
    return answer


@bp.route("/receipts/<receipt>/content", methods=["GET", "HEAD"])
@bp.needs()
@bp.response(
    200,
    {"type": "string", "format": "binary"},
    content_type=STREAM,
    headers={
        name: {"schema": {"type": "string"}}
        for name in (SHA256, "Content-Disposition", "ETag")
    },
)
@bp.alt_response(206, "PARTIAL_CONTENT", success=True)
@bp.alt_response(304, "NOT_MODIFIED", success=True)
@bp.refuses(404, 410, 416)
@bp.doc(parameters=RANGES)
def resume_delivery(receipt: int) -> Response:
    """Go on with a delivery: whole or from a byte on, not counted again, for a day.

    What breaks off is asked for with Range, and If-Range with the ETag. It ends with
    the right.
    """
    sent = resume(services(), me(), receipt)
    answer = ranged(sent.content, sent.sha256, STREAM)
    answer.headers["Content-Disposition"] = dump_options_header(
        "attachment", {"filename": sent.name}
    )
    answer.headers[SHA256] = sent.sha256
    return answer


@bp.route("/receipts")
@bp.needs()
@bp.arguments(ReceiptsQuery, location="query")
@bp.lists(ReceiptSchema)
def list_receipts(asked: dict[str, Any]) -> Page:
    """List the member's receipts, or those under one right."""
    with services().reads.connect() as db:
        return statements.receipts_of(
            db,
            me().member,
            asked["cursor"],
            asked["limit"],
            under=asked["entitlement"],
        )
