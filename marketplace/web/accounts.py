"""Accounts: signing in and up, the language, passwords, keys, the member's state."""

from http import HTTPStatus

from flask import (
    Blueprint,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import fields

from listings import vocabulary
from listings.registration import opinions
from marketplace.community import buyers
from marketplace.language import COOKIE, COOKIE_AGE_S, LANGUAGES
from marketplace.members import (
    keys,
    organisations,
    profiles,
    sessions,
    signing,
    users,
    verification,
)
from marketplace.members.organisations import KINDS, Organisation
from marketplace.members.passwords import PASSWORD_MAX
from marketplace.members.roles import OWNER, needs
from marketplace.members.signing import me
from marketplace.members.tables import NAME_MAX
from marketplace.members.users import EMAIL_MAX
from marketplace.security import safe_next
from marketplace.services import services
from marketplace.web.forms import Form, again, choice, read, text
from settlement import ids
from settlement.errors import NotFound

bp = Blueprint("accounts", __name__)
# Everyone but the house itself registers as one of these.
KIND_NAMES = tuple((code, name) for code, name in KINDS.items() if code != "house")


class SignInForm(Form):
    """Who comes in, and where they wanted to go."""

    email = text(EMAIL_MAX)
    password = text(PASSWORD_MAX)
    next = text(2_000, needed=False)


class ProveForm(Form):
    """The password again, and where to go then."""

    password = text(PASSWORD_MAX)
    next = text(2_000, needed=False)


class SignUpForm(Form):
    """An organisation and its first user."""

    kind = choice(code for code, _ in KIND_NAMES)
    name_zh = text(NAME_MAX, needed=False)
    name_en = text(NAME_MAX, needed=False)
    credit_code = text(18, needed=False)
    region = text(12)
    representative = text(NAME_MAX, needed=False)
    address = text(profiles.ADDRESS_MAX, needed=False)
    trades = fields.List(choice(("vendor", "buyer")))
    assesses = fields.List(choice(opinions.KINDS))
    name = text(NAME_MAX)
    email = text(EMAIL_MAX)
    password = text(PASSWORD_MAX)

    def organisation(self, values: dict[str, str]) -> Organisation:
        """Return the organisation in checked *values*."""
        return Organisation(
            values["kind"],
            values["name_zh"],
            values["name_en"],
            values["credit_code"] or None,
            values["region"],
            vendor="vendor" in values["trades"],
            buyer="buyer" in values["trades"],
            assesses=tuple(values["assesses"]),
            representative=values["representative"],
            address=values["address"],
        )


class PasswordForm(Form):
    """The old password and the new one."""

    old = text(PASSWORD_MAX)
    new = text(PASSWORD_MAX)


class KeyForm(Form):
    """A name for a key and what it may do."""

    name = text(NAME_MAX)
    scopes = fields.List(choice(keys.SCOPES))


@bp.get("/signin")
def sign_in() -> ResponseReturnValue:
    """Show the sign-in form."""
    return render_template("accounts/sign_in.html", next=request.values.get("next", ""))


@bp.post("/signin")
@again(sign_in)
def start_session() -> ResponseReturnValue:
    """Sign in and go where the visitor wanted to go."""
    typed = read(SignInForm())
    signing.sign_in(typed["email"], typed["password"])
    return redirect(safe_next(typed["next"]), HTTPStatus.SEE_OTHER)


@bp.post("/signout")
def sign_out() -> ResponseReturnValue:
    """End this browser's session."""
    signing.sign_out()
    flash(gettext("You are signed out."), "success")
    return redirect(url_for("home.show"), HTTPStatus.SEE_OTHER)


@bp.post("/signout/everywhere")
@needs()
def sign_out_everywhere() -> ResponseReturnValue:
    """End every session of the user."""
    ended = signing.sign_out_everywhere()
    flash(gettext("Sessions ended: %(number)s.", number=ended), "success")
    return redirect(url_for(".sign_in"), HTTPStatus.SEE_OTHER)


@bp.get("/signup")
def sign_up() -> ResponseReturnValue:
    """Show the form for a new member."""
    return render_template(
        "accounts/sign_up.html", kinds=KIND_NAMES, regions=vocabulary.regions()
    )


@bp.post("/signup")
@again(sign_up)
def join() -> ResponseReturnValue:
    """Register an organisation with its first user and hand it in for verification."""
    form = SignUpForm()
    typed = read(form)
    member, user = signing.sign_up(
        form.organisation(typed), typed["email"], typed["name"], typed["password"]
    )
    with services().writes.begin() as db:
        verification.submit(db, member, user)
    flash(gettext("Welcome. Your organisation is now being verified."), "success")
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)


@bp.get("/account")
@needs()
def show(secret: str = "") -> ResponseReturnValue:
    """Show the user, the member and how far its verification is, keys and sessions."""
    user = me()
    with services().reads.connect() as db:
        return render_template(
            "accounts/account.html",
            member=organisations.get(db, user.member),
            history=organisations.history(db, user.member),
            profile_request=profiles.newest(db, user.member),
            standing=buyers.standing(db, user.member),
            profile_at_once=profiles.AT_ONCE,
            colleagues=users.of_member(db, user.member),
            keys=keys.of_member(db, user.member),
            sessions=sessions.of_user(db, user.id),
            scopes=tuple(keys.SCOPES),
            secret=secret,
        )


@bp.post("/account/verification")
@needs(OWNER)
@again(show)
def hand_in() -> ResponseReturnValue:
    """Hand the member in for verification (again)."""
    with services().writes.begin() as db:
        verification.submit(db, me().member, me().id)
    flash(gettext("Handed in for verification."), "success")
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)


@bp.get("/account/prove")
@needs()
def show_prove() -> ResponseReturnValue:
    """Ask for the password again, before an outgoing step."""
    wanted = safe_next(request.values.get("next"))
    return render_template("accounts/prove.html", next=wanted)


@bp.post("/account/prove")
@needs()
@again(show_prove)
def prove() -> ResponseReturnValue:
    """Take the password again and go back."""
    typed = read(ProveForm())
    signing.prove(typed["password"])
    return redirect(safe_next(typed["next"]), HTTPStatus.SEE_OTHER)


@bp.post("/account/password")
@needs()
@again(show)
def change_password() -> ResponseReturnValue:
    """Change the password; every other session ends."""
    typed = read(PasswordForm())
    signing.change_password(typed["old"], typed["new"])
    flash(gettext("The password is changed; all other sessions ended."), "success")
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)


@bp.post("/account/keys")
@needs()
@again(show)
def create_key() -> ResponseReturnValue:
    """Make an API key and show its secret, this once."""
    typed = read(KeyForm())
    with services().writes.begin() as db:
        key = keys.create(db, me(), typed["name"], typed["scopes"])
    return make_response(show(secret=key.secret), HTTPStatus.CREATED)


@bp.post("/account/keys/<key>/rotate")
@needs()
@again(show)
def rotate_key(key: str) -> ResponseReturnValue:
    """Make an API key in place of another, which goes on for a day."""
    with services().writes.begin() as db:
        made = keys.rotate(db, me(), ids.decode("key", key))
    return make_response(show(secret=made.secret), HTTPStatus.CREATED)


@bp.post("/account/keys/<key>/revoke")
@needs()
def revoke_key(key: str) -> ResponseReturnValue:
    """End an API key at once."""
    with services().writes.begin() as db:
        keys.revoke(db, me().member, ids.decode("key", key))
    flash(gettext("The key is revoked."), "success")
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)


@bp.post("/language/<code>")
def choose_language(code: str) -> ResponseReturnValue:
    """Remember the visitor's language, in a cookie and with the user."""
    if code not in LANGUAGES:
        raise NotFound("language", code[:10])
    if me().is_authenticated:
        with services().writes.begin() as db:
            users.set_locale(db, me().id, code)
    answer = make_response(
        redirect(safe_next(request.form.get("next")), HTTPStatus.SEE_OTHER)
    )
    secure = services().config.secure_cookies
    answer.set_cookie(COOKIE, code, COOKIE_AGE_S, secure=secure, samesite="Lax")
    return answer
