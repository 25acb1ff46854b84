"""Descriptions in formats that programs read, as the pages give them too."""

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from listings.formats.kinds import FORMATS, for_catalogues
from marketplace import exporting
from marketplace.api.fields import Digits, Flag, Id
from marketplace.api.resource import Resource
from marketplace.exporting import SHEET_PAGE, SHEETS
from marketplace.web import exports
from settlement.errors import NotFound

bp = Resource("formats", __name__, "Listings and the catalogue for other programs.")
WHOLE = {form.suffix: form.media_type for form in for_catalogues()} | {
    suffix: sheet.media_type for suffix, sheet in SHEETS.items()
}


def _of(kinds: set[str], description: str) -> dict[str, Any]:
    """Return how an answer is described that is a document of one of several kinds."""
    content: dict[str, Any] = {kind: {"schema": {}} for kind in sorted(kinds)}
    return {"description": description, "content": content}


class FormatSchema(Schema):
    """A format: what it is called, and what it can describe."""

    format = fields.String(required=True)
    name = fields.String(required=True)
    media_type = fields.String(required=True)
    specification = fields.String(required=True)
    classes = fields.List(fields.String(), required=True)
    listings = Flag(required=True, metadata={"description": "It describes one."})
    catalogue = Flag(required=True, metadata={"description": "It describes all."})


class FormatsSchema(Schema):
    """All formats."""

    data = fields.List(fields.Nested(FormatSchema), required=True)


class CatalogueQuery(Schema):
    """Which part of the catalogue."""

    after = Id("product", load_default=0)
    limit = Digits(
        1,
        SHEET_PAGE,
        load_default=0,
        metadata={"description": "By itself, and at most, 100; of tables 1,000."},
    )


@bp.route("/formats")
@bp.response(200, FormatsSchema)
def list_formats() -> Any:
    """List the formats of listings and of the whole catalogue."""
    shown = [
        form._asdict()
        | {"format": form.suffix, "listings": True, "catalogue": form.suffix in WHOLE}
        for form in FORMATS
    ]
    tables = [
        {
            "format": suffix,
            "name": sheet.name,
            "media_type": sheet.media_type,
            "specification": "",
            "classes": FORMATS[0].classes,
            "listings": False,
            "catalogue": True,
        }
        for suffix, sheet in exporting.SHEETS.items()
    ]
    return {"data": [*shown, *tables]}


@bp.route("/listings/<product>/formats/<form>")
@bp.doc(responses={"200": _of({form.media_type for form in FORMATS}, "The listing.")})
@bp.refuses(404, 422)
def describe_listing(product: int, form: str) -> Response:
    """Read a listing in public in one of the formats."""
    return exports.single(product, form)


@bp.route("/catalogue/<form>")
@bp.arguments(CatalogueQuery, location="query")
@bp.doc(responses={"200": _of(set(WHOLE.values()), "A page; Link names the next.")})
@bp.refuses(404, 422)
def describe_catalogue(asked: dict[str, int], form: str) -> Response:
    """Read a page of everything in public in one of the formats."""
    if form not in WHOLE:
        raise NotFound("format", form[:40])
    return exports.whole(form, asked["after"], asked["limit"])
