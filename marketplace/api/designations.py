"""Designated vendors by API: what they owe a book, and what they kept by month."""

from typing import Any

from marshmallow import Schema, fields

from listings.marking import N_
from marketplace.api.fields import Body, Id, Int, Text
from marketplace.api.resource import Resource, at
from marketplace.control import CONTROLLERS
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.surveillance import obligations
from marketplace.surveillance.obligations import Line
from marketplace.surveillance.presence import BPS, Owed
from marketplace.trading.orders import QUANTITY_MAX
from settlement import ids
from settlement.errors import Invalid

bp = Resource("designations", __name__, "Designated vendors: owed and kept, measured.")
SYMBOL_MAX = 32  # characters
NO_SUCH = N_("There is no such symbol on the market.")


class NewDesignationSchema(Body):
    """In which instrument, and what its vendor owes from now on."""

    symbol = Text(SYMBOL_MAX, least=1, required=True)
    spread_bps = Int(1, 2 * BPS, required=True)
    size = Int(
        1, QUANTITY_MAX, required=True, metadata={"description": "Units on each side."}
    )
    present_bps = Int(
        1, BPS, required=True, metadata={"description": "The share of the time."}
    )


class KeptMonthSchema(Schema):
    """How long both sides were there as owed in a month, of how long."""

    month = fields.String(required=True)
    kept_us = fields.Integer(required=True)
    whole_us = fields.Integer(required=True)
    bps = fields.Integer(required=True, metadata={"description": "Rounded down."})
    kept = fields.Boolean(required=True)


class DesignationSchema(Schema):
    """A designation, measured from the records this month and the last."""

    id = Id("designation", required=True)
    instrument = Id("instrument", required=True)
    symbol = fields.String(required=True)
    vendor = Id("member", required=True)
    spread_bps = fields.Integer(required=True)
    size = fields.Integer(required=True)
    present_bps = fields.Integer(required=True)
    from_us = fields.Integer(required=True)
    until_us = fields.Integer(required=True, allow_none=True)
    months = fields.List(fields.Nested(KeptMonthSchema), required=True)


class DesignationsSchema(Schema):
    """Designations, those that run first."""

    data = fields.List(fields.Nested(DesignationSchema), required=True)


@bp.route("/designations")
@bp.needs("vendor")
@bp.response(200, DesignationsSchema)
def list_own_designations() -> Any:
    """List what the vendor owes the books as a designated one, and what it kept."""
    with services().reads.connect() as db:
        return {"data": [_told(line) for line in obligations.measured(db, me().member)]}


@bp.route("/staff/designations")
@bp.needs(*STAFF)
@bp.response(200, DesignationsSchema)
def list_designations() -> Any:
    """List all designations, measured."""
    with services().reads.connect() as db:
        return {"data": [_told(line) for line in obligations.measured(db)]}


@bp.route("/staff/designations", methods=["POST"])
@bp.needs(*CONTROLLERS)
@bp.arguments(NewDesignationSchema)
@bp.creates(DesignationSchema)
@bp.refuses(404)
def designate_vendor(new: dict[str, Any]) -> Any:
    """Put the vendor of an instrument under obligations; one that runs there ends."""
    with services().writes.begin() as db:
        unit = obligations.traded(db, new.pop("symbol"))
        if unit is None:
            raise Invalid({"symbol": [NO_SUCH]})
        number = obligations.designate(db, unit, Owed(**new), me().id)
        made = _told(obligations.one(db, number))
    return made, at(f"/staff/designations/{ids.encode('designation', number)}")


@bp.route("/staff/designations/<designation>")
@bp.needs(*STAFF)
@bp.response(200, DesignationSchema)
@bp.refuses(404)
def get_designation(designation: int) -> Any:
    """Read a designation, measured."""
    with services().reads.connect() as db:
        return _told(obligations.one(db, designation))


@bp.route("/staff/designations/<designation>/end", methods=["POST"])
@bp.needs(*CONTROLLERS)
@bp.response(200, DesignationSchema)
@bp.refuses(404)
def end_designation(designation: int) -> Any:
    """End a designation now."""
    with services().writes.begin() as db:
        obligations.end(db, designation)
        return _told(obligations.one(db, designation))


def _told(line: Line) -> dict[str, Any]:
    owed: int = line.row.present_bps
    months = [
        kept._asdict() | {"month": month, "bps": kept.bps, "kept": kept.bps >= owed}
        for month, kept in line.months
    ]
    return line.row._asdict() | {"symbol": line.symbol, "months": months}
