"""The staff desk's oversight: rights of members, their orders, the fee schedules."""

import re
from http import HTTPStatus

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import ValidationError

from listings import catalogue
from marketplace.language import N_
from marketplace.members import organisations, users
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.supervision import STEPS, SUPERVISORS, supervise
from marketplace.trading import reads
from marketplace.trading.commands import PublishFees
from marketplace.trading.gateway import KEY_LENGTH_MAX
from marketplace.trading.rights import REASON_MAX
from marketplace.web.forms import NEEDED, OUT_OF_RANGE, Form, Parsed, again, read, text
from marketplace.web.layout import before
from marketplace.web.staff import bp
from settlement import clock, ids, statements
from settlement.entitlements import ENTITLEMENT, EntitlementEvent, EntitlementState
from settlement.errors import Invalid, NotFound
from settlement.fees import TRADE_BPS_MAX
from settlement.journal import read as read_record

RATE = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))?", re.ASCII)
NOT_A_RATE = N_("Give a percentage with at most two decimals, for example 2.5.")
CONFIRM = N_("Confirm that this counts for every trade from now on.")


class MeasureForm(Form):
    """Why something is done with a right."""

    reason = text(REASON_MAX, needed=False)


class Rate(Parsed):
    """A percentage, as basis points."""

    def parse(self, typed: str) -> int:
        """Return what was typed as a number; ValidationError if it is none."""
        parts = RATE.fullmatch(typed.removesuffix("%").strip())
        if parts is None:
            raise ValidationError(NOT_A_RATE)
        bps = int(parts[1]) * 100 + int((parts[2] or "").ljust(2, "0"))
        if bps > TRADE_BPS_MAX:
            raise ValidationError(OUT_OF_RANGE)
        return bps


class FeesForm(Form):
    """The rate of a new schedule, confirmed, under a key that lets it happen once."""

    rate = Rate(required=True, error_messages={"required": NEEDED})
    confirm = text(1, needed=False)
    key = text(KEY_LENGTH_MAX)


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


@bp.get("/fees")
@needs(*STAFF)
def fees() -> ResponseReturnValue:
    """Show the fee schedule in force and all before it."""
    with services().reads.connect() as db:
        schedules = statements.fee_history(db)
        by = {
            row.version: read_record(row.body).command[0]
            for row in schedules
            if row.body is not None
        }
        return render_template(
            "staff/fees.html",
            fees=statements.fees(db),
            schedules=schedules,
            by=by,
            who=users.names(db, by.values()),
            most=TRADE_BPS_MAX,
        )


@bp.post("/fees")
@needs("admin")
@again(fees)
def publish_fees() -> ResponseReturnValue:
    """Put a new fee schedule in force, once however often it is sent."""
    typed = read(FeesForm())
    if not typed["confirm"]:
        raise Invalid({"confirm": [CONFIRM]})
    services().gateway.submit(PublishFees(me().id, typed["rate"]), typed["key"])
    flash(gettext("The new fee schedule is in force."), "success")
    return redirect(url_for(".fees"), HTTPStatus.SEE_OTHER)
