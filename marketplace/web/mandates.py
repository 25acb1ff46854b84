"""Mandates: what agents and colleagues may spend; given, watched and ended."""

from http import HTTPStatus
from typing import Any

from flask import (
    Blueprint,
    flash,
    make_response,
    redirect,
    render_template,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import fields
from sqlalchemy import Connection

from listings import catalogue, instruments, visibility
from listings.licences import PURPOSES
from listings.marking import N_
from marketplace.members import agents, users
from marketplace.members.roles import DECIDERS, OWNER, needs, require
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import mandate_reads
from marketplace.trading.mandates import NAME_MAX
from marketplace.web.forms import (
    NEEDED,
    Day,
    Form,
    PublicId,
    again,
    amount,
    choice,
    read,
    text,
)
from marketplace.web.layout import before
from settlement import clock, ids
from settlement.errors import Invalid, NotFound
from settlement.money import BY_ASSET, BY_CODE

bp = Blueprint("mandates", __name__, url_prefix="/mandates")
WHO = ("buyer", *DECIDERS)
SYMBOLS_MAX = 2_000  # characters
UNKNOWN = N_("There is no such symbol: %(symbol)s")


class MandateForm(Form):
    """Bounds as they are typed; what is left empty does not bound."""

    name = text(NAME_MAX)
    holder = PublicId("user", load_default=None)  # none: a new agent
    currency = choice(BY_CODE)
    price_max = text(24, needed=False)
    daily_max = text(24)
    total_max = text(24, needed=False)
    approval_above = text(24, needed=False)
    unique = text(1, needed=False)
    symbols = text(SYMBOLS_MAX, needed=False)
    purposes = fields.List(choice(PURPOSES))
    until = Day(required=True, error_messages={"required": NEEDED})


@bp.get("/")
@needs(*WHO)
def show() -> ResponseReturnValue:
    """Show the member's mandates, and what each has spent today."""
    now_us = clock.now_us()
    with services().reads.connect() as db:
        page = mandate_reads.of_member(db, me().member, before())
        return render_template(
            "mandates/mandates.html",
            page=page,
            stands=mandate_reads.lefts(db, page.rows, now_us),
            names=users.names(db, {row.holder for row in page.rows}),
        )


@bp.get("/new")
@needs("buyer", OWNER)
def new() -> ResponseReturnValue:
    """Show the form of a new mandate."""
    with services().reads.connect() as db:
        colleagues = [
            (ids.encode("user", row.id), row.name)
            for row in users.of_member(db, me().member)
            if not row.disabled and not row.email.endswith(users.NOWHERE)
        ]
    return render_template(
        "mandates/new.html",
        colleagues=colleagues if OWNER in me().roles else [],
        currencies=[(code, code) for code in BY_CODE],
        purposes=PURPOSES,
    )


@bp.post("/new")
@needs("buyer", OWNER)
@again(new)
def give() -> ResponseReturnValue:
    """Give a mandate; a new agent's key is shown this once."""
    typed = read(MandateForm())
    bounds = _bounds(typed)
    if typed["holder"] is not None:
        require(OWNER)
        number = agents.bound(services(), me(), typed["holder"], bounds)
        flash(gettext("The budget is in force."), "success")
        return _to(number)
    require("buyer")
    given = agents.give(services(), me(), bounds)
    page = _page(given.mandate, given.secret)
    return make_response(page, HTTPStatus.CREATED)


def _bounds(typed: dict[str, Any]) -> agents.Bounds:
    """Return the bounds that were typed; Invalid names what is none."""
    code = typed["currency"]
    most = {
        name: amount(typed, name, code) if typed[name] else None
        for name in ("price_max", "daily_max", "total_max", "approval_above")
    }
    with services().reads.connect() as db:
        listed = _instruments(db, typed["symbols"])
    return agents.Bounds(
        typed["name"],
        BY_CODE[code].asset,
        most["price_max"],
        most["daily_max"] or 0,
        most["total_max"],
        most["approval_above"],
        bool(typed["unique"]),
        listed,
        tuple(sorted(set(typed.get("purposes", [])))),
        typed["until"],
    )


def _instruments(db: Connection, symbols: str) -> tuple[int, ...]:
    """Return the instruments with these symbols; Invalid if one is unknown."""
    found = []
    for symbol in symbols.replace(",", " ").replace("，", " ").split():
        try:
            number = instruments.by_symbol(db, symbol.upper()).id
            visibility.check_instrument(db, number, me().member)
        except NotFound as unknown:
            told = gettext(UNKNOWN, symbol=symbol[:40])
            raise Invalid({"symbols": [told]}) from unknown
        found.append(number)
    return tuple(sorted(set(found)))


@bp.get("/<mandate>")
@needs(*WHO)
def one(mandate: str) -> ResponseReturnValue:
    """Show a mandate: its bounds, what was spent, and where it is ended."""
    return _page(ids.decode("mandate", mandate))


def _page(number: int, secret: str = "") -> str:
    with services().reads.connect() as db:
        row = mandate_reads.one(db, number, me().member)
        listed = mandate_reads.instruments_of(row)
        return render_template(
            "mandates/mandate.html",
            row=row,
            stands=mandate_reads.left(db, row, clock.now_us()),
            listed=listed,
            known=catalogue.traded(db, listed),
            purposes=mandate_reads.purposes_of(row),
            names=users.names(db, {row.holder, row.by_user, row.ended_by or 0}),
            orders=mandate_reads.orders_under(db, row),
            currency=BY_ASSET[row.currency],
            secret=secret,
        )


@bp.post("/<mandate>/end")
@needs(*WHO)
@again(one)
def end(mandate: str) -> ResponseReturnValue:
    """End a mandate at once."""
    number = ids.decode("mandate", mandate)
    cancelled = agents.end(services(), me(), number)
    flash(gettext("Ended. Orders cancelled: %(number)s.", number=cancelled), "success")
    return _to(number)


def _to(number: int) -> ResponseReturnValue:
    address = url_for(".one", mandate=ids.encode("mandate", number))
    return redirect(address, HTTPStatus.SEE_OTHER)
