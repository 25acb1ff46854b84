"""The prices on a listing: what it costs for a purpose, so many seats, so much use."""

from typing import Any, NamedTuple

from flask import g, request
from sqlalchemy import Connection

from listings import consents, publicdata
from listings.catalogue import Listing
from listings.instruments import Instrument
from listings.licences import PURPOSES
from listings.plans import METERED, PER_SEAT
from marketplace.members.signing import me
from marketplace.pricing import changes, quotes
from marketplace.pricing.changes import Rise
from marketplace.pricing.costs import SEATS_MAX, UNITS_MAX, Cost, Wanted, costs
from marketplace.trading import taken
from marketplace.trading.reads import Best
from marketplace.web.forms import Form, Whole, choice, read
from settlement import clock
from settlement.errors import Invalid

NOTHING_SAID = Wanted()


class WantedForm(Form):
    """What a buyer declares to see a price."""

    wanted_for = choice(PURPOSES, needed=False)
    seats = Whole(1, SEATS_MAX, load_default=1)
    use = Whole(0, UNITS_MAX, load_default=0)


class PriceList(NamedTuple):
    """What a listing says of its prices."""

    wanted: Wanted
    costs: list[Cost]
    by_seat: bool
    by_use: bool
    rises: dict[int, Rise]
    sold: dict[int, int | None]  # until when another buyer's right excludes it
    personal: list[Any]  # offered to the visitor alone
    public: Any  # the authorisation, of public data
    public_over: bool  # its term has ended: nothing new is traded under it

    def quantity(self, instrument: int) -> int:
        """Return how many units of an instrument serve what is wanted."""
        return next(said.quantity for said in self.costs if said.unit.id == instrument)


def pricelist(
    db: Connection, found: Listing, units: list[Instrument], best: dict[int, Best]
) -> PriceList:
    """Return the prices of a listing for what the address says is wanted."""
    wanted, numbers = _wanted(), [unit.id for unit in units]
    member, public = me().member, publicdata.of_products(db, [found.id]).get(found.id)
    return PriceList(
        wanted,
        costs(units, best, wanted, consents.of_member(db, found.id, member)),
        any(unit.mode == PER_SEAT for unit in units),
        any(unit.plan and unit.mode in METERED for unit in units),
        changes.pending(db, numbers),
        taken.sold_until(db, found.id, member, clock.now_us()),
        quotes.open_for(db, member, numbers, clock.now_us()) if member > 0 else [],
        public,
        public is not None and publicdata.is_over(public.until_day),
    )


def _wanted() -> Wanted:
    """Return what the address declares; what is odd is shown at its field."""
    try:
        typed = read(WantedForm(), request.args)
    except Invalid as refusal:
        g.shown_refusal, g.typed = refusal, request.values
        return NOTHING_SAID
    return Wanted(typed["wanted_for"], typed["seats"], typed["use"])
