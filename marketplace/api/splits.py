"""Shares: agreements on how proceeds are shared, and each party's statement."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from listings.marking import N_
from marketplace.api.fields import Body, Code, Currency, Digits, Id, Int, Long
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
from marketplace.trading import proceeds, reads
from marketplace.trading.splits import (
    PARTS_MAX,
    ROLES,
    AgreeSplit,
    Part,
    ProposeSplit,
    RejectSplit,
    SplitState,
)
from settlement import ids
from settlement.ledger import HOUSE
from settlement.money import BPS
from settlement.sharing import Role
from settlement.store import Page

bp = Resource("shares", __name__, "Proceeds shared among all who have a part in them.")
EITHER = N_("Name a member or a product, not both.")
END_US = 2**53 - 1


class StakeSchema(Body):
    """A part in basis points: a member's, or that of an upstream product's parties."""

    member = Id("member", load_default=HOUSE, allow_none=True)
    product = Id("product", load_default=0, allow_none=True)
    role = Code(*ROLES, required=True)
    bps = Int(1, BPS, required=True)

    @validates_schema
    def one_of_two(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a part of nobody, and one of two."""
        if bool(data.get("member")) == bool(data.get("product")):
            raise ValidationError(EITHER, "member")


class NewSplitSchema(Body):
    """How the proceeds of a product are shared; the rest is the vendor's."""

    product = Id("product", required=True)
    parts = fields.List(
        fields.Nested(StakeSchema), required=True, validate=Long(0, PARTS_MAX)
    )


class SplitPartSchema(Schema):
    """A part in basis points; member or product is null."""

    member = Id("member", required=True, allow_none=True)
    product = Id("product", required=True, allow_none=True)
    role = Code(*ROLES, required=True)
    bps = fields.Integer(required=True)


class PartyConsentSchema(Schema):
    """A party, and whether it has consented."""

    member = Id("member", required=True)
    agreed = fields.Boolean(required=True)


class SplitSchema(Schema):
    """An agreement; it counts once all have consented."""

    id = Id("split", required=True)
    at_us = fields.Integer(required=True)
    vendor = Id("member", required=True)
    product = Id("product", required=True)
    parts = fields.List(fields.Nested(SplitPartSchema), required=True)
    consents = fields.List(fields.Nested(PartyConsentSchema), required=True)
    state = Code(*SplitState, required=True)


class ShareSchema(Schema):
    """A party's share of one trade: `weight` of `whole`, `amount` so far."""

    trade = Id("trade", required=True)
    at_us = fields.Integer(required=True)
    symbol = fields.String(required=True)
    instrument = Id("instrument", required=True)
    party = Id("member", required=True)
    seller = Id("member", required=True)
    role = Code(*Role, required=True)
    weight = fields.Integer(required=True)
    whole = fields.Integer(required=True)
    amount = fields.Integer(required=True)
    currency = Currency(required=True)


class ShareTotalSchema(Schema):
    """What the member got in one role and currency."""

    currency = Currency(required=True)
    role = Code(*Role, required=True)
    trades = fields.Integer(required=True)
    amount = fields.Integer(required=True)


class ShareTotalsSchema(Schema):
    """One row for each currency and role."""

    data = fields.List(fields.Nested(ShareTotalSchema), required=True)


class UseShareSchema(Schema):
    """What the member got of one right's period of metered use."""

    instrument = Id("instrument", required=True)
    symbol = fields.String(required=True)
    vendor = Id("member", required=True)
    period = fields.Integer(required=True)
    moves = fields.Integer(required=True)
    amount = fields.Integer(required=True)
    currency = Currency(required=True)
    at_us = fields.Integer(required=True)


class UseSharesSchema(Schema):
    """One row for each right and period, the newest first."""

    data = fields.List(fields.Nested(UseShareSchema), required=True)


class SharesSchema(Schema):
    """The shares of one trade, the seller's first."""

    data = fields.List(fields.Nested(ShareSchema), required=True)


class PeriodQuery(Schema):
    """The moments of the trades: from the first, before the second (microseconds)."""

    from_us = Digits(0, END_US, load_default=0)
    until_us = Digits(0, END_US, load_default=END_US)


class PeriodPageQuery(PageQuery, PeriodQuery):
    """A part of a list of a period."""


class TaxRateSchema(Schema):
    """The rate of tax on one kind, in basis points."""

    kind = fields.String(required=True)
    bps = fields.Integer(required=True)


class TaxesSchema(Schema):
    """The rates of tax in force; prices include it."""

    version = fields.Integer(required=True)
    rates = fields.List(fields.Nested(TaxRateSchema), required=True)


class TaxLinesSchema(Schema):
    """The tax that the price and the fee of a trade include."""

    bps = fields.Integer(required=True)
    amount = fields.Integer(required=True)
    fee_bps = fields.Integer(required=True)
    fee_amount = fields.Integer(required=True)


@bp.route("/splits")
@bp.needs()
@bp.arguments(PageQuery, location="query")
@bp.lists(SplitSchema)
def list_splits(asked: dict[str, Any]) -> Page:
    """List the agreements that the member proposed or is a party to."""
    with services().reads.connect() as db:
        member, before = me().member, asked["cursor"]
        page = proceeds.agreements_of(db, member, before, asked["limit"])
    shown: Any = [_shown(row) for row in page.rows]
    return page._replace(rows=shown)


@bp.route("/splits", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(NewSplitSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.creates(SplitSchema)
@bp.refuses(403, 404, 409)
def propose_split(new: dict[str, Any], header: dict[str, str]) -> Any:
    """Propose how a product's proceeds are shared; no parts: not any more."""
    parts = tuple(
        Part(one["member"] or 0, one["product"] or 0, one["role"], one["bps"])
        for one in new["parts"]
    )
    number = submit(ProposeSplit(*who(), new["product"], parts), header["key"])
    return _split(number), at(f"/splits/{ids.encode('split', number)}")


@bp.route("/splits/<split>")
@bp.needs()
@bp.response(200, SplitSchema)
@bp.refuses(404)
def get_split(split: int) -> Any:
    """Read one agreement of the member's."""
    return _split(split)


@bp.route("/splits/<split>/agree", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, SplitSchema)
@bp.refuses(403, 404, 409)
def agree_split(header: dict[str, str], split: int) -> Any:
    """Consent to an agreement as one of its parties."""
    submit(AgreeSplit(*who(), split), header["key"])
    return _split(split)


@bp.route("/splits/<split>/reject", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, SplitSchema)
@bp.refuses(404, 409)
def reject_split(header: dict[str, str], split: int) -> Any:
    """Decline an agreement, or withdraw the member's own."""
    submit(RejectSplit(*who(), split), header["key"])
    return _split(split)


@bp.route("/shares")
@bp.needs()
@bp.arguments(PeriodPageQuery, location="query")
@bp.lists(ShareSchema)
def list_shares(asked: dict[str, Any]) -> Page:
    """List the member's shares in trades, its own sales among them."""
    period = asked["from_us"], asked["until_us"]
    with services().reads.connect() as db:
        return proceeds.lines_of(
            db, me().member, *period, asked["cursor"], asked["limit"]
        )


@bp.route("/shares/totals")
@bp.needs()
@bp.arguments(PeriodQuery, location="query")
@bp.response(200, ShareTotalsSchema)
def total_shares(asked: dict[str, Any]) -> Any:
    """Add up the member's shares in trades by currency and role."""
    with services().reads.connect() as db:
        return {"data": proceeds.totals_of(db, me().member, **asked)}


@bp.route("/shares/uses")
@bp.needs()
@bp.arguments(PeriodQuery, location="query")
@bp.response(200, UseSharesSchema)
def list_use_shares(asked: dict[str, Any]) -> Any:
    """Read what the member got of others' metered use: the newest 100 periods."""
    with services().reads.connect() as db:
        return {"data": proceeds.uses_of(db, me().member, **asked)}


@bp.route("/trades/<trade>/shares")
@bp.needs()
@bp.response(200, SharesSchema)
@bp.refuses(404)
def list_trade_shares(trade: int) -> Any:
    """List the shares of a trade; none unless the member has one of them."""
    with services().reads.connect() as db:
        return {"data": proceeds.of_trade(db, trade, me().member)}


@bp.route("/trades/<trade>/taxes")
@bp.needs()
@bp.response(200, TaxLinesSchema)
@bp.refuses(404)
def get_trade_taxes(trade: int) -> Any:
    """Read the tax within the price and the fee of one of the member's trades."""
    with services().reads.connect() as db:
        reads.trade(db, trade, me().member)
        return proceeds.tax_lines(db, trade)


@bp.route("/taxes")
@bp.response(200, TaxesSchema)
def get_taxes() -> Any:
    """Read the rates of tax in force, by class of product and for the fee."""
    with services().reads.connect() as db:
        found = proceeds.taxes(db)
    rates = [{"kind": kind, "bps": bps} for kind, bps in found.rates]
    return {"version": found.version, "rates": rates}


def _split(number: int) -> Any:
    with services().reads.connect() as db:
        return _shown(proceeds.agreement(db, number, me().member))


def _shown(found: Any) -> Any:
    """Return an agreement as it is answered."""
    return found._asdict() | {
        "parts": [
            part._asdict()
            | {"member": part.member or None, "product": part.product or None}
            for part in found.parts
        ],
        "consents": [
            {"member": member, "agreed": agreed}
            for member, agreed in found.consents.items()
        ],
    }
