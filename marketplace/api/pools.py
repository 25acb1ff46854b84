"""Group buys: opened by a vendor, joined by buyers, closed at one price for all."""

import json
from typing import Any

from marshmallow import Schema, fields

from listings.licences import PURPOSES
from marketplace.api.fields import Body, Code, Currency, Id, Int, Long
from marketplace.api.resource import (
    TRADERS,
    KeyHeader,
    PageQuery,
    Resource,
    at,
    submit,
    who,
)
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import pool_reads
from marketplace.trading.orders import PRICE_MAX
from marketplace.trading.pooling import CancelPool, JoinPool, OpenPool
from marketplace.trading.pools import LICENSEES_MAX, TIERS_MAX, PoolState
from marketplace.trading.risk import EXPIRES_MAX_US
from settlement import ids
from settlement.store import Page

bp = Resource("pools", __name__, "Group buys: the more licensees, the lower the price.")


class PoolTierSchema(Body):
    """From how many licensees the price of a unit is what, in minor units."""

    least = Int(1, LICENSEES_MAX, required=True)
    price = Int(1, PRICE_MAX, required=True)


class NewPoolSchema(Body):
    """A schedule that begins with one licensee and falls from tier to tier."""

    instrument = Id("instrument", required=True)
    tiers = fields.List(
        fields.Nested(PoolTierSchema), required=True, validate=Long(1, TIERS_MAX)
    )
    least = Int(1, LICENSEES_MAX, required=True)
    closes_us = Int(1, EXPIRES_MAX_US, required=True)


class PoolSchema(Schema):
    """A group buy as it stands; `price` is what all paid, null before the close."""

    id = Id("pool", required=True)
    at_us = fields.Integer(required=True)
    vendor = Id("member", required=True)
    instrument = Id("instrument", required=True)
    symbol = fields.String(required=True)
    currency = Currency(required=True)
    quantity = fields.Integer(required=True)
    tiers = fields.Function(
        lambda row: [
            {"least": least, "price": price} for least, price in json.loads(row.tiers)
        ],
        required=True,
        metadata={"type": "array", "items": {"type": "object"}},
    )
    least = fields.Integer(required=True)
    joined = fields.Integer(required=True)
    closes_us = fields.Integer(required=True)
    state = Code(*PoolState, required=True)
    price = fields.Integer(required=True, allow_none=True)


class JoiningSchema(Body):
    """What the data is for."""

    purpose = Code(*PURPOSES, required=True)


@bp.route("/groups")
@bp.needs(*TRADERS)
@bp.arguments(PageQuery, location="query")
@bp.lists(PoolSchema)
def list_pools(asked: dict[str, Any]) -> Page:
    """List the group buys that may be joined."""
    with services().reads.connect() as db:
        return pool_reads.running(db, me().member, asked["cursor"], asked["limit"])


@bp.route("/groups", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(NewPoolSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.creates(PoolSchema)
@bp.refuses(403, 404, 409)
def open_pool(said: dict[str, Any], header: dict[str, str]) -> Any:
    """Open a group buy of an instrument of the vendor's own."""
    tiers = tuple((tier["least"], tier["price"]) for tier in said["tiers"])
    command = OpenPool(
        *who(), said["instrument"], tiers, said["least"], said["closes_us"]
    )
    number = submit(command, header["key"])
    return _pool(number), at(f"/groups/{ids.encode('pool', number)}")


@bp.route("/groups/<pool>")
@bp.needs(*TRADERS)
@bp.response(200, PoolSchema)
@bp.refuses(404)
def get_pool(pool: int) -> Any:
    """Read how a group buy stands."""
    return _pool(pool)


@bp.route("/groups/<pool>/members", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(JoiningSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, PoolSchema)
@bp.refuses(402, 403, 404, 409)
def join_pool(said: dict[str, str], header: dict[str, str], pool: int) -> Any:
    """Join until the close; the price of the first tier is held."""
    submit(JoinPool(*who(), pool, said["purpose"]), header["key"])
    return _pool(pool)


@bp.route("/groups/<pool>/cancel", methods=["POST"])
@bp.needs("vendor")
@bp.response(200, PoolSchema)
@bp.refuses(404, 409)
def cancel_pool(pool: int) -> Any:
    """Call off a group buy that nobody has joined."""
    submit(CancelPool(*who(), pool))
    return _pool(pool)


def _pool(number: int) -> Any:
    with services().reads.connect() as db:
        return pool_reads.one(db, number, me().member).pool
