"""Cash: balances, moves of money, payins and payouts of the member."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.fields import Body, Code, Currency, Id, Int, Text
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
from marketplace.trading.cashing import CancelPayout, RequestPayin, RequestPayout
from marketplace.trading.paying import TEXT_MAX
from settlement import ids, moves, statements
from settlement.money import AMOUNT_MAX, BY_ASSET
from settlement.payments.payins import PayinState
from settlement.payments.payouts import PayoutState
from settlement.store import Page

bp = Resource("cash", __name__, "Balances, transfers, money in and out.")

# What the subject of a transfer is, by its reason.
SUBJECTS = {
    "hold": "order",
    "release": "order",
    "payment": "trade",
    "fee": "trade",
    "share": "trade",
    "cover": "trade",
    "cover_back": "run",
    "netting": "run",
    "debt": "fail",
    "penalty": "fail",
    "share_back": "trade",
    "payin": "payin",
    "budget": "entitlement",
    "budget_back": "entitlement",
    "payout": "payout",
    "card_refund": "payin",
    "card_refund_back": "payin",
    "chargeback": "payin",
    "chargeback_back": "payin",
    "payout_hold": "payout",
    "payout_release": "payout",
}


class BalanceSchema(Schema):
    """What the member has of one currency, or of the rights to one instrument."""

    currency = Currency(required=True, allow_none=True)
    instrument = Id("instrument", required=True, allow_none=True)
    free = fields.Integer(required=True)
    held = fields.Integer(required=True)
    escrow = fields.Integer(required=True)


class BalancesSchema(Schema):
    """Money first, then rights."""

    data = fields.List(fields.Nested(BalanceSchema), required=True)


class TransferSchema(Schema):
    """A move of the member's money."""

    id = Id("transfer", required=True)
    record = Id("record", attribute="seq", required=True)
    at_us = fields.Integer(required=True, allow_none=True)
    currency = Currency(attribute="asset", required=True)
    amount = fields.Integer(
        required=True, metadata={"description": "What the member gained or lost."}
    )
    free = fields.Integer(required=True)
    held = fields.Integer(required=True)
    other = Id("member", required=True)
    reason = fields.String(required=True)
    subject = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Id of the order, trade, payin or payout."},
    )


class PaymentSchema(Schema):
    """Money on its way in or out."""

    at_us = fields.Integer(required=True)
    member = Id("member", required=True)
    currency = Currency(required=True)
    amount = fields.Integer(required=True)
    requested_by = Id("user", required=True)
    approved_by = Id("user", required=True, allow_none=True)


class PayinSchema(PaymentSchema):
    """Money on its way in."""

    id = Id("payin", required=True)
    reference = fields.String(required=True)
    confirmed_by = Id("user", required=True, allow_none=True)
    state = Code(*PayinState, required=True)


class PayoutSchema(PaymentSchema):
    """Money on its way out."""

    id = Id("payout", required=True)
    destination = fields.String(required=True)
    paid_by = Id("user", required=True, allow_none=True)
    state = Code(*PayoutState, required=True)


class AmountSchema(Body):
    """An amount of money."""

    currency = Currency(required=True)
    amount = Int(
        1, AMOUNT_MAX, required=True, metadata={"description": "In minor units."}
    )


class NewPayinSchema(AmountSchema):
    """How much is on its way, under which reference."""

    reference = Text(TEXT_MAX, least=1, required=True)


class NewPayoutSchema(AmountSchema):
    """How much goes out, to which account."""

    destination = Text(TEXT_MAX, least=1, required=True)


@bp.route("/balances")
@bp.needs()
@bp.response(200, BalancesSchema)
def list_balances() -> Any:
    """Read what the member has."""
    with services().reads.connect() as db:
        found = statements.balances(db, me().member)
    return {"data": [named(balance) for balance in found]}


@bp.route("/transfers")
@bp.needs()
@bp.arguments(PageQuery, location="query")
@bp.lists(TransferSchema)
def list_transfers(asked: dict[str, Any]) -> Page:
    """List the moves of the member's money."""
    with services().reads.connect() as db:
        page = moves.transfers_of(db, me().member, asked["cursor"], asked["limit"])
    return page._replace(rows=list(map(transfer, page.rows)))


@bp.route("/payins")
@bp.needs()
@bp.arguments(PageQuery, location="query")
@bp.lists(PayinSchema)
def list_payins(asked: dict[str, Any]) -> Page:
    """List the member's payins."""
    with services().reads.connect() as db:
        return statements.payins_of(db, me().member, asked["cursor"], asked["limit"])


@bp.route("/payins", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(NewPayinSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.creates(PayinSchema)
def request_payin(new: dict[str, Any], header: dict[str, str]) -> Any:
    """Announce that money is on its way; it counts once its arrival is confirmed."""
    command = RequestPayin(*who(), new["currency"], new["amount"], new["reference"])
    number = submit(command, header["key"])
    return _payin(number), at(f"/payins/{ids.encode('payin', number)}")


@bp.route("/payins/<payin>")
@bp.needs()
@bp.response(200, PayinSchema)
@bp.refuses(404)
def get_payin(payin: int) -> Any:
    """Read one of the member's payins."""
    return _payin(payin)


@bp.route("/payouts")
@bp.needs()
@bp.arguments(PageQuery, location="query")
@bp.lists(PayoutSchema)
def list_payouts(asked: dict[str, Any]) -> Page:
    """List the member's payouts."""
    with services().reads.connect() as db:
        return statements.payouts_of(db, me().member, asked["cursor"], asked["limit"])


@bp.route("/payouts", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(NewPayoutSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.creates(PayoutSchema)
@bp.refuses(402)
def request_payout(new: dict[str, Any], header: dict[str, str]) -> Any:
    """Ask for money out; it is held from now on."""
    command = RequestPayout(*who(), new["currency"], new["amount"], new["destination"])
    number = submit(command, header["key"])
    return _payout(number), at(f"/payouts/{ids.encode('payout', number)}")


@bp.route("/payouts/<payout>")
@bp.needs()
@bp.response(200, PayoutSchema)
@bp.refuses(404)
def get_payout(payout: int) -> Any:
    """Read one of the member's payouts."""
    return _payout(payout)


@bp.route("/payouts/<payout>/cancel", methods=["POST"])
@bp.needs(*TRADERS)
@bp.response(200, PayoutSchema)
@bp.refuses(404, 409)
def cancel_payout(payout: int) -> Any:
    """Withdraw a payout that nobody has approved yet."""
    submit(CancelPayout(*who(), payout))
    return _payout(payout)


def _payin(number: int) -> Any:
    with services().reads.connect() as db:
        return statements.payin(db, number, me().member)


def _payout(number: int) -> Any:
    with services().reads.connect() as db:
        return statements.payout(db, number, me().member)


def named(balance: statements.Balance) -> dict[str, Any]:
    """Return a balance by the currency or instrument that it is of."""
    money = balance.asset in BY_ASSET
    kind = "currency" if money else "instrument"
    absent = {"currency": None, "instrument": None}
    return absent | balance._asdict() | {kind: balance.asset}


def transfer(row: Any) -> Any:
    """Return a move with the public id of what it is about."""
    kind = SUBJECTS.get(row.reason)
    subject = ids.encode(kind, row.subject) if kind else None
    return dict(row._asdict()) | {"subject": subject}
