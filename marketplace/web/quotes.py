"""One negotiation: the offer as it stands, how it came to it, and what to do now."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import fields
from sqlalchemy import Connection

from listings import catalogue, instruments
from listings.instruments import Instrument
from listings.licences import PURPOSES
from marketplace.community import demands
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.pricing import quotes, revising, tenders
from marketplace.services import services
from marketplace.trading import reads
from marketplace.trading.gateway import KEY_LENGTH_MAX
from marketplace.trading.offers import ASKED, NOTE_MAX
from marketplace.trading.orders import QUANTITY_MAX
from marketplace.trading.quoting import (
    CounterOffer,
    DeclineOffer,
    OfferPrice,
    TakeOffer,
    WithdrawOffer,
)
from marketplace.web.forms import (
    NEEDED,
    Day,
    Form,
    Whole,
    again,
    amount,
    choice,
    read,
    text,
)
from marketplace.web.tickets import ACCEPT
from settlement import clock, ids, statements
from settlement.errors import Invalid
from settlement.money import BY_ASSET

bp = Blueprint("quotes", __name__)
TRADERS = ("buyer", "vendor")
TOPIC_MAX = 20  # characters of a code


class TakeForm(Form):
    """A buyer declares the purpose and accepts the licence, as for any order."""

    purpose = choice(PURPOSES, needed=False)
    accept = text(1, needed=False)
    key = text(KEY_LENGTH_MAX)


class PriceForm(Form):
    """A price, firm until the end of a day; a buyer says what the data is for."""

    price = text(24)
    quantity = Whole(1, QUANTITY_MAX, required=True)
    note = text(NOTE_MAX, needed=False)
    until = Day(required=True, error_messages={"required": NEEDED})
    purpose = choice(PURPOSES, needed=False)
    accept = text(1, needed=False)
    key = text(KEY_LENGTH_MAX)


class ChangesForm(Form):
    """What is to be changed in an offer before it is taken, and why."""

    topics = fields.List(text(TOPIC_MAX))
    text = text(revising.TEXT_MAX, needed=False)


class KeepForm(Form):
    """Why an offer stays as it is."""

    reply = text(revising.TEXT_MAX, needed=False)


@bp.get("/quotes/<offer>")
@needs(*TRADERS)
def one(offer: str) -> ResponseReturnValue:
    """Show an offer that the member made or got, with the negotiation around it."""
    member = me().member
    with services().reads.connect() as db:
        found = quotes.one(db, ids.decode("offer", offer), member)
        unit = instruments.get(db, found.instrument)
        agreed = statements.terms(db, found.terms)
        steps = quotes.thread(db, found.id, member)
        return render_template(
            "quotes/quote.html",
            offer=found,
            steps=steps,
            changes=revising.of_offers(db, [step.id for step in steps]),
            asked=revising.waiting(db, found.id),
            unnamed=demands.is_unnamed(db, found.demand, found.vendor),
            topics=revising.TOPICS,
            decides=found.maker != member,
            sells=found.vendor == member,
            now_us=clock.now_us(),
            tendered=tenders.of(db, found.demand) is not None,
            bond=tenders.bond(db, found.demand, member),
            traded=catalogue.traded(db, [found.instrument]).get(found.instrument),
            unit=unit,
            terms=agreed,
            names=organisations.names(db, {found.vendor, found.member} - {None}),
            free=free(db, found.currency),
            rate=statements.fees(db).rate_for(
                found.currency, agreed["class"], "negotiated", found.vendor
            ),
            purposes=PURPOSES,
        )


def free(db: Connection, currency: int) -> int:
    """Return the visitor's free money in a currency, minor units."""
    balances = statements.balances(db, me().member)
    return next((b.free for b in balances if b.asset == currency), 0)


@bp.get("/instruments/<instrument>/offer")
@needs(*TRADERS)
def new(instrument: str) -> ResponseReturnValue:
    """Show the form by which a buyer offers the vendor of an instrument a price."""
    with services().reads.connect() as db:
        unit = instruments.get(db, ids.decode("instrument", instrument))
        listing = catalogue.listing(db, unit.product, me().member)
        return render_template(
            "quotes/new.html",
            unit=unit,
            listing=listing,
            best=reads.best(db, [unit.id]).get(unit.id),
            vendor=organisations.names(db, [listing.vendor]).get(listing.vendor),
            free=free(db, unit.currency),
            purposes=PURPOSES,
        )


@bp.post("/instruments/<instrument>/offer")
@needs(*TRADERS)
@again(new)
def make(instrument: str) -> ResponseReturnValue:
    """Offer the vendor a price, off the book; the money is held until its day."""
    typed = read(PriceForm())
    with services().reads.connect() as db:
        unit = instruments.get(db, ids.decode("instrument", instrument))
        vendor = catalogue.listing(db, unit.product, me().member).vendor
    return send(typed, unit, vendor)


def send(
    typed: dict[str, Any], unit: Instrument, to: int, demand: int = 0
) -> ResponseReturnValue:
    """Offer a member the price that was typed, and show the offer."""
    command = OfferPrice(
        me().id,
        me().member,
        unit.id,
        to,
        amount(typed, "price", unit.currency_code),
        typed["quantity"],
        ASKED,
        typed["note"],
        typed["until"],
        demand,
        _purpose(typed),
    )
    number = quotes.offer(services(), command, typed["key"])
    flash(gettext("Sent. It is firm until its day, unless you withdraw it."), "success")
    return _to(number)


@bp.post("/quotes/<offer>/take")
@needs(*TRADERS)
@again(one)
def take(offer: str) -> ResponseReturnValue:
    """Trade at the price offered, once however often it is sent."""
    typed, number = read(TakeForm()), ids.decode("offer", offer)
    with services().reads.connect() as db:
        buys = quotes.one(db, number, me().member).member == me().member
    if buys and not typed["accept"]:
        raise Invalid({"accept": [ACCEPT]})
    if buys and not typed["purpose"]:
        raise Invalid({"purpose": [NEEDED]})
    command = TakeOffer(me().id, me().member, number, typed["purpose"])
    trade = quotes.take(services(), command, typed["key"])
    address = url_for("orders.contract", trade=ids.encode("trade", trade))
    return redirect(address, HTTPStatus.SEE_OTHER)


@bp.post("/quotes/<offer>/counter")
@needs(*TRADERS)
@again(one)
def counter(offer: str) -> ResponseReturnValue:
    """Answer with other terms, or change one's own; the answered offer ends."""
    typed, number = read(PriceForm()), ids.decode("offer", offer)
    with services().reads.connect() as db:
        found = quotes.one(db, number, me().member)
    code = BY_ASSET[found.currency].code
    command = CounterOffer(
        me().id,
        me().member,
        number,
        amount(typed, "price", code),
        typed["quantity"],
        typed["note"],
        typed["until"],
        "" if found.vendor == me().member else _purpose(typed),
    )
    answer = quotes.counter(services(), command, typed["key"])
    if found.maker == me().member:
        flash(gettext("Your offer is changed. The other side was told."), "success")
    else:
        flash(gettext("Your counter-offer is sent."), "success")
    return _to(answer)


@bp.post("/quotes/<offer>/changes")
@needs(*TRADERS)
@again(one)
def ask_changes(offer: str) -> ResponseReturnValue:
    """Ask whoever made the offer to change it; it stays firm meanwhile."""
    typed, number = read(ChangesForm()), ids.decode("offer", offer)
    topics = typed.get("topics", [])
    with services().writes.begin() as db:
        revising.ask(db, me(), number, topics, typed["text"])
    flash(gettext("Asked. The offer stays as it is until it is changed."), "success")
    return _to(number)


@bp.post("/quotes/<offer>/changes/keep")
@needs(*TRADERS)
@again(one)
def keep(offer: str) -> ResponseReturnValue:
    """Answer that the member's offer stays as it is."""
    typed, number = read(KeepForm()), ids.decode("offer", offer)
    with services().writes.begin() as db:
        revising.keep(db, me(), number, typed["reply"])
    flash(gettext("Answered. Your offer stays as it is."), "success")
    return _to(number)


@bp.post("/quotes/<offer>/decline")
@needs(*TRADERS)
@again(one)
def decline(offer: str) -> ResponseReturnValue:
    """Turn down what was offered to the member."""
    number = ids.decode("offer", offer)
    quotes.decline(services(), DeclineOffer(me().id, me().member, number))
    flash(gettext("Declined. The other side was told."), "success")
    return _to(number)


@bp.post("/quotes/<offer>/withdraw")
@needs(*TRADERS)
@again(one)
def withdraw(offer: str) -> ResponseReturnValue:
    """Take back what the member offered and nobody took yet."""
    number = ids.decode("offer", offer)
    quotes.withdraw(services(), WithdrawOffer(me().id, me().member, number))
    flash(gettext("Withdrawn. Nobody can take it any more."), "success")
    return _to(number)


def _purpose(typed: dict[str, Any]) -> str:
    """Return the purpose of a buyer who offers; the licence must be accepted with it.

    A vendor who quotes declares none.
    """
    purpose: str = typed["purpose"]
    if purpose and not typed["accept"]:
        raise Invalid({"accept": [ACCEPT]})
    return purpose


def _to(number: int) -> ResponseReturnValue:
    address = url_for("quotes.one", offer=ids.encode("offer", number))
    return redirect(address, HTTPStatus.SEE_OTHER)
