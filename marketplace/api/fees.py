"""Fees: the schedule in force, a new one, and what it would have taken."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.fields import Body, Code, Currency, Id, Int, Long
from marketplace.api.resource import KeyHeader, Resource, submit
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.pricing import foretaste
from marketplace.services import services
from marketplace.trading.charging import KINDS, ORIGINS
from marketplace.trading.commands import PublishFees
from settlement import clock, statements
from settlement.fees import (
    RULES_MAX,
    TIERS_MAX,
    TRADE_BPS_MAX,
    FeeSchedule,
    rules_of,
)
from settlement.money import AMOUNT_MAX

bp = Resource("fees", __name__, "What the exchange takes of a trade.")


class FeeTierSchema(Body):
    """A slice of the value that ends at *up_to*, and what is taken of it."""

    up_to = Int(1, AMOUNT_MAX, required=True)
    bps = Int(0, TRADE_BPS_MAX, required=True)


class FeeRateSchema(Body):
    """Basis points of each tier, beyond the last *bps*; amounts in minor units."""

    bps = Int(0, TRADE_BPS_MAX, required=True)
    fixed = Int(0, AMOUNT_MAX, load_default=0)
    minimum = Int(0, AMOUNT_MAX, load_default=0)
    tiers = fields.List(
        fields.Nested(FeeTierSchema), load_default=list, validate=Long(0, TIERS_MAX)
    )


class FeeRuleSchema(Body):
    """A rate for some trades; null: any. The first rule that fits is taken."""

    currency = Currency(load_default=None, allow_none=True)
    kind = Code(*KINDS, load_default="", metadata={"description": "Of the product."})
    origin = Code(*ORIGINS, load_default="")
    seller = Id("member", load_default=None, allow_none=True)
    rate = fields.Nested(FeeRateSchema, required=True)


def shown_rules(rules: Any) -> list[dict[str, Any]]:
    """Return the rules of a schedule as they are answered."""
    return [
        one._asdict()
        | {"currency": one.currency or None, "seller": one.seller or None}
        | {
            "rate": one.rate._asdict()
            | {"tiers": [{"up_to": end, "bps": bps} for end, bps in one.rate.tiers]}
        }
        for one in rules
    ]


def rules_in(data: list[dict[str, Any]]) -> tuple[Any, ...]:
    """Return the values of rules that were sent."""
    return tuple(
        (
            one["currency"] or 0,
            one["kind"],
            one["origin"],
            one["seller"] or 0,
            (
                one["rate"]["bps"],
                one["rate"]["fixed"],
                one["rate"]["minimum"],
                tuple((tier["up_to"], tier["bps"]) for tier in one["rate"]["tiers"]),
            ),
        )
        for one in data
    )


class FeesSchema(Schema):
    """What the house takes of a trade, from the seller: by the first rule that fits."""

    version = fields.Integer(required=True)
    trade_bps = fields.Integer(
        required=True, metadata={"description": "Basis points: 250 is 2.5 %."}
    )
    rules = fields.List(fields.Nested(FeeRuleSchema), required=True)


class NewFeesSchema(Body):
    """What the house is to take of a trade from now on."""

    trade_bps = Int(0, TRADE_BPS_MAX, required=True)
    rules = fields.List(
        fields.Nested(FeeRuleSchema), load_default=list, validate=Long(0, RULES_MAX)
    )


class ForetasteSchema(Schema):
    """Trades of the last 30 days, what they paid, what they would have paid."""

    currency = Currency(required=True)
    kind = fields.String(required=True)
    origin = fields.String(required=True)
    trades = fields.Integer(required=True)
    value = fields.Integer(required=True)
    charged = fields.Integer(required=True)
    would_be = fields.Integer(required=True)


class ForetastesSchema(Schema):
    """One row for each currency, class and way of trading."""

    data = fields.List(fields.Nested(ForetasteSchema), required=True)


@bp.route("/fees")
@bp.response(200, FeesSchema)
def get_fees() -> Any:
    """Read the fee schedule in force."""
    with services().reads.connect() as db:
        return shown(statements.fees(db))


@bp.route("/staff/fees", methods=["POST"])
@bp.needs("admin")
@bp.arguments(NewFeesSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(201, FeesSchema)
def publish_fees(new: dict[str, Any], header: dict[str, str]) -> Any:
    """Put a new fee schedule in force for the trades after it."""
    rules = rules_in(new["rules"])
    version = submit(PublishFees(me().id, new["trade_bps"], rules), header["key"])
    return shown(FeeSchedule(version, new["trade_bps"], rules_of(rules)))


@bp.route("/staff/fees/preview", methods=["POST"])
@bp.needs(*STAFF)
@bp.arguments(NewFeesSchema)
@bp.response(200, ForetastesSchema)
def preview_fees(new: dict[str, Any]) -> Any:
    """Say what a schedule would have taken of the trades of the last 30 days."""
    schedule = FeeSchedule(0, new["trade_bps"], rules_of(rules_in(new["rules"])))
    since_us = clock.now_us() - foretaste.DAYS * clock.DAY_US
    with services().reads.connect() as db:
        return {"data": foretaste.of(db, schedule, since_us)}


def shown(fees: FeeSchedule) -> dict[str, Any]:
    """Return a schedule as it is answered."""
    return fees._asdict() | {"rules": shown_rules(fees.rules)}
