"""Colleagues: an owner adds users of the member, shuts them out, signs them out."""

from http import HTTPStatus

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import fields

from marketplace.members import colleagues, users
from marketplace.members.roles import OWNER, needs
from marketplace.members.signing import me
from marketplace.members.tables import NAME_MAX
from marketplace.members.users import EMAIL_MAX
from marketplace.services import services
from marketplace.web.accounts import bp
from marketplace.web.forms import Form, again, read, text
from settlement import ids


class UserForm(Form):
    """Who is added, and what they may do."""

    name = text(NAME_MAX)
    email = text(EMAIL_MAX)
    roles = fields.List(text(NAME_MAX))


@bp.get("/account/users")
@needs(OWNER)
def people(password: str = "", whose: str = "") -> ResponseReturnValue:
    """Show the users of the member; a new password is shown this once."""
    with services().reads.connect() as db:
        return render_template(
            "accounts/users.html",
            people=users.of_member(db, me().member),
            roles=() if me().is_staff else colleagues.offered(db, me().member),
            password=password,
            whose=whose,
        )


@bp.post("/account/users")
@needs(OWNER)
@again(people)
def add_user() -> ResponseReturnValue:
    """Add a user with a first password, and show it."""
    typed, password = read(UserForm()), colleagues.first_password()
    hashed = users.hashed(services().passwords, password, typed["email"])
    with services().writes.begin() as db:
        colleagues.invite(
            db, me(), typed["email"], typed["name"], typed["roles"], hashed
        )
    page = people(password=password, whose=typed["email"])
    return make_response(page, HTTPStatus.CREATED)


@bp.post("/account/users/<user>/password")
@needs(OWNER)
@again(people)
def renew_password(user: str) -> ResponseReturnValue:
    """Give a colleague another password, and show it."""
    password = colleagues.first_password()
    number = ids.decode("user", user)
    hashed = services().passwords.hash(password)
    with services().writes.begin() as db:
        whose = colleagues.renew(db, me(), number, hashed)
    return make_response(people(password=password, whose=whose))


@bp.post("/account/users/<user>/shut-out")
@needs(OWNER)
@again(people)
def shut_out(user: str) -> ResponseReturnValue:
    """Shut a colleague out at once."""
    with services().writes.begin() as db:
        colleagues.shut_out(db, me(), ids.decode("user", user))
    flash(gettext("Shut out: every session has ended."), "success")
    return redirect(url_for(".people"), HTTPStatus.SEE_OTHER)


@bp.post("/account/users/<user>/let-in")
@needs(OWNER)
@again(people)
def let_in(user: str) -> ResponseReturnValue:
    """Let a colleague in again."""
    with services().writes.begin() as db:
        colleagues.let_in(db, me(), ids.decode("user", user))
    flash(gettext("Let in again."), "success")
    return redirect(url_for(".people"), HTTPStatus.SEE_OTHER)


@bp.post("/account/users/<user>/signout")
@needs(OWNER)
@again(people)
def sign_out_user(user: str) -> ResponseReturnValue:
    """End every session of a colleague."""
    with services().writes.begin() as db:
        ended = colleagues.sign_out(db, me(), ids.decode("user", user))
    flash(gettext("Sessions ended: %(number)s.", number=ended), "success")
    return redirect(url_for(".people"), HTTPStatus.SEE_OTHER)
