"""Clean rooms: what a right may ask of, questions and answers; the vendor's side."""

import json
from typing import Any

from marshmallow import Schema, fields

from listings import catalogue
from listings.cleanroom import settings
from listings.cleanroom.settings import Group, Settings, Shown
from listings.cleanroom.statement import TEXT_MAX
from marketplace import limits
from marketplace.api.fields import Body, Id, Int, Long, Text
from marketplace.api.resource import KeyHeader, PageQuery, Resource
from marketplace.delivery import cleanroom as rooms
from marketplace.delivery import roomsettings
from marketplace.members.signing import me
from marketplace.services import services
from settlement import statements
from settlement.store import Page

bp = Resource("cleanroom", __name__, "Questions to data that never leaves.")


class CleanroomColumnSchema(Schema):
    """A column to group by: its name, type, and how it was made coarser."""

    name = fields.String(required=True)
    type = fields.String(required=True)
    by = fields.String()
    blank = fields.Integer(metadata={"description": "% of groups it is not told of"})


class CleanroomTableSchema(Schema):
    """A table of groups: rows in them, the percentage of rows left out, columns."""

    name = fields.String(required=True)
    rows = fields.Integer(required=True)
    groups = fields.Integer(required=True)
    left_out = fields.Integer(required=True)
    columns = fields.List(fields.Nested(CleanroomColumnSchema), required=True)
    measures = fields.List(fields.Nested(CleanroomColumnSchema), required=True)


class CleanroomSchema(Schema):
    """What a right may ask of."""

    least = fields.Integer(required=True)
    deliveries = fields.Integer(required=True)
    deliveries_max = fields.Integer(required=True, allow_none=True)
    tables = fields.List(fields.Nested(CleanroomTableSchema), required=True)


class CleanroomQuestionSchema(Body):
    """A question: one SELECT."""

    sql = Text(TEXT_MAX, least=1, lines=True, required=True)


class CleanroomAnswerColumnSchema(Schema):
    """A column of an answer."""

    name = fields.String(required=True)
    type = fields.String(required=True)


class CleanroomAnswerSchema(Schema):
    """An answer, counted before it was given; *receipt* unless a meter counted it."""

    id = Id("query", required=True)
    receipt = Id("receipt", required=True, allow_none=True)
    columns = fields.List(fields.Nested(CleanroomAnswerColumnSchema), required=True)
    rows = fields.List(fields.List(fields.Raw(allow_none=True)), required=True)
    more = fields.Boolean(required=True)


class Names(fields.List[Any]):
    """Names that a row has as JSON."""

    def __init__(self, **more: Any) -> None:
        """Hold texts."""
        super().__init__(fields.String(), **more)

    def _serialize(
        self,
        value: Any,
        attr: str | None,  # noqa: ARG002 (marshmallow's signature)
        obj: Any,  # noqa: ARG002
        **_: Any,
    ) -> Any:
        return json.loads(value)


class CleanroomQuerySchema(Schema):
    """A question that was asked, and the shape of its answer or why there is none."""

    id = Id("query", required=True)
    entitlement = Id("entitlement", required=True)
    at_us = fields.Integer(required=True)
    took_us = fields.Integer(required=True)
    sql = fields.String(required=True)
    why = fields.String(required=True)
    what = fields.String(required=True)
    columns = Names(required=True)
    rows = fields.Integer(required=True)
    size = fields.Integer(required=True)
    sha256 = fields.String(required=True)
    receipt = Id("receipt", required=True, allow_none=True)


class CleanroomAskedSchema(CleanroomQuerySchema):
    """The same with who asked, for the vendor."""

    holder = Id("member", required=True)


class CleanroomGroupSchema(Body):
    """A column to group by; *by* as the help page says, empty: as it is."""

    column = Text(settings.NAME_MAX, least=1, required=True)
    by = Text(settings.STEP_DIGITS_MAX, load_default="")


class CleanroomShownSchema(Body):
    """What the room shows of a table."""

    table = Text(settings.NAME_MAX, least=1, required=True)
    subject = Text(settings.NAME_MAX, load_default="")
    groups = fields.List(
        fields.Nested(CleanroomGroupSchema),
        required=True,
        validate=Long(1, settings.GROUPS_MAX),
    )
    measures = fields.List(
        Text(settings.NAME_MAX, least=1),
        load_default=list,
        validate=Long(0, settings.MEASURES_MAX),
    )


class CleanroomSettingsSchema(Body):
    """What the room shows of its tables."""

    least = Int(settings.LEAST_MIN, settings.LEAST_MAX, load_default=settings.LEAST)
    tables = fields.List(
        fields.Nested(CleanroomShownSchema),
        required=True,
        validate=Long(1, settings.TABLES_MAX),
    )


class CleanroomTablesSchema(Schema):
    """What the room shows of the newest release."""

    data = fields.List(fields.Nested(CleanroomTableSchema), required=True)


def _told(table: Any) -> dict[str, Any]:
    told: dict[str, Any] = table.facts | {"name": table.table}
    return told


@bp.route("/entitlements/<entitlement>/cleanroom")
@bp.needs()
@bp.response(200, CleanroomSchema)
@bp.refuses(404)
def get_cleanroom(entitlement: int) -> Any:
    """Read what a right may ask of."""
    parts = services()
    with parts.reads.connect() as db:
        right = statements.entitlement(db, entitlement, me().member)
        found = rooms.room(db, right)
    tables = [_told(table) for table in rooms.groups_of(parts, found)]
    return right._asdict() | {"least": found.shows.least, "tables": tables}


@bp.route("/entitlements/<entitlement>/cleanroom/queries", methods=["POST"])
@bp.needs("buyer")
@bp.arguments(CleanroomQuestionSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, CleanroomAnswerSchema)
@bp.refuses(404)
def ask_cleanroom(
    said: dict[str, str], header: dict[str, str], entitlement: int
) -> Any:
    """Ask one question; an answer counts as a delivery, a refusal costs nothing."""
    asked = rooms.ask(services(), me(), entitlement, said["sql"], header["key"])
    return asked.answer._asdict() | {"id": asked.number, "receipt": asked.receipt}


@bp.route("/entitlements/<entitlement>/cleanroom/queries")
@bp.needs()
@bp.arguments(PageQuery, location="query")
@bp.lists(CleanroomQuerySchema)
@bp.refuses(404)
def list_queries(asked: dict[str, Any], entitlement: int) -> Page:
    """List what was asked under a right, the refused questions too."""
    with services().reads.connect() as db:
        right = statements.entitlement(db, entitlement, me().member)
        return rooms.of_right(db, right.id, asked["cursor"], asked["limit"])


@bp.route("/products/<product>/cleanroom/queries")
@bp.needs("vendor")
@bp.arguments(PageQuery, location="query")
@bp.lists(CleanroomAskedSchema)
@bp.refuses(404)
def list_queries_of_product(asked: dict[str, Any], product: int) -> Page:
    """List what was asked in the rooms of a product of the vendor's, and by whom."""
    with services().reads.connect() as db:
        number = catalogue.product(db, product, me().member).id
        return rooms.of_product(db, number, asked["cursor"], asked["limit"])


@bp.route("/instruments/<instrument>/cleanroom", methods=["PUT"])
@bp.needs("vendor")
@bp.arguments(CleanroomSettingsSchema)
@bp.response(200, CleanroomTablesSchema)
@bp.refuses(404)
def set_cleanroom(wanted: dict[str, Any], instrument: int) -> Any:
    """Let an instrument sell the room instead of files, from now on."""
    shown = tuple(
        Shown(
            one["table"],
            tuple(Group(**group) for group in one["groups"]),
            tuple(one["measures"]),
            one["subject"],
        )
        for one in wanted["tables"]
    )
    return _settled(instrument, Settings(shown, wanted["least"]))


@bp.route("/instruments/<instrument>/cleanroom", methods=["DELETE"])
@bp.needs("vendor")
@bp.response(200, CleanroomTablesSchema)
@bp.refuses(404)
def close_cleanroom(instrument: int) -> Any:
    """Let an instrument sell files again, from now on."""
    return _settled(instrument, None)


def _settled(instrument: int, wanted: Settings | None) -> dict[str, Any]:
    limits.count("cleanroom", str(me().member), roomsettings.RATES)
    made = roomsettings.settle(services(), me(), instrument, wanted)
    return {"data": [_told(table) for table in made]}
