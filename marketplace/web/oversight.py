"""The staff desk's oversight: rights of members, their orders, the fee schedules."""

from http import HTTPStatus

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import catalogue
from marketplace.members import organisations, users
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.supervision import STEPS, SUPERVISORS, supervise
from marketplace.trading import reads
from marketplace.trading.rights import REASON_MAX
from marketplace.web.forms import Form, again, read, text
from marketplace.web.layout import before
from marketplace.web.staff import bp
from settlement import clock, ids, statements
from settlement.entitlements import ENTITLEMENT, EntitlementEvent, EntitlementState
from settlement.errors import NotFound


class MeasureForm(Form):
    """Why something is done with a right."""

    reason = text(REASON_MAX, needed=False)


@bp.get("/members/<member>/orders")
@needs(*STAFF)
def member_orders(member: str) -> ResponseReturnValue:
    """Show all orders of a member."""
    number = ids.decode("member", member)
    with services().reads.connect() as db:
        return render_template(
            "staff/orders.html",
            member=organisations.get(db, number),
            page=reads.orders_of(db, number, before()),
        )


@bp.get("/members/<member>/rights")
@needs(*STAFF)
def member_rights(member: str) -> ResponseReturnValue:
    """Show all rights of a member."""
    number = ids.decode("member", member)
    with services().reads.connect() as db:
        page = statements.entitlements_of(db, number, before())
        return render_template(
            "staff/holdings.html",
            member=organisations.get(db, number),
            page=page,
            known=catalogue.traded(db, {row.instrument for row in page.rows}),
        )


@bp.get("/rights")
@needs(*STAFF)
def rights() -> ResponseReturnValue:
    """Find a right by its id; show what supervision did last."""
    if wanted := request.args.get("entitlement", "").strip():
        number = ids.decode("entitlement", wanted)
        return redirect(
            url_for(".right", entitlement=ids.encode("entitlement", number))
        )
    with services().reads.connect() as db:
        page = statements.measures_of(db, None, before())
        who = users.names(db, {row.by_user for row in page.rows})
        return render_template("staff/rights.html", page=page, who=who)


@bp.get("/rights/<entitlement>")
@needs(*STAFF)
def right(entitlement: str) -> ResponseReturnValue:
    """Show a right of any member, what was done with it, and what may be done."""
    number = ids.decode("entitlement", entitlement)
    with services().reads.connect() as db:
        found = statements.entitlement(db, number)
        page = statements.measures_of(db, number, before())
        return render_template(
            "staff/right.html",
            right=found,
            holder=organisations.get(db, found.holder),
            known=catalogue.traded(db, [found.instrument]).get(found.instrument),
            terms=statements.terms(db, found.terms),
            measures=page,
            who=users.names(db, {row.by_user for row in page.rows}),
            steps=[
                event
                for event in STEPS
                if ENTITLEMENT.may(EntitlementState(found.state), event)
            ],
            supervisors=SUPERVISORS,
            now_us=clock.now_us(),
        )


@bp.post("/rights/<entitlement>/<step>")
@needs(*SUPERVISORS)
@again(right)
def supervise_right(entitlement: str, step: str) -> ResponseReturnValue:
    """Suspend, restore or revoke a right."""
    if step not in STEPS:
        raise NotFound("step", step[:20])
    number, typed = ids.decode("entitlement", entitlement), read(MeasureForm())
    supervise(services(), number, EntitlementEvent(step), typed["reason"], me())
    flash(gettext("Done and recorded."), "success")
    return redirect(url_for(".right", entitlement=entitlement), HTTPStatus.SEE_OTHER)
