"""Rules of settlement by API: cycles, credit, reserve, penalties, taxes, defaults."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from listings.marking import N_
from marketplace.api.fields import Body, Code, Currency, Id, Int, Long, Text
from marketplace.api.resource import KeyHeader, Resource, submit
from marketplace.members.roles import STAFF
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import board, settling
from marketplace.trading.control import Decide, Propose
from marketplace.trading.deferring import ORIGINS
from settlement.cycles import DAYS_MAX, PENALTY_STEPS_MAX
from settlement.money import AMOUNT_MAX, BPS
from settlement.taxes import KINDS

bp = Resource("settlement-rules", __name__, "Rules of settlement: two persons each.")
DESK = ("settlement_officer", "settlement_approver")
REASON_MAX = 2_000
# What each kind of proposal says, in the order of its command's values.
SAID = {
    "SetCycle": ("currency", "origin", "days", "cover_bps"),
    "SetCredit": ("member", "currency", "amount"),
    "SetReserve": ("currency", "amount"),
    "SetPenalties": ("currency", "steps"),
    "SetTaxes": ("rates",),
    "WriteOff": ("debt",),
}
NEEDED = N_("This is needed.")
NOT_OF_KIND = N_("This does not belong to that kind.")


class PenaltySchema(Body):
    """From which day on a debt costs how much a day."""

    from_day = Int(0, 10_000, required=True)
    bps = Int(0, BPS, required=True)


class NewTaxRateSchema(Body):
    """The rate of tax on one kind."""

    kind = Code(*KINDS, required=True)
    bps = Int(0, BPS, required=True)


class NewSettlementRuleSchema(Body):
    """A rule, or a default: its kind says which of the other fields it has."""

    kind = Code(*SAID, required=True)
    reason = Text(REASON_MAX, least=1, required=True)
    currency = Currency()
    origin = Code(*ORIGINS)
    days = Int(0, DAYS_MAX)
    cover_bps = Int(0, BPS)
    member = Id("member")
    amount = Int(0, AMOUNT_MAX)
    steps = fields.List(
        fields.Nested(PenaltySchema), validate=Long(1, PENALTY_STEPS_MAX)
    )
    rates = fields.List(fields.Nested(NewTaxRateSchema), validate=Long(1, len(KINDS)))
    debt = Id("fail")

    @validates_schema
    def of_its_kind(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse what the kind lacks, and what it does not have."""
        wanted = {"kind", "reason", *SAID.get(data.get("kind", ""), ())}
        lacking = {name: [NEEDED] for name in sorted(wanted - data.keys())}
        odd = {name: [NOT_OF_KIND] for name in sorted(data.keys() - wanted)}
        if lacking or odd:
            raise ValidationError(lacking | odd)


class SettlementRuleSchema(Schema):
    """A proposal that waits; `values` as the journal has them."""

    id = Id("proposal", required=True)
    at_us = fields.Integer(required=True)
    by_user = Id("user", required=True)
    kind = Code(*SAID, required=True)
    values = fields.List(fields.Raw(), required=True)
    reason = fields.String(required=True)


class SettlementRulesSchema(Schema):
    """What waits for a second person, oldest first."""

    data = fields.List(fields.Nested(SettlementRuleSchema), required=True)


class RuleProposedSchema(Schema):
    """The proposal's id."""

    proposal = Id("proposal", required=True)


class RuleDecisionSchema(Body):
    """What a second person decides."""

    decision = Code("approve", "reject", required=True)


@bp.route("/staff/settlement-rules")
@bp.needs(*STAFF)
@bp.response(200, SettlementRulesSchema)
def list_settlement_rules() -> Any:
    """List the rules and defaults that wait for a second person."""
    with services().reads.connect() as db:
        return {"data": settling.waiting(db)}


@bp.route("/staff/settlement-rules", methods=["POST"])
@bp.needs(*DESK)
@bp.arguments(NewSettlementRuleSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(201, RuleProposedSchema)
@bp.refuses(402, 404, 409)
def propose_settlement_rule(new: dict[str, Any], header: dict[str, str]) -> Any:
    """Propose a rule, or a default; another person decides."""
    values = tuple(_value(new[name]) for name in SAID[new["kind"]])
    command = Propose(me().id, new["kind"], values, new["reason"])
    return {"proposal": submit(command, header["key"])}


@bp.route("/staff/settlement-rules/<proposal>/decisions", methods=["POST"])
@bp.needs(*DESK)
@bp.arguments(RuleDecisionSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(204)
@bp.refuses(402, 403, 404, 409)
def decide_settlement_rule(
    step: dict[str, str], header: dict[str, str], proposal: int
) -> None:
    """Carry out what somebody else proposed, or turn it down."""
    with services().reads.connect() as db:
        board.check_kind(db, proposal, *settling.RULES)
    submit(Decide(me().id, proposal, step["decision"] == "approve"), header["key"])


def _value(said: Any) -> Any:
    """Return a value as the command has it: tables as tuples."""
    if not isinstance(said, list):
        return said
    return tuple(tuple(row.values()) for row in said)
