"""The access console of a right: keys, budget, a try, use and cost, single calls."""

from collections.abc import Generator, Iterator
from http import HTTPStatus
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import catalogue
from marketplace.formatting import date
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.metering import endpoints, health, keys, reads
from marketplace.metering.calling import Caller, Wanted
from marketplace.metering.keys import NAME_MAX, Made
from marketplace.metering.server import CALLER, PATH
from marketplace.services import services
from marketplace.trading.using import SetBudget
from marketplace.web.forms import Form, again, amount, choice, read, text
from marketplace.web.layout import before
from marketplace.web.rights import bp
from settlement import ids, statements

SHOWN_MAX = 4_000  # characters of an answer
PATH_MAX = 500


class KeyForm(Form):
    """A key to be made."""

    name = text(NAME_MAX)
    kind = choice(("secret", "signed"))
    test = text(1, needed=False)
    addresses = text(2_000, needed=False)


class BudgetForm(Form):
    """What may still be spent."""

    amount = text(24)


class TryForm(Form):
    """What to ask of the sandbox."""

    query = text(PATH_MAX, needed=False)


@bp.get("/<entitlement>/service")
@needs()
def service(entitlement: str) -> ResponseReturnValue:
    """Show how a right's service is called, and what it was used for."""
    return _page(entitlement)


@bp.post("/<entitlement>/service/keys")
@needs("buyer")
@again(service)
def make_key(entitlement: str) -> ResponseReturnValue:
    """Make a key and show its secret, this once."""
    typed = read(KeyForm())
    parts, number = services(), ids.decode("entitlement", entitlement)
    with parts.writes.begin() as db:
        made = keys.create(
            *(db, parts.vault, me(), number, typed["name"], typed["kind"]),
            typed["addresses"],
            test=bool(typed["test"]),
        )
    return _page(entitlement, made=made)


@bp.post("/<entitlement>/service/keys/<key>/rotate")
@needs("buyer")
@again(service)
def rotate_key(entitlement: str, key: str) -> ResponseReturnValue:
    """Make a key in place of another, which goes on for a day."""
    parts = services()
    with parts.writes.begin() as db:
        made = keys.rotate(db, parts.vault, me(), ids.decode("service_key", key))
    return _page(entitlement, made=made)


@bp.post("/<entitlement>/service/keys/<key>/revoke")
@needs("buyer")
@again(service)
def revoke_key(entitlement: str, key: str) -> ResponseReturnValue:
    """End a key at once."""
    with services().writes.begin() as db:
        keys.revoke(db, me(), ids.decode("service_key", key))
    flash(gettext("The key is revoked."), "success")
    return _back(entitlement)


@bp.post("/<entitlement>/service/budget")
@needs("buyer")
@again(service)
def budget(entitlement: str) -> ResponseReturnValue:
    """Set aside what may still be spent on the use of a right."""
    number, typed = ids.decode("entitlement", entitlement), read(BudgetForm())
    with services().reads.connect() as db:
        right = statements.entitlement(db, number, me().member)
        code = statements.terms(db, right.terms)["currency"]
    minor = amount(typed, "amount", code)
    services().gateway.submit(SetBudget(me().id, me().member, number, minor))
    flash(gettext("Set aside. Calls beyond it are refused."), "success")
    return _back(entitlement)


@bp.post("/<entitlement>/service/try")
@needs("buyer")
@again(service)
def try_service(entitlement: str) -> ResponseReturnValue:
    """Ask the sandbox, or see the listing's sample; it counts for nothing."""
    path = read(TryForm())["query"]
    number = ids.decode("entitlement", entitlement)
    with services().reads.connect() as db:
        statements.entitlement(db, number, me().member)
        living = keys.of_right(db, number)
    if not living:
        flash(gettext("Make a key first."), "warning")
        return _back(entitlement)
    caller: Caller = current_app.extensions[CALLER]
    wanted = Wanted("GET", path.lstrip("/"), {"Accept": "application/json"}, b"")
    given = caller.rehearse(number, living[0].prefix, wanted)
    body = _beginning(given.pieces, SHOWN_MAX * 4)
    said = {"status": given.status, "text": body.decode("utf-8", "replace")[:SHOWN_MAX]}
    return _page(entitlement, tried=said | {"path": path})


def _beginning(pieces: Iterator[bytes], most: int) -> bytes:
    """Return the first *most* bytes of an answer, and read no more of it."""
    taken = b""
    for piece in pieces:
        taken += piece
        if len(taken) >= most:
            break
    if isinstance(pieces, Generator):
        pieces.close()
    return taken[:most]


def _back(entitlement: str) -> ResponseReturnValue:
    there = url_for("rights.service", entitlement=entitlement)
    return redirect(there, HTTPStatus.SEE_OTHER)


def _page(
    entitlement: str, made: Made | None = None, tried: dict[str, Any] | None = None
) -> ResponseReturnValue:
    number = ids.decode("entitlement", entitlement)
    with services().reads.connect() as db:
        right = statements.entitlement(db, number, me().member)
        terms = statements.terms(db, right.terms)
        product = ids.decode("product", terms["product"])
        days = reads.days_of(db, number)
        return render_template(
            "rights/service.html",
            right=right,
            terms=terms,
            known=catalogue.traded(db, [right.instrument]).get(right.instrument),
            tab=reads.tab(db, right),
            keys=keys.of_right(db, number),
            connected=endpoints.get(db, product),
            health=health.of_product(db, product),
            calls=reads.calls_under(db, number, before(), 20),
            lines=_chart(days) if days else None,
            days=days,
            made=made,
            tried=tried,
            address=request.url_root.rstrip("/") + PATH + entitlement + "/",
        )


def _chart(days: list[reads.Day]) -> dict[str, Any]:
    """Return the calls of each day as bars."""
    return {
        "kind": "bars",
        "title": gettext("Calls by day"),
        "places": 0,
        "labels": [date(day.at_us) for day in days],
        "series": [
            {"name": gettext("Calls made"), "values": [day.calls for day in days]},
        ],
    }
