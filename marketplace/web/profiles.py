"""A member's profile: its owner writes or asks, a registrar decides."""

from http import HTTPStatus

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from marketplace import profiling
from marketplace.members import profiles
from marketplace.members.profiles import ADDRESS_MAX, REASON_MAX, Profile
from marketplace.members.roles import OWNER, needs
from marketplace.members.signing import me
from marketplace.members.tables import NAME_MAX
from marketplace.services import services
from marketplace.web import accounts, staff
from marketplace.web.forms import Form, again, choice, read, text
from settlement import ids


class ProfileForm(Form):
    """What a certificate says of the member."""

    representative = text(NAME_MAX, needed=False)
    address = text(ADDRESS_MAX, needed=False)


class AnswerForm(Form):
    """What is decided on a request, and why."""

    answer = choice(("approve", "decline"))
    reason = text(REASON_MAX, needed=False)


@accounts.bp.post("/account/profile")
@needs(OWNER)
@again(accounts.show)
def write() -> ResponseReturnValue:
    """Write the profile, or ask for another one once the member is verified."""
    typed = read(ProfileForm())
    with services().writes.begin() as db:
        wanted = Profile(typed["representative"], typed["address"])
        in_force = profiles.change(db, wanted, me())
    said = gettext(
        "Handed in: a registrar looks at it; till then the old profile holds."
    )
    flash(gettext("Saved.") if in_force else said, "success")
    return redirect(url_for("accounts.show"), HTTPStatus.SEE_OTHER)


@accounts.bp.post("/account/profile/withdraw")
@needs(OWNER)
@again(accounts.show)
def withdraw() -> ResponseReturnValue:
    """Take the open request back."""
    with services().writes.begin() as db:
        profiles.withdraw(db, me())
    flash(gettext("Withdrawn."), "success")
    return redirect(url_for("accounts.show"), HTTPStatus.SEE_OTHER)


@staff.bp.post("/members/<member>/profile/<request>")
@needs("registrar")
@again(staff.member)
def answer(member: str, request: str) -> ResponseReturnValue:
    """Approve or decline what a member wants its profile to say."""
    typed, number = read(AnswerForm()), ids.decode("profile", request)
    approve = typed["answer"] == "approve"
    with services().writes.begin() as db:
        profiling.answer(db, number, me(), approve=approve, reason=typed["reason"])
    flash(gettext("Decided and recorded."), "success")
    return redirect(url_for("staff.member", member=member), HTTPStatus.SEE_OTHER)
