"""Refusals and HTTP errors as answers: problem+json under /api/, a page elsewhere."""

import re
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

import structlog
from flask import (
    Flask,
    Response,
    g,
    jsonify,
    redirect,
    render_template,
    request,
)
from flask_babel import gettext
from flask_limiter.errors import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from markupsafe import escape
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answer

from listings.marking import N_
from marketplace.approvals.desk import ApprovalAwaited
from marketplace.language import language, translated_within
from marketplace.members.roles import PasswordNeeded, SignInNeeded
from marketplace.security import is_api
from marketplace.statuses import status_of
from settlement import ids, money
from settlement.errors import (
    ExchangeHalted,
    Refusal,
)

log = structlog.get_logger()

SIGN_IN = "/signin"
PROVE = "/account/prove"
APPROVALS = "/approvals"
HALTED_RETRY_S = 30
TITLES = {
    400: N_("The request cannot be understood."),
    404: N_("There is no such page."),
    405: N_("This address cannot be used that way."),
    413: N_("The request is too large."),
    415: N_("This kind of content is not taken here."),
    429: N_("Too many requests; wait a while before the next one."),
    500: N_("Something went wrong on our side; it has been recorded."),
}
BARE = """<!doctype html>
<html lang="{language}"><meta charset="utf-8"><title>{title}</title>
<main><h1>{title}</h1><p>{status}</p><p><a href="/">Databourse</a></p></main></html>
"""
UNREACHABLE = N_("The exchange cannot be reached just now; try again shortly.")
FORM_EXPIRED = N_("The form has expired; go back, reload the page and try again.")


def init_app(app: Flask) -> None:
    """Answer every refusal and every HTTP error by this module."""
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(CSRFError, _csrf_failed)
    app.register_error_handler(HTTPException, failed)
    app.register_error_handler(OperationalError, _unreachable)
    app.register_error_handler(Exception, _broken)


def facts_of(refusal: Refusal) -> dict[str, Any]:
    """Return the facts of *refusal* with public ids in place of our numbers."""
    return {name: _public(name, fact) for name, fact in refusal.facts().items()}


def _public(name: str, fact: Any) -> Any:
    if name in ids.KINDS and type(fact) is int and fact >= 0:
        return ids.encode(name, fact)
    if name == "asset" and str(fact).isdigit():  # a right, or money by its number
        currency = money.BY_ASSET.get(int(fact))
        return currency.code if currency else ids.encode("instrument", int(fact))
    return fact


def refused(refusal: Refusal) -> Answer:
    """Answer a refusal; pages send visitors who are not signed in to sign in."""
    g.refusal = refusal.code
    if isinstance(refusal, SignInNeeded) and not is_api():
        there = request.full_path.rstrip("?") if request.method == "GET" else "/"
        return redirect(f"{SIGN_IN}?{urlencode({'next': there})}", HTTPStatus.SEE_OTHER)
    if isinstance(refusal, PasswordNeeded) and not is_api():
        there = urlsplit(request.referrer or "").path or "/"
        asked = urlencode({"next": there})
        return redirect(f"{PROVE}?{asked}", HTTPStatus.SEE_OTHER)
    if isinstance(refusal, ApprovalAwaited) and not is_api():
        there = ids.encode("approval", refusal.approval)
        return redirect(f"{APPROVALS}/{there}", HTTPStatus.SEE_OTHER)
    facts = facts_of(refusal)
    answer = _answer(status_of(refusal), refusal.code, refusal.title(), facts)
    if "retry_after_s" in facts:
        answer.headers["Retry-After"] = str(facts["retry_after_s"])
    if isinstance(refusal, ExchangeHalted):
        answer.headers["Retry-After"] = str(HALTED_RETRY_S)
    if answer.status_code == HTTPStatus.UNAUTHORIZED and is_api():
        answer.headers["WWW-Authenticate"] = 'Bearer realm="databourse"'
    return answer


def failed(error: HTTPException) -> Answer:
    """Answer an HTTP error with its own headers (Allow, Retry-After) kept."""
    if error.response is not None:  # an answer made on purpose, such as a redirect
        return error.response  # type: ignore[return-value]
    status = HTTPStatus(error.code or 500)
    title = TITLES.get(status, status.phrase)
    code = re.sub(r"[^a-z]+", "_", status.phrase.lower())
    answer = _answer(status, code, title, getattr(error, "data", None) or {})
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            answer.headers[name] = value
    if isinstance(error, RateLimitExceeded):
        answer.headers["Retry-After"] = str(error.limit.limit.get_expiry())
    return answer


def problem(status: int, code: str, title: str, facts: dict[str, Any]) -> Response:
    """Return an RFC 9457 problem document."""
    said = {"type": f"/problems/{code}", "title": title, "status": int(status)}
    answer = jsonify(facts | said | {"code": code})
    answer.status_code = int(status)
    answer.content_type = "application/problem+json"
    return answer


def _answer(status: int, code: str, title: str, facts: dict[str, Any]) -> Response:
    said = str(gettext(title))
    if is_api():
        if "problems" in facts:  # pages translate them where they show them
            facts = facts | {"problems": translated_within(facts["problems"])}
        return problem(status, code, said, facts)
    return Response(_page(int(status), code, said, facts), int(status))


def _page(status: int, code: str, said: str, facts: dict[str, Any]) -> str:
    """Return the page of an error, a bare one if the error keeps pages from drawing."""
    try:
        return render_template(
            "errors/refusal.html", status=status, code=code, title=said, facts=facts
        )
    except Exception:  # whatever it is, the visitor must still be told
        log.exception("errors.page_failed")
        return BARE.format(language=language(), title=escape(said), status=status)


def _csrf_failed(_error: CSRFError) -> Answer:
    g.refusal = "form_expired"
    return _answer(HTTPStatus.BAD_REQUEST, "form_expired", FORM_EXPIRED, {})


def _unreachable(error: OperationalError) -> Answer:
    log.error("errors.database", exc_info=error)
    unavailable = HTTPStatus.SERVICE_UNAVAILABLE
    answer = _answer(unavailable, "unreachable", UNREACHABLE, {})
    answer.headers["Retry-After"] = str(HALTED_RETRY_S)
    return answer


def _broken(error: Exception) -> Answer:
    log.error("broken", exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return _answer(status, "internal_server_error", TITLES[500], {})
