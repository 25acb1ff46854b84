"""Group buys: those that run, one with its schedule and progress, a new one."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import fields
from sqlalchemy import Connection

from listings import catalogue, instruments
from listings.licences import PURPOSES
from listings.marking import N_
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import pool_reads, rooms
from marketplace.trading.gateway import KEY_LENGTH_MAX
from marketplace.trading.pool_reads import Standing
from marketplace.trading.pooling import CancelPool, JoinPool, OpenPool
from marketplace.trading.pools import LICENSEES_MAX
from marketplace.web.charts import bars
from marketplace.web.forms import (
    NEEDED,
    Form,
    Minute,
    PublicId,
    Whole,
    again,
    amount,
    choice,
    read,
    text,
)
from marketplace.web.layout import before
from marketplace.web.quotes import free
from marketplace.web.tickets import ACCEPT
from settlement import ids
from settlement.errors import Invalid, NotFound
from settlement.money import BY_ASSET
from settlement.store import Page

bp = Blueprint("pools", __name__, url_prefix="/groups")
ROWS = 5  # tiers that the form has room for
WRONG_TIERS = N_(
    "Begin with one licensee; more licensees need a lower price from row to row."
)


class PoolForm(Form):
    """A schedule: from how many licensees the price is what."""

    instrument = PublicId("instrument", required=True)
    number = fields.List(fields.String())
    price = fields.List(fields.String())
    least = Whole(1, LICENSEES_MAX, required=True)
    closes = Minute(required=True, error_messages={"required": NEEDED})
    key = text(KEY_LENGTH_MAX)


class JoinForm(Form):
    """A buyer declares the purpose and accepts the licence, as for any order."""

    purpose = choice(PURPOSES)
    accept = text(1, needed=False)
    key = text(KEY_LENGTH_MAX)


@bp.get("/")
def show() -> ResponseReturnValue:
    """Show the group buys that may be joined."""
    with services().reads.connect() as db:
        return _list(db, pool_reads.running(db, me().member, before()), "show")


@bp.get("/mine")
@needs("buyer", "vendor")
def mine() -> ResponseReturnValue:
    """Show the group buys that the member opened or joined."""
    with services().reads.connect() as db:
        return _list(db, pool_reads.of_member(db, me().member, before()), "mine")


def _list(db: Connection, page: Page, view: str) -> str:
    return render_template(
        "pools/pools.html",
        page=page,
        view=view,
        known=catalogue.traded(db, {row.instrument for row in page.rows}),
        names=organisations.names(db, {row.vendor for row in page.rows}),
    )


@bp.get("/new")
@needs("vendor")
def new() -> ResponseReturnValue:
    """Show the form of a new group buy of one of the vendor's instruments."""
    typed = zip(
        request.form.getlist("number"), request.form.getlist("price"), strict=False
    )
    with services().reads.connect() as db:
        units = [
            (ids.encode("instrument", book.instrument), book.symbol)
            for book in rooms.may_be_sold(db, me().member)
        ]
    return render_template("pools/new.html", units=units, rows=ROWS, tiers=list(typed))


@bp.post("/new")
@needs("vendor")
@again(new)
def open_pool() -> ResponseReturnValue:
    """Open a group buy, once however often it is sent, and show it."""
    typed = read(PoolForm())
    with services().reads.connect() as db:
        unit = instruments.get(db, typed["instrument"])
    command = OpenPool(
        me().id,
        me().member,
        unit.id,
        _tiers(typed, unit.currency_code),
        typed["least"],
        typed["closes"],
    )
    number = services().gateway.submit(command, typed["key"]).result
    flash(gettext("The group buy is open."), "success")
    return _to(number)


def _tiers(typed: dict[str, Any], currency: str) -> tuple[tuple[int, int], ...]:
    """Return the schedule that was typed; Invalid unless it is numbers in order."""
    tiers = []
    pairs = zip(typed.get("number", []), typed.get("price", []), strict=False)
    for number, price in pairs:
        if not number and not price:
            continue
        if not (number.isascii() and number.isdigit() and len(number) <= len("1000")):
            raise Invalid({"tiers": [WRONG_TIERS]})
        minor = amount({"tiers": price}, "tiers", currency)
        tiers.append((int(number), minor))
    if not tiers or tiers[0][0] != 1:
        raise Invalid({"tiers": [WRONG_TIERS]})
    return tuple(tiers)


@bp.get("/<pool>")
def one(pool: str) -> ResponseReturnValue:
    """Show a group buy: its schedule, how far it is, and where to join."""
    with services().reads.connect() as db:
        found = _standing(db, pool)
        row = found.pool
        known = catalogue.traded(db, [row.instrument])
        if row.instrument not in known:
            raise NotFound("pool", pool)
        places = BY_ASSET[row.currency].exponent
        steps = [
            {"label": f"{tier.least}+", "price": tier.price} for tier in found.tiers
        ]
        title = gettext("Price by the number of licensees")
        return render_template(
            "pools/pool.html",
            standing=found,
            pool=row,
            traded=known[row.instrument],
            unit=instruments.get(db, row.instrument),
            names=organisations.names(db, [row.vendor]),
            purposes=PURPOSES,
            free=free(db, row.currency),
            chart_data=bars(title, steps, "label", {"price": gettext("Price")}, places),
        )


@bp.get("/<pool>/progress")
def progress(pool: str) -> ResponseReturnValue:
    """Show the progress of a group buy alone, for refreshing."""
    with services().reads.connect() as db:
        found = _standing(db, pool)
        return render_template("pools/progress.html", standing=found, pool=found.pool)


@bp.post("/<pool>")
@needs("buyer", "vendor")
@again(one)
def join(pool: str) -> ResponseReturnValue:
    """Join a group buy, once however often it is sent."""
    typed, number = read(JoinForm()), ids.decode("pool", pool)
    if not typed["accept"]:
        raise Invalid({"accept": [ACCEPT]})
    command = JoinPool(me().id, me().member, number, typed["purpose"])
    services().gateway.submit(command, typed["key"])
    flash(
        gettext("You have joined: the first price is held until the close."), "success"
    )
    return _to(number)


@bp.post("/<pool>/cancel")
@needs("vendor")
@again(one)
def cancel(pool: str) -> ResponseReturnValue:
    """Call off a group buy that nobody has joined."""
    number = ids.decode("pool", pool)
    services().gateway.submit(CancelPool(me().id, me().member, number))
    flash(gettext("The group buy is called off."), "success")
    return _to(number)


def _standing(db: Connection, pool: str) -> Standing:
    return pool_reads.one(db, ids.decode("pool", pool), me().member)


def _to(number: int) -> ResponseReturnValue:
    address = url_for(".one", pool=ids.encode("pool", number))
    return redirect(address, HTTPStatus.SEE_OTHER)
