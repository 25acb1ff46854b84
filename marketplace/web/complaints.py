"""The staff desk's complaints: what members report of listings, oldest first."""

from http import HTTPStatus

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from marketplace.community import complaints
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web.forms import Form, again, choice, read, text
from marketplace.web.layout import place
from marketplace.web.staff import bp
from settlement import ids

SHOWN = 50


class DecisionForm(Form):
    """Whether a complaint holds, and what its member is told."""

    outcome = choice(complaints.OUTCOMES)
    answer = text(complaints.TEXT_MAX)


@bp.get("/complaints")
@needs("registrar")
def complaints_waiting() -> ResponseReturnValue:
    """Show the undecided complaints, oldest first."""
    with services().reads.connect() as db:
        found = complaints.waiting(db, place("after"), SHOWN)
        who = {row.member for row in found} | {row.vendor for row in found}
        return render_template(
            "staff/complaints.html",
            complaints=found,
            after=found[-1].id if len(found) == SHOWN else None,
            kinds=complaints.KINDS,
            outcomes=complaints.OUTCOMES,
            names=organisations.names(db, who),
        )


@bp.post("/complaints/<complaint>")
@needs("registrar")
@again(complaints_waiting)
def decide_complaint(complaint: str) -> ResponseReturnValue:
    """Uphold or dismiss a complaint."""
    typed, number = read(DecisionForm()), ids.decode("complaint", complaint)
    with services().writes.begin() as db:
        complaints.decide(db, number, typed["outcome"], typed["answer"], me())
    flash(gettext("Decided. The member is told."), "success")
    return redirect(url_for(".complaints_waiting"), HTTPStatus.SEE_OTHER)
