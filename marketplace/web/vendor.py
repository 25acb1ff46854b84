"""The vendor's desk: my products and their states, prices, orders, income."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection

from listings import (
    admission,
    catalogue,
    dictionary,
    fetches,
    instruments,
    licences,
    products,
    releases,
)
from listings.marking import N_
from listings.quality import declared, drift, reports
from listings.registration import attachments, declaration, opinions, waiting
from listings.registration.attachments import OF_VENDOR
from listings.standard import ALL
from listings.vocabulary import CLASSES, INDUSTRIES, MODES, SECTORS, UPDATES, regions
from marketplace.admission import act
from marketplace.evidence import case
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.receiving import receive
from marketplace.services import services
from marketplace.trading import reads
from marketplace.web import drafts
from marketplace.web.arrivals import arrived
from marketplace.web.drafts import ReleaseForm, UnitForm, VersionForm
from marketplace.web.forms import Form, again, read, text
from marketplace.web.layout import before, place
from marketplace.web.menu import menu
from settlement import ids, statements
from settlement.money import CURRENCIES

bp = Blueprint("vendor", __name__, url_prefix="/vendor")
TRADES_SHOWN = 10
PRODUCTS_SHOWN = 15
OFFERS_SHOWN = 10


class ReasonForm(Form):
    """Why something ends."""

    reason = text(admission.REASON_MAX)


@bp.get("/")
@needs("vendor")
def show() -> ResponseReturnValue:
    """Show the vendor's products, waiting offers, sales and income."""
    vendor = me().member
    with services().reads.connect() as db:
        found = catalogue.products_of(db, vendor, before(), limit=PRODUCTS_SHOWN)
        income = statements.income_of(db, vendor)
        trades = reads.trades_of(db, vendor, limit=TRADES_SHOWN)
        return render_template(
            "vendor/desk.html",
            products=found,
            before=found[-1].id if len(found) == PRODUCTS_SHOWN else None,
            units=instruments.of_products(db, [product.id for product in found]),
            offers=reads.offers_of(db, vendor, place("offers"), OFFERS_SHOWN),
            income=income,
            known=catalogue.traded(db, [line.instrument for line in income]),
            sales=[row for row in trades.rows if row.side == "sell"],
        )


@bp.get("/products/<product>")
@needs("vendor")
def edit(product: str) -> ResponseReturnValue:
    """Show a product of the vendor: facts, prices, releases, history, next step."""
    number = ids.decode("product", product)
    with services().reads.connect() as db:
        return render_template("vendor/product.html", **details(db, number))


def details(db: Connection, number: int) -> dict[str, Any]:
    """Return what the pages of a product of the vendor's show; else NotFound."""
    found = catalogue.product(db, number, me().member)
    row = products.find(db, number)
    units = catalogue.instruments_of(db, number)
    numbers = [unit.id for unit in units]
    reviewed = found.state == "in_review"
    return {
        "product": found,
        "values": drafts.values(products.facts_of(row)),
        "version": row.version,
        "units": units,
        "posted": reads.posted_prices(db, numbers),
        "best": reads.best(db, numbers),
        "releases": _releases(db, number),
        "reviews": catalogue.reviews_of(db, number),
        "lacking": admission.problems(db, row),
        "licences": licences.available(db, me().member, ALL),
        "evidence": case(db, number),
        "able": {kind: organisations.assessors(db, kind) for kind in opinions.KINDS},
        "fees": statements.fees(db),
        "columns": _columns(db, number, products.facts_of(row)),
        "menu": menu(db, units, products.facts_of(row).extra),
        "ahead": waiting.ahead(db, number) if reviewed else None,
        "measured": waiting.measured(db),
        "review_days": services().config.review_days,
        **choices(),
    }


def _releases(db: Connection, number: int) -> list[tuple[Any, ...]]:
    """Return each release: files, examinations, fetches, and what moved in it."""
    found = [
        (
            release,
            catalogue.files_of(db, release.id),
            reports.of_release(db, release.id),
            fetches.of_release(db, release.id),
        )
        for release in catalogue.releases_of(db, number)
    ]
    tables = [
        [table for one in examined.values() for table in one.tables]
        for _, _, examined, _ in found
    ]
    made = []
    for at, (release, *rest) in enumerate(found):
        older = range(at + 1, len(found))
        former = next((n for n in older if found[n][0].finalised_us), None)
        moved = drift.drift(tables[former], tables[at]) if former is not None else []
        made.append((release, *rest, moved))
    return made


def _columns(db: Connection, number: int, facts: products.Facts) -> dict[str, Any]:
    """Return the columns in which the dictionary and the newest release differ."""
    computed = declared.columns_of_newest(db, number, facts.dictionary)
    lines = dictionary.lines(facts.dictionary, computed)
    return {
        "gone": [line.name for line in lines if line.is_gone],
        "added": [line.name for line in lines if not line.said],
    }


def choices() -> dict[str, Any]:
    """Return what the fields of a product may be chosen from."""
    return {
        "classes": CLASSES,
        "sectors": SECTORS,
        "industries": INDUSTRIES,
        "regions": regions(),
        "updates": UPDATES,
        "modes": MODES,
        "routes": declaration.ROUTES,
        "sensitivities": declaration.SENSITIVITIES,
        "personal": declaration.PERSONAL,
        "rights": declaration.RIGHTS,
        "cells": declaration.CELLS,
        "attachment_kinds": {kind: attachments.KINDS[kind] for kind in OF_VENDOR},
        "opinion_kinds": opinions.KINDS,
        "currencies": [(currency.asset, currency.code) for currency in CURRENCIES],
    }


def to(number: int, anchor: str = "") -> ResponseReturnValue:
    """Lead back to where a form stood: a step of the wizard, or the product's page."""
    product, step = ids.encode("product", number), request.form.get("step", "")
    if step.isascii() and step.isdigit() and len(step) == 1:
        address = url_for("vendor.step", product=product, number=int(step))
    else:
        address = url_for("vendor.edit", product=product)
    return redirect(f"{address}{anchor}", HTTPStatus.SEE_OTHER)


@bp.post("/products/<product>")
@needs("vendor")
@again(edit)
def save(product: str) -> ResponseReturnValue:
    """Save the facts; those of a registered product are handed in for review."""
    number, version = mine(product), read(VersionForm())["version"]
    with services().writes.begin() as db:
        row = products.find(db, number)
        facts = drafts.changed(products.facts_of(row), request.form)
        admission.revise(db, number, facts, version, me())
    flash(gettext("Saved."), "success")
    return to(number)


@bp.post("/products/<product>/submit")
@needs("vendor")
@again(edit)
def submit(product: str) -> ResponseReturnValue:
    """Hand the product in for review."""
    number = mine(product)
    act(services(), number, "submit", me())
    flash(
        gettext("Submitted. A registrar reviews it; remarks appear at the fields."),
        "success",
    )
    return to(number)


@bp.post("/products/<product>/instruments")
@needs("vendor")
@again(edit)
def add_unit(product: str) -> ResponseReturnValue:
    """Add an instrument: a licence and a unit under a symbol."""
    number, typed = mine(product), read(UnitForm())
    with services().writes.begin() as db:
        instruments.add(db, number, drafts.unit(db, typed, me().member))
    flash(gettext("Added: %(symbol)s.", symbol=typed["symbol"].upper()), "success")
    return to(number)


@bp.post("/products/<product>/releases")
@needs("vendor")
@again(edit)
def release(product: str) -> ResponseReturnValue:
    """Store uploaded files, fetch others, as a release; finalise it if they permit."""
    from marketplace.web.quality import finish_if_whole  # adds views to this area

    number, typed = mine(product), read(ReleaseForm())

    def begin(db: Connection) -> int:
        return releases.begin(db, number, **typed)

    return finish_if_whole(receive(services(), me().id, begin, *arrived()).release)


# What a vendor may do by one button, and what the page says then.
BUTTONS = {
    "publish": N_("Published: it is on the market."),
    "request": N_("Asked again for admission."),
    "renew": N_("Handed in for renewal."),
}


@bp.post("/products/<product>/<any(publish, request, renew):event>")
@needs("vendor")
@again(edit)
def press(product: str, event: str) -> ResponseReturnValue:
    """Publish an admitted product, ask again for admission, or renew."""
    number = mine(product)
    act(services(), number, event, me())
    flash(gettext(BUTTONS[event]), "success")
    return to(number)


@bp.post("/products/<product>/delist")
@needs("vendor")
@again(edit)
def delist(product: str) -> ResponseReturnValue:
    """Take the vendor's own product off the market; rights stay."""
    number, reason = mine(product), read(ReasonForm())["reason"]
    act(services(), number, "delist", me(), reason)
    flash(gettext("Delisted. Rights already sold stay."), "success")
    return to(number)


def mine(product: str) -> int:
    """Return the number of a product of the vendor's; NotFound if it is another's."""
    with services().reads.connect() as db:
        number = ids.decode("product", product)
        return catalogue.product(db, number, me().member).id
