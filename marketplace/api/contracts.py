"""Contracts: drafted, read, signed, returned; sales in escrow ended by both sides."""

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from listings.licences import PURPOSES
from marketplace.api.fields import Body, Code, Currency, Flag, Id, Int, Long, Text
from marketplace.api.resource import TRADERS, KeyHeader, PageQuery, Resource, at
from marketplace.contracts import drafts
from marketplace.contracts.drafts import CLAUSE_MAX, TITLE_MAX, Said
from marketplace.contracts.models import EXISTING, MODELS
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import pending, reads
from marketplace.trading.accepting import DAYS_MAX
from marketplace.trading.agreeing import TERM_MAX_US
from marketplace.trading.agreements import NAME_MAX, STAGES_MAX, AgreementState
from marketplace.trading.drafting import Stage
from marketplace.trading.orders import PRICE_MAX, QUANTITY_MAX
from marketplace.trading.rights import REASON_MAX
from marketplace.trading.risk import EXPIRES_MAX_US
from settlement import ids
from settlement.money import BPS
from settlement.store import Page

bp = Resource("contracts", __name__, "Contracts signed by two or three parties.")
SIGNERS = ("registrar",)


class ContractStageSchema(Body):
    """One part of a contract; the shares of all make 10,000 basis points."""

    name = Text(NAME_MAX, least=1, required=True)
    bps = Int(1, BPS, required=True)
    days = Int(
        0,
        DAYS_MAX,
        required=True,
        metadata={"description": "Working days to deliver, from the last signature."},
    )


class ContractClauseSchema(Body):
    """A clause of the model in words of the parties' own."""

    code = Text(40, least=1, required=True)
    text = Text(CLAUSE_MAX, least=1, lines=True, required=True)


class NewContractSchema(Body):
    """What is agreed. Clauses that are left out keep the model's text.

    With `acceptance_days` 0 there is one stage, settled with the last signature.
    """

    member = Id("member", required=True, metadata={"description": "The other side."})
    instrument = Id("instrument", required=True)
    price = Int(0, PRICE_MAX, required=True)
    quantity = Int(1, QUANTITY_MAX, load_default=1)
    purpose = Code(*PURPOSES, required=True)
    stages = fields.List(
        fields.Nested(ContractStageSchema), required=True, validate=Long(1, STAGES_MAX)
    )
    acceptance_days = Int(0, DAYS_MAX, required=True)
    term_us = Int(1, TERM_MAX_US, load_default=None, allow_none=True)
    expires_us = Int(1, EXPIRES_MAX_US, required=True)
    house = Flag(load_default=True)
    model = Code(*(code for code in MODELS if code != EXISTING), required=True)
    title = Text(TITLE_MAX, least=1, required=True)
    clauses = fields.List(fields.Nested(ContractClauseSchema), load_default=list)
    offer = Id("offer", load_default=0)
    follows = Id("agreement", load_default=0)


class SignedContractSchema(Schema):
    """A contract as it stands; `sha256` is the hash of its canonical JSON."""

    id = Id("agreement", required=True)
    at_us = fields.Integer(required=True)
    drafter = Id("member", required=True)
    vendor = Id("member", required=True)
    buyer = Id("member", required=True)
    house = Flag(required=True)
    instrument = Id("instrument", required=True)
    symbol = fields.String(required=True)
    currency = Currency(required=True)
    price = fields.Integer(required=True)
    quantity = fields.Integer(required=True)
    purpose = fields.String(required=True)
    sha256 = fields.String(required=True)
    acceptance_days = fields.Integer(attribute="days", required=True)
    term_us = fields.Integer(required=True, allow_none=True)
    expires_us = fields.Integer(required=True)
    evidence = fields.String(required=True)
    state = Code(*AgreementState, required=True)
    reason = fields.String(required=True)
    trade = Id("trade", required=True, allow_none=True)


class ContractSignatureSchema(Body):
    """The hash of the text that was read."""

    sha256 = Text(64, least=64, required=True)


class ContractWhySchema(Body):
    """Why; who drafted it need not say."""

    reason = Text(REASON_MAX, load_default="")


class ContractEndSchema(ContractWhySchema):
    """Whether the sale is to end."""

    agrees = Flag(required=True)


class ContractEndedSchema(Schema):
    """How the sale stands: who asks to end it, and what waits still."""

    trade = Id("trade", attribute="id", required=True)
    state = fields.String(required=True)
    asked_by = Id("member", attribute="cancel_asked", required=True)
    left = fields.Integer(required=True)


@bp.route("/contracts")
@bp.needs(*TRADERS)
@bp.arguments(PageQuery, location="query")
@bp.lists(SignedContractSchema)
def list_contracts(asked: dict[str, Any]) -> Page:
    """List the contracts that the member is a party of."""
    with services().reads.connect() as db:
        return drafts.of_member(db, me().member, asked["cursor"], asked["limit"])


@bp.route("/contracts", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(NewContractSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.creates(SignedContractSchema)
@bp.refuses(403, 404, 409)
def draft_contract(said: dict[str, Any], header: dict[str, str]) -> Any:
    """Put a contract to the other side; nothing moves until it is signed."""
    wanted = Said(
        said["member"],
        said["instrument"],
        said["price"],
        said["quantity"],
        said["purpose"],
        tuple(Stage(**stage) for stage in said["stages"]),
        said["acceptance_days"],
        said["term_us"],
        said["expires_us"],
        bool(said["house"]),
        said["model"],
        said["title"],
        {clause["code"]: clause["text"] for clause in said["clauses"]},
        said["offer"],
        said["follows"],
    )
    number = drafts.draft(services(), me(), wanted, None, header["key"])
    return _one(number), at(f"/contracts/{ids.encode('agreement', number)}")


@bp.route("/contracts/<agreement>")
@bp.needs(*TRADERS, *SIGNERS)
@bp.response(200, SignedContractSchema)
@bp.refuses(404)
def get_agreement(agreement: int) -> Any:
    """Read a contract that the member is a party of."""
    return _one(agreement)


@bp.route("/contracts/<agreement>/text")
@bp.needs(*TRADERS, *SIGNERS)
@bp.response(200, content_type="application/json")
@bp.refuses(404)
def get_contract_text(agreement: int) -> Response:
    """Read the canonical JSON of a contract, byte for byte what was hashed."""
    with services().reads.connect() as db:
        body = drafts.body(db, drafts.one(db, agreement, me().member))
    return Response(body, mimetype="application/json")


@bp.route("/contracts/<agreement>/signature", methods=["POST"])
@bp.needs(*TRADERS, *SIGNERS)
@bp.arguments(ContractSignatureSchema)
@bp.arguments(KeyHeader, location="headers")
@bp.response(200, SignedContractSchema)
@bp.refuses(402, 403, 404, 409)
def sign_contract(said: dict[str, str], header: dict[str, str], agreement: int) -> Any:
    """Sign the text with that hash; the last signature makes the trade."""
    drafts.sign(services(), me(), agreement, said["sha256"], header["key"])
    return _one(agreement)


@bp.route("/contracts/<agreement>/return", methods=["POST"])
@bp.needs(*TRADERS, *SIGNERS)
@bp.arguments(ContractWhySchema)
@bp.response(200, SignedContractSchema)
@bp.refuses(404)
def return_contract(said: dict[str, str], agreement: int) -> Any:
    """Refuse to sign, with the reason; or withdraw what the member drafted."""
    drafts.give_back(services(), me(), agreement, said["reason"])
    return _one(agreement)


@bp.route("/trades/<trade>/cancellation", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(ContractEndSchema)
@bp.response(200, ContractEndedSchema)
@bp.refuses(404, 409)
def cancel_sale(said: dict[str, Any], trade: int) -> Any:
    """Ask to end a sale in escrow, or answer; what waits goes back once both agree."""
    with services().reads.connect() as db:
        reads.trade(db, trade, me().member)
    drafts.cancel(
        services(), me(), trade, agrees=bool(said["agrees"]), reason=said["reason"]
    )
    with services().reads.connect() as db:
        return pending.of_trade(db, trade)


@bp.route("/staff/contracts")
@bp.needs(*SIGNERS)
@bp.arguments(PageQuery, location="query")
@bp.lists(SignedContractSchema)
def list_waiting_contracts(asked: dict[str, Any]) -> Page:
    """List the contracts that wait for the exchange's signature."""
    with services().reads.connect() as db:
        return drafts.waiting(db, asked["cursor"], asked["limit"])


def _one(number: int) -> Any:
    with services().reads.connect() as db:
        return drafts.one(db, number, me().member)
