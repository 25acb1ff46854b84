"""What protects pages: headers, a strict CSP, CSRF tokens and safe redirects."""

import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from flask_wtf.csrf import CSRFProtect

from marketplace.config import BODY_MAX, FORM_MAX, FORM_PARTS_MAX, Config

API = "/api/"
HSTS_AGE_S = 365 * 24 * 3600
CSRF_AGE_S = 12 * 3600
STREAMED = frozenset({"multipart/form-data", "application/octet-stream"})
csrf = CSRFProtect()


def init_app(app: Flask, config: Config) -> None:
    """Set Flask's own limits and cookies, and the hooks of this module."""
    app.config.update(
        SECRET_KEY=config.secret_key,
        MAX_CONTENT_LENGTH=BODY_MAX,
        MAX_FORM_MEMORY_SIZE=FORM_MAX,
        MAX_FORM_PARTS=FORM_PARTS_MAX,
        TRUSTED_HOSTS=list(config.trusted_hosts),
        # A __Host- cookie is taken from https only and from no other subdomain.
        SESSION_COOKIE_NAME=("__Host-" if config.secure_cookies else "") + "session",
        SESSION_COOKIE_SECURE=config.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=CSRF_AGE_S,
    )
    csrf.init_app(app)
    app.before_request(_limit_body)
    app.before_request(_check_csrf)
    app.after_request(_headers)
    app.jinja_env.globals["csp_nonce"] = csp_nonce


def csp_nonce() -> str:
    """Return this request's nonce, for ``<script nonce="…">``."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(18)
    nonce: str = g.csp_nonce
    return nonce


def is_api() -> bool:
    """Tell whether this request is for the API, where cookies count for nothing."""
    return request.path.startswith(API)


def safe_next(target: str | None, otherwise: str = "/") -> str:
    r"""Return *target* if it is a path of this site, else *otherwise*.

    Browsers read backslashes as slashes and drop control characters, so that
    ``/\evil.example`` and ``/<tab>/evil.example`` lead elsewhere.
    """
    if not target or not target.startswith("/") or not target.isprintable():
        return otherwise
    if target.startswith(("//", "/\\")) or "\\" in target:
        return otherwise
    parts = urlsplit(target)
    return otherwise if parts.scheme or parts.netloc else target


def _limit_body() -> None:
    """Let only files, which are not kept in memory, be larger than FORM_MAX."""
    if request.mimetype not in STREAMED:
        request.max_content_length = FORM_MAX


def _check_csrf() -> None:
    # The API takes bearer keys only, which no other site can make a browser send.
    if request.endpoint and not is_api():
        csrf.protect()


def _headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _policy())
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault(
        "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"
    )
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", f"max-age={HSTS_AGE_S}")
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
    return response


def _policy() -> str:
    return (
        f"default-src 'self'; script-src 'self' 'nonce-{csp_nonce()}';"
        " style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
        " frame-ancestors 'none'; form-action 'self'"
    )
