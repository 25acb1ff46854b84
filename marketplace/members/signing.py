"""Signing in and out: the one place where browsers and keys become users."""

from collections.abc import Callable
from contextlib import suppress

from flask import Flask, g, request, session
from flask_login import LoginManager, current_user, login_user, logout_user
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from marketplace import limits
from marketplace.members import keys, sessions, users
from marketplace.members.organisations import Organisation
from marketplace.members.roles import PasswordNeeded
from marketplace.members.users import NOBODY, User, WrongSignIn
from marketplace.security import is_api
from marketplace.services import services
from settlement.errors import Forbidden

BEARER = "Bearer "
OTHER_TOKENS = ("delta-sharing", "seats")  # blueprints with bearer tokens of their own


def init_app(app: Flask) -> None:
    """Let Flask-Login find the user: by session on pages, by key under the API."""
    login = LoginManager(app)
    # "strong" would make a bearer request that also has a cookie anonymous.
    login.session_protection = "basic"
    login.anonymous_user = lambda: NOBODY
    login.user_loader(_by_session)
    login.request_loader(_by_key)
    app.before_request(_refuse_bad_key)


def me() -> User:
    """Return the current user, or NOBODY."""
    found: User = current_user._get_current_object()  # noqa: SLF001 (Werkzeug's proxy)
    return found


def sign_in(email: str, password: str) -> User:
    """Sign the browser in and return the user.

    WrongSignIn, TooManyTries (by account and by address) or Busy otherwise. The old
    browser session is dropped, so that a fixed or stolen one is worth nothing.
    """
    limits.count("sign-in account", email.strip().lower(), limits.SIGN_IN_ACCOUNT)
    limits.count("sign-in address", request.remote_addr or "", limits.SIGN_IN_ADDRESS)
    with services().reads.connect() as db:
        user = users.find(db, email, services().passwords, password)
    return _start(user.id)


def sign_up(
    organisation: Organisation, email: str, name: str, password: str
) -> tuple[int, int]:
    """Register an organisation and its owner, sign in; return both numbers.

    Invalid names every wrong field; TooManyTries by address.
    """
    limits.count("sign-up", request.remote_addr or "", limits.SIGN_UP_ADDRESS)
    hashed = users.hashed(services().passwords, password, email)
    with services().writes.begin() as db:
        member, user = users.sign_up(db, organisation, email, name, hashed)
    _start(user)
    return member, user


def sign_out() -> None:
    """End this browser's session, here and on the server."""
    if token := me().token:
        with services().writes.begin() as db:
            sessions.revoke(db, token)
    logout_user()
    session.clear()


def sign_out_everywhere() -> int:
    """End all sessions of the user, this one too; return how many there were."""
    with services().writes.begin() as db:
        ended = sessions.revoke_all(db, me().id)
    logout_user()
    session.clear()
    return ended


def change_password(old: str, new: str) -> None:
    """Replace the password, end every session and start a new one here.

    WrongSignIn if *old* is wrong, Invalid if *new* is weak, TooManyTries.
    """
    user, passwords = me(), services().passwords
    if user.key is not None:
        raise Forbidden("session")
    limits.count("password", str(user.id), limits.PASSWORD_USER)
    with services().reads.connect() as db:
        users.find(db, user.email, passwords, old)
    hashed = users.hashed(passwords, new, user.email)
    with services().writes.begin() as db:
        users.set_password(db, user.id, hashed)
        sessions.revoke_all(db, user.id)
    _start(user.id)


def require_fresh() -> None:
    """Refuse an outgoing or correcting step unless the password was given lately.

    PasswordNeeded. A key of the API is a secret of its own, made for programs.
    """
    user = me()
    if user.key is not None or user.token is None:
        return
    with services().reads.connect() as db:
        if not sessions.is_fresh(db, user.token):
            raise PasswordNeeded


def prove(password: str) -> None:
    """Take the password again; WrongSignIn, TooManyTries."""
    user = me()
    limits.count("password", str(user.id), limits.PASSWORD_USER)
    with services().reads.connect() as db:
        users.find(db, user.email, services().passwords, password)
    if user.token is not None:
        with services().writes.begin() as db:
            sessions.prove(db, user.token)


def _start(user: int) -> User:
    with services().writes.begin() as db:
        token = sessions.start(db, user, request.user_agent.string)
        found = sessions.user_with(db, token)
    if found is None:
        raise WrongSignIn
    session.clear()
    login_user(found[0])
    return found[0]


def _by_session(token: str) -> User | None:
    if is_api():
        return None
    with services().reads.connect() as db:
        found = sessions.user_with(db, token)
    if found is None:
        return None
    user, stale = found
    if stale:
        record(lambda db: sessions.touch(db, token))
    return user


def _by_key(asked: object) -> User | None:  # noqa: ARG001 (Flask-Login hands it over)
    header = request.headers.get("Authorization", "")
    if not is_api() or request.blueprint in OTHER_TOKENS:
        return None
    if not header.startswith(BEARER):
        return None
    try:
        with services().reads.connect() as db:
            user, stale = keys.user_with(db, header.removeprefix(BEARER).strip())
    except keys.BadKey:
        g.bad_key = True  # refused before the view; the loader itself may not raise
        return None
    if stale and (key := user.key) is not None:
        record(lambda db: keys.touch(db, key))
    return user


def _refuse_bad_key() -> None:
    if is_api() and not current_user.is_authenticated and g.get("bad_key"):
        raise keys.BadKey


def record(write: Callable[[Connection], None]) -> None:
    """Write what is a courtesy: "last seen", and what a member looked at.

    A database that cannot be written still serves reads.
    """
    with suppress(OperationalError), services().writes.begin() as db:
        write(db)
