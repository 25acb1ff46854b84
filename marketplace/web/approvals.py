"""Approvals: what waits for a colleague, one request, and the member's limits."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Row

from listings import catalogue
from marketplace.approvals import desk, limits, sending
from marketplace.members import users
from marketplace.members.roles import DECIDERS, OWNER, needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading.commands import Line, PlaceBasket, PlaceOrder
from marketplace.web.forms import Form, again, amount, choice, read, text
from marketplace.web.layout import before
from settlement import ids
from settlement.errors import Refusal
from settlement.money import BY_ASSET, BY_CODE

bp = Blueprint("approvals", __name__, url_prefix="/approvals")
WHO = ("buyer", "vendor", *DECIDERS)
# Where what a request made is shown, and the name of its number in the address.
SHOWN = {
    "order": ("orders.one", "order"),
    "offer": ("quotes.one", "offer"),
    "trade": ("orders.contract", "trade"),
    "pool": ("pools.one", "pool"),
    "contest": ("contests.room", "contest"),
    "agreement": ("contracts.one", "agreement"),
    "entitlement": ("rights.service", "entitlement"),
}


class LimitForm(Form):
    """A limit in one currency; no amount ends it."""

    currency = choice(BY_CODE)
    amount = text(24, needed=False)


class ReasonForm(Form):
    """Why a request is turned down."""

    reason = text(desk.REASON_MAX, needed=False)


@bp.get("/")
@needs(*WHO)
def show() -> ResponseReturnValue:
    """Show what waits for approval, and the limits."""
    return _list(waiting=True)


@bp.get("/history")
@needs(*WHO)
def history() -> ResponseReturnValue:
    """Show what became of earlier requests."""
    return _list(waiting=False)


def _list(*, waiting: bool) -> str:
    with services().reads.connect() as db:
        page = desk.listed(db, me().member, before(), waiting=waiting)
        return render_template(
            "approvals/approvals.html",
            page=page,
            waiting=waiting,
            stands=desk.stands,
            known=catalogue.traded(
                db, {r.instrument for r in page.rows if r.instrument}
            ),
            names=users.names(db, {row.by_user for row in page.rows}),
            limits=limits.of_member(db, me().member),
            currencies=[(code, code) for code in BY_CODE],
        )


@bp.post("/limits")
@needs(OWNER)
@again(show)
def put_limit() -> ResponseReturnValue:
    """Set a limit: at once if it is lower, else once a colleague approved it."""
    typed = read(LimitForm())
    wanted = None
    if typed["amount"]:
        wanted = amount(typed, "amount", typed["currency"])
    with services().writes.begin() as db:
        waits = desk.ask_limit(db, me(), BY_CODE[typed["currency"]].asset, wanted)
    if waits is not None:
        flash(gettext("A higher limit waits for a colleague's approval."), "info")
        return _to(waits)
    flash(gettext("The limit is in force."), "success")
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)


@bp.get("/<approval>")
@needs(*WHO)
def one(approval: str) -> ResponseReturnValue:
    """Show a request: what it would do, who asks, and where it is decided."""
    with services().reads.connect() as db:
        row = desk.one(db, ids.decode("approval", approval), me().member)
        lines, made = _lines(row), None
        if row.result is not None:
            kind = sending.MAKES[row.kind]
            endpoint, name = SHOWN[kind]
            made = _page(endpoint, name, ids.encode(kind, row.result))
        return render_template(
            "approvals/approval.html",
            row=row,
            state=desk.stands(row),
            lines=lines,
            about=_about(row),
            known=catalogue.traded(db, [line.instrument for line in lines]),
            refused=_refused(row),
            names=users.names(db, {row.by_user, row.person, row.decided_by or 0}),
            own=me().id in (row.by_user, row.person),
            made=made,
            currency=BY_ASSET[row.currency],
        )


@bp.post("/<approval>/approve")
@needs(*DECIDERS)
@again(one)
def approve(approval: str) -> ResponseReturnValue:
    """Approve a request, once however often it is sent, and send what it asks for."""
    number = ids.decode("approval", approval)
    sending.approve(services(), me(), number)
    flash(gettext("Approved, and done."), "success")
    return _to(number)


@bp.post("/<approval>/reject")
@needs(*DECIDERS)
@again(one)
def reject(approval: str) -> ResponseReturnValue:
    """Turn a request down."""
    typed, number = read(ReasonForm()), ids.decode("approval", approval)
    with services().writes.begin() as db:
        desk.reject(db, me(), number, typed["reason"])
    flash(gettext("Turned down. Nothing was ordered."), "success")
    return _to(number)


@bp.post("/<approval>/withdraw")
@needs(*WHO)
@again(one)
def withdraw(approval: str) -> ResponseReturnValue:
    """Take back what the visitor asked for."""
    number = ids.decode("approval", approval)
    with services().writes.begin() as db:
        desk.withdraw(db, me(), number)
    flash(gettext("Taken back. Nothing was ordered."), "success")
    return _to(number)


def _lines(row: Row[Any]) -> tuple[Line, ...]:
    """Return the lines of an order or a basket that a request asks for."""
    if row.kind == desk.LIMIT:
        return ()
    command = desk.command_of(row)
    if isinstance(command, PlaceBasket):
        return command.lines
    return (command.line,) if isinstance(command, PlaceOrder) else ()


def _about(row: Row[Any]) -> str | None:
    """Return the page of what a request answers, joins, bids for, changes or signs."""
    if row.kind == desk.LIMIT:
        return None
    command = desk.command_of(row)
    for endpoint, name in SHOWN.values():
        field = "contract" if name == "agreement" else name
        if name != "trade" and hasattr(command, field):
            return _page(endpoint, name, ids.encode(name, getattr(command, field)))
    return None


def _page(endpoint: str, name: str, number: str) -> str:
    values: dict[str, Any] = {name: number}
    return url_for(endpoint, **values)


def _refused(row: Row[Any]) -> str:
    """Return why the market refused an approved request."""
    return Refusal.known[row.reason].title() if row.state == "refused" else ""


def _to(number: int) -> ResponseReturnValue:
    address = url_for(".one", approval=ids.encode("approval", number))
    return redirect(address, HTTPStatus.SEE_OTHER)
