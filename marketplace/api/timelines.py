"""Timelines by API: a member's own records; the desk's of member, product, trade."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.fields import Body, Code, Currency, Opened, Text
from marketplace.api.resource import PageQuery, Resource
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.timelines import reading
from marketplace.timelines.sources import SOURCES, TOPICS
from settlement import ids

bp = Resource("timelines", __name__, "All that the records tell, newest first.")


class TimelineQuery(PageQuery):
    """Which entries."""

    topic = Code(*TOPICS, load_default="")


def _id(entry: reading.Entry) -> str | None:
    """Return the public id of what an entry is about, if it has one."""
    if not entry.kind or entry.number is None:
        return None
    return ids.encode(entry.kind, entry.number)


class ToldText(Opened):
    """What somebody wrote: opened where it was sealed, else as it stands."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **more: Any) -> Any:
        if obj.is_sealed:
            return super()._serialize(value, attr, obj, **more)
        return None if value is None else str(value)  # a number, of a registration


class TimelineFactSchema(Schema):
    """One dated fact; *state* is the one of now, where there is one."""

    at_us = fields.Integer(required=True)
    what = fields.String(
        attribute="code",
        required=True,
        metadata={"enum": [source.code for source in SOURCES]},
    )
    topic = fields.String(required=True, metadata={"enum": list(TOPICS)})
    id = fields.Function(_id, required=True, metadata={"type": ["string", "null"]})
    state = fields.String(required=True, allow_none=True)
    text = ToldText()
    amount = fields.Integer(required=True, allow_none=True)
    currency = Currency(required=True, allow_none=True)


class RemarkBody(Body):
    """What is noted; only staff read it."""

    text = Text(reading.REMARK_MAX, least=1, required=True)


@bp.route("/records")
@bp.needs()
@bp.arguments(TimelineQuery, location="query")
@bp.lists(TimelineFactSchema)
def list_records(asked: dict[str, Any]) -> reading.Timeline:
    """List what is on record of your organisation."""
    return _page("member", me().member, asked, staff=False)


@bp.route("/staff/members/<member>/timeline")
@bp.needs(*STAFF)
@bp.arguments(TimelineQuery, location="query")
@bp.lists(TimelineFactSchema)
@bp.refuses(404)
def list_member_timeline(asked: dict[str, Any], member: int) -> reading.Timeline:
    """List what is on record of a member."""
    return _page("member", member, asked)


@bp.route("/staff/products/<product>/timeline")
@bp.needs(*STAFF)
@bp.arguments(TimelineQuery, location="query")
@bp.lists(TimelineFactSchema)
@bp.refuses(404)
def list_product_timeline(asked: dict[str, Any], product: int) -> reading.Timeline:
    """List what is on record of a product."""
    return _page("product", product, asked)


@bp.route("/staff/trades/<trade>/timeline")
@bp.needs(*STAFF)
@bp.arguments(TimelineQuery, location="query")
@bp.lists(TimelineFactSchema)
@bp.refuses(404)
def list_trade_timeline(asked: dict[str, Any], trade: int) -> reading.Timeline:
    """List what is on record of a trade."""
    return _page("trade", trade, asked)


@bp.route("/staff/members/<member>/timeline", methods=["POST"])
@bp.needs(*STAFF)
@bp.arguments(RemarkBody)
@bp.response(204)
@bp.refuses(404, 422)
def remark_on_member(said: dict[str, Any], member: int) -> None:
    """Add a remark to a member's timeline."""
    _remark("member", member, said)


@bp.route("/staff/products/<product>/timeline", methods=["POST"])
@bp.needs(*STAFF)
@bp.arguments(RemarkBody)
@bp.response(204)
@bp.refuses(404, 422)
def remark_on_product(said: dict[str, Any], product: int) -> None:
    """Add a remark to a product's timeline."""
    _remark("product", product, said)


@bp.route("/staff/trades/<trade>/timeline", methods=["POST"])
@bp.needs(*STAFF)
@bp.arguments(RemarkBody)
@bp.response(204)
@bp.refuses(404, 422)
def remark_on_trade(said: dict[str, Any], trade: int) -> None:
    """Add a remark to a trade's timeline."""
    _remark("trade", trade, said)


def _page(
    about: str, subject: int, asked: dict[str, Any], *, staff: bool = True
) -> reading.Timeline:
    with services().reads.connect() as db:
        return reading.page_of(
            db,
            about,
            subject,
            topic=asked["topic"],
            before=asked["cursor"],
            limit=asked["limit"],
            staff=staff,
        )


def _remark(about: str, subject: int, said: dict[str, Any]) -> None:
    with services().writes.begin() as db:
        reading.remark(db, about, subject, me().id, said["text"])
