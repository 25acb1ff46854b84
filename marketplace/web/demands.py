"""Demands and requests for quotes: the board, one with its quotes, a new one."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection, Row

from listings import catalogue, instruments
from listings.licences import PURPOSES
from listings.marking import N_
from listings.vocabulary import SECTORS
from marketplace.community import demands, inquiries, matching
from marketplace.community.demands import Wanted
from marketplace.members import organisations
from marketplace.members.roles import TRADING, needs
from marketplace.members.signing import me
from marketplace.pricing import fairness, quotes, tenders
from marketplace.pricing.tenders import Rules
from marketplace.services import services
from marketplace.trading import rooms
from marketplace.trading.orders import QUANTITY_MAX
from marketplace.trading.tenders import BIDDERS_MAX, BIDDERS_MIN, WEIGHTS
from marketplace.web.forms import (
    NEEDED,
    NOT_OFFERED,
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
from marketplace.web.quotes import PriceForm, send
from settlement import clock, ids
from settlement.errors import Invalid, NotFound
from settlement.money import BY_CODE

bp = Blueprint("demands", __name__, url_prefix="/demands")
SHOWN = 20
BUDGET_MAX = 24  # characters of an amount
CURRENCY = "CNY"
VENDORS_LENGTH_MAX = 1_000  # characters
NOT_A_HUNDRED = N_("The three weights make a hundred together.")
NO_SUCH_MEMBER = N_("No member has this id or code.")


class QuoteForm(PriceForm):
    """A vendor's price for what was asked."""

    instrument = PublicId("instrument", required=True)


class DemandForm(Form):
    """What is looked for."""

    title = text(demands.TITLE_MAX)
    description = text(demands.DESCRIPTION_MAX, needed=False)
    query = text(demands.QUERY_MAX, needed=False)
    sector = choice(SECTORS, needed=False)
    purpose = choice(PURPOSES, needed=False)
    budget = text(BUDGET_MAX, needed=False)
    instrument = PublicId("instrument", load_default=None)
    quantity = Whole(1, QUANTITY_MAX, load_default=None)
    audience = choice(inquiries.AUDIENCES, needed=False, default=inquiries.PUBLIC)
    vendors = text(VENDORS_LENGTH_MAX, needed=False)
    anonymous = text(1, needed=False)
    until = Day(required=True, error_messages={"required": NEEDED})
    sealed = text(1, needed=False)
    bidders_min = Whole(1, BIDDERS_MAX, load_default=BIDDERS_MIN)
    technical = Whole(0, tenders.POINTS, load_default=WEIGHTS[0])
    price = Whole(0, tenders.POINTS, load_default=WEIGHTS[1])
    qualification = Whole(0, tenders.POINTS, load_default=WEIGHTS[2])
    deposit = text(BUDGET_MAX, needed=False)


@bp.get("/")
def show() -> ResponseReturnValue:
    """Show the open demands, of one sector or all."""
    sector = request.args.get("sector", "")
    with services().reads.connect() as db:
        found = demands.board(db, me().member, sector, before(), SHOWN + 1)
        return _list(db, found, sector=sector, view="board")


@bp.get("/mine")
@needs()
def mine() -> ResponseReturnValue:
    """Show the member's own demands, closed ones too."""
    with services().reads.connect() as db:
        found = demands.of_member(db, me().member, before(), SHOWN + 1)
        return _list(db, found, sector="", view="mine")


@bp.get("/asked")
@needs("vendor")
def asked() -> ResponseReturnValue:
    """Show the demands that the vendor was asked to answer with a quote."""
    with services().reads.connect() as db:
        found = demands.put_to(db, me().member, before(), SHOWN + 1)
        return _list(db, found, sector="", view="asked")


def _list(db: Any, found: list[demands.Demand], **more: Any) -> str:
    shown = found[:SHOWN]
    return render_template(
        "demands/board.html",
        demands=shown,
        names=organisations.names(db, {one.member for one in shown if one.member}),
        sectors=SECTORS,
        before=shown[-1].id if len(found) > SHOWN else None,
        **more,
    )


@bp.get("/new")
@needs(*TRADING)
def new() -> ResponseReturnValue:
    """Show the form: a search brings its words, a listing what is asked for."""
    query = request.values.get("q", "")[: demands.QUERY_MAX]
    wanted = request.values.get("instrument", "")
    with services().reads.connect() as db:
        unit = listing = None
        if wanted:
            unit = instruments.get(db, ids.decode("instrument", wanted))
            listing = catalogue.listing(db, unit.product, me().member)
        return render_template(
            "demands/new.html",
            query=query,
            sectors=SECTORS,
            purposes=PURPOSES,
            audiences=inquiries.AUDIENCES,
            unit=unit,
            listing=listing,
        )


@bp.post("/new")
@needs(*TRADING)
@again(new)
def post() -> ResponseReturnValue:
    """Post a demand, tell whom it is put to, and show it."""
    typed = read(DemandForm())
    typed["budget"] = amount(typed, "budget", CURRENCY) if typed["budget"] else None
    typed["anonymous"] = bool(typed["anonymous"])
    is_sealed = bool(typed.pop("sealed"))
    typed["deposit"] = amount(typed, "deposit", CURRENCY) if typed["deposit"] else 0
    rules = Rules(*(typed.pop(name) for name in Rules._fields))
    weights = rules.technical, rules.price, rules.qualification
    if is_sealed and sum(weights) != tenders.POINTS:
        raise Invalid({"technical": [NOT_A_HUNDRED]})
    with services().reads.connect() as db:
        typed["vendors"] = _named(db, typed["vendors"])
    wanted = Wanted(until_us=typed.pop("until"), **typed)
    if is_sealed:
        number = tenders.call(services(), me(), wanted, rules)
    else:
        with services().writes.begin() as db:
            number = demands.post(db, me().member, me().id, wanted)
    matching.tell(services(), number, me().member)
    said = {
        "public": gettext("Posted. Vendors see it on the board."),
        "sector": gettext("Sent to all vendors of the sector."),
        "chosen": gettext("Sent to the vendors that you chose."),
    }
    flash(said[wanted.audience], "success")
    return to(number)


def _named(db: Connection, written: str) -> tuple[int, ...]:
    """Return the members whose public ids or credit codes were written."""
    try:
        return tuple(
            organisations.by_id_or_code(db, word)
            for word in written.replace(",", " ").split()[: inquiries.CHOSEN_MAX + 1]
        )
    except NotFound as error:
        raise Invalid({"vendors": [NO_SUCH_MEMBER]}) from error


@bp.get("/<demand>")
def one(demand: str) -> ResponseReturnValue:
    """Show a demand in any state: its quotes to its member, a form to vendors."""
    member, number = me().member, ids.decode("demand", demand)
    with services().reads.connect() as db:
        found = demands.get(db, number, member)
        rows = quotes.answers_to(db, number, member) if member > 0 else []
        own = may_quote(db, number)
        tender = tenders.of(db, number)
        numbers = {row.instrument for row in (*rows, *own)} | {found.instrument or 0}
        told = inquiries.vendors_of(db, number) if found.member == member else set()
        parties = {found.member or 0, *told, *(row.vendor for row in rows)}
        return render_template(
            "demands/demand.html",
            demand=found,
            quotes=rows,
            units={row.instrument: instruments.get(db, row.instrument) for row in rows},
            own=own,
            fair=fairness.bands(db, {row.instrument for row in rows}, clock.now_us()),
            known=catalogue.traded(db, numbers),
            told=sorted(told),
            names=organisations.names(db, parties),
            now_us=clock.now_us(),
            tender=tender,
            sealed=tenders.own(db, number, member),
            fits=matching.suggest(db, services().finder, found)
            if found.member == member
            else [],
            factors=matching.WEIGHTS,
            scores={one.offer: one for one in tenders.ranking(db, tender)}
            if tender and found.member == member
            else {},
        )


@bp.post("/<demand>/quotes")
@needs("vendor")
@again(one)
def quote(demand: str) -> ResponseReturnValue:
    """Answer a demand with a price for one of the vendor's instruments."""
    typed, number = read(QuoteForm()), ids.decode("demand", demand)
    with services().reads.connect() as db:
        found = demands.get(db, number, me().member)
        mine = {book.instrument for book in may_quote(db, number)}
        if typed["instrument"] not in mine:
            raise Invalid({"instrument": [NOT_OFFERED]})
        unit = instruments.get(db, typed["instrument"])
        to = demands.asker(db, found.id)
    return send(typed, unit, to, number)


def may_quote(db: Connection, number: int) -> list[Row[Any]]:
    """Return which of the visitor's instruments may answer a demand.

    Bids of a tender are compared, so they are all in the currency of the budget.
    """
    own = me().member
    found, tender = demands.get(db, number, own), tenders.of(db, number)
    if "vendor" not in me().roles or found.member == own or found.state != "open":
        return []
    return [
        book
        for book in rooms.may_be_sold(db, own)
        if found.instrument in (None, book.instrument)
        and (tender is None or book.currency == BY_CODE[CURRENCY].asset)
    ]


@bp.post("/<demand>/close")
@needs(*TRADING)
@again(one)
def close(demand: str) -> ResponseReturnValue:
    """Close a demand of one's own."""
    number = ids.decode("demand", demand)
    with services().writes.begin() as db:
        tenders.close_demand(db, number, me().member)
    flash(gettext("Closed."), "success")
    return to(number)


def to(number: int) -> ResponseReturnValue:
    """Lead to the page of a demand."""
    address = url_for(".one", demand=ids.encode("demand", number))
    return redirect(address, HTTPStatus.SEE_OTHER)
