"""Streams: what happens in an instrument, in public, and in the member's own account.

Server-sent events (HTML Standard, § 9.2). A `snapshot` replaces all that was known; a
`change` names the position before it (`previous`): if that is not the one you have,
something was missed. Come back with Last-Event-ID to go on from there.
"""

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from marketplace.api.fields import Digits
from marketplace.api.live.following import follow_instrument, follow_member
from marketplace.api.market import visible_book
from marketplace.api.resource import TRADERS, Resource
from marketplace.members.roles import require
from marketplace.services import services
from marketplace.streams import answers
from marketplace.streams.channels import POSITION_MAX
from marketplace.streams.disconnects import CANCEL_AFTER_MAX

bp = Resource("streams", __name__, "What happens, as it happens: server-sent events.")

LAST_EVENT = {
    "name": answers.LAST_EVENT,
    "in": "header",
    "description": "The id of the last event that you have; the stream goes on there.",
    "schema": {"type": "string", "maxLength": POSITION_MAX},
}


def _event(told: str) -> dict[str, Any]:
    """Return the schema of one event whose JSON has the parts *told*."""
    said = (
        "`position` and `previous`, and what is new of " + told + ". A snapshot has all"
        " of it and no `previous`; an `end` has its `reason` alone."
    )
    json = {"type": "string", "contentMediaType": "application/json"}
    return {
        "type": "object",
        "properties": {
            "id": {"type": "string", "description": "The position."},
            "event": {"enum": ["snapshot", "change", "end"]},
            "data": json | {"description": said},
        },
        "required": ["event", "data"],
    }


SCENE = _event(
    "`bids`, `offers` (levels; one that is gone has no orders), `best`, `phase`,"
    " `indicative`, `contests`, `trades`"
)
ACCOUNT = _event("`orders` (as they stand after it) and `trades`")


class StreamQuery(Schema):
    """Where to go on, for who cannot send a header."""

    after = fields.String(
        load_default=None, metadata={"description": "As Last-Event-ID."}
    )


class OwnStreamQuery(StreamQuery):
    """What is to happen when the stream ends."""

    cancel_after_s = Digits(
        0,
        CANCEL_AFTER_MAX,
        load_default=None,
        metadata={
            "description": "Cancel your user's waiting orders, posted prices excepted,"
            " so many seconds after its last such stream has ended."
        },
    )


@bp.route("/instruments/<instrument>/stream")
@bp.arguments(StreamQuery, location="query")
@bp.response(200, SCENE, content_type=answers.MIMETYPE)
@bp.refuses(404, 429)
@bp.doc(parameters=[LAST_EVENT])
def stream_instrument(asked: dict[str, Any], instrument: int) -> Response:
    """Follow an instrument: book, best prices, public trades, phase, call, contests."""
    with services().reads.connect() as db:
        visible_book(db, instrument)
    return follow_instrument(instrument, asked["after"])


@bp.route("/me/stream")
@bp.needs()
@bp.arguments(OwnStreamQuery, location="query")
@bp.response(200, ACCOUNT, content_type=answers.MIMETYPE)
@bp.refuses(409, 429)
@bp.doc(parameters=[LAST_EVENT])
def stream_own(asked: dict[str, Any]) -> Response:
    """Follow the member's own orders and trades."""
    if asked["cancel_after_s"] is not None:
        require(*TRADERS)
    return follow_member(**asked)
