"""Fits: how a product on the market matches what the asker has, before it is paid."""

import json
from typing import Any

from flask import request
from marshmallow import Schema, fields

from listings import catalogue
from listings.fitting import settings
from listings.fitting.settings import KEYS_MAX, MEASURES_MAX, Comparable
from marketplace.api.fields import Body, Id, Long, Text
from marketplace.api.resource import Resource
from marketplace.delivery import fits
from marketplace.delivery.fits import Brought
from marketplace.members.signing import me
from marketplace.services import services
from settlement import ids

bp = Resource("fits", __name__, "How data matches what you have, before you pay.")
STREAM = "application/octet-stream"
NAME_MAX = 200  # characters of a column, a table, a file


class FitTableSchema(Schema):
    """Which table of a product may be compared, by which keys, with which measures."""

    table = fields.String(required=True)
    keys = fields.List(fields.String(), required=True)
    measures = fields.List(fields.String(), required=True)


class NewFitTableSchema(Body):
    """Which table of a product is compared, by which keys, with which measures."""

    table = Text(NAME_MAX, least=1, required=True)
    keys = fields.List(
        Text(NAME_MAX, least=1), required=True, validate=Long(1, KEYS_MAX)
    )
    measures = fields.List(
        Text(NAME_MAX, least=1), load_default=list, validate=Long(0, MEASURES_MAX)
    )


class FitFigureSchema(Schema):
    """A share in percent, and by how many points the true one may differ."""

    name = fields.String(required=True)
    percent = fields.Integer(required=True)
    margin = fields.Integer(required=True)


class MadeFitSchema(Schema):
    """A comparison: what it came to, and the same as a signed JWS."""

    id = Id("fit", required=True)
    figures = fields.List(fields.Nested(FitFigureSchema), required=True)
    token = fields.String(required=True)


class KeptFitSchema(MadeFitSchema):
    """A comparison made before; *why* there is no answer, if there is none."""

    at_us = fields.Integer(required=True)
    release = Id("release", required=True)
    measure = fields.String(required=True)
    why = fields.String(required=True)


class MadeFitsSchema(Schema):
    """The member's last comparisons with a product."""

    data = fields.List(fields.Nested(KeptFitSchema), required=True)


class FitRightSchema(Body):
    """A table of one of the member's rights, and its columns."""

    entitlement = Id("entitlement", required=True)
    table = Text(NAME_MAX, least=1, required=True)
    keys = fields.List(
        Text(NAME_MAX, least=1), required=True, validate=Long(1, KEYS_MAX)
    )
    target = Text(NAME_MAX, load_default="")
    measure = Text(NAME_MAX, load_default="")


class FitFileQuery(Schema):
    """What a file is called, and its columns, keys separated by commas."""

    name = Text(NAME_MAX, least=1, required=True)
    keys = Text(KEYS_MAX * NAME_MAX, least=1, required=True)
    target = Text(NAME_MAX, load_default="")
    measure = Text(NAME_MAX, load_default="")


@bp.route("/listings/<product>/fit")
@bp.response(200, FitTableSchema)
@bp.refuses(404, 409)
def get_comparable(product: int) -> Any:
    """Read what of a product may be compared before it is bought."""
    with services().reads.connect() as db:
        catalogue.listing(db, product, me().member)
        found = settings.of_product(db, product)
    if found is None:
        raise fits.NotComparable(ids.encode("product", product))
    return found._asdict()


@bp.route("/products/<product>/fit", methods=["PUT"])
@bp.needs("vendor")
@bp.arguments(NewFitTableSchema)
@bp.response(204)
@bp.refuses(404)
def put_comparable(wanted: dict[str, Any], product: int) -> None:
    """Let verified buyers compare a table of the product before they buy it."""
    said = Comparable(wanted["table"], tuple(wanted["keys"]), tuple(wanted["measures"]))
    with services().writes.begin() as db:
        fits.allow(db, me(), product, said)


@bp.route("/products/<product>/fit", methods=["DELETE"])
@bp.needs("vendor")
@bp.response(204)
@bp.refuses(404)
def delete_comparable(product: int) -> None:
    """Let the product be compared no more."""
    with services().writes.begin() as db:
        fits.allow(db, me(), product, None)


@bp.route("/listings/<product>/fits")
@bp.needs()
@bp.response(200, MadeFitsSchema)
@bp.refuses(404)
def list_comparisons(product: int) -> Any:
    """List the member's last comparisons with a product, the newest first."""
    with services().reads.connect() as db:
        catalogue.listing(db, product, me().member)
        rows = fits.of_member(db, me().member, product)
    return {
        "data": [row._asdict() | {"figures": json.loads(row.figures)} for row in rows]
    }


@bp.route("/listings/<product>/fits", methods=["POST"])
@bp.needs("buyer")
@bp.arguments(FitRightSchema)
@bp.response(201, MadeFitSchema)
@bp.refuses(403, 404, 409, 429)
def compare_right(said: dict[str, Any], product: int) -> Any:
    """Compare a product with a table of a right that you hold.

    `overlap`: which share of the offered keys you have; `match`: which share of yours
    it has; `coverage`: of these, which share has the measure; `explained`: how much of
    your target the measure explains. No row is shown to either side.
    """
    said["keys"] = tuple(said["keys"])
    return fits.compare(services(), me(), product, Brought(**said))._asdict()


@bp.route("/listings/<product>/fits/file", methods=["POST"])
@bp.needs("buyer")
@bp.doc(
    requestBody={
        "required": True,
        "content": {STREAM: {"schema": {"type": "string", "format": "binary"}}},
    }
)
@bp.arguments(FitFileQuery, location="query")
@bp.response(201, MadeFitSchema)
@bp.refuses(403, 404, 409, 429)
def compare_file(said: dict[str, str], product: int) -> Any:
    """Compare a product with a file of yours (the body), which is not kept."""
    columns = tuple(name.strip() for name in said["keys"].split(","))
    file = (said["name"], request.stream)
    brought = Brought(columns, said["target"], said["measure"], file=file)
    return fits.compare(services(), me(), product, brought)._asdict()
