"""Demands: what members look for and nobody lists yet."""

from typing import Any

from marshmallow import Schema, fields

from listings.licences import PURPOSES
from listings.vocabulary import SECTORS
from marketplace.api.fields import Body, Code, Id, Int, Text
from marketplace.api.resource import TRADERS, PageQuery, Resource, at
from marketplace.community import demands
from marketplace.community.demands import Wanted
from marketplace.members.signing import me
from marketplace.services import services
from settlement import ids
from settlement.money import AMOUNT_MAX

bp = Resource("demands", __name__, "What members look for and nobody lists yet.")
MICROSECONDS_MAX = 2**62


class BoardQuery(PageQuery):
    """Which demands."""

    sector = Code(*SECTORS, load_default="")


class NewDemandSchema(Body):
    """What is looked for; the budget in minor units of CNY."""

    title = Text(demands.TITLE_MAX, least=1, required=True)
    description = Text(demands.DESCRIPTION_MAX, lines=True, load_default="")
    query = Text(demands.QUERY_MAX, load_default="")
    sector = Code(*SECTORS, load_default="")
    purpose = Code(*PURPOSES, load_default="")
    budget = Int(1, AMOUNT_MAX, load_default=None)
    until_us = Int(1, MICROSECONDS_MAX, required=True)


class DemandSchema(Schema):
    """A demand; the budget in minor units of CNY, null: open."""

    id = Id("demand", required=True)
    member = Id("member", required=True)
    title = fields.String(required=True)
    description = fields.String(required=True)
    query = fields.String(required=True)
    sector = fields.String(required=True)
    purpose = fields.String(required=True)
    budget = fields.Integer(required=True, allow_none=True)
    state = Code("open", "closed", "ended", required=True)
    at_us = fields.Integer(required=True)
    until_us = fields.Integer(required=True)
    closed_us = fields.Integer(required=True, allow_none=True)


@bp.route("/demands")
@bp.arguments(BoardQuery, location="query")
@bp.lists(DemandSchema)
def list_demands(asked: dict[str, Any]) -> Any:
    """List the open demands, newest first."""
    limit = asked["limit"]
    with services().reads.connect() as db:
        found = demands.board(db, asked["sector"], asked["cursor"], limit + 1)
    more = len(found) > limit
    return {"rows": found[:limit], "before": found[limit - 1].id if more else None}


@bp.route("/demands/<demand>")
@bp.response(200, DemandSchema)
@bp.refuses(404)
def get_demand(demand: int) -> Any:
    """Read a demand in any state."""
    with services().reads.connect() as db:
        return demands.get(db, demand)


@bp.route("/demands", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(NewDemandSchema)
@bp.creates(DemandSchema)
@bp.refuses(409)
def post_demand(new: dict[str, Any]) -> Any:
    """Post a demand of the member."""
    with services().writes.begin() as db:
        number = demands.post(db, me().member, me().id, Wanted(**new))
        return demands.get(db, number), at(f"/demands/{ids.encode('demand', number)}")


@bp.route("/demands/<demand>/close", methods=["POST"])
@bp.needs(*TRADERS)
@bp.response(200, DemandSchema)
@bp.refuses(404, 409)
def close_demand(demand: int) -> Any:
    """Close a demand of the member."""
    with services().writes.begin() as db:
        demands.close(db, demand, me().member)
        return demands.get(db, demand)
