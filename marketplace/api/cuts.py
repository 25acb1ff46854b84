"""Cuts and leaks: what a licence leaves of a table, and whose copy a file is."""

from typing import Any

from flask import Response, request
from marshmallow import Schema, fields
from werkzeug.http import dump_options_header

from listings import catalogue
from listings.cuts.settings import (
    COLUMNS_MAX,
    FIRST_MAX,
    HOW,
    NAME_MAX,
    ONE_IN,
    ONE_IN_MAX,
    ONE_IN_MIN,
    VALUES_MAX,
    Cut,
    Mark,
    Mask,
    Rows,
)
from marketplace import limits
from marketplace.api.entitlements import RECEIPT, SHA256, STREAM
from marketplace.api.fields import Body, Code, Id, Int, Long, Text
from marketplace.api.resource import KeyHeader, Resource
from marketplace.delivery import cutting, leaks
from marketplace.members.signing import me
from marketplace.services import services
from settlement import ids

bp = Resource("cuts", __name__, "Rows, masks and marks of a licence; leaked files.")
KEYS_MAX = 4


class CutRowsSchema(Body):
    """Only rows whose column, as text, is one of the values."""

    column = Text(NAME_MAX, least=1, required=True)
    values = fields.List(Text(NAME_MAX), required=True, validate=Long(1, VALUES_MAX))


class CutMaskSchema(Body):
    """A column hidden, blank, hashed (a pseudonym of the buyer's own) or shortened."""

    column = Text(NAME_MAX, least=1, required=True)
    how = Code(*HOW, required=True)
    first = Int(0, FIRST_MAX, load_default=0)


class MarkedColumnSchema(Body):
    """A number that may differ by one step, such as 0.01."""

    column = Text(NAME_MAX, least=1, required=True)
    step = Text(12, least=1, required=True)


class CutMarkSchema(Body):
    """How copies are told apart: keys, numbers, one row in so many."""

    keys = fields.List(
        Text(NAME_MAX, least=1), required=True, validate=Long(1, KEYS_MAX)
    )
    columns = fields.List(
        fields.Nested(MarkedColumnSchema),
        required=True,
        validate=Long(1, COLUMNS_MAX),
    )
    one_in = Int(ONE_IN_MIN, ONE_IN_MAX, load_default=ONE_IN)


class CutSchema(Body):
    """What is left of the tables of an instrument that is sold from now on."""

    rows = fields.List(
        fields.Nested(CutRowsSchema), load_default=list, validate=Long(0, COLUMNS_MAX)
    )
    masks = fields.List(
        fields.Nested(CutMaskSchema), load_default=list, validate=Long(0, COLUMNS_MAX)
    )
    mark = fields.Nested(CutMarkSchema, load_default=None, allow_none=True)


class SuspicionSchema(Schema):
    """A buyer, how far the file agrees with its copy, the bound on a false naming."""

    member = Id("member", required=True)
    release = fields.String(required=True)
    table = fields.String(required=True)
    cells = fields.Integer(required=True)
    agreed = fields.Integer(required=True)
    bound = fields.Float(required=True)


class LeakSchema(Schema):
    """A file that turned up, whose copies it is, and all of it signed."""

    id = Id("leak", required=True)
    at_us = fields.Integer(required=True)
    file_name = fields.String(required=True)
    file_sha256 = fields.String(required=True)
    found = fields.List(fields.Nested(SuspicionSchema), required=True)
    token = fields.String(required=True)


class LeaksSchema(Schema):
    """The last cases of a product."""

    data = fields.List(fields.Nested(LeakSchema), required=True)


class LeakQuery(Schema):
    """What the file is called."""

    name = Text(NAME_MAX, least=1, required=True)


@bp.route("/instruments/<instrument>/cut", methods=["PUT"])
@bp.needs("vendor")
@bp.arguments(CutSchema)
@bp.response(204)
@bp.refuses(404)
def put_cut(wanted: dict[str, Any], instrument: int) -> None:
    """Let an instrument open its tables cut so, for what is sold from now on."""
    mark = wanted["mark"]
    cut = Cut(
        tuple(Rows(r["column"], tuple(r["values"])) for r in wanted["rows"]),
        tuple(Mask(**mask) for mask in wanted["masks"]),
        None
        if mark is None
        else Mark(
            tuple(mark["keys"]),
            tuple((one["column"], one["step"]) for one in mark["columns"]),
            mark["one_in"],
        ),
    )
    cutting.settle(services(), me(), instrument, cut)


@bp.route("/instruments/<instrument>/cut", methods=["DELETE"])
@bp.needs("vendor")
@bp.response(204)
@bp.refuses(404)
def delete_cut(instrument: int) -> None:
    """Let an instrument sell whole files again, from now on."""
    cutting.settle(services(), me(), instrument, None)


@bp.route("/entitlements/<entitlement>/tables/<name>/deliveries", methods=["POST"])
@bp.needs("buyer")
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
@bp.refuses(404, 409)
def deliver_table(header: dict[str, str], entitlement: int, name: str) -> Response:
    """Deliver a table of a right whose licence cuts it, as Parquet."""
    sent = cutting.deliver(services(), me(), entitlement, name, header["key"])
    answer = Response(sent.content, mimetype=STREAM)
    answer.headers["Content-Disposition"] = dump_options_header(
        "attachment", {"filename": sent.name}
    )
    answer.content_length = sent.size
    answer.headers[RECEIPT] = ids.encode("receipt", sent.receipt)
    answer.headers[SHA256] = sent.sha256
    return answer


@bp.route("/products/<product>/leaks")
@bp.needs("vendor")
@bp.response(200, LeaksSchema)
@bp.refuses(404)
def list_leaks(product: int) -> Any:
    """List the last files that were looked at for a product."""
    with services().reads.connect() as db:
        catalogue.product(db, product, me().member)
        rows = leaks.of_product(db, product).rows
    return {"data": [_told(row) for row in rows]}


@bp.route("/products/<product>/leaks", methods=["POST"])
@bp.needs("vendor")
@bp.doc(
    requestBody={
        "required": True,
        "content": {STREAM: {"schema": {"type": "string", "format": "binary"}}},
    }
)
@bp.arguments(LeakQuery, location="query")
@bp.response(201, LeakSchema)
@bp.refuses(404, 409, 413, 429)
def find_leak(named: dict[str, str], product: int) -> Any:
    """Look whose marked copy a file is: its bytes are the body of the request.

    A buyer is named if the chance that this is wrong is at most one in a million, over
    all files that were looked at for the product.
    """
    limits.count("leak", str(me().member), leaks.RATES)
    number = leaks.accuse(services(), me(), product, named["name"], request.stream)
    with services().reads.connect() as db:
        return _told(leaks.get(db, number, product))


def _told(row: Any) -> dict[str, Any]:
    facts: dict[str, Any] = row._asdict()
    return facts | {"found": leaks.suspicions(row)}
