"""Notices of the member that a key acts for: read them, mark them as read."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.fields import Digits, Flag, Id
from marketplace.api.resource import PageQuery, Resource
from marketplace.community import notices
from marketplace.community.sentences import said
from marketplace.members.signing import me
from marketplace.services import services
from settlement.store import Page

bp = Resource("notices", __name__, "What the member was told, newest first.")


class NoticesQuery(PageQuery):
    """Which notices."""

    unread = Digits(
        0, 1, load_default=0, metadata={"description": "1: only unread ones."}
    )


class NoticeSchema(Schema):
    """One thing that the member was told, in the language that was asked for."""

    id = Id("notice", required=True)
    kind = fields.String(required=True)
    text = fields.String(required=True)
    href = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Path of the page about it."},
    )
    at_us = fields.Integer(required=True)
    is_read = Flag(required=True)


class ReadQuery(Schema):
    """Up to which notice."""

    until = Id("notice", required=True)


class ReadSchema(Schema):
    """How many were marked."""

    marked = fields.Integer(required=True)


@bp.route("/notices")
@bp.needs()
@bp.arguments(NoticesQuery, location="query")
@bp.lists(NoticeSchema)
def list_notices(asked: dict[str, Any]) -> Page:
    """List the member's notices."""
    limit = asked["limit"]
    with services().reads.connect() as db:
        found = notices.of_member(
            db,
            me().member,
            asked["cursor"],
            limit + 1,
            unread_only=bool(asked["unread"]),
        )
        shown: Any = said(db, found[:limit], me().member)
    return Page(shown, found[limit - 1].id if len(found) > limit else None)


@bp.route("/notices/<notice>/read", methods=["POST"])
@bp.needs()
@bp.response(204)
@bp.refuses(404)
def read_notice(notice: int) -> None:
    """Mark one notice as read."""
    with services().writes.begin() as db:
        notices.read(db, me().member, notice)


@bp.route("/notices/read", methods=["POST"])
@bp.needs()
@bp.arguments(ReadQuery, location="query")
@bp.response(200, ReadSchema)
def read_notices(asked: dict[str, int]) -> dict[str, int]:
    """Mark all notices up to one as read."""
    with services().writes.begin() as db:
        return {"marked": notices.read_all(db, me().member, asked["until"])}
