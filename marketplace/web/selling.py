"""The vendor's desk: prices posted, rises announced, personal prices offered."""

from flask import flash, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import catalogue, instruments
from listings.instruments import Instrument
from marketplace.formatting import date
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.pricing import changes, quotes
from marketplace.pricing.changes import Rise
from marketplace.services import services
from marketplace.trading.gateway import KEY_LENGTH_MAX
from marketplace.trading.offers import NOTE_MAX, REASONS
from marketplace.trading.orders import QUANTITY_MAX
from marketplace.trading.quoting import OfferPrice
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
from marketplace.web.layout import before
from marketplace.web.vendor import bp, edit, mine, to
from settlement import ids
from settlement.errors import NotFound


class PriceForm(Form):
    """A posted price, typed in the instrument's currency."""

    price = text(24)


class OfferForm(Form):
    """A price for one member, with the reason that the law asks for."""

    instrument = PublicId("instrument", required=True)
    member = PublicId("member", required=True)
    personal_price = text(24)
    quantity = Whole(1, QUANTITY_MAX, required=True)
    reason = choice(REASONS)
    note = text(NOTE_MAX)
    until = Day(required=True, error_messages={"required": NEEDED})
    key = text(KEY_LENGTH_MAX)


@bp.post("/products/<product>/instruments/<instrument>/price")
@needs("vendor")
@again(edit)
def set_price(product: str, instrument: str) -> ResponseReturnValue:
    """Post a price for an instrument, or announce it if it is a protected rise."""
    number, typed = mine(product), read(PriceForm())
    unit = _unit(number, ids.decode("instrument", instrument))
    price = amount(typed, "price", unit.currency_code)
    done = changes.set_price(services(), me(), unit.id, price)
    if isinstance(done, Rise):
        flash(
            gettext(
                "Announced: the higher price holds from %(day)s on. Until then the"
                " present one stands.",
                day=date(done.effective_us),
            ),
            "success",
        )
    elif done.remaining:
        flash(gettext("The price is posted."), "success")
    return to(number)


@bp.post("/products/<product>/instruments/<instrument>/price/withdraw")
@needs("vendor")
@again(edit)
def withdraw_rise(product: str, instrument: str) -> ResponseReturnValue:
    """Take an announced rise back before it holds."""
    number = mine(product)
    unit = _unit(number, ids.decode("instrument", instrument))
    with services().writes.begin() as db:
        changes.withdraw(db, unit.id, me().member)
    flash(
        gettext("The announced price is withdrawn; the present one stays."), "success"
    )
    return to(number)


@bp.post("/products/<product>/offers")
@needs("vendor")
@again(edit)
def offer_price(product: str) -> ResponseReturnValue:
    """Offer one member a price of its own, for a recorded reason."""
    number, typed = mine(product), read(OfferForm())
    unit = _unit(number, typed["instrument"])
    command = OfferPrice(
        me().id,
        me().member,
        unit.id,
        typed["member"],
        amount(typed, "personal_price", unit.currency_code),
        typed["quantity"],
        typed["reason"],
        typed["note"],
        typed["until"],
    )
    quotes.offer(services(), command, typed["key"])
    flash(gettext("The personal price is offered; its reason is on record."), "success")
    return to(number)


@bp.get("/offers")
@needs("vendor")
def personal_prices() -> ResponseReturnValue:
    """Show quotes and personal prices in which the vendor sells, newest first."""
    with services().reads.connect() as db:
        page = quotes.of_vendor(db, me().member, before())
        return render_template(
            "vendor/offers.html",
            page=page,
            known=catalogue.traded(db, {row.instrument for row in page.rows}),
            names=organisations.names(db, {row.member for row in page.rows}),
        )


def _unit(product: int, number: int) -> Instrument:
    """Return an instrument of the product; NotFound if it is another's."""
    with services().reads.connect() as db:
        unit = instruments.get(db, number)
    if unit.product != product:
        raise NotFound("instrument", ids.encode("instrument", number))
    return unit
