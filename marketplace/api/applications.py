"""Data applications: where they open, and the seats under a right."""

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields
from sqlalchemy import Connection, Row

from marketplace.api.fields import Body, Id, Int, Text
from marketplace.api.resource import Resource
from marketplace.applications import seats, tokens
from marketplace.members.signing import BEARER, me
from marketplace.outgoing import URL_MAX
from marketplace.services import services
from settlement import statements
from settlement.errors import NotFound
from settlement.ids import encode

bp = Resource("applications", __name__, "Data applications, launched by seats.")
# What applications call with the token of a seat instead of a key.
calls = Blueprint("seats", __name__, url_prefix="/api/seats")


class ApplicationSchema(Body):
    """Where an application opens, and for how many hours a seat may be offline."""

    url = Text(URL_MAX, least=1, required=True)
    offline_h = Int(0, seats.OFFLINE_H_MAX, load_default=0)


class NewSeatSchema(Body):
    """Who sits, and for how many hours offline."""

    name = Text(seats.NAME_MAX, least=1, required=True)
    hours = Int(0, seats.OFFLINE_H_MAX, load_default=0)


class SeatSchema(Schema):
    """A seat that is taken; it lasts until then without a heartbeat."""

    id = Id("seat", required=True)
    place = fields.Integer(required=True)
    name = fields.String(required=True)
    out_us = fields.Integer(required=True)
    beat_us = fields.Integer(required=True)
    beats = fields.Integer(required=True)
    until_us = fields.Integer(required=True)


class TakenSeatSchema(Schema):
    """A seat just taken: its token, and the address with it that opens."""

    seat = fields.Nested(SeatSchema, required=True)
    token = fields.String(required=True)
    launch = fields.String(required=True)


class SeatsSchema(Schema):
    """The seats taken now, of so many."""

    maximum = fields.Integer(required=True)
    data = fields.List(fields.Nested(SeatSchema), required=True)


@bp.route("/products/<product>/application")
@bp.needs("vendor")
@bp.response(200, ApplicationSchema)
@bp.refuses(404)
def get_application(product: int) -> Any:
    """Read where an application of yours opens."""
    with services().reads.connect() as db:
        found = seats.application(db, product)
        if found is None or not seats.is_vendor(db, product, me().member):
            raise NotFound("product", encode("product", product))
        return found


@bp.route("/products/<product>/application", methods=["PUT"])
@bp.needs("vendor")
@bp.arguments(ApplicationSchema)
@bp.response(200, ApplicationSchema)
@bp.refuses(404)
def put_application(wanted: dict[str, Any], product: int) -> Any:
    """Say where an application of yours opens; a launch adds `#token=…`."""
    parts = services()
    with parts.writes.begin() as db:
        reachable = parts.config.reachable
        seats.place(db, me(), product, wanted["url"], wanted["offline_h"], reachable)
        return seats.application(db, product)


@bp.route("/entitlements/<entitlement>/seats")
@bp.needs()
@bp.response(200, SeatsSchema)
@bp.refuses(404)
def list_seats(entitlement: int) -> Any:
    """List the seats that are taken under one of the member's rights."""
    with services().reads.connect() as db:
        right = statements.entitlement(db, entitlement, me().member)
        most = seats.maximum(right, statements.terms(db, right.terms))
        return {"maximum": most, "data": seats.taken(db, entitlement)}


@bp.route("/entitlements/<entitlement>/seats", methods=["POST"])
@bp.needs("buyer")
@bp.arguments(NewSeatSchema)
@bp.response(201, TakenSeatSchema)
@bp.refuses(404, 409)
def take_seat(wanted: dict[str, Any], entitlement: int) -> Any:
    """Take a seat; refused while all are taken."""
    return taken(entitlement, wanted["name"], wanted["hours"])


@bp.route("/seats/<seat>", methods=["DELETE"])
@bp.needs("buyer")
@bp.response(204)
@bp.refuses(404, 409)
def return_seat(seat: int) -> None:
    """Give a seat back; one that is offline is free when its token ends."""
    with services().writes.begin() as db:
        seats.give_back(db, seat, me().member)


@calls.post("/heartbeat")
def keep() -> ResponseReturnValue:
    """Keep the seat of a token; answer a new token for as long again."""
    with services().writes.begin() as db:
        row, right = seats.beat(db, *_seat())
        return jsonify({"token": signed(db, row, right), "until_us": row.until_us})


@calls.post("/return")
def hand_back() -> ResponseReturnValue:
    """Give the seat of a token back; an offline one is free when its token ends."""
    seat, beats = _seat()
    with services().writes.begin() as db:
        seats.give_back(db, seat, beats=beats)
    return "", 204


def taken(entitlement: int, name: str, hours: int) -> dict[str, Any]:
    """Take a seat for the user; its row, token, and the address that opens with it."""
    with services().writes.begin() as db:
        row = seats.take(db, me(), entitlement, name, hours)
        right = statements.entitlement(db, entitlement)
        where = seats.opening(db, statements.terms(db, right.terms)).url
        made = signed(db, row, right)
    # A fragment is in no log and no Referer: browsers keep it to themselves.
    return {"seat": row, "token": made, "launch": f"{where}#token={made}"}


def signed(db: Connection, row: Row[Any], right: Row[Any]) -> str:
    """Return the token of a seat of *right*."""
    terms = statements.terms(db, right.terms)
    product, most = terms["product"], seats.maximum(right, terms)
    issuer = request.url_root.rstrip("/")
    return tokens.token(services().seal, row, right, product, most, issuer)


def _seat() -> tuple[int, int]:
    header = request.headers.get("Authorization", "")
    return tokens.seat_of(services().seal, header.removeprefix(BEARER).strip())
