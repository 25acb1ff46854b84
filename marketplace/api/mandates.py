"""Mandates: what agents and colleagues may spend, given, watched and ended."""

from typing import Any

from marshmallow import Schema, fields

from listings.licences import PURPOSES
from marketplace.api.fields import Body, Code, Currency, Flag, Id, Int, Long, Text
from marketplace.api.resource import PageQuery, Resource, at
from marketplace.members import agents
from marketplace.members.roles import DECIDERS
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import mandate_reads
from marketplace.trading.mandates import LISTED_MAX, NAME_MAX, MandateState
from marketplace.trading.orders import PRICE_MAX, VALUE_MAX
from marketplace.trading.risk import EXPIRES_MAX_US
from settlement import clock, ids
from settlement.errors import NotFound

bp = Resource("mandates", __name__, "What an agent may buy, and for how much.")
ANY = {"description": "Empty: any."}


class NewMandateSchema(Body):
    """The bounds of a new agent; amounts are minor units."""

    name = Text(NAME_MAX, least=1, required=True)
    currency = Currency(required=True)
    price_max = Int(0, PRICE_MAX, load_default=None, allow_none=True)
    daily_max = Int(0, VALUE_MAX, required=True)
    total_max = Int(0, VALUE_MAX, load_default=None, allow_none=True)
    approval_above = Int(0, VALUE_MAX, load_default=None, allow_none=True)
    unique = Flag(
        load_default=True,
        metadata={"description": "Nothing that the member holds or ordered already."},
    )
    instruments = fields.List(
        Id("instrument"), load_default=list, validate=Long(0, LISTED_MAX), metadata=ANY
    )
    purposes = fields.List(
        Code(*PURPOSES),
        load_default=list,
        validate=Long(0, len(PURPOSES)),
        metadata=ANY,
    )
    until_us = Int(1, EXPIRES_MAX_US, required=True)


class MandateSchema(Schema):
    """A mandate as it stands; `left` may still be ordered today."""

    id = Id("mandate", required=True)
    at_us = fields.Integer(required=True)
    by = Id("user", attribute="by_user", required=True)
    user = Id("user", attribute="holder", required=True)
    name = fields.String(required=True)
    agent = Flag(required=True)
    currency = Currency(required=True)
    price_max = fields.Integer(required=True, allow_none=True)
    daily_max = fields.Integer(required=True)
    total_max = fields.Integer(required=True, allow_none=True)
    approval_above = fields.Integer(required=True, allow_none=True)
    unique = Flag(attribute="only_new", required=True)
    instruments = fields.List(Id("instrument"), required=True)
    purposes = fields.List(fields.String(), required=True)
    until_us = fields.Integer(required=True)
    state = Code(*MandateState, required=True)
    spent = fields.Integer(required=True)
    today = fields.Integer(required=True)
    waits = fields.Integer(
        required=True, metadata={"description": "Ordered, and waiting in the books."}
    )
    left = fields.Integer(required=True)


class GivenMandateSchema(MandateSchema):
    """A mandate just given, with the agent's key that is shown this once."""

    secret = fields.String(required=True)


class EndedMandateSchema(MandateSchema):
    """A mandate that was ended, and how many orders were cancelled with it."""

    cancelled = fields.Integer(required=True)


@bp.route("/mandates")
@bp.needs("buyer", *DECIDERS)
@bp.arguments(PageQuery, location="query")
@bp.lists(MandateSchema)
def list_mandates(asked: dict[str, Any]) -> Any:
    """List the member's mandates, the newest first."""
    with services().reads.connect() as db:
        found = mandate_reads.of_member(
            db, me().member, asked["cursor"], asked["limit"]
        )
        stands = mandate_reads.lefts(db, found.rows, clock.now_us())
        rows = [_shown(row, stands[row.id]) for row in found.rows]
        return {"rows": rows, "before": found.before}


@bp.route("/mandates", methods=["POST"])
@bp.needs("buyer")
@bp.arguments(NewMandateSchema)
@bp.creates(GivenMandateSchema)
@bp.refuses(403, 404, 409)
def give_mandate(said: dict[str, Any]) -> Any:
    """Make an agent with a key of its own that this mandate bounds."""
    listed = {
        "instruments": tuple(sorted(set(said["instruments"]))),
        "purposes": tuple(sorted(set(said["purposes"]))),
    }
    given = agents.give(services(), me(), agents.Bounds(**said | listed))
    shown = _one(given.mandate) | {"secret": given.secret}
    return shown, at(f"/mandates/{ids.encode('mandate', given.mandate)}")


@bp.route("/mandates/<mandate>")
@bp.needs("buyer", *DECIDERS)
@bp.response(200, MandateSchema)
@bp.refuses(404)
def get_mandate(mandate: int) -> Any:
    """Read how a mandate stands."""
    return _one(mandate)


@bp.route("/mandates/<mandate>/end", methods=["POST"])
@bp.needs("buyer", *DECIDERS)
@bp.response(200, EndedMandateSchema)
@bp.refuses(404)
def end_mandate(mandate: int) -> Any:
    """End a mandate at once: its orders are cancelled and its key is refused."""
    cancelled = agents.end(services(), me(), mandate)
    return _one(mandate) | {"cancelled": cancelled}


@bp.route("/mandate")
@bp.needs()
@bp.response(200, MandateSchema)
@bp.refuses(404)
def get_my_mandate() -> Any:
    """Read what bounds you: prices, purposes, and what is left of the day's budget."""
    with services().reads.connect() as db:
        row = mandate_reads.of_user(db, me().id)
        if row is None:
            raise NotFound("mandate", "")
        return _shown(row, mandate_reads.left(db, row, clock.now_us()))


def _one(number: int) -> dict[str, Any]:
    with services().reads.connect() as db:
        row = mandate_reads.one(db, number, me().member)
        return _shown(row, mandate_reads.left(db, row, clock.now_us()))


def _shown(row: Any, stands: mandate_reads.Left) -> dict[str, Any]:
    return {
        **row._asdict(),
        **stands._asdict(),
        "agent": bool(row.agent),
        "only_new": bool(row.only_new),
        "instruments": mandate_reads.instruments_of(row),
        "purposes": mandate_reads.purposes_of(row),
    }
