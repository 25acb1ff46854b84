"""Auction rooms: the list, one room and its bids; the vendor opens and withdraws."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection

from listings import catalogue, instruments, visibility
from listings.licences import PURPOSES
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import rooms
from marketplace.trading.bidding import (
    BidInContest,
    CancelContest,
    OpenContest,
    PayContest,
)
from marketplace.trading.contests import KINDS
from marketplace.trading.gateway import KEY_LENGTH_MAX
from marketplace.trading.orders import QUANTITY_MAX
from marketplace.trading.rooms import Room
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
from marketplace.web.layout import ZONE_US, before, midnight_us
from marketplace.web.tickets import ACCEPT
from marketplace.web.words import WORDS
from settlement import clock, ids, statements
from settlement.errors import Invalid, NotFound
from settlement.money import BY_ASSET
from settlement.store import Page

bp = Blueprint("contests", __name__, url_prefix="/contests")
SHOWN = 20
DAYS = 3  # that an auction lasts unless the vendor says otherwise
EXTENSION_MAX_MIN = 60


class BidForm(Form):
    """A bid as it is typed: binding, its purpose declared, the licence accepted."""

    price = text(24)
    purpose = choice(PURPOSES)
    accept = text(1, needed=False)
    key = text(KEY_LENGTH_MAX)


class ContestForm(Form):
    """An auction as the vendor describes it."""

    instrument = PublicId("instrument", required=True)
    kind = choice(KINDS)
    quantity = Whole(1, QUANTITY_MAX, required=True)
    start = text(24)
    reserve = text(24, needed=False)
    increment = text(24, needed=False)
    closes = Minute(required=True, error_messages={"required": NEEDED})
    extension = Whole(0, EXTENSION_MAX_MIN, load_default=0)
    key = text(KEY_LENGTH_MAX)


@bp.get("/")
def show() -> ResponseReturnValue:
    """Show the auctions that take bids now."""
    with services().reads.connect() as db:
        page = rooms.under_way(db, me().member, before(), SHOWN)
        return _list(page, "show")


@bp.get("/ended")
def ended() -> ResponseReturnValue:
    """Show the auctions that take bids no more."""
    with services().reads.connect() as db:
        page = rooms.ended(db, me().member, before(), SHOWN)
        return _list(page, "ended")


@bp.get("/joined")
@needs()
def joined() -> ResponseReturnValue:
    """Show the auctions that the member bid in, and its deposits."""
    with services().reads.connect() as db:
        page = rooms.of_bidder(db, me().member, before(), SHOWN)
        return _list(page, "joined")


@bp.get("/selling")
@needs("vendor")
def selling() -> ResponseReturnValue:
    """Show the vendor's own auctions."""
    with services().reads.connect() as db:
        page = rooms.of_vendor(db, me().member, before(), SHOWN)
        return _list(page, "selling")


def _list(page: Page, view: str) -> str:
    with services().reads.connect() as db:
        return render_template(
            "contests/contests.html",
            page=page,
            view=view,
            known=catalogue.traded(db, {row.instrument for row in page.rows}),
            names=organisations.names(db, {row.vendor for row in page.rows}),
        )


@bp.get("/new")
@needs("vendor")
def new() -> ResponseReturnValue:
    """Show the form of a new auction of one of the vendor's instruments."""
    with services().reads.connect() as db:
        return render_template(
            "contests/new.html",
            units=[
                (
                    ids.encode("instrument", book.instrument),
                    f"{book.symbol} · {BY_ASSET[book.currency].code}",
                )
                for book in rooms.may_be_sold(db, me().member)
            ],
            kinds=[
                (code, gettext(text)) for code, text in WORDS["contest_kind"].items()
            ],
            closes=_evening(),
        )


@bp.post("/new")
@needs("vendor")
@again(new)
def open_contest() -> ResponseReturnValue:
    """Open an auction, once however often it is sent, and show its room."""
    typed = read(ContestForm())
    with services().reads.connect() as db:
        unit = instruments.get(db, typed["instrument"])
    ascending = typed["kind"] == "ascending"
    code = unit.currency_code
    start = amount(typed, "start", code)
    command = OpenContest(
        me().id,
        me().member,
        unit.id,
        typed["kind"],
        typed["quantity"],
        start,
        amount(typed, "reserve", code) if typed["reserve"] else start,
        amount(typed, "increment", code) if ascending else 0,
        typed["closes"],
        typed["extension"] * clock.MINUTE_US if ascending else 0,
    )
    number = services().gateway.submit(command, typed["key"]).result
    flash(gettext("The auction is open."), "success")
    return _to(number)


@bp.get("/<contest>")
def room(contest: str) -> ResponseReturnValue:
    """Show an auction room: what is sold, the bids, and where to bid."""
    number = ids.decode("contest", contest)
    with services().reads.connect() as db:
        found = rooms.room(db, number, me().member)
        row = found.contest
        _check_seen(db, found)
        parties = {row.vendor, found.winner} - {None}
        balances = {b.asset: b.free for b in statements.balances(db, me().member)}
        known = catalogue.traded(db, [row.instrument])
        if row.instrument not in known:
            raise NotFound("contest", contest)
        return render_template(
            "contests/room.html",
            room=found,
            contest=row,
            traded=known[row.instrument],
            unit=instruments.get(db, row.instrument),
            names=organisations.names(db, parties),
            purposes=PURPOSES,
            free=balances.get(row.currency, 0),
        )


@bp.get("/<contest>/bids")
def bids(contest: str) -> ResponseReturnValue:
    """Show the standing of a room alone, for refreshing."""
    number = ids.decode("contest", contest)
    with services().reads.connect() as db:
        found = rooms.room(db, number, me().member)
        _check_seen(db, found)
        return render_template("contests/bids.html", room=found, contest=found.contest)


@bp.post("/<contest>")
@needs("buyer", "vendor")
@again(room)
def bid(contest: str) -> ResponseReturnValue:
    """Bid, once however often it is sent."""
    number, typed = ids.decode("contest", contest), read(BidForm())
    with services().reads.connect() as db:
        found = rooms.room(db, number, me().member)
        code = instruments.get(db, found.contest.instrument).currency_code
    if not typed["accept"]:
        raise Invalid({"accept": [ACCEPT]})
    price = amount(typed, "price", code)
    command = BidInContest(me().id, me().member, number, price, typed["purpose"])
    services().gateway.submit(command, typed["key"])
    flash(gettext("Your bid is taken."), "success")
    return _to(number)


@bp.post("/<contest>/pay")
@needs("buyer", "vendor")
@again(room)
def pay(contest: str) -> ResponseReturnValue:
    """Pay what the member has won; show the contract."""
    number = ids.decode("contest", contest)
    trade = services().gateway.submit(PayContest(me().id, me().member, number)).result
    address = url_for("orders.contract", trade=ids.encode("trade", trade))
    return redirect(address, HTTPStatus.SEE_OTHER)


@bp.post("/<contest>/cancel")
@needs("vendor")
@again(room)
def cancel(contest: str) -> ResponseReturnValue:
    """Withdraw an auction before its first bid."""
    number = ids.decode("contest", contest)
    services().gateway.submit(CancelContest(me().id, me().member, number))
    flash(gettext("The auction is called off."), "success")
    return _to(number)


def _evening() -> str:
    """Return eight o'clock in the evening in three days, for the form's field."""
    day = clock.moment(midnight_us(-DAYS) + ZONE_US)
    return f"{day:%Y-%m-%d}T20:00"


def _check_seen(db: Connection, found: Room) -> None:
    """Refuse with NotFound who may not see the listing and has not bid either."""
    if found.mine is None:
        visibility.check_instrument(db, found.contest.instrument, me().member)


def _to(number: int) -> ResponseReturnValue:
    address = url_for(".room", contest=ids.encode("contest", number))
    return redirect(address, HTTPStatus.SEE_OTHER)
