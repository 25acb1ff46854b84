"""The demand board: what members look for, one demand, a new one, closing it."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings.licences import PURPOSES
from listings.vocabulary import SECTORS
from marketplace.community import demands
from marketplace.community.demands import Wanted
from marketplace.members import organisations
from marketplace.members.roles import TRADING, needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web.forms import NEEDED, Day, Form, again, amount, choice, read, text
from marketplace.web.layout import before
from settlement import ids

bp = Blueprint("demands", __name__, url_prefix="/demands")
SHOWN = 20
BUDGET_MAX = 24  # characters of an amount
CURRENCY = "CNY"


class DemandForm(Form):
    """What is looked for."""

    title = text(demands.TITLE_MAX)
    description = text(demands.DESCRIPTION_MAX, needed=False)
    query = text(demands.QUERY_MAX, needed=False)
    sector = choice(SECTORS, needed=False)
    purpose = choice(PURPOSES, needed=False)
    budget = text(BUDGET_MAX, needed=False)
    until = Day(required=True, error_messages={"required": NEEDED})


@bp.get("/")
def show() -> ResponseReturnValue:
    """Show the open demands, of one sector or all."""
    sector = request.args.get("sector", "")
    with services().reads.connect() as db:
        found = demands.board(db, sector, before(), SHOWN + 1)
        return _list(db, found, sector=sector, mine=False)


@bp.get("/mine")
@needs()
def mine() -> ResponseReturnValue:
    """Show the member's own demands, closed ones too."""
    with services().reads.connect() as db:
        found = demands.of_member(db, me().member, before(), SHOWN + 1)
        return _list(db, found, sector="", mine=True)


def _list(db: Any, found: list[demands.Demand], **more: Any) -> str:
    shown = found[:SHOWN]
    return render_template(
        "demands/board.html",
        demands=shown,
        names=organisations.names(db, {demand.member for demand in shown}),
        sectors=SECTORS,
        before=shown[-1].id if len(found) > SHOWN else None,
        **more,
    )


@bp.get("/new")
@needs(*TRADING)
def new() -> ResponseReturnValue:
    """Show the form of a new demand, with the words of the search in it."""
    query = request.args.get("q", "")[: demands.QUERY_MAX]
    return render_template(
        "demands/new.html", query=query, sectors=SECTORS, purposes=PURPOSES
    )


@bp.post("/new")
@needs(*TRADING)
@again(new)
def post() -> ResponseReturnValue:
    """Post a demand and show it."""
    typed = read(DemandForm())
    typed["budget"] = amount(typed, "budget", CURRENCY) if typed["budget"] else None
    wanted = Wanted(until_us=typed.pop("until"), **typed)
    with services().writes.begin() as db:
        number = demands.post(db, me().member, me().id, wanted)
    flash(gettext("Posted. Vendors see it on the board."), "success")
    return _to(number)


@bp.get("/<demand>")
def one(demand: str) -> ResponseReturnValue:
    """Show a demand in any state."""
    with services().reads.connect() as db:
        found = demands.get(db, ids.decode("demand", demand))
        return render_template(
            "demands/demand.html",
            demand=found,
            name=organisations.names(db, [found.member]).get(found.member),
        )


@bp.post("/<demand>/close")
@needs(*TRADING)
@again(one)
def close(demand: str) -> ResponseReturnValue:
    """Close a demand of one's own."""
    number = ids.decode("demand", demand)
    with services().writes.begin() as db:
        demands.close(db, number, me().member)
    flash(gettext("Closed."), "success")
    return _to(number)


def _to(number: int) -> ResponseReturnValue:
    address = url_for(".one", demand=ids.encode("demand", number))
    return redirect(address, HTTPStatus.SEE_OTHER)
