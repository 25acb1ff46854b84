"""The staff's register of authorised operation: who, what, and at most for how much."""

from http import HTTPStatus
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import catalogue, publicdata
from listings.publicdata import (
    MODES,
    RESOURCES_MAX,
    SOURCE_KINDS,
    TEXT_MAX,
    USE_CLASSES,
    Authorisation,
    Classed,
)
from marketplace.admission import tell_market
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web.forms import Form, again, amount, choice, read, text
from marketplace.web.staff import bp
from settlement import ids


class AuthorisationForm(Form):
    """What an agreement on authorised operation says."""

    mode = choice(MODES)
    scope = text(TEXT_MAX, needed=False)
    source_kind = choice(SOURCE_KINDS)
    source_body = text(TEXT_MAX)
    granting_body = text(TEXT_MAX)
    implementing_body = text(TEXT_MAX)
    operator = text(TEXT_MAX)
    primary_developer = text(TEXT_MAX, needed=False)
    secondary_developer = text(TEXT_MAX, needed=False)
    resources = text(RESOURCES_MAX)
    from_day = text(10)
    until_day = text(10)


@bp.get("/public-data")
@needs(*STAFF)
def public_data() -> ResponseReturnValue:
    """Show the register, and the form for a new authorisation."""
    with services().reads.connect() as db:
        return render_template(
            "staff/public_data.html",
            rows=publicdata.every(db),
            modes=MODES,
            kinds=SOURCE_KINDS,
        )


@bp.post("/public-data")
@needs("registrar")
@again(public_data)
def register() -> ResponseReturnValue:
    """Enter an authorisation."""
    facts = Authorisation(**read(AuthorisationForm()))
    with services().writes.begin() as db:
        number = publicdata.register(db, facts, me().id)
    flash(gettext("Entered. Name the products under it next."), "success")
    return _to(number)


@bp.get("/public-data/<authorisation>")
@needs(*STAFF)
def authorisation(authorisation: str) -> ResponseReturnValue:
    """Show one authorisation, its products, and the one to be put under it."""
    number = ids.decode("authorisation", authorisation)
    with services().reads.connect() as db:
        found = publicdata.get(db, number)
        under = publicdata.products_under(db, number)
        chosen = _chosen(db)
        return render_template(
            "staff/authorisation.html",
            row=found,
            products=catalogue.summaries(db, under),
            chosen=chosen,
            units=catalogue.instruments_of(db, chosen.id) if chosen else [],
            modes=MODES,
            kinds=SOURCE_KINDS,
            classes=USE_CLASSES,
        )


@bp.post("/public-data/<authorisation>")
@needs("registrar")
@again(authorisation)
def classify(authorisation: str) -> ResponseReturnValue:
    """Put a product under the authorisation; class and cap its instruments."""
    number = ids.decode("authorisation", authorisation)
    product = ids.decode("product", request.form.get("product", ""))
    with services().reads.connect() as db:
        classed = {
            unit.id: _classed(ids.encode("instrument", unit.id), unit.currency_code)
            for unit in catalogue.instruments_of(db, product)
        }
    with services().writes.begin() as db:
        publicdata.classify(db, product, number, classed, me().id)
    tell_market(services(), product, me().id)
    flash(gettext("The ceilings are in force; what waited above them is cancelled."))
    return _to(number)


def _classed(unit: str, currency: str) -> Classed:
    """Return what was typed of one instrument."""
    typed = {name: request.form.get(f"{name}-{unit}", "").strip() for name in _FIELDS}
    field = f"ceiling-{unit}"
    most = typed["ceiling"]
    ceiling = amount({field: most}, field, currency) if most else None
    return Classed(typed["use_class"], ceiling)


_FIELDS = ("use_class", "ceiling")


def _chosen(db: Any) -> Any:
    """Return the product that the address names, if any; NotFound if it is none."""
    named = request.values.get("product", "").strip()
    return catalogue.product(db, ids.decode("product", named)) if named else None


def _to(number: int) -> ResponseReturnValue:
    address = url_for(
        ".authorisation", authorisation=ids.encode("authorisation", number)
    )
    return redirect(address, HTTPStatus.SEE_OTHER)
