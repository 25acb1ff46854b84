"""Designated vendors: what they owe the book, and what they kept, month by month."""

from http import HTTPStatus
from typing import Any, NamedTuple

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection, Row

from listings import instruments
from listings.marking import N_
from marketplace.control import CONTROLLERS
from marketplace.members import organisations
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.pricing.dispersion import month_of, period
from marketplace.services import services
from marketplace.surveillance import presence
from marketplace.surveillance.presence import BPS, Kept, Owed
from marketplace.surveillance.tables import designations
from marketplace.trading import reads
from marketplace.trading.orders import QUANTITY_MAX
from marketplace.web import staff, vendor
from marketplace.web.forms import Form, Whole, again, read, text
from settlement import clock, ids
from settlement.errors import Invalid

NO_SUCH = N_("There is no such symbol on the market.")


class DesignationForm(Form):
    """In which instrument, and what its vendor owes."""

    symbol = text(32)
    spread_bps = Whole(1, 2 * BPS, required=True)
    size = Whole(1, QUANTITY_MAX, required=True)
    present_bps = Whole(1, BPS, required=True)


class Line(NamedTuple):
    """A designation with what was kept in each month, the newest first."""

    row: Row[Any]
    symbol: str
    months: list[tuple[str, Kept]]


@staff.bp.get("/makers")
@needs(*STAFF)
def makers() -> ResponseReturnValue:
    """Show all designations, and the form for another."""
    with services().reads.connect() as db:
        lines = measured(db)
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
        return render_template("vendor/makers.html", lines=measured(db, me().member))


def measured(db: Connection, member: int | None = None) -> list[Line]:
    """Return designations, a vendor's or all, measured this month and the last."""
    now_us = clock.now_us()
    month = month_of(now_us)
    begins_us, _ = period(month)
    months = month, month_of(begins_us - 1)
    rows = presence.designated(db, member)
    books = reads.books_of(db, {row.instrument for row in rows})
    found = []
    for row in rows:
        kept = []
        for name in months:
            first_us, last_us = period(name)
            within = row.from_us < last_us and (row.until_us or now_us) > first_us
            if within:
                until_us = min(last_us, now_us)
                of = presence.of_designation(db, row, first_us, until_us)
                kept.append((name, of))
        found.append(Line(row, books[row.instrument].symbol, kept))
    return found


@staff.bp.post("/makers")
@needs(*CONTROLLERS)
@again(makers)
def designate() -> ResponseReturnValue:
    """Put the vendor of an instrument under obligations from now on."""
    typed = read(DesignationForm())
    with services().reads.connect() as db:
        unit = instruments.by_symbol(db, typed.pop("symbol"))
        if not reads.books_of(db, [unit.id]):
            raise Invalid({"symbol": [NO_SUCH]})
    with services().writes.begin() as db:
        made = unit.id, unit.vendor, Owed(**typed), clock.now_us(), me().id
        presence.designate(db, *made)
    flash(gettext("Designated; it is measured from now on."), "success")
    return redirect(url_for("staff.makers"), HTTPStatus.SEE_OTHER)


@staff.bp.post("/makers/<designation>/end")
@needs(*CONTROLLERS)
@again(makers)
def end_designation(designation: str) -> ResponseReturnValue:
    """End a designation now."""
    number = ids.decode("designation", designation)
    with services().writes.begin() as db:
        presence.end(db, clock.now_us(), designations.c.id == number)
    flash(gettext("Ended."), "success")
    return redirect(url_for("staff.makers"), HTTPStatus.SEE_OTHER)
