"""What examinations found: reports for the vendor, measured quality in public."""

from typing import Any

from marshmallow import Schema, fields

from listings import catalogue
from listings.quality import measured, reports
from marketplace.api.fields import Id
from marketplace.api.products import own
from marketplace.api.resource import Resource
from marketplace.members.signing import me
from marketplace.services import services
from settlement import ids
from settlement.errors import NotFound

bp = Resource("quality", __name__, "What examinations found in the files of releases.")


class ReportSchema(Schema):
    """The examination of one file: its state, and what was found where."""

    file = Id("file", required=True)
    state = fields.String(
        required=True,
        metadata={"description": "queued, examining, done or quarantined."},
    )
    reason = fields.String(
        required=True, metadata={"description": "Why it is quarantined, a code."}
    )
    method = fields.String(required=True, metadata={"description": "Its version."})
    sha256 = fields.String(required=True, metadata={"description": "Of the report."})
    asked_us = fields.Integer(required=True)
    done_us = fields.Integer(required=True, allow_none=True)
    tables = fields.List(
        fields.Dict(fields.String(), fields.Raw()),
        required=True,
        metadata={"description": "The profile and a masked sample of each table."},
    )
    service = fields.Dict(fields.String(), fields.Raw(), required=True, allow_none=True)
    problems = fields.List(
        fields.Dict(fields.String(), fields.Raw()),
        required=True,
        metadata={
            "description": "severity (stop, wrong, advice), code, table, column, row."
        },
    )


class MetricSchema(Schema):
    """A share of something that was counted."""

    code = fields.String(required=True)
    share_bps = fields.Integer(required=True, allow_none=True)
    sample = fields.Integer(required=True)
    method = fields.String(required=True)


class ScoreSchema(Schema):
    """One dimension of GB/T 36344-2018."""

    dimension = fields.String(required=True)
    name_zh = fields.String(required=True)
    name_en = fields.String(required=True)
    share_bps = fields.Integer(required=True, allow_none=True)
    metrics = fields.List(fields.Nested(MetricSchema), required=True)


class ColumnSchema(Schema):
    """A column of the computed schema."""

    table = fields.String(required=True)
    name = fields.String(required=True)
    type = fields.String(required=True)
    nullable = fields.Boolean(required=True)


class QualitySchema(Schema):
    """The measured quality of a release."""

    release = Id("release", required=True)
    label = fields.String(required=True)
    score_bps = fields.Integer(required=True, allow_none=True)
    dimensions = fields.List(fields.Nested(ScoreSchema), required=True)
    columns = fields.List(fields.Nested(ColumnSchema), required=True)
    tables = fields.List(fields.Dict(fields.String(), fields.Raw()), required=True)
    services = fields.List(fields.Dict(fields.String(), fields.Raw()), required=True)
    drift = fields.List(fields.Dict(fields.String(), fields.Raw()), required=True)


@bp.route("/files/<file>/report")
@bp.needs("vendor")
@bp.response(200, ReportSchema)
@bp.refuses(404)
def get_report(file: int) -> Any:
    """Read what the examination of one of the vendor's files found."""
    with services().reads.connect() as db:
        if measured.vendor_of(db, file) != me().member:
            raise NotFound("file", ids.encode("file", file))
        return reports.of_file(db, file)


@bp.route("/releases/<release>/quality")
@bp.needs("vendor")
@bp.response(200, QualitySchema)
@bp.refuses(404)
def get_release_quality(release: int) -> Any:
    """Read the measured quality of one of the vendor's releases, final or not."""
    with services().reads.connect() as db:
        found = measured.of_release(db, release)
    own(found.product)
    return found


@bp.route("/listings/<product>/quality")
@bp.response(200, QualitySchema)
@bp.refuses(404)
def get_quality(product: int) -> Any:
    """Read the measured quality of what a listing delivers today."""
    with services().reads.connect() as db:
        catalogue.listing(db, product)
        found = measured.of_product(db, product)
    if found is None:
        raise NotFound("product", ids.encode("product", product))
    return found
