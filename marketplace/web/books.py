"""The book of one instrument: ladder, depth, candles, the call's room, own orders.

Everything is drawn here; where scripts run, the page follows the instrument's stream
and asks for the parts that changed again.
"""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection

from listings import catalogue, visibility
from listings.catalogue import Listing
from listings.instruments import Instrument
from listings.licences import PURPOSES
from listings.marking import N_
from marketplace.api.live.following import follow_instrument, follow_member
from marketplace.api.market import WIDTHS
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import reads, rooms
from marketplace.trading.candles import Candle, candles
from marketplace.trading.reads import Levels
from marketplace.web.charts import Chart
from marketplace.web.forms import Form, choice, read
from marketplace.web.listings import chosen, desk
from marketplace.web.pricelist import pricelist
from settlement import clock, ids
from settlement.errors import NotFound
from settlement.money import BY_ASSET

bp = Blueprint("books", __name__)
CANDLES_SHOWN = 120
OWN_SHOWN = 20
FINE = {"minute", "hour"}  # widths that need the time of the day
ZONE = timedelta(hours=8)  # the exchange's day is Beijing's
WIDTH_NAMES = {
    "minute": N_("1 minute"),
    "hour": N_("1 hour"),
    "day": N_("1 day"),
    "week": N_("1 week"),
    "month": N_("1 month"),
}


class WidthForm(Form):
    """How long the interval of a candle is."""

    width = choice(WIDTHS, needed=False, default="day")


@bp.get("/listings/<product>/book")
def show(product: str) -> ResponseReturnValue:
    """Show the whole room of one instrument of a listing."""
    width = read(WidthForm(), request.args)["width"]
    with services().reads.connect() as db:
        found, unit = _found(db, product)
        units = catalogue.instruments_of(db, found.id)
        best = reads.best(db, [one.id for one in units])
        shown = desk(db, unit)
        now_us = clock.now_us()
        spans = candles(db, unit.id, WIDTHS[width], 0, now_us)[-CANDLES_SHOWN:]
        return render_template(
            "listings/room.html",
            listing=found,
            vendor=organisations.names(db, [found.vendor]).get(found.vendor),
            units=units,
            desk=shown,
            best=best,
            pricelist=pricelist(db, found, units, best),
            purposes=PURPOSES,
            may_trade=visibility.may_trade(db, found.id, me().member),
            contests=rooms.of_instruments(db, [unit.id]),
            width=width,
            widths=[(code, gettext(name)) for code, name in WIDTH_NAMES.items()],
            spans=spans,
            candle_chart=candle_chart(unit, spans, width) if spans else None,
            depth_chart=depth_chart(unit, shown.levels),
            **_mine(db, unit),
        )


@bp.get("/listings/<product>/book/levels")
def levels(product: str) -> ResponseReturnValue:
    """Show the book of one instrument alone, for refreshing."""
    with services().reads.connect() as db:
        found, unit = _found(db, product)
        shown, live = desk(db, unit), "live" in request.args
        chart = depth_chart(unit, shown.levels) if live else None
        return render_template(
            "listings/book.html", listing=found, desk=shown, depth_chart=chart
        )


@bp.get("/listings/<product>/book/mine")
@needs()
def mine(product: str) -> ResponseReturnValue:
    """Show the member's own orders and trades in one instrument, for refreshing."""
    with services().reads.connect() as db:
        found, unit = _found(db, product)
        return render_template(
            "listings/mine.html", listing=found, desk=desk(db, unit), **_mine(db, unit)
        )


@bp.get("/listings/<product>/book/stream")
def stream(product: str) -> Response:
    """Follow one instrument of a listing, as the API's stream, by a browser."""
    with services().reads.connect() as db:
        _, unit = _found(db, product)
        reads.book(db, unit.id)
    return follow_instrument(unit.id)


@bp.get("/orders/stream")
@needs()
def own_stream() -> Response:
    """Follow the member's own orders and trades by a browser."""
    return follow_member()


def candle_chart(unit: Instrument, spans: tuple[Candle, ...], width: str) -> Chart:
    """Return the candles as the script draws them."""
    form = "%m-%d %H:%M" if width in FINE else "%Y-%m" if width == "month" else "%m-%d"
    names = ("open", "high", "low", "close", "volume")
    said = map(gettext, ("Open", "High", "Low", "Close", "Volume"))
    return {
        "kind": "candles",
        "title": gettext("Candles of %(symbol)s", symbol=unit.symbol),
        "places": BY_ASSET[unit.currency].exponent,
        "names": dict(zip(names, said, strict=True)),
        "labels": [
            (clock.moment(span.begins_us) + ZONE).strftime(form) for span in spans
        ],
        "candles": [[s.open, s.close, s.low, s.high] for s in spans],
        "volumes": [span.volume for span in spans],
    }


def depth_chart(unit: Instrument, shown: Levels) -> Chart | None:
    """Return what waits up to each price, summed from the best; None: nothing does.

    Posted prices do not run out, so they are no part of a sum.
    """
    bids, offers = dict(_sums(shown.bids)), dict(_sums(shown.offers))
    if not bids and not offers:
        return None
    prices = sorted(bids.keys() | offers.keys())
    places = BY_ASSET[unit.currency].exponent
    return {
        "kind": "lines",
        "title": gettext("Depth of %(symbol)s", symbol=unit.symbol),
        "places": 0,
        "steps": True,
        "labels": [f"{price / 10**places:.{places}f}" for price in prices],
        "series": [
            {"name": name, "values": [side.get(price) for price in prices]}
            for name, side in ((gettext("Bids"), bids), (gettext("Offers"), offers))
        ],
    }


def _sums(side: Any) -> list[tuple[int, int]]:
    found, total = [], 0
    for level in side:
        total += level.quantity
        if level.quantity:
            found.append((level.price, total))
    return found


def _found(db: Connection, product: str) -> tuple[Listing, Instrument]:
    """Return the listing and the instrument that the address names; NotFound."""
    found = catalogue.listing(db, ids.decode("product", product), me().member)
    unit = chosen(catalogue.instruments_of(db, found.id))
    if unit is None:
        raise NotFound("instrument", product)
    return found, unit


def _mine(db: Connection, unit: Instrument) -> dict[str, Any]:
    """Return the member's own orders and trades in an instrument."""
    member = me().member
    if member <= 0:
        return {"own_orders": [], "own_trades": []}
    return {
        "own_orders": reads.waiting_in(db, member, unit.id, OWN_SHOWN),
        "own_trades": reads.trades_in(db, member, unit.id),
    }
