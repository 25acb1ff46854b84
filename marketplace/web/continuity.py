"""The desk's page when a vendor has left: what is served on, what is paid back."""

from http import HTTPStatus

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import catalogue
from marketplace.delivery import continuity
from marketplace.members import organisations
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading.rights import REASON_MAX
from marketplace.web.disputes import DECIDERS
from marketplace.web.forms import Form, again, read, text
from marketplace.web.layout import before
from marketplace.web.staff import bp
from settlement import clock, ids


class ContinuityForm(Form):
    """Why what is left is paid back."""

    reason = text(REASON_MAX)


@bp.get("/members/<member>/continuity")
@needs(*STAFF)
def continue_rights(member: str) -> ResponseReturnValue:
    """Show the paid rights of a vendor's that run, and what becomes of them."""
    number = ids.decode("member", member)
    with services().reads.connect() as db:
        rows, older = continuity.rights_of(db, number, clock.now_us(), before())
        return render_template(
            "staff/continuity.html",
            member=organisations.get(db, number),
            left=continuity.has_left(db, number),
            rows=rows,
            older=older,
            known=catalogue.traded(db, {row.right.instrument for row in rows}),
            names=organisations.names(db, {row.right.holder for row in rows}),
            deciders=DECIDERS,
        )


@bp.post("/members/<member>/continuity/<entitlement>")
@needs(*DECIDERS)
@again(continue_rights)
def propose_continuity(member: str, entitlement: str) -> ResponseReturnValue:
    """Let the refund of what is left of a right wait for a second person."""
    number, typed = ids.decode("entitlement", entitlement), read(ContinuityForm())
    continuity.propose(services(), me(), number, typed["reason"])
    flash(gettext("Proposed; another person decides it."), "success")
    return redirect(url_for(".continue_rights", member=member), HTTPStatus.SEE_OTHER)
