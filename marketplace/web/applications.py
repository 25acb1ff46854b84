"""Data applications: opened from a right, and where the vendor says that they open."""

from http import HTTPStatus

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import catalogue
from marketplace.api import applications
from marketplace.applications import seats
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.outgoing import URL_MAX
from marketplace.services import services
from marketplace.web import guide, rights, vendor
from marketplace.web.forms import Form, Whole, again, read, text
from settlement import clock, ids


class SeatForm(Form):
    """Who sits, and for how many hours offline."""

    name = text(seats.NAME_MAX)
    hours = Whole(0, seats.OFFLINE_H_MAX, load_default=0)


class ApplicationForm(Form):
    """Where it opens."""

    url = text(URL_MAX)
    offline_h = Whole(0, seats.OFFLINE_H_MAX, load_default=0)


@rights.bp.post("/<entitlement>/seats")
@needs("buyer")
@again(rights.one)
def launch(entitlement: str) -> ResponseReturnValue:
    """Take a seat and show the address that opens the application, this once."""
    typed = read(SeatForm())
    number = ids.decode("entitlement", entitlement)
    made = applications.taken(number, typed["name"], typed["hours"])
    return rights.one(entitlement, made["launch"])


@rights.bp.post("/<entitlement>/seats/<seat>/return")
@needs("buyer")
@again(rights.one)
def give_back(entitlement: str, seat: str) -> ResponseReturnValue:
    """Give a seat back, and say from when on it is free."""
    with services().writes.begin() as db:
        free_us = seats.give_back(db, ids.decode("seat", seat), me().member)
    if free_us <= clock.now_us():
        flash(gettext("The seat is free again."), "success")
    else:
        flash(
            gettext(
                "Given back. It was taken for offline use, and is free when its token"
                " ends: see the table."
            ),
            "success",
        )
    return redirect(
        url_for("rights.one", entitlement=entitlement), HTTPStatus.SEE_OTHER
    )


@vendor.bp.get("/products/<product>/application")
@needs("vendor")
def application(product: str) -> ResponseReturnValue:
    """Show where an application opens."""
    with services().reads.connect() as db:
        number = vendor.mine(product)
        return render_template(
            "vendor/application.html",
            product=catalogue.product(db, number, me().member),
            placed=seats.application(db, number),
            most_hours=seats.OFFLINE_H_MAX,
        )


@vendor.bp.post("/products/<product>/application")
@needs("vendor")
@again(application)
def place(product: str) -> ResponseReturnValue:
    """Say where an application opens."""
    typed, parts = read(ApplicationForm()), services()
    with parts.writes.begin() as db:
        number, where = vendor.mine(product), typed["url"]
        reachable = parts.config.reachable
        seats.place(db, me(), number, where, typed["offline_h"], reachable)
    flash(gettext("It opens there from now on."), "success")
    there = url_for("vendor.application", product=product)
    return redirect(there, HTTPStatus.SEE_OTHER)


@guide.bp.get("/applications")
def explained() -> ResponseReturnValue:
    """Show how an application is opened, what its token says, how to verify it."""
    return render_template(
        "help/applications.html",
        address=request.host_url.rstrip("/"),
        minutes=seats.LEASE_US // clock.MINUTE_US,
        hours=seats.OFFLINE_H_MAX,
    )
