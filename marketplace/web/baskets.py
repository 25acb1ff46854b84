"""A basket's ticket: data of several vendors bought together, all or none."""

from http import HTTPStatus
from typing import Any, NamedTuple

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection

from listings import catalogue, instruments
from listings.catalogue import Listing
from listings.instruments import Instrument
from listings.licences import PURPOSES
from listings.marking import N_
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import reads
from marketplace.trading.baskets import BlockedLine
from marketplace.trading.commands import Line, PlaceBasket
from marketplace.trading.gateway import KEY_LENGTH_MAX
from marketplace.trading.orders import QUANTITY_MAX
from marketplace.web.foresight import foresee
from marketplace.web.forms import (
    Form,
    Whole,
    again,
    amount,
    choice,
    read,
    refusal,
    text,
)
from marketplace.web.tickets import ACCEPT
from settlement import ids, statements
from settlement.errors import Invalid, Refusal, rebuild
from settlement.money import BY_ASSET, plain

bp = Blueprint("baskets", __name__)
LINES_MAX = 10  # on one page
ONE_CURRENCY = N_("A basket is of one currency.")


class BasketForm(Form):
    """What the data is for, and at most how much for all of it."""

    purpose = choice(PURPOSES)
    total = text(24)
    accept = text(1, needed=False)
    key = text(KEY_LENGTH_MAX)


class QuantityForm(Form):
    """How many units of one line."""

    quantity = Whole(1, QUANTITY_MAX, load_default=1)


class Leg(NamedTuple):
    """One line of a basket as the page shows it."""

    unit: Instrument
    listing: Listing
    quantity: int
    cost: int | None  # minor units now; None: not so many are offered


@bp.get("/basket")
@needs("buyer", "vendor")
def show() -> ResponseReturnValue:
    """Show the lines with what they cost now, and together."""
    with services().reads.connect() as db:
        legs = _legs(db)
        costs = [leg.cost for leg in legs]
        total = None if None in costs else sum(cost or 0 for cost in costs)
        currencies = {leg.unit.currency for leg in legs}
        currency = currencies.pop() if len(currencies) == 1 else None
        free = {b.asset: b.free for b in statements.cash(db, me().member)}
        return render_template(
            "tickets/basket.html",
            legs=legs,
            total=total,
            plain=plain(total, BY_ASSET[currency].code) if total and currency else "",
            currency=currency,
            free=free,
            purposes=PURPOSES,
            vendors=organisations.names(db, {leg.listing.vendor for leg in legs}),
            blocked=_blocked(refusal()),
        )


@bp.post("/basket")
@needs("buyer", "vendor")
@again(show)
def place() -> ResponseReturnValue:
    """Buy all lines for at most the total, or none."""
    typed = read(BasketForm())
    with services().reads.connect() as db:
        legs = _legs(db)
    if len({leg.unit.currency for leg in legs}) != 1:
        raise Invalid({"total": [ONE_CURRENCY]})
    most = amount(typed, "total", legs[0].unit.currency_code)
    if not typed["accept"]:
        raise Invalid({"accept": [ACCEPT]})
    lines = tuple(
        Line(leg.unit.id, "buy", None, leg.quantity, "FOK", purpose=typed["purpose"])
        for leg in legs
    )
    command = PlaceBasket(me().id, me().member, lines, most)
    services().gateway.submit(command, typed["key"])
    told = gettext("Bought together: %(number)s rights.", number=len(lines))
    flash(told, "success")
    return redirect(url_for("orders.trades"), HTTPStatus.SEE_OTHER)


def _legs(db: Connection) -> list[Leg]:
    """Return the lines that the address or the form names; NotFound, Invalid."""
    wanted = request.values.getlist("unit")[:LINES_MAX]
    counts = request.values.getlist("quantity")
    legs: dict[int, Leg] = {}
    for place, name in enumerate(wanted):
        typed = {"quantity": counts[place] if place < len(counts) else "1"}
        quantity = read(QuantityForm(), typed)["quantity"]
        unit = instruments.get(db, ids.decode("instrument", name))
        found = catalogue.listing(db, unit.product, me().member)
        line = Line(unit.id, "buy", None, quantity, "FOK")
        outlook = foresee(line, reads.levels(db, unit.id, reads.DEPTH_MAX))
        cost = outlook.cost if outlook.taken == quantity else None
        legs[unit.id] = Leg(unit, found, quantity, cost)
    return list(legs.values())


def _blocked(refused: Refusal | None) -> dict[str, Any] | None:
    """Return the line that stands in the way, and why, in words."""
    if not isinstance(refused, BlockedLine):
        return None
    inner = rebuild(refused.why, refused.facts_of_it)
    return {"line": refused.line, "symbol": refused.symbol, "why": inner}
