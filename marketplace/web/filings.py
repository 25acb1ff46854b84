"""Filed deals: the member's own, a new one with its evidence, the registrar's check."""

from http import HTTPStatus

from flask import (
    Blueprint,
    Response,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection
from werkzeug.http import dump_options_header

from listings.marking import N_
from marketplace.community import access
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.pricing import filings as filed
from marketplace.pricing.filings import Filed
from marketplace.services import services
from marketplace.trading.filings import NOTE_MAX, TITLE_MAX
from marketplace.trading.gateway import KEY_LENGTH_MAX
from marketplace.trading.rights import REASON_MAX
from marketplace.web.forms import (
    NEEDED,
    Day,
    Form,
    again,
    amount,
    choice,
    read,
    text,
)
from marketplace.web.layout import before
from settlement import clock, ids
from settlement.errors import Invalid
from settlement.money import BY_CODE
from settlement.store import Page

bp = Blueprint("filings", __name__)
TRADERS = ("buyer", "vendor")
IN_FUTURE = N_("This day is not over yet.")


class FiledForm(Form):
    """What was dealt elsewhere; its evidence comes as a file."""

    member = text(40)
    side = choice(("buy", "sell"))
    title = text(TITLE_MAX)
    currency = choice(BY_CODE)
    amount = text(24)
    day = Day(required=True, error_messages={"required": NEEDED})
    note = text(NOTE_MAX, needed=False)
    key = text(KEY_LENGTH_MAX)


class AnswerForm(Form):
    """Yes or no, with a reason."""

    answer = choice(("yes", "no"))
    reason = text(REASON_MAX, needed=False)


@bp.get("/filings")
@needs(*TRADERS)
def mine() -> ResponseReturnValue:
    """Show the deals that the member filed or is named in."""
    with services().reads.connect() as db:
        page = filed.of_member(db, me().member, before())
        return _list(db, page, staff=False)


@bp.get("/staff/filings")
@needs("registrar")
def queue() -> ResponseReturnValue:
    """Show the confirmed deals that wait for a registrar."""
    with services().reads.connect() as db:
        return _list(db, filed.waiting(db, before()), staff=True)


def _list(db: Connection, page: Page, *, staff: bool) -> str:
    parties = {party for row in page.rows for party in (row.seller, row.buyer)}
    return render_template(
        "filings/filings.html",
        page=page,
        staff=staff,
        names=organisations.names(db, parties),
    )


@bp.get("/filings/new")
@needs(*TRADERS)
def new() -> ResponseReturnValue:
    """Show the form of a deal that was made elsewhere."""
    return render_template("filings/new.html", currencies=list(BY_CODE))


@bp.post("/filings/new")
@needs(*TRADERS)
@again(new)
def file() -> ResponseReturnValue:
    """File a deal with its evidence, once however often it is sent."""
    typed = read(FiledForm())
    evidence = request.files.get("evidence")
    if evidence is None or not evidence.filename:
        raise Invalid({"evidence": [NEEDED]})
    dealt_us = typed["day"] - clock.DAY_US  # its beginning
    if dealt_us > clock.now_us():
        raise Invalid({"day": [IN_FUTURE]})
    with services().reads.connect() as db:
        other = access.member_named(db, typed["member"])
    entered = Filed(
        other,
        typed["side"] == "sell",
        typed["title"],
        BY_CODE[typed["currency"]].asset,
        amount(typed, "amount", typed["currency"]),
        dealt_us,
        typed["note"],
    )
    number = filed.file(services(), me(), entered, evidence.stream, typed["key"])
    flash(gettext("Filed. The other side was asked to confirm it."), "success")
    return _to(number)


@bp.get("/filings/<filing>")
@needs(*TRADERS, "registrar")
def one(filing: str) -> ResponseReturnValue:
    """Show a filed deal to its two sides and to registrars."""
    with services().reads.connect() as db:
        found = filed.one(db, ids.decode("filing", filing), _viewer())
        return render_template(
            "filings/filing.html",
            filing=found,
            staff=me().is_staff,
            names=organisations.names(db, (found.seller, found.buyer)),
        )


@bp.get("/filings/<filing>/evidence")
@needs(*TRADERS, "registrar")
def evidence(filing: str) -> ResponseReturnValue:
    """Give the file that proves a deal to its two sides and to registrars."""
    with services().reads.connect() as db:
        found = filed.one(db, ids.decode("filing", filing), _viewer())
    answer = Response(
        services().files.read(found.evidence), mimetype="application/octet-stream"
    )
    answer.headers["Content-Disposition"] = dump_options_header(
        "attachment", {"filename": f"{filing}-evidence"}
    )
    answer.headers["X-Content-SHA256"] = found.evidence
    return answer


@bp.post("/filings/<filing>/answer")
@needs(*TRADERS)
@again(one)
def answer(filing: str) -> ResponseReturnValue:
    """Confirm or contest what the other side filed."""
    typed, number = read(AnswerForm()), ids.decode("filing", filing)
    agrees = typed["answer"] == "yes"
    filed.confirm(services(), me(), number, agrees=agrees, reason=typed["reason"])
    flash(gettext("Saved."), "success")
    return _to(number)


@bp.post("/filings/<filing>/withdraw")
@needs(*TRADERS)
@again(one)
def withdraw(filing: str) -> ResponseReturnValue:
    """Take back a filing that nobody confirmed yet."""
    number = ids.decode("filing", filing)
    filed.withdraw(services(), me(), number)
    flash(gettext("Withdrawn."), "success")
    return _to(number)


@bp.post("/filings/<filing>/decision")
@needs("registrar")
@again(one)
def decide(filing: str) -> ResponseReturnValue:
    """Put a confirmed deal on record, or refuse it with a reason."""
    typed, number = read(AnswerForm()), ids.decode("filing", filing)
    approve = typed["answer"] == "yes"
    filed.decide(services(), me(), number, approve=approve, reason=typed["reason"])
    flash(gettext("Decided. Both sides were told."), "success")
    return _to(number)


def _viewer() -> int | None:
    return None if me().is_staff else me().member


def _to(number: int) -> ResponseReturnValue:
    address = url_for("filings.one", filing=ids.encode("filing", number))
    return redirect(address, HTTPStatus.SEE_OTHER)
