"""Duties: the buyer's dated tasks with their evidence; the vendor sees them as well."""

from http import HTTPStatus

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import catalogue
from marketplace.delivery import duties
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import sales
from marketplace.web import rights, vendor
from marketplace.web.forms import Form, again, read, text
from marketplace.web.layout import before
from settlement import clock, ids, statements

RIGHTS_SHOWN = 50


class EvidenceForm(Form):
    """What was done."""

    statement = text(duties.STATEMENT_MAX)


@rights.bp.get("/duties", endpoint="show_duties")
@needs()
def show() -> ResponseReturnValue:
    """Show what the member has to do under its rights, by date."""
    with services().reads.connect() as db:
        page = statements.entitlements_of(db, me().member, before(), RIGHTS_SHOWN)
        return render_template(
            "duties/mine.html",
            page=page,
            duties=duties.of_rights(db, page.rows, clock.now_us()),
            known=catalogue.traded(db, {row.instrument for row in page.rows}),
        )


@rights.bp.post("/duties/<entitlement>/<kind>/<int(max=1000):number>")
@needs()
@again(show)
def enter(entitlement: str, kind: str, number: int) -> ResponseReturnValue:
    """Enter the evidence that a duty was done; it cannot be changed afterwards."""
    typed = read(EvidenceForm())
    right = ids.decode("entitlement", entitlement)
    upload = request.files.get("file")
    name = upload.filename or "" if upload else ""
    stored = services().files.put(upload.stream) if upload and name else None
    with services().writes.begin() as db:
        duties.show(db, me(), right, kind, number, typed["statement"], name, stored)
    flash(gettext("Entered. The vendor sees it as well."), "success")
    return redirect(url_for("rights.show_duties"), HTTPStatus.SEE_OTHER)


@rights.bp.get("/<entitlement>/destruction")
@needs()
def destruction(entitlement: str) -> ResponseReturnValue:
    """Show the certificate that the data of a right was destroyed."""
    with services().reads.connect() as db:
        number = ids.decode("entitlement", entitlement)
        right = statements.entitlement(db, number, me().member)
        shown = duties.destruction(db, right.id)
        if shown is None:  # nothing was declared yet: there is the form for it
            return redirect(url_for("rights.show_duties"), HTTPStatus.SEE_OTHER)
        return render_template(
            "duties/destruction.html",
            right=right,
            shown=shown,
            terms=statements.terms(db, right.terms),
            holder=organisations.names(db, [right.holder]).get(right.holder),
        )


@vendor.bp.get("/duties")
@needs("vendor")
def of_buyers() -> ResponseReturnValue:
    """Show what the buyers of the vendor's products owe besides the price."""
    with services().reads.connect() as db:
        page = sales.rights_from(db, me().member, before(), RIGHTS_SHOWN)
        return render_template(
            "duties/buyers.html",
            page=page,
            duties=duties.of_rights(db, page.rows, clock.now_us()),
            known=catalogue.traded(db, {row.instrument for row in page.rows}),
            names=organisations.names(db, {row.holder for row in page.rows}),
        )
