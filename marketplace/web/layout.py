"""What every page has: its sections, its place in the site, pages of older rows."""

import secrets
from urllib.parse import urlsplit

from flask import Flask, current_app, request, url_for
from flask_babel import gettext, ngettext
from flask_login import current_user

from marketplace.security import safe_next
from marketplace.services import services
from settlement import clock
from settlement.errors import NotFound

IDENTITY_MAX = 2**63 - 1
IDENTITY_DIGITS = len(str(IDENTITY_MAX))
ZONE_US = 8 * clock.HOUR_US  # China keeps one time, without summer time


def sections() -> list[tuple[str, str]]:
    """Return the sections that the visitor may enter: endpoint and name."""
    found = [
        ("home.show", gettext("Home")),
        ("search.show", gettext("Market")),
        ("contests.show", gettext("Auctions")),
        ("demands.show", gettext("Demands")),
    ]
    if current_user.is_authenticated and not current_user.is_staff:
        found += [
            ("orders.show", gettext("My orders")),
            ("rights.show", gettext("My rights")),
            ("cash.show", gettext("My cash")),
        ]
        if "vendor" in current_user.roles:
            found.append(("vendor.show", gettext("Vendor's desk")))
        if "assessor" in current_user.roles:
            found.append(("assessments.show", gettext("Assessments")))
    if current_user.is_authenticated and current_user.is_staff:
        found.append(("staff.show", gettext("Staff desk")))
    found.append(("statistics.show", gettext("Statistics")))
    return [*found, ("help.show", gettext("Help"))]


def here() -> str:
    """Return the address to come back to after signing in or changing the language.

    A form that was refused is shown at its own address; if nobody can go there, back
    to the page that it was on.
    """
    if request.blueprint == "accounts":
        return "/"
    if request.method == "GET" or _can_be_visited():
        return request.full_path.rstrip("?")
    came_from = urlsplit(request.referrer or "")
    if came_from.netloc != request.host:
        return "/"
    return safe_next(came_from._replace(scheme="", netloc="", fragment="").geturl())


def _can_be_visited() -> bool:
    urls = current_app.create_url_adapter(request)
    return urls is not None and urls.test(method="GET")


def with_args(**changed: object) -> str:
    """Return this page's address with some arguments of the query changed or gone."""
    args = {**request.args.to_dict(flat=False), **(request.view_args or {})}
    assert request.endpoint
    kept = {
        name: value for name, value in (args | changed).items() if value is not None
    }
    return url_for(request.endpoint, **kept)


def without(name: str, value: str) -> str:
    """Return this page's address without one value of one argument, at its start."""
    left = [other for other in request.args.getlist(name) if other != value]
    return with_args(**{name: left, "page": None})


def before() -> int | None:
    """Return the key that this page of older rows starts before; NotFound if odd."""
    return place("before")


def place(name: str) -> int | None:
    """Return the key in the argument *name* that a page starts at; NotFound if odd."""
    asked = request.args.get(name, "")
    if not asked:
        return None
    plain = asked.isascii() and asked.isdigit() and len(asked) <= IDENTITY_DIGITS
    if not plain or int(asked) > IDENTITY_MAX:
        raise NotFound("page", asked[:40])
    return int(asked)


def midnight_us(days: int = 0) -> int:
    """Return when the exchange's day began, or that of *days* ago, in microseconds."""
    now_us = clock.now_us() + ZONE_US
    return now_us - now_us % clock.DAY_US - ZONE_US - days * clock.DAY_US


def age(since_us: int) -> str:
    """Return how long ago a moment was, in the largest unit."""
    return span(clock.now_us() - since_us)


def span(length_us: int) -> str:
    """Return a length of time in the largest unit."""
    hours = length_us // clock.HOUR_US
    if hours < 1:
        minutes = length_us // (clock.HOUR_US // 60)
        return str(ngettext("%(num)s minute", "%(num)s minutes", minutes))
    if hours < 48:
        return str(ngettext("%(num)s hour", "%(num)s hours", hours))
    return str(ngettext("%(num)s day", "%(num)s days", hours // 24))


def left(until_us: int) -> str:
    """Return how long it is until a moment, in one unit; nothing once it is over."""
    seconds = max(0, until_us - clock.now_us()) // clock.SECOND_US
    if seconds >= 2 * 86_400:
        return str(ngettext("%(num)s day", "%(num)s days", seconds // 86_400))
    if seconds >= 2 * 3_600:
        return str(ngettext("%(num)s hour", "%(num)s hours", seconds // 3_600))
    if seconds >= 120:
        return str(ngettext("%(num)s minute", "%(num)s minutes", seconds // 60))
    return str(ngettext("%(num)s second", "%(num)s seconds", seconds))


def opened(text: object) -> str | None:
    """Return what a person wrote into a record, or that nobody can read it now."""
    if text is None:
        return None
    said = services().texts.open(str(text))
    return str(gettext("(no longer readable)")) if said is None else said


def new_key() -> str:
    """Return a fresh idempotency key for a form: pressing twice does it once."""
    return secrets.token_urlsafe(18)


def init_app(app: Flask) -> None:
    """Give templates the functions of this module."""
    app.jinja_env.filters["opened"] = opened
    app.jinja_env.filters["age"] = age
    app.jinja_env.filters["span"] = span
    app.jinja_env.filters["left"] = left
    for answer in (sections, here, with_args, without, new_key):
        app.jinja_env.globals[answer.__name__] = answer
