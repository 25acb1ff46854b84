"""Prices offered to the member alone: to see, and to take."""

from http import HTTPStatus

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from listings import catalogue, instruments
from listings.licences import PURPOSES
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.pricing import personal
from marketplace.services import services
from marketplace.trading.quoting import TakeOffer
from marketplace.trading.gateway import KEY_LENGTH_MAX
from marketplace.web.forms import Form, again, choice, read, text
from marketplace.web.layout import before
from marketplace.web.orders import bp
from marketplace.web.tickets import ACCEPT
from settlement import clock, ids
from settlement.errors import Invalid


class TakeForm(Form):
    """The purpose is declared and the licence accepted, as for any order."""

    purpose = choice(PURPOSES)
    accept = text(1, needed=False)
    key = text(KEY_LENGTH_MAX)


@bp.get("/offers")
@needs("buyer", "vendor")
def offered() -> ResponseReturnValue:
    """Show the personal prices that were offered to the member, newest first."""
    with services().reads.connect() as db:
        page = personal.of_member(db, me().member, before())
        units = {row.instrument: None for row in page.rows}
        return render_template(
            "orders/offers.html",
            page=page,
            now_us=clock.now_us(),
            known=catalogue.traded(db, units),
            units={number: instruments.get(db, number) for number in units},
            names=organisations.names(db, {row.vendor for row in page.rows}),
            purposes=PURPOSES,
        )


@bp.post("/offers/<offer>")
@needs("buyer", "vendor")
@again(offered)
def take(offer: str) -> ResponseReturnValue:
    """Buy at the personal price, once however often it is sent."""
    typed, number = read(TakeForm()), ids.decode("offer", offer)
    if not typed["accept"]:
        raise Invalid({"accept": [ACCEPT]})
    command = TakeOffer(me().id, me().member, number, typed["purpose"])
    trade = services().gateway.submit(command, typed["key"]).result
    address = url_for("orders.contract", trade=ids.encode("trade", trade))
    return redirect(address, HTTPStatus.SEE_OTHER)
