"""Which language the visitor reads: chosen, remembered, or asked for by the browser."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, g, has_request_context, request
from flask_babel import Babel, gettext
from flask_login import current_user
from jinja2 import pass_context
from jinja2.runtime import Context
from sqlalchemy.exc import SQLAlchemyError

from marketplace.security import is_api

LANGUAGES = ("zh", "en")
DEFAULT_LANGUAGE = "zh"
COOKIE = "language"
COOKIE_AGE_S = 365 * 24 * 3600
TIMEZONE = "Asia/Shanghai"


def init_app(app: Flask) -> None:
    """Let Babel ask `language`, and give templates what they need of it."""
    app.config["BABEL_DEFAULT_LOCALE"] = DEFAULT_LANGUAGE
    app.config["BABEL_DEFAULT_TIMEZONE"] = TIMEZONE
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    Babel(app, locale_selector=language)
    app.jinja_env.globals["language"] = language
    app.jinja_env.globals["languages"] = LANGUAGES
    app.jinja_env.filters["bilingual"] = bilingual
    app.jinja_env.filters["translated"] = per_visitor(translated)


def language() -> str:
    """Return ``zh`` or ``en``: the cookie's, the user's, the browser's, else zh.

    Under the API, where cookies count for nothing, only Accept-Language is asked.
    """
    if not has_request_context():
        return DEFAULT_LANGUAGE
    if "language" not in g:
        g.language = _chosen()
    found: str = g.language
    return found


def _chosen() -> str:
    if not is_api():
        for choose in (_remembered, _of_the_user):
            if (choice := choose()) in LANGUAGES:
                return choice
    return request.accept_languages.best_match(LANGUAGES) or DEFAULT_LANGUAGE


def _remembered() -> str:
    return request.cookies.get(COOKIE, "")


def _of_the_user() -> str:
    try:
        return str(current_user.locale)
    except SQLAlchemyError:  # even the page that says so has to be in some language
        return ""


def per_visitor(answer: Callable[..., str]) -> Callable[..., str]:
    """Return *answer* as a filter that is asked anew on every page.

    Jinja answers a filter of constants, such as ``"buyer" | word("role")``, while it
    compiles the template: all later visitors would read the first one's language.
    """

    @pass_context
    @wraps(answer)
    def ask(_context: Context, *args: object, **options: object) -> str:
        return answer(*args, **options)

    return ask


def bilingual(row: object, field: str) -> str:
    """Return ``field_zh`` or ``field_en`` of *row*, the other one when it is empty."""
    asked = language()
    other = "en" if asked == "zh" else "zh"
    return str(getattr(row, f"{field}_{asked}") or getattr(row, f"{field}_{other}"))


def translated(text: str) -> str:
    """Return *text*, marked elsewhere with `N_`, in the visitor's language."""
    return str(gettext(text)) if text else ""


def translated_within(problems: Any) -> Any:
    """Return *problems*, texts by names and places, with every text translated."""
    if isinstance(problems, dict):
        return {name: translated_within(part) for name, part in problems.items()}
    if isinstance(problems, list):
        return [translated_within(part) for part in problems]
    return translated(problems) if isinstance(problems, str) else problems
