"""Imports of a vendor's own catalogue: brought, corrected, looked at, made drafts."""

from collections.abc import Mapping
from typing import Any

from flask import request
from marshmallow import Schema, fields

from listings.formats.columns import SYNONYMS
from listings.formats.kinds import FORMATS
from listings.formats.table import DELIMITERS, ENCODINGS, Choice
from listings.intake import intakes
from listings.intake.intakes import Intake
from listings.intake.recognition import TABLE
from marketplace import intaking
from marketplace.api.fields import Body, Code, Digits, Id, Text
from marketplace.api.resource import PageQuery, Resource, at, page_of
from marketplace.intaking import Settings
from marketplace.language import translated
from marketplace.members.signing import me
from marketplace.services import services
from settlement import ids
from settlement.store import PAGE_MAX

bp = Resource("imports", __name__, "A vendor's own catalogue, in any format or table.")
STREAM = "application/octet-stream"
FORMS = (TABLE, *(form.suffix for form in FORMATS))
_SIGNS = {name: sign for sign, name in DELIMITERS.items()}


class FileNameQuery(Schema):
    """What the file is called."""

    name = Text(200, least=1, required=True)


class ReadingSchema(Body):
    """How a file is read."""

    form = Code(*FORMS, required=True)
    encoding = Code("", *ENCODINGS, load_default="")
    delimiter = Code("", *_SIGNS, load_default="")
    sheet = Text(200, load_default="")


class ImportSchema(Schema):
    """A file on its way to drafts, and how it is understood."""

    id = Id("intake", required=True)
    name = fields.String(required=True)
    source = fields.String(
        required=True,
        metadata={"description": "Entries are known by their number in this source."},
    )
    state = Code("open", "running", "done", required=True)
    total = fields.Integer(required=True, metadata={"description": "Entries."})
    done = fields.Integer(required=True)
    form = fields.String(required=True)
    encoding = fields.String(required=True)
    delimiter = fields.String(required=True)
    sheet = fields.String(required=True)
    mapping = fields.Dict(
        fields.String(),
        fields.String(),
        required=True,
        metadata={"description": "Column → field; empty: kept beside the product."},
    )
    created_us = fields.Integer(required=True)


class CorrectionSchema(ReadingSchema):
    """Corrections; what is left out of *mapping* is kept beside the product."""

    source = Text(intakes.SOURCE_MAX, least=1, required=True)
    mapping = fields.Dict(
        Text(1_000),
        Code("", *SYNONYMS),
        load_default=None,
        allow_none=True,
        metadata={"description": "Null: as it is, or found anew for new columns."},
    )
    saved = Text(
        intakes.SOURCE_MAX,
        load_default="",
        metadata={"description": "Take the mapping kept under this name."},
    )
    save_as = Text(intakes.SOURCE_MAX, load_default="")


class MappingsSchema(Schema):
    """The mappings that the vendor has kept, by name."""

    data = fields.Dict(
        fields.String(), fields.Dict(fields.String(), fields.String()), required=True
    )


class EntriesQuery(Schema):
    """Which entries."""

    after = Digits(0, 10_000_000, load_default=0)
    limit = Digits(1, PAGE_MAX, load_default=PAGE_MAX)


class RemarkSchema(Schema):
    """What is to be said of a field of an entry."""

    field = fields.String(required=True, metadata={"description": "Empty: of all."})
    text = fields.String(required=True)


class EntrySchema(Schema):
    """What became of an entry, or would become of it while the import is open."""

    number = fields.Integer(required=True)
    place = fields.String(required=True, metadata={"description": "Line, or number."})
    title = fields.String(required=True)
    outcome = Code(*intakes.OUTCOMES, required=True)
    product = Id("product", required=True, allow_none=True)
    remarks = fields.List(fields.Nested(RemarkSchema), required=True)


class EntriesSchema(Schema):
    """A page of entries in their order."""

    data = fields.List(fields.Nested(EntrySchema), required=True)
    next = fields.Integer(
        required=True, allow_none=True, metadata={"description": "The next `after`."}
    )


@bp.route("/imports")
@bp.needs("vendor")
@bp.arguments(PageQuery, location="query")
@bp.response(200, page_of(ImportSchema))
def list_imports(asked: dict[str, Any]) -> Any:
    """List the vendor's imports, newest first."""
    with services().reads.connect() as db:
        found = intakes.of_vendor(db, me().member, asked["cursor"], asked["limit"])
    last = found[-1].id if len(found) == asked["limit"] else None
    return {"rows": [_told(one) for one in found], "before": last}


@bp.route("/imports", methods=["POST"])
@bp.needs("vendor")
@bp.doc(
    requestBody={
        "required": True,
        "content": {STREAM: {"schema": {"type": "string", "format": "binary"}}},
    }
)
@bp.arguments(FileNameQuery, location="query")
@bp.creates(ImportSchema)
@bp.refuses(409, 413, 415, 422)
def bring_catalogue(named: dict[str, str]) -> Any:
    """Bring a file, the body of the request; see how it is understood.

    Nothing is created yet.
    """
    number = intaking.bring(services(), me(), named["name"], request.stream)
    return _told(_mine(number)), at(f"/imports/{ids.encode('intake', number)}")


@bp.route("/imports/mappings")
@bp.needs("vendor")
@bp.response(200, MappingsSchema)
def list_mappings() -> Any:
    """Read the mappings that the vendor has kept."""
    with services().reads.connect() as db:
        return {"data": intakes.saved(db, me().member)}


@bp.route("/imports/<intake>")
@bp.needs("vendor")
@bp.response(200, ImportSchema)
@bp.refuses(404)
def get_import(intake: int) -> Any:
    """Read how a file is understood, and how far its import is."""
    return _told(_mine(intake))


@bp.route("/imports/<intake>", methods=["PUT"])
@bp.needs("vendor")
@bp.arguments(CorrectionSchema)
@bp.response(200, ImportSchema)
@bp.refuses(404, 422)
def correct_import(said: dict[str, Any], intake: int) -> Any:
    """Correct how a file is read and what its columns are, while it is open."""
    mapping: Mapping[str, str] | None = said["mapping"]
    how = Choice(said["encoding"], _SIGNS.get(said["delimiter"], ""), said["sheet"])
    settings = Settings(
        *(said["source"], said["form"], how, said["saved"], said["save_as"]),
        None if mapping is None else lambda _columns: mapping,
    )
    intaking.correct(services(), _mine(intake), settings)
    return _told(_mine(intake))


@bp.route("/imports/<intake>/entries")
@bp.needs("vendor")
@bp.arguments(EntriesQuery, location="query")
@bp.response(200, EntriesSchema)
@bp.refuses(404)
def list_entries(asked: dict[str, int], intake: int) -> Any:
    """List what would become of each entry or, once begun, what became of it."""
    found, most = _mine(intake), asked["limit"]
    with services().reads.connect() as db:
        shown = intaking.outcomes(services(), db, found, asked["after"], most)
    return {
        "data": [
            line._asdict()
            | {
                "remarks": [
                    {"field": name, "text": translated(text)}
                    for name, text in line.remarks
                ]
            }
            for line in shown
        ],
        "next": shown[-1].number if len(shown) == most else None,
    }


@bp.route("/imports/<intake>/drafts", methods=["POST"])
@bp.needs("vendor")
@bp.response(200, ImportSchema)
@bp.refuses(404, 422)
def create_drafts(intake: int) -> Any:
    """Create drafts for a few seconds; ask again until the state is done."""
    return _told(intaking.create(services(), _mine(intake)))


def _mine(number: int) -> Intake:
    with services().reads.connect() as db:
        return intakes.get(db, number, me().member)


def _told(found: Intake) -> dict[str, Any]:
    choice = found.choice
    return found._asdict() | {
        "encoding": choice.encoding,
        "delimiter": DELIMITERS.get(choice.delimiter, ""),
        "sheet": choice.sheet,
    }
