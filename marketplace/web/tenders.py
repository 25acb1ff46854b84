"""Tenders on the page of their demand: sealed bids, the opening, points, the end."""

from flask import flash
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import instruments
from marketplace.members.roles import TRADING, needs
from marketplace.members.signing import me
from marketplace.pricing import tenders
from marketplace.services import services
from marketplace.trading.gateway import KEY_LENGTH_MAX
from marketplace.trading.offers import NOTE_MAX
from marketplace.trading.orders import QUANTITY_MAX
from marketplace.trading.tenders import Bid
from marketplace.web.demands import bp, one, to
from marketplace.web.forms import (
    Form,
    PublicId,
    Whole,
    again,
    amount,
    read,
    text,
)
from settlement import ids


class BidForm(Form):
    """A bid, before it is sealed."""

    instrument = PublicId("instrument", required=True)
    price = text(24)
    quantity = Whole(1, QUANTITY_MAX, required=True)
    note = text(NOTE_MAX, needed=False)
    key = text(KEY_LENGTH_MAX)


class ScoreForm(Form):
    """The points of one opened bid."""

    offer = PublicId("offer", required=True)
    technical = Whole(0, tenders.POINTS, required=True)
    qualification = Whole(0, tenders.POINTS, required=True)


@bp.post("/<demand>/bids")
@needs("vendor")
@again(one)
def seal(demand: str) -> ResponseReturnValue:
    """Seal a bid, or replace the vendor's own; nobody reads it before the close."""
    typed, number = read(BidForm()), ids.decode("demand", demand)
    with services().reads.connect() as db:
        unit = instruments.get(db, typed["instrument"])
    price = amount(typed, "price", unit.currency_code)
    bid = Bid(me().member, unit.id, price, typed["quantity"], typed["note"], "")
    tenders.seal(services(), me(), number, bid, typed["key"])
    flash(gettext("Sealed. Nobody reads it before the close."), "success")
    return to(number)


@bp.post("/<demand>/opening")
@needs(*TRADING)
@again(one)
def open_bids(demand: str) -> ResponseReturnValue:
    """Open all bids after the close; the buyer or any bidder does it."""
    number = ids.decode("demand", demand)
    opened = tenders.open_bids(services(), me(), number)
    flash(gettext("Opened; firm bids: %(number)s.", number=opened), "success")
    return to(number)


@bp.post("/<demand>/scores")
@needs(*TRADING)
@again(one)
def score(demand: str) -> ResponseReturnValue:
    """Give an opened bid its points for technique and qualification."""
    typed = read(ScoreForm())
    with services().writes.begin() as db:
        tenders.score(db, me(), **typed)
    flash(gettext("Saved."), "success")
    return to(ids.decode("demand", demand))


@bp.post("/<demand>/cancel")
@needs(*TRADING)
@again(one)
def cancel(demand: str) -> ResponseReturnValue:
    """Call a tender of one's own off before its close."""
    number = ids.decode("demand", demand)
    tenders.cancel(services(), me(), number)
    flash(gettext("Called off; no bid was read."), "success")
    return to(number)
