"""Demands: what members look for, on the board or put to some vendors alone."""

from typing import Any

from marshmallow import Schema, fields, validate

from listings.licences import PURPOSES
from listings.vocabulary import SECTORS
from marketplace.api.fields import Body, Code, Flag, Id, Int, Text
from marketplace.api.offers import OfferSchema
from marketplace.api.resource import TRADERS, PageQuery, Resource, at
from marketplace.community import demands, inquiries, matching
from marketplace.community.demands import Wanted
from marketplace.members.signing import me
from marketplace.pricing import quotes, tenders
from marketplace.services import services
from marketplace.trading.orders import QUANTITY_MAX
from settlement import ids
from settlement.money import AMOUNT_MAX

bp = Resource("demands", __name__, "What members look for, and who is asked for it.")
MICROSECONDS_MAX = 2**62


class BoardQuery(PageQuery):
    """Which demands."""

    sector = Code(*SECTORS, load_default="")
    which = Code(
        *("board", "mine", "asked"),
        load_default="board",
        metadata={"description": "The board, one's own, or those put to the member."},
    )


class NewDemandSchema(Body):
    """What is looked for; the budget in minor units of CNY.

    A request for quotes names the `instrument`, or is put to `vendors` that are
    `chosen`, or to all that sell in the `sector`; nobody else can read it then.
    """

    title = Text(demands.TITLE_MAX, least=1, required=True)
    description = Text(demands.DESCRIPTION_MAX, lines=True, load_default="")
    query = Text(demands.QUERY_MAX, load_default="")
    sector = Code(*SECTORS, load_default="")
    purpose = Code(*PURPOSES, load_default="")
    budget = Int(1, AMOUNT_MAX, load_default=None)
    instrument = Id("instrument", load_default=None)
    quantity = Int(1, QUANTITY_MAX, load_default=None)
    audience = Code(*inquiries.AUDIENCES, load_default=inquiries.PUBLIC)
    vendors = fields.List(
        Id("member"),
        load_default=list,
        validate=validate.Length(max=inquiries.CHOSEN_MAX),
    )
    anonymous = Flag(
        load_default=False,
        metadata={"description": "Vendors are told who asks once it is settled."},
    )
    until_us = Int(1, MICROSECONDS_MAX, required=True)


class DemandSchema(Schema):
    """A demand; the budget in minor units of CNY, null: open.

    `member` is null where who asks is not named to the reader.
    """

    id = Id("demand", required=True)
    member = Id("member", required=True, allow_none=True)
    title = fields.String(required=True)
    description = fields.String(required=True)
    query = fields.String(required=True)
    sector = fields.String(required=True)
    purpose = fields.String(required=True)
    budget = fields.Integer(required=True, allow_none=True)
    instrument = Id("instrument", required=True, allow_none=True)
    quantity = fields.Integer(required=True, allow_none=True)
    audience = Code(*inquiries.AUDIENCES, required=True)
    anonymous = Flag(required=True)
    state = Code("open", "closed", "ended", required=True)
    at_us = fields.Integer(required=True)
    until_us = fields.Integer(required=True)
    closed_us = fields.Integer(required=True, allow_none=True)


class AnswersSchema(Schema):
    """Where each negotiation about a demand stands, the cheapest open offer first."""

    data = fields.List(fields.Nested(OfferSchema), required=True)


@bp.route("/demands")
@bp.arguments(BoardQuery, location="query")
@bp.lists(DemandSchema)
def list_demands(asked: dict[str, Any]) -> Any:
    """List the open demands of the board, one's own, or those put to the member."""
    limit, which = asked["limit"], asked["which"]
    page = (asked["cursor"], limit + 1)
    with services().reads.connect() as db:
        if which == "board":
            found = demands.board(db, me().member, asked["sector"], *page)
        else:
            listed = demands.of_member if which == "mine" else demands.put_to
            found = listed(db, me().member, *page)
    more = len(found) > limit
    return {"rows": found[:limit], "before": found[limit - 1].id if more else None}


@bp.route("/demands/<demand>")
@bp.response(200, DemandSchema)
@bp.refuses(404)
def get_demand(demand: int) -> Any:
    """Read a demand in any state that is public, one's own or put to the member."""
    with services().reads.connect() as db:
        return demands.get(db, demand, me().member)


class FitSchema(Schema):
    """A listing that fits a demand, and why."""

    product = fields.Function(
        lambda fit: ids.encode("product", fit.product.id), required=True
    )
    points = fields.Integer(required=True)
    factors = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "0 to 100 for each factor."},
    )


class FitsSchema(Schema):
    """What fits, the best first."""

    data = fields.List(fields.Nested(FitSchema), required=True)


@bp.route("/demands/<demand>/listings")
@bp.needs()
@bp.response(200, FitsSchema)
@bp.refuses(404)
def list_fits(demand: int) -> Any:
    """List what of the market fits a demand, each with the points of five factors."""
    with services().reads.connect() as db:
        found = demands.get(db, demand, me().member)
        return {"data": matching.suggest(db, services().finder, found)}


@bp.route("/demands/<demand>/quotes")
@bp.needs()
@bp.response(200, AnswersSchema)
@bp.refuses(404)
def list_quotes(demand: int) -> Any:
    """List the quotes for a demand: all for its member, their own for vendors."""
    with services().reads.connect() as db:
        demands.get(db, demand, me().member)
        return {"data": quotes.answers_to(db, demand, me().member)}


def wanted_of(new: dict[str, Any]) -> Wanted:
    """Return what a body asks for."""
    return Wanted(**new | {"vendors": tuple(new["vendors"])})


@bp.route("/demands", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(NewDemandSchema)
@bp.creates(DemandSchema)
@bp.refuses(409)
def post_demand(new: dict[str, Any]) -> Any:
    """Post a demand of the member; the vendors that it is put to are told."""
    wanted = wanted_of(new)
    with services().writes.begin() as db:
        number = demands.post(db, me().member, me().id, wanted)
        made = demands.get(db, number, me().member)
    matching.tell(services(), number, me().member)
    return made, at(f"/demands/{ids.encode('demand', number)}")


@bp.route("/demands/<demand>/close", methods=["POST"])
@bp.needs(*TRADERS)
@bp.response(200, DemandSchema)
@bp.refuses(404, 409)
def close_demand(demand: int) -> Any:
    """Close a demand of the member."""
    with services().writes.begin() as db:
        tenders.close_demand(db, demand, me().member)
        return demands.get(db, demand, me().member)
