"""Contracts: the member's own, a new one, signing, paper; the exchange's queue."""

from http import HTTPStatus
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import fields
from sqlalchemy import Connection, Row
from werkzeug.http import dump_options_header

from listings import catalogue, instruments
from listings.licences import PURPOSES
from listings.marking import N_
from marketplace.community import access
from marketplace.contracts import drafts, paper
from marketplace.contracts.drafts import CLAUSE_MAX, TITLE_MAX, Said
from marketplace.contracts.models import EXISTING, MODELS
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.pricing import quotes
from marketplace.services import services
from marketplace.trading import pending
from marketplace.trading.accepting import DAYS_MAX
from marketplace.trading.agreements import NAME_MAX, STAGES_MAX
from marketplace.trading.drafting import Stage
from marketplace.trading.gateway import KEY_LENGTH_MAX
from marketplace.trading.orders import QUANTITY_MAX
from marketplace.trading.rights import REASON_MAX
from marketplace.web import orders
from marketplace.web.forms import (
    NEEDED,
    NOT_WHOLE,
    Day,
    Form,
    PublicId,
    Whole,
    again,
    amount,
    choice,
    read,
    text,
)
from marketplace.web.layout import before
from settlement import clock, ids
from settlement.errors import Invalid
from settlement.ledger import HOUSE
from settlement.money import BPS
from settlement.store import Page

bp = Blueprint("contracts", __name__)
TRADERS = ("buyer", "vendor")
SIGNERS = ("registrar",)
TERM_DAYS_MAX = 36_500
ROWS = 5  # stages that the form has room for
NOT_A_HUNDRED = N_("The shares of the stages make a hundred together.")
WRONG_STAGE = N_("Give each stage a name, a share in per cent and working days.")


class DraftForm(Form):
    """What is agreed; the clauses come by their codes."""

    model = choice(MODELS)
    title = text(TITLE_MAX)
    member = text(40)
    instrument = PublicId("instrument", required=True)
    price = text(24)
    quantity = Whole(1, QUANTITY_MAX, required=True)
    purpose = choice(PURPOSES)
    days = Whole(0, DAYS_MAX, required=True)
    term_days = Whole(1, TERM_DAYS_MAX, load_default=None)
    until = Day(required=True, error_messages={"required": NEEDED})
    house = text(1, needed=False)
    stage = fields.List(fields.String())
    share = fields.List(fields.String())
    within = fields.List(fields.String())
    offer = PublicId("offer", load_default=0)
    follows = PublicId("agreement", load_default=0)
    key = text(KEY_LENGTH_MAX)


class SignForm(Form):
    """The hash of the text that was on the page."""

    sha256 = text(64)
    accept = text(1)


class ReasonForm(Form):
    """Why; needed from all but the drafter."""

    reason = text(REASON_MAX, needed=False)


class CancelForm(ReasonForm):
    """Whether to end it."""

    answer = choice(("yes", "no"))


@bp.get("/contracts")
@needs(*TRADERS)
def mine() -> ResponseReturnValue:
    """Show the contracts that the member is a party of."""
    with services().reads.connect() as db:
        page = drafts.of_member(db, me().member, before())
        return _list(db, page, staff=False)


@bp.get("/staff/contracts")
@needs(*SIGNERS)
def queue() -> ResponseReturnValue:
    """Show the contracts that wait for the exchange's signature."""
    with services().reads.connect() as db:
        return _list(db, drafts.waiting(db, before()), staff=True)


def _list(db: Connection, page: Page, *, staff: bool) -> str:
    named = {party for row in page.rows for party in (row.vendor, row.buyer)}
    return render_template(
        "contracts/contracts.html",
        page=page,
        staff=staff,
        names=organisations.names(db, named),
        done={row.id: drafts.signed(db, row.id) for row in page.rows},
        parties=drafts.parties,
    )


@bp.get("/contracts/new")
@needs(*TRADERS)
def new() -> ResponseReturnValue:
    """Show the form of a contract, filled in from an offer, or a draft before it."""
    model = request.values.get("model", "")
    with services().reads.connect() as db:
        begun = _begin(db)
        unit = begun.get("unit")
        listing = catalogue.listing(db, unit.product, me().member) if unit else None
        other = begun.get("other") or (listing and listing.vendor)
        return render_template(
            "contracts/new.html",
            model=model if model in MODELS else next(iter(MODELS)),
            models=MODELS,
            existing=EXISTING,
            unit=unit,
            listing=listing,
            begun=begun,
            other=None if other == me().member else other,
            purposes=PURPOSES,
            rows=ROWS,
            stages=_typed_stages(begun),
        )


def _begin(db: Connection) -> dict[str, Any]:
    """Return what the form starts with: of an instrument, an offer, or a draft."""
    asked, member = request.values, me().member
    begun: dict[str, Any] = {}
    if asked.get("follows"):
        old = drafts.one(db, ids.decode("agreement", asked["follows"]), member)
        said = drafts.text(db, old)
        begun = {"old": old, "said": said, "instrument": old.instrument}
        begun |= {"price": old.price, "quantity": old.quantity, "purpose": old.purpose}
        begun["other"] = old.buyer if member == old.vendor else old.vendor
    elif asked.get("offer"):
        offer = quotes.one(db, ids.decode("offer", asked["offer"]), member)
        quotes.check_named(db, offer.id, member)
        begun = {"offer": offer, "instrument": offer.instrument, "price": offer.price}
        begun |= {"quantity": offer.quantity, "purpose": offer.purpose}
        begun["other"] = offer.member if member == offer.vendor else offer.vendor
    elif asked.get("instrument"):
        begun = {"instrument": ids.decode("instrument", asked["instrument"])}
    if "instrument" in begun:
        begun["unit"] = instruments.get(db, begun["instrument"])
    return begun


def _typed_stages(begun: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return the stages to show: as typed, as in the draft before, or 30/40/30."""
    typed = request.form
    if "stage" in typed:
        lists = (typed.getlist(name) for name in ("stage", "share", "within"))
        return list(zip(*lists, strict=False))
    if "said" in begun:
        return [
            (one["name"], _percent(one["bps"]), str(one["days"]))
            for one in begun["said"]["stages"]
        ]
    names = (gettext("On signing"), gettext("First delivery"), gettext("Completion"))
    return list(zip(names, ("30", "40", "30"), ("0", "10", "20"), strict=True))


def _percent(bps: int) -> str:
    whole, part = divmod(bps, 100)
    return f"{whole}.{part:02}".rstrip("0").rstrip(".")


@bp.post("/contracts/new")
@needs(*TRADERS)
@again(new)
def draft() -> ResponseReturnValue:
    """Put a contract to the other side, once however often it is sent."""
    typed = read(DraftForm())
    stages = _stages(typed)
    with services().reads.connect() as db:
        other = access.member_named(db, typed["member"])
        unit = instruments.get(db, typed["instrument"])
    term = typed["term_days"]
    said = Said(
        other,
        unit.id,
        amount(typed, "price", unit.currency_code),
        typed["quantity"],
        typed["purpose"],
        stages,
        typed["days"],
        None if term is None else term * clock.DAY_US,
        typed["until"],
        bool(typed["house"]),
        typed["model"],
        typed["title"],
        _clauses(typed["model"]),
        typed["offer"],
        typed["follows"],
    )
    file = request.files.get("paper")
    stream = file.stream if file is not None and file.filename else None
    number = drafts.draft(services(), me(), said, stream, typed["key"])
    flash(gettext("Sent to the other side. Sign it, in any order."), "success")
    return _to(number)


def _clauses(model: str) -> dict[str, str]:
    """Return the clauses as typed; Invalid names one that is too long."""
    texts = {
        clause.code: request.form.get(f"clause-{clause.code}", "")
        .replace("\r\n", "\n")
        .strip()
        for clause in MODELS[model].clauses
    }
    long = {
        f"clause-{code}": [drafts.TOO_LONG]
        for code, said in texts.items()
        if len(said) > CLAUSE_MAX
    }
    if long:
        raise Invalid(long)
    return texts


def _stages(typed: dict[str, Any]) -> tuple[Stage, ...]:
    """Return the stages that were typed; Invalid unless they make a hundred."""
    lists = (typed.get(name, []) for name in ("stage", "share", "within"))
    stages = []
    for name, share, within in zip(*lists, strict=False):
        if not any((name, share, within)):
            continue
        try:
            whole, _, part = share.partition(".")
            bps = int(whole) * 100 + int(part.ljust(2, "0") or 0)
            days = int(within)
        except ValueError as error:
            raise Invalid({"stages": [NOT_WHOLE, WRONG_STAGE]}) from error
        plain = (share + within).replace(".", "", 1)
        fits = plain.isascii() and plain.isdigit() and len(part) <= len("00")
        if not name or len(name) > NAME_MAX or not fits:
            raise Invalid({"stages": [WRONG_STAGE]})
        stages.append(Stage(name, bps, days))
    if not 0 < len(stages) <= STAGES_MAX or sum(s.bps for s in stages) != BPS:
        raise Invalid({"stages": [NOT_A_HUNDRED]})
    return tuple(stages)


@bp.get("/contracts/<agreement>")
@needs(*TRADERS, *SIGNERS)
def one(agreement: str) -> ResponseReturnValue:
    """Show a contract to its parties: what it says, who has signed, what to do."""
    with services().reads.connect() as db:
        found = _found(db, agreement)
        done = drafts.signed(db, found.id)
        return render_template(
            "contracts/contract.html",
            contract=found,
            said=drafts.text(db, found),
            models=MODELS,
            done=done,
            parties=drafts.parties(found),
            party=me().member,
            house=HOUSE,
            escrow=pending.of_trade(db, found.trade) if found.trade else None,
            names=organisations.names(db, (found.vendor, found.buyer)),
            traded=catalogue.traded(db, [found.instrument]).get(found.instrument),
            now_us=clock.now_us(),
        )


@bp.get("/contracts/<agreement>/<paper_kind>")
@needs(*TRADERS, *SIGNERS)
def document(agreement: str, paper_kind: str) -> ResponseReturnValue:
    """Give a contract as PDF, as canonical JSON, or the original that exists."""
    address = url_for(".one", agreement=agreement, _external=True)
    with services().reads.connect() as db:
        found = _found(db, agreement)
        if paper_kind == "pdf":
            answer = Response(
                paper.printed(db, found, address), mimetype="application/pdf"
            )
        elif paper_kind == "json":
            answer = Response(drafts.body(db, found), mimetype="application/json")
        elif paper_kind == "original" and found.evidence:
            content = services().files.read(found.evidence)
            answer = Response(content, mimetype="application/octet-stream")
        else:
            abort(HTTPStatus.NOT_FOUND)
    ending = "json" if paper_kind == "json" else "pdf"
    named = {"filename": f"{agreement}.{ending}"}
    answer.headers["Content-Disposition"] = dump_options_header("attachment", named)
    original = paper_kind == "original"
    answer.headers["X-Content-SHA256"] = found.evidence if original else found.sha256
    return answer


@bp.post("/contracts/<agreement>/sign")
@needs(*TRADERS, *SIGNERS)
@again(one)
def sign(agreement: str) -> ResponseReturnValue:
    """Sign the text that was on the page; the last signature makes the trade."""
    typed, number = read(SignForm()), ids.decode("agreement", agreement)
    trade = drafts.sign(services(), me(), number, typed["sha256"])
    said = gettext("Signed.") if trade is None else gettext("Signed by all: concluded.")
    flash(said, "success")
    return _to(number)


@bp.post("/contracts/<agreement>/return")
@needs(*TRADERS, *SIGNERS)
@again(one)
def give_back(agreement: str) -> ResponseReturnValue:
    """Refuse to sign, with the reason; or withdraw what the member drafted."""
    typed, number = read(ReasonForm()), ids.decode("agreement", agreement)
    with services().reads.connect() as db:
        drafted = _found(db, agreement).drafter == me().member
    if not drafted and not typed["reason"]:
        raise Invalid({"reason": [NEEDED]})
    drafts.give_back(services(), me(), number, typed["reason"])
    flash(gettext("Returned. The other side was told."), "success")
    return _to(number)


@orders.bp.post("/trades/<trade>/cancel")
@needs(*TRADERS)
@again(orders.contract)
def end_sale(trade: str) -> ResponseReturnValue:
    """Ask the other side to end a sale in escrow, or answer."""
    typed, number = read(CancelForm()), ids.decode("trade", trade)
    agrees = typed["answer"] == "yes"
    drafts.cancel(services(), me(), number, agrees=agrees, reason=typed["reason"])
    flash(gettext("Saved. The other side was told."), "success")
    return redirect(url_for("orders.contract", trade=trade), HTTPStatus.SEE_OTHER)


def _found(db: Connection, agreement: str) -> Row[Any]:
    return drafts.one(db, ids.decode("agreement", agreement), me().member)


def _to(number: int) -> ResponseReturnValue:
    address = url_for("contracts.one", agreement=ids.encode("agreement", number))
    return redirect(address, HTTPStatus.SEE_OTHER)
