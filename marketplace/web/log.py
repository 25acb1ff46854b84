"""The transparency log: what was published, for people and for mirrors; proofs."""

import json
from http import HTTPStatus

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from listings.marking import N_
from marketplace import transparency
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.transparency import NoProof, NotLoggedYet, Proven
from marketplace.web.forms import again
from settlement import ids
from settlement.errors import Invalid
from settlement.tiles import LEVEL_MAX

bp = Blueprint("log", __name__, url_prefix="/log")

PLAIN = "text/plain; charset=utf-8"
FULL_S = 365 * 24 * 3600  # a full tile never changes
FAULTS = {
    "unreadable": N_("The file is no proof of this exchange."),
    "too long": N_("The file is too long to be a proof."),
    "checkpoint": N_("Its checkpoint was not signed with this log's key."),
    "body": N_("The record in it was changed."),
    "record": N_("The record in it has another number."),
    "path": N_("The record is not in the log that it names."),
}


@bp.get("")
def show() -> ResponseReturnValue:
    """Show the newest checkpoint, and where to bring a proof."""
    return _page(None)


@bp.post("")
@again(show)
def verify() -> ResponseReturnValue:
    """Verify a proof that somebody brings."""
    file = request.files.get("file")
    document = file.stream.read(transparency.PROOF_MAX + 1) if file else b""
    try:
        shown = transparency.verify(document, services().log.key)
    except NoProof as wrong:
        raise Invalid({"file": [FAULTS[wrong.problem]]}) from None
    return _page(shown)


@bp.get("/checkpoint")
def checkpoint() -> ResponseReturnValue:
    """Give the newest checkpoint as it was signed."""
    return Response(services().log.note(), content_type=PLAIN)


@bp.get("/key")
def key() -> ResponseReturnValue:
    """Give the public key that checkpoints are verified with."""
    return Response(f"{services().log.key}\n", content_type=PLAIN)


@bp.get("/tile/<int:level>/<path:place>")
def tile(level: int, place: str) -> ResponseReturnValue:
    """Give the hashes of a tile, for mirrors (C2SP tlog-tiles)."""
    found = services().log.tile(level, place) if level <= LEVEL_MAX else None
    if found is None:
        abort(HTTPStatus.NOT_FOUND)
    answer = Response(found, mimetype="application/octet-stream")
    answer.cache_control.public = True
    answer.cache_control.max_age = FULL_S  # partial ones do not change either
    return answer


@bp.get("/trades/<trade>")
@needs()
def of_trade(trade: str) -> ResponseReturnValue:
    """Show the proof that one of the member's trades is in the log."""
    number = ids.decode("trade", trade)
    try:
        proof = transparency.prove_trade(services(), number, me().member)
    except NotLoggedYet as soon:
        return render_template("log/soon.html", trade=number, soon=soon)
    shown = transparency.verify(json.dumps(proof), services().log.key)
    return render_template("log/trade.html", trade=number, proof=proof, shown=shown)


@bp.get("/trades/<trade>/proof.json")
@needs()
def proof(trade: str) -> ResponseReturnValue:
    """Give the proof as a file that can be verified without the exchange."""
    number = ids.decode("trade", trade)
    found = transparency.prove_trade(services(), number, me().member)
    answer = Response(json.dumps(found, indent=1), mimetype="application/json")
    name = f"{ids.encode('trade', number)}-proof.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _page(shown: Proven | None) -> str:
    log = services().log
    head = log.head()
    return render_template(
        "log/log.html",
        head=head,
        note=log.note(),
        key=log.key,
        sizes=log.sizes(),
        shown=shown,
    )
