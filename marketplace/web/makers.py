"""Designated vendors: what they owe the book, and what they kept, month by month."""

from http import HTTPStatus

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings.marking import N_
from marketplace.control import CONTROLLERS
from marketplace.members import organisations
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.surveillance import obligations
from marketplace.surveillance.presence import BPS, Owed
from marketplace.trading.orders import QUANTITY_MAX
from marketplace.web import staff, vendor
from marketplace.web.forms import Form, Whole, again, read, text
from settlement import ids
from settlement.errors import Invalid

NO_SUCH = N_("There is no such symbol on the market.")


class DesignationForm(Form):
    """In which instrument, and what its vendor owes."""

    symbol = text(32)
    spread_bps = Whole(1, 2 * BPS, required=True)
    size = Whole(1, QUANTITY_MAX, required=True)
    present_bps = Whole(1, BPS, required=True)


@staff.bp.get("/makers")
@needs(*STAFF)
def makers() -> ResponseReturnValue:
    """Show all designations, and the form for another."""
    with services().reads.connect() as db:
        lines = obligations.measured(db)
        return render_template(
            "staff/makers.html",
            lines=lines,
            names=organisations.names(db, {line.row.vendor for line in lines}),
            may=not me().roles.isdisjoint(CONTROLLERS),
        )


@vendor.bp.get("/makers")
@needs("vendor")
def owed() -> ResponseReturnValue:
    """Show what the vendor owes the book, and what it kept."""
    with services().reads.connect() as db:
        return render_template(
            "vendor/makers.html", lines=obligations.measured(db, me().member)
        )


@staff.bp.post("/makers")
@needs(*CONTROLLERS)
@again(makers)
def designate() -> ResponseReturnValue:
    """Put the vendor of an instrument under obligations from now on."""
    typed = read(DesignationForm())
    with services().writes.begin() as db:
        unit = obligations.traded(db, typed.pop("symbol"))
        if unit is None:
            raise Invalid({"symbol": [NO_SUCH]})
        obligations.designate(db, unit, Owed(**typed), me().id)
    flash(gettext("Designated; it is measured from now on."), "success")
    return redirect(url_for("staff.makers"), HTTPStatus.SEE_OTHER)


@staff.bp.post("/makers/<designation>/end")
@needs(*CONTROLLERS)
@again(makers)
def end_designation(designation: str) -> ResponseReturnValue:
    """End a designation now."""
    number = ids.decode("designation", designation)
    with services().writes.begin() as db:
        obligations.end(db, number)
    flash(gettext("Ended."), "success")
    return redirect(url_for("staff.makers"), HTTPStatus.SEE_OTHER)
