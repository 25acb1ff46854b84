"""Filed deals: entered with their evidence, confirmed, put on record."""

from typing import Any

from flask import request
from marshmallow import Schema, fields

from marketplace.api.fields import Body, Code, Currency, Digits, Flag, Id, Opened, Text
from marketplace.api.releases import STREAM
from marketplace.api.resource import TRADERS, KeyHeader, PageQuery, Resource, at
from marketplace.members.signing import me
from marketplace.pricing import filings as filed
from marketplace.pricing.filings import Filed
from marketplace.services import services
from marketplace.trading.filings import NOTE_MAX, TITLE_MAX, FilingState
from marketplace.trading.orders import Side
from marketplace.trading.rights import REASON_MAX
from settlement import ids
from settlement.store import Page

bp = Resource("filings", __name__, "Deals made elsewhere, put on record.")


class FiledQuery(Schema):
    """What was dealt; the body is the file that proves it."""

    member = Id("member", required=True, metadata={"description": "The other side."})
    side = Code(*Side, required=True)
    title = Text(TITLE_MAX, least=1, required=True)
    currency = Currency(load_default=1)
    amount = Digits(required=True, metadata={"description": "Minor units, in all."})
    dealt_us = Digits(1, required=True)
    note = Text(NOTE_MAX, lines=True, load_default="")


class FilingSchema(Schema):
    """A filed deal as it stands; its origin is always `filed`."""

    id = Id("filing", required=True)
    at_us = fields.Integer(required=True)
    seller = Id("member", required=True)
    buyer = Id("member", required=True)
    filer = Id("member", required=True)
    title = fields.String(required=True)
    currency = Currency(required=True)
    amount = fields.Integer(required=True)
    dealt_us = fields.Integer(required=True)
    note = Opened()
    evidence = fields.String(required=True, metadata={"description": "SHA-256."})
    state = Code(*FilingState, required=True)
    reason = fields.String(required=True)
    origin = fields.Constant("filed", required=True)


class YesSchema(Body):
    """Yes or no; a no needs its reason."""

    agrees = Flag(required=True)
    reason = Text(REASON_MAX, load_default="")


@bp.route("/filings")
@bp.needs(*TRADERS)
@bp.arguments(PageQuery, location="query")
@bp.lists(FilingSchema)
def list_filings(asked: dict[str, Any]) -> Page:
    """List the deals that the member filed or is named in."""
    with services().reads.connect() as db:
        return filed.of_member(db, me().member, asked["cursor"], asked["limit"])


@bp.route("/filings", methods=["POST"])
@bp.needs(*TRADERS)
@bp.doc(
    requestBody={
        "required": True,
        "content": {STREAM: {"schema": {"type": "string", "format": "binary"}}},
    }
)
@bp.arguments(FiledQuery, location="query")
@bp.arguments(KeyHeader, location="headers")
@bp.creates(FilingSchema)
@bp.refuses(404, 409, 413, 415)
def file_trade(said: dict[str, Any], header: dict[str, str]) -> Any:
    """File a deal that was made elsewhere: the file that proves it is the body."""
    entered = Filed(
        said["member"],
        said["side"] == "sell",
        said["title"],
        said["currency"],
        said["amount"],
        said["dealt_us"],
        said["note"],
    )
    number = filed.file(services(), me(), entered, request.stream, header["key"])
    return _mine(number), at(f"/filings/{ids.encode('filing', number)}")


@bp.route("/filings/<filing>")
@bp.needs(*TRADERS)
@bp.response(200, FilingSchema)
@bp.refuses(404)
def get_filing(filing: int) -> Any:
    """Read a deal that the member filed or is named in."""
    return _mine(filing)


@bp.route("/filings/<filing>/answer", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(YesSchema)
@bp.response(200, FilingSchema)
@bp.refuses(404, 409)
def answer_filing(said: dict[str, Any], filing: int) -> Any:
    """Confirm or contest what the other side filed."""
    filed.confirm(services(), me(), filing, **said)
    return _mine(filing)


@bp.route("/filings/<filing>/withdraw", methods=["POST"])
@bp.needs(*TRADERS)
@bp.response(200, FilingSchema)
@bp.refuses(404, 409)
def withdraw_filing(filing: int) -> Any:
    """Take back a filing that nobody confirmed yet."""
    filed.withdraw(services(), me(), filing)
    return _mine(filing)


@bp.route("/staff/filings")
@bp.needs("registrar")
@bp.arguments(PageQuery, location="query")
@bp.lists(FilingSchema)
def list_waiting_filings(asked: dict[str, Any]) -> Page:
    """List the confirmed deals that wait for a registrar."""
    with services().reads.connect() as db:
        return filed.waiting(db, asked["cursor"], asked["limit"])


@bp.route("/staff/filings/<filing>/decision", methods=["POST"])
@bp.needs("registrar")
@bp.arguments(YesSchema)
@bp.response(200, FilingSchema)
@bp.refuses(404, 409)
def decide_filing(said: dict[str, Any], filing: int) -> Any:
    """Put a confirmed deal on record, or refuse it with a reason."""
    approve, reason = said["agrees"], said["reason"]
    filed.decide(services(), me(), filing, approve=approve, reason=reason)
    with services().reads.connect() as db:
        return filed.one(db, filing, None)


def _mine(number: int) -> Any:
    with services().reads.connect() as db:
        return filed.one(db, number, me().member)
