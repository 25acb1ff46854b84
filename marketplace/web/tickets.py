"""The order ticket: what is wanted, one sentence of what will happen, then confirm."""

import hashlib
from http import HTTPStatus
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from listings import catalogue
from listings.catalogue import Listing
from listings.instruments import Instrument
from listings.licences import PURPOSES
from listings.marking import N_
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import reads
from marketplace.trading.commands import Line, PlaceOrder
from marketplace.trading.gateway import KEY_LENGTH_MAX
from marketplace.trading.kept import KEPT_US
from marketplace.trading.orders import QUANTITY_MAX
from marketplace.web import listings
from marketplace.web.foresight import foresee
from marketplace.web.forms import (
    NEEDED,
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
from marketplace.web.listings import Desk
from settlement import clock, ids, statements
from settlement.errors import ChangedMeanwhile, Invalid, NotFound

bp = Blueprint("tickets", __name__)
BOOK = "book"  # where a ticket's order trades

# What a visitor may want: side, time in force, and whether a price limits it.
KINDS = {
    "now": ("buy", "IOC", True),
    "bid": ("buy", "GTC", True),
    "all": ("buy", "FOK", True),
    "market": ("buy", "IOC", False),
    "collect": ("buy", "GTC", False),  # at market, in a call
    "offer": ("sell", "GTC", True),
    "sell": ("sell", "IOC", True),
}
PINNED = ("now", "all")  # they take a posted price, as it was seen
ACCEPT = N_("Accept the licence to go on.")


class TicketForm(Form):
    """An order as it is typed."""

    instrument = PublicId("instrument", required=True)
    kind = choice(KINDS)
    quantity = Whole(1, QUANTITY_MAX, required=True)
    price = text(24, needed=False)
    until = Day(load_default=None)
    purpose = choice(PURPOSES, needed=False)
    quote = PublicId("order", load_default=None)


class ConfirmForm(TicketForm):
    """The same order, its licence accepted, under a key that lets it happen once."""

    accept = text(1, needed=False)
    key = text(KEY_LENGTH_MAX)
    seen = text(64, needed=False)


@bp.get("/listings/<product>/order")
@needs("buyer", "vendor")
@again(listings.show)
def review(product: str) -> ResponseReturnValue:
    """Show what the order would do, before anything happens."""
    typed = read(TicketForm(), request.values)
    with services().reads.connect() as db:
        found = catalogue.listing(db, ids.decode("product", product), me().member)
        unit = _unit(db, found.id, typed["instrument"])
        line, desk = line_of(typed, unit), listings.desk(db, unit)
        quote = reads.quote(db, unit.id) if typed["kind"] in PINNED else None
        if quote is not None:
            line = line._replace(quote=quote.id)
        return render_template(
            "tickets/review.html",
            listing=found,
            desk=desk,
            seen=seen(db, found, desk, line),
            line=line,
            typed_kind=typed["kind"],
            outlook=foresee(line, desk.levels, desk.board),
            rate=statements.fees(db).rate_for(
                unit.currency, found.kind, BOOK, me().member
            ),
            vendor=organisations.names(db, [found.vendor]).get(found.vendor),
            kept_us=clock.now_us() + KEPT_US if quote else None,
            values={name: request.values.get(name, "") for name in TicketForm().fields}
            | {"quote": ids.encode("order", quote.id) if quote else ""},
        )


@bp.post("/listings/<product>/order")
@needs("buyer", "vendor")
@again(review)
def place(product: str) -> ResponseReturnValue:
    """Place the order, once however often it is sent; show what became of it."""
    typed = read(ConfirmForm())
    with services().reads.connect() as db:
        found = catalogue.listing(db, ids.decode("product", product), me().member)
        unit = _unit(db, found.id, typed["instrument"])
        line = line_of(typed, unit)
        now = seen(db, found, listings.desk(db, unit), line)
    if typed["seen"] not in {"", now}:
        raise ChangedMeanwhile
    if line.side == "buy" and not typed["accept"]:
        raise Invalid({"accept": [ACCEPT]})
    command = PlaceOrder(me().id, me().member, line)
    placed = services().gateway.submit(command, typed["key"]).result
    order = ids.encode("order", placed.order)
    address = url_for("orders.one", order=order, placed=1)
    return redirect(address, HTTPStatus.SEE_OTHER)


def seen(db: Connection, found: Listing, desk: Desk, line: Line) -> str:
    """Return what stands for all that the visitor is shown and agrees to.

    The listing's version, the frozen terms (facts, release, licence by its hash) and,
    where the order takes it and no quote pins it, the best price of the other side.
    """
    book = reads.books_of(db, [desk.unit.id]).get(desk.unit.id)
    best = desk.best.offer if line.side == "buy" else desk.best.bid
    takes = line.time_in_force in {"IOC", "FOK"} and line.quote is None
    parts = (
        *(found.version, found.listing_version, book.terms if book else None),
        best if takes else None,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def line_of(typed: dict[str, Any], unit: Instrument) -> Line:
    """Return the order line that was typed; Invalid names what is missing."""
    side, time, limited = KINDS[typed["kind"]]
    until_us = typed["until"] if time == "GTC" and limited else None
    if side == "buy" and not typed["purpose"]:
        raise Invalid({"purpose": [NEEDED]})
    if limited and not typed["price"]:
        raise Invalid({"price": [NEEDED]})
    return Line(
        unit.id,
        side,
        amount(typed, "price", unit.currency_code) if limited else None,
        typed["quantity"],
        "GTD" if until_us else time,
        until_us,
        purpose=typed["purpose"] if side == "buy" else "",
        quote=typed["quote"] if typed["kind"] in PINNED else None,
    )


def _unit(db: Connection, product: int, number: int) -> Instrument:
    """Return an instrument of the product; NotFound if it is another's."""
    for unit in catalogue.instruments_of(db, product):
        if unit.id == number:
            return unit
    raise NotFound("instrument", ids.encode("instrument", number))
