"""The data dictionary of a product: what its vendor says of each column."""

from typing import Any

from marshmallow import Schema, fields

from listings import admission, dictionary, products
from listings.dictionary import (
    ABOUT_MAX,
    CODE_MAX,
    CODES_MAX,
    COLUMNS_MAX,
    NAME_MAX,
    PERSONAL,
    UNIT_MAX,
)
from listings.quality import declared
from marketplace.api.fields import Body, Code, Int, Long, Text
from marketplace.api.products import VERSION_MAX, bp, own
from marketplace.members.signing import me
from marketplace.services import services

COLUMN_MAX = products.TITLE_MAX  # characters of a column's name in the files


class ColumnCodeSchema(Body):
    """A value that a column may have, and what it means."""

    code = Text(CODE_MAX, least=1, required=True)
    zh = Text(CODE_MAX)
    en = Text(CODE_MAX)


class ColumnEditSchema(Body):
    """What is said of a column; what is left out stays as it is."""

    name = Text(COLUMN_MAX, least=1, required=True)
    becomes = Text(
        COLUMN_MAX,
        load_default=None,
        allow_none=True,
        metadata={"description": "Its name from now on; empty takes it out."},
    )
    type = Text(60)
    zh = Text(NAME_MAX)
    en = Text(NAME_MAX)
    about_zh = Text(ABOUT_MAX, lines=True)
    about_en = Text(ABOUT_MAX, lines=True)
    unit = Text(UNIT_MAX)
    codes = fields.List(fields.Nested(ColumnCodeSchema), validate=Long(0, CODES_MAX))
    personal = Code(
        *PERSONAL,
        metadata={"description": "Never milder than what its values show."},
    )


class DictionaryEditSchema(Body):
    """Columns to be described, over a version of the product's facts."""

    version = Int(1, VERSION_MAX, required=True)
    columns = fields.List(
        fields.Nested(ColumnEditSchema), required=True, validate=Long(1, COLUMNS_MAX)
    )


class DictionaryLineSchema(Schema):
    """A column: what is said of it, and what the newest release shows."""

    name = fields.String(required=True)
    said = fields.Dict(fields.String(), fields.Raw(), required=True)
    computed = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Its type in the newest release; null: not there."},
    )
    gone = fields.Boolean(required=True, attribute="is_gone")
    least = fields.String(
        required=True, metadata={"description": "The mildest class it may have."}
    )


class DictionarySchema(Schema):
    """The columns of a product, and the version that they belong to."""

    version = fields.Integer(required=True)
    columns = fields.List(fields.Nested(DictionaryLineSchema), required=True)


@bp.route("/products/<product>/dictionary")
@bp.needs("vendor")
@bp.response(200, DictionarySchema)
@bp.refuses(404)
def get_dictionary(product: int) -> Any:
    """Read what is said of each column, beside what the newest release shows."""
    return _dictionary(own(product))


@bp.route("/products/<product>/dictionary", methods=["PATCH"])
@bp.needs("vendor")
@bp.arguments(DictionaryEditSchema)
@bp.response(200, DictionarySchema)
@bp.refuses(404, 409, 422)
def describe_columns(asked: dict[str, Any], product: int) -> Any:
    """Say what columns mean; for a registered product it goes to a registrar.

    It is known by the column's name and stays from release to release.
    """
    number = own(product)
    edits = {column["name"]: dict(column) for column in asked["columns"]}
    became = {name: edit.pop("becomes") for name, edit in edits.items()}
    renamed = {name: new for name, new in became.items() if new is not None}
    with services().writes.begin() as db:
        facts = products.facts_of(products.find(db, number))
        made = dictionary.revised(facts.dictionary, edits, renamed)
        changed = facts._replace(dictionary=made)
        admission.revise(db, number, changed, asked["version"], me())
    return _dictionary(number)


def _dictionary(number: int) -> dict[str, Any]:
    with services().reads.connect() as db:
        row = products.find(db, number)
        said = products.facts_of(row).dictionary
        computed = declared.columns_of_newest(db, number, said)
    lines = [
        line._asdict() | {"computed": line.computed["type"] if line.computed else None}
        for line in dictionary.lines(said, computed)
    ]
    return {"version": row.version, "columns": lines}
