"""The desk of retention: what is kept how long, what is due, who is forgotten."""

from http import HTTPStatus

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from marketplace.members import users
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.privacy import erasing, retention
from marketplace.privacy.erasing import ERASERS
from marketplace.services import services
from marketplace.trading.rights import REASON_MAX
from marketplace.web.forms import Form, again, choice, read, text
from marketplace.web.staff import bp
from settlement import clock, ids

RULES = {each.code: each for each in retention.CLASSES}


class PersonForm(Form):
    """Whom to forget, by the address that they sign in with, and why."""

    email = text(users.EMAIL_MAX)
    reason = text(REASON_MAX)


class ClassForm(Form):
    """Why what is due of a class goes now."""

    reason = text(REASON_MAX)


class DecisionForm(Form):
    """What the second person says."""

    step = choice(("approve", "reject"))


@bp.get("/retention", endpoint="retention")
@needs(*STAFF)
def desk() -> ResponseReturnValue:
    """Show each class with its period and rule, what is due, and what was erased."""
    with services().reads.connect() as db:
        waiting = erasing.waiting(db)
        return render_template(
            "staff/retention.html",
            lines=retention.due(db, clock.now_us()),
            waiting=waiting,
            done=erasing.done(db),
            classes=RULES,
            who=users.names(db, {one.by_user for one in waiting}),
            may=not me().roles.isdisjoint(ERASERS),
        )


@bp.post("/retention/persons")
@needs(*ERASERS)
@again(desk)
def forget_person() -> ResponseReturnValue:
    """Propose to forget a person."""
    typed, now_us = read(PersonForm()), clock.now_us()
    with services().reads.connect() as db:
        user = users.by_email(db, typed["email"]).id
        command = erasing.person(db, me().id, user, typed["reason"], now_us)
    services().gateway.submit(command)
    return _back(gettext("Proposed; another person decides it."))


@bp.post("/retention/classes/<code>")
@needs(*ERASERS)
@again(desk)
def erase_class(code: str) -> ResponseReturnValue:
    """Propose to erase what is due of a class."""
    reason = read(ClassForm())["reason"]
    command = erasing.of_class(me().id, code, reason, clock.now_us())
    services().gateway.submit(command)
    return _back(gettext("Proposed; another person decides it."))


@bp.post("/retention/decisions/<proposal>")
@needs(*ERASERS)
@again(desk)
def decide_erasure(proposal: str) -> ResponseReturnValue:
    """Erase what somebody else proposed, or turn it down."""
    number, step = ids.decode("proposal", proposal), read(DecisionForm())["step"]
    parts = services()
    with parts.reads.connect() as db:
        said = erasing.decision(db, me().id, number, approve=step == "approve")
    parts.gateway.submit(said)
    erasing.Eraser(parts.reads, parts.writes).step()
    return _back(gettext("Decided."))


def _back(said: str) -> ResponseReturnValue:
    flash(said, "success")
    return redirect(url_for("staff.retention"), HTTPStatus.SEE_OTHER)
