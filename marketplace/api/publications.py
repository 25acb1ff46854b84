"""Publications of the statistics: what was published when, of which records."""

from typing import Any

from marshmallow import Schema, fields, pre_dump

from marketplace.api.fields import Id
from marketplace.api.resource import Resource
from marketplace.api.statistics import VintageSchema
from marketplace.services import services
from settlement import clock
from settlement.statistics import publications
from settlement.statistics.schedule import coming
from settlement.statistics.vintages import read

bp = Resource("publications", __name__, "What was published of the statistics, when.")


class PublicationSchema(VintageSchema):
    """A publication; withdrawn ones say why."""

    state = fields.String(required=True)
    withdrawn_because = fields.String(required=True, allow_none=True)


class PlannedReleaseSchema(Schema):
    """What the calendar says comes next."""

    period = fields.String(required=True)
    last_day = fields.Date(required=True)
    release_us = fields.Integer(required=True)


class ReleaseCalendarSchema(Schema):
    """What was published, newest first, and what is to come."""

    data = fields.List(fields.Nested(PublicationSchema), required=True)
    coming = fields.List(fields.Nested(PlannedReleaseSchema), required=True)


class PublishedTableSchema(Schema):
    """A published table: its question's text is found by the hash *query*."""

    id = Id("figure", required=True)
    question = fields.String(required=True)
    by = fields.String(required=True)
    query = fields.String(required=True)
    withheld = fields.Integer(required=True)
    sha256 = fields.String(required=True)


class TablesSchema(PublicationSchema):
    """A publication with its tables."""

    tables = fields.List(fields.Nested(PublishedTableSchema), required=True)


class FigureSchema(PublishedTableSchema):
    """A table with its rows and the text of its question."""

    publication = fields.Nested(PublicationSchema, required=True)
    sql = fields.String(required=True)
    data = fields.List(fields.Dict(), required=True)

    @pre_dump
    def name_columns(self, row: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Return the rows by column name; days as text."""
        columns, rows = read(row["columns"], row["rows"])
        lines = [dict(zip(columns, map(_plain, line), strict=True)) for line in rows]
        return row | {"data": lines}


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


@bp.route("/statistics/publications")
@bp.response(200, ReleaseCalendarSchema)
def list_publications() -> Any:
    """List what was published, and what the calendar says comes next."""
    now_us = clock.now_us()
    with services().reads.connect() as db:
        return {"data": publications.released(db, now_us), "coming": coming(now_us)}


@bp.route("/statistics/publications/<publication>")
@bp.response(200, TablesSchema)
@bp.refuses(404)
def get_publication(publication: int) -> Any:
    """Read a publication: its position of the journal and the hashes of its tables."""
    with services().reads.connect() as db:
        row = publications.seen(db, publication, clock.now_us())
        tables = publications.tables_of(db, publication)
        return row._asdict() | {"tables": tables}


@bp.route("/statistics/figures/<figure>")
@bp.response(200, FigureSchema)
@bp.refuses(404, 410)
def get_figure(figure: int) -> Any:
    """Read a published table with the text of its question."""
    with services().reads.connect() as db:
        row = publications.table(db, figure)
        whole = publications.shown(db, row.publication, clock.now_us())
        text = publications.text(db, row.query, row.question)
        said = {"publication": whole, "sql": text.sql}
        return row._asdict() | said
