"""The transparency log: checkpoints, and proofs about them and the member's trades."""

from typing import Any

from marshmallow import Schema, fields

from marketplace import transparency
from marketplace.api.fields import Digits
from marketplace.api.resource import Resource
from marketplace.members.signing import me
from marketplace.services import services

bp = Resource("log", __name__, "The journal as a log that anybody may verify.")

SIZE_MAX = 2**53
HEX = {"description": "Hashes in hexadecimal, the lowest first (RFC 6962)."}


class CheckpointSchema(Schema):
    """The newest checkpoint."""

    origin = fields.String(required=True)
    size = fields.Integer(required=True, metadata={"description": "Records in it."})
    root = fields.String(required=True, metadata={"description": "In hexadecimal."})
    note = fields.String(
        required=True, metadata={"description": "As signed (C2SP tlog-checkpoint)."}
    )
    key = fields.String(required=True, metadata={"description": "Verifies the note."})


class PathSchema(Schema):
    """A path of hashes."""

    path = fields.List(fields.String(), required=True, metadata={**HEX})


class ProofSchema(Schema):
    """That a record is in the log; enough to verify it without us."""

    record = fields.Integer(required=True)
    leaf = fields.String(required=True, metadata={"description": "In hexadecimal."})
    path = fields.List(fields.String(), required=True, metadata={**HEX})
    checkpoint = fields.String(required=True)
    body = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The record itself, if the command was yours."},
    )
    salt = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The leaf is HMAC-SHA256 of the body under it."},
    )


class TradeProofSchema(ProofSchema):
    """That a trade's record is in the log, and what the exchange says of the trade."""

    statement = fields.String(
        required=True, metadata={"description": "JWS in compact form (RFC 7515)."}
    )


class SizesQuery(Schema):
    """Two sizes of the log."""

    old = Digits(1, SIZE_MAX, required=True)
    new = Digits(1, SIZE_MAX, required=True)


class RecordQuery(Schema):
    """A record by its number."""

    record = Digits(1, SIZE_MAX, required=True)


@bp.route("/log")
@bp.response(200, CheckpointSchema)
def read_checkpoint() -> Any:
    """Read the newest signed checkpoint."""
    log = services().log
    note, head = log.note(), log.head()
    return head._asdict() | {"root": head.root.hex(), "note": note, "key": log.key}


@bp.route("/log/inclusion")
@bp.arguments(RecordQuery, location="query")
@bp.response(200, ProofSchema)
@bp.refuses(404, 409)
def prove_inclusion(asked: dict[str, Any]) -> Any:
    """Prove that a record is in the newest checkpoint; its text stays its member's."""
    parts = services()
    with parts.reads.connect() as db:
        return transparency.prove(parts.log, db, asked["record"])


@bp.route("/log/consistency")
@bp.arguments(SizesQuery, location="query")
@bp.response(200, PathSchema)
@bp.refuses(404)
def prove_consistency(asked: dict[str, Any]) -> Any:
    """Prove that the log of *old* records is the beginning of that of *new*."""
    path = services().log.consistency(asked["old"], asked["new"])
    return {"path": [one.hex() for one in path]}


@bp.route("/trades/<trade>/proof")
@bp.needs()
@bp.response(200, TradeProofSchema)
@bp.refuses(404, 409)
def prove_trade(trade: int) -> Any:
    """Prove that one of the member's trades is in the log."""
    return transparency.prove_trade(services(), trade, me().member)
