"""Delivery and acceptance: the buyer accepts, the vendor delivers, staff look on."""

from datetime import date
from http import HTTPStatus

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from marketplace.holidays import announced, day_of, number_of
from marketplace.members import organisations
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import pending
from marketplace.trading.acceptance import (
    AcceptDelivery,
    ReportDelivery,
    SetWorkdays,
)
from marketplace.trading.orders import QUANTITY_MAX
from marketplace.web import orders, staff, vendor
from marketplace.web.forms import NOT_A_DAY, Form, Whole, again, read, text
from settlement import clock, ids
from settlement.errors import Invalid

CALENDAR_OFFICERS = ("settlement_officer",)
LINES_MAX = 5_000  # characters


class UnitsForm(Form):
    """How many units; empty: all that wait."""

    units = Whole(1, QUANTITY_MAX, load_default=None)


class DeliveredForm(Form):
    """How many units have been delivered."""

    units = Whole(1, QUANTITY_MAX, required=True)


class CalendarForm(Form):
    """Days that are not worked, and weekend days that are, one a line."""

    off = text(LINES_MAX, needed=False)
    worked = text(LINES_MAX, needed=False)


@orders.bp.post("/trades/<trade>/accept")
@needs("buyer", "vendor")
@again(orders.contract)
def accept(trade: str) -> ResponseReturnValue:
    """Accept what was delivered; the vendor is paid for it."""
    number, units = ids.decode("trade", trade), read(UnitsForm())["units"]
    command = AcceptDelivery(me().id, me().member, number, units)
    services().gateway.submit(command)
    flash(gettext("Accepted: the vendor is paid for what you accepted."), "success")
    return redirect(url_for("orders.contract", trade=trade), HTTPStatus.SEE_OTHER)


@orders.bp.post("/trades/<trade>/deliver")
@needs("vendor")
@again(orders.contract)
def deliver(trade: str) -> ResponseReturnValue:
    """Say that units of a sale have been delivered; the buyer's time begins."""
    number, units = ids.decode("trade", trade), read(DeliveredForm())["units"]
    services().gateway.submit(ReportDelivery(me().id, me().member, number, units))
    flash(gettext("Delivered: the buyer examines it now."), "success")
    return redirect(url_for("orders.contract", trade=trade), HTTPStatus.SEE_OTHER)


@vendor.bp.get("/pending")
@needs("vendor")
def to_come() -> ResponseReturnValue:
    """Show the vendor's money that waits, why, and when it is expected."""
    with services().reads.connect() as db:
        rows = pending.of_seller(db, me().member)
        return render_template(
            "vendor/pending.html",
            rows=rows,
            names=organisations.names(db, {row.buyer for row in rows}),
            now_us=clock.now_us(),
        )


@staff.bp.get("/escrows")
@needs(*STAFF)
def escrows() -> ResponseReturnValue:
    """Show every trade whose money waits: since when, until when, who acts next."""
    with services().reads.connect() as db:
        rows = pending.queue(db)
        parties = {row.buyer for row in rows} | {row.seller for row in rows}
        return render_template(
            "staff/escrows.html",
            rows=rows,
            totals=pending.totals(db),
            names=organisations.names(db, parties),
            now_us=clock.now_us(),
        )


@staff.bp.get("/calendar")
@needs(*STAFF)
def calendar() -> ResponseReturnValue:
    """Show a year of working days, and let the officer publish what differs."""
    year = request.args.get("year", default=clock.moment(clock.now_us()).year, type=int)
    with services().reads.connect() as db:
        known = {day_of(day): worked for day, worked in pending.exceptions(db).items()}
    shown = {day: worked for day, worked in known.items() if day.year == year}
    proposed = {day_of(day): worked for day, worked in announced(year)}
    return render_template(
        "staff/calendar.html",
        year=year,
        shown=shown,
        filled=shown or proposed,
        officers=CALENDAR_OFFICERS,
    )


@staff.bp.post("/calendar")
@needs(*CALENDAR_OFFICERS)
@again(calendar)
def publish_days() -> ResponseReturnValue:
    """Publish days unlike their weekday; deadlines that run already stay."""
    typed = read(CalendarForm())
    off, worked = (_days(typed, name) for name in ("off", "worked"))
    days = tuple((day, False) for day in off) + tuple((day, True) for day in worked)
    if not days:
        raise Invalid({"off": [NOT_A_DAY]})
    services().gateway.submit(SetWorkdays(me().id, days))
    flash(gettext("Published. Deadlines that run already stay as they are."), "success")
    year = day_of(days[0][0]).year
    return redirect(url_for("staff.calendar", year=year), HTTPStatus.SEE_OTHER)


def _days(typed: dict[str, str], name: str) -> list[int]:
    """Return the days that were typed into a field, one a line; Invalid if odd."""
    try:
        return [number_of(date.fromisoformat(line)) for line in typed[name].split()]
    except ValueError as error:
        raise Invalid({name: [NOT_A_DAY]}) from error
