"""The staff desk: queues with their age, members to verify, money, trades."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import catalogue
from marketplace.control import BUSTERS
from marketplace.members import organisations, profiles, users, verification
from marketplace.members.roles import STAFF, needs, require
from marketplace.members.signing import me, require_fresh
from marketplace.members.verification import MEMBER, REASON_MAX, MemberEvent
from marketplace.services import services
from marketplace.trading import claims, mistakes, pending, reads
from marketplace.trading.cashing import (
    ApprovePayin,
    ApprovePayout,
    ConfirmPayin,
    FailPayout,
    PayPayout,
    RejectPayin,
)
from marketplace.trading.commands import Command
from marketplace.web.forms import Form, again, choice, read, text
from marketplace.web.layout import before, midnight_us
from settlement import ids, statements
from settlement.errors import NotFound

bp = Blueprint("staff", __name__, url_prefix="/staff")
OFFICER, APPROVER = "settlement_officer", "settlement_approver"

# What staff do with money: who may, and the command. Two persons are kept by the door.
Step = tuple[tuple[str, ...], Callable[[int, int], Command]]
STEPS: dict[str, dict[str, Step]] = {
    "payin": {
        "confirm": ((OFFICER,), ConfirmPayin),
        "approve": ((APPROVER,), ApprovePayin),
        "reject": ((OFFICER, APPROVER), RejectPayin),
    },
    "payout": {
        "approve": ((APPROVER,), ApprovePayout),
        "pay": ((OFFICER,), PayPayout),
        "fail": ((OFFICER, APPROVER), FailPayout),
    },
}
# The queues of the money desk: kind, state, and the steps that lead out of it.
MONEY_QUEUES = (
    ("payin", "created", ("confirm", "reject")),
    ("payin", "pending", ("approve", "reject")),
    ("payout", "requested", ("approve", "fail")),
    ("payout", "approved", ("pay", "fail")),
)
RECORDS_SHOWN = 10  # orders and rights on a member's page
LISTING_QUEUES = ("in_review", "publicity", "objection")


class DecisionForm(Form):
    """What is decided on a member, and why."""

    event = choice(event.value for event in MemberEvent)
    reason = text(REASON_MAX, needed=False)


@bp.context_processor
def always_visible() -> dict[str, Any]:
    """Give every page of the desk the trial balance."""
    with services().reads.connect() as db:
        return {"trial_balance": statements.trial_balance(db)}


@bp.get("/")
@needs(*STAFF)
def show() -> ResponseReturnValue:
    """Show every queue with its length and its oldest item, and today's trades."""
    with services().reads.connect() as db:
        return render_template(
            "staff/desk.html",
            members=organisations.in_state(db, "pending"),
            profiles=profiles.waiting(db),
            money=_money(db),
            disputes=claims.queue(db),
            escrow=pending.totals(db),
            products={
                state: catalogue.queue(db, state)
                for state in (*LISTING_QUEUES, "pending")
            },
            today=reads.today(db, midnight_us(), limit=10),
            turnover=reads.turnover(db, midnight_us()),
        )


@bp.get("/money")
@needs(*STAFF)
def money() -> ResponseReturnValue:
    """Show the payins and payouts that wait for somebody, oldest first."""
    with services().reads.connect() as db:
        queues = _money(db)
        rows = [row for *_, page in queues for row in page.rows]
        return render_template(
            "staff/money.html",
            queues=queues,
            names=organisations.names(db, {row.member for row in rows}),
            steps=STEPS,
        )


def _money(db: Any) -> list[tuple[str, str, tuple[str, ...], Any]]:
    read_of = {"payin": statements.payins_in, "payout": statements.payouts_in}
    return [
        (kind, state, steps, read_of[kind](db, state))
        for kind, state, steps in MONEY_QUEUES
    ]


@bp.post("/money/<kind>/<number>/<step>")
@again(money)
def move_money(kind: str, number: str, step: str) -> ResponseReturnValue:
    """Take one step with a payin or payout, as one of two persons."""
    if step not in STEPS.get(kind, {}):
        raise NotFound("step", step[:20])
    roles, command = STEPS[kind][step]
    require(*roles)
    require_fresh()
    services().gateway.submit(command(me().id, ids.decode(kind, number)))
    flash(gettext("Done and recorded."), "success")
    return redirect(url_for(".money"), HTTPStatus.SEE_OTHER)


@bp.get("/members")
@needs(*STAFF)
def members() -> ResponseReturnValue:
    """Show the members in one state, those to verify first."""
    state = request.args.get("state", "pending")
    with services().reads.connect() as db:
        return render_template(
            "staff/members.html",
            state=state,
            states=tuple(verification.MemberState),
            page=organisations.in_state(db, state or None, before()),
            profiles=profiles.waiting(db),
        )


@bp.get("/members/<member>")
@needs(*STAFF)
def member(member: str) -> ResponseReturnValue:
    """Show one member's case: facts, users, history, what may be decided."""
    number = ids.decode("member", member)
    with services().reads.connect() as db:
        found = organisations.get(db, number)
        return render_template(
            "staff/member.html",
            member=found,
            people=users.of_member(db, number),
            history=organisations.history(db, number),
            profile_request=profiles.newest(db, number),
            balances=statements.cash(db, number),
            orders=reads.orders_of(db, number, limit=RECORDS_SHOWN),
            rights=(
                held := statements.entitlements_of(db, number, None, RECORDS_SHOWN)
            ),
            known=catalogue.traded(db, {row.instrument for row in held.rows}),
            events=[
                event.value
                for state, event in MEMBER.moves
                if state == found.state and event is not MemberEvent.SUBMIT
            ],
        )


@bp.post("/members/<member>/decision")
@needs("registrar")
@again(member)
def decide(member: str) -> ResponseReturnValue:
    """Verify, reject, suspend or restore a member, and tell the market."""
    typed, number = read(DecisionForm()), ids.decode("member", member)
    event = MemberEvent(typed["event"])
    with services().writes.begin() as db:
        verification.decide(db, number, event, me(), typed["reason"])
    verification.tell_market(services().reads, services().gateway)
    flash(gettext("Decided and recorded."), "success")
    return redirect(url_for(".member", member=member), HTTPStatus.SEE_OTHER)


@bp.get("/trades")
@needs(*STAFF)
def trades() -> ResponseReturnValue:
    """Show today's trades and those in question, or go to the one that is named."""
    if wanted := request.args.get("trade", "").strip():
        return redirect(url_for(".trade", trade=wanted), HTTPStatus.SEE_OTHER)
    with services().reads.connect() as db:
        page = reads.today(db, midnight_us(), before())
        parties = {row.buyer for row in page.rows} | {row.seller for row in page.rows}
        return render_template(
            "staff/trades.html",
            page=page,
            turnover=reads.turnover(db, midnight_us()),
            names=organisations.names(db, parties),
            questions=(questions := mistakes.questions(db)),
            who=users.names(db, {one.by_user for one in questions}),
            busters=BUSTERS,
        )
