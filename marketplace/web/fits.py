"""Compare before you buy: the buyer's page of a product, and the vendor's settings."""

from http import HTTPStatus

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import catalogue
from listings.fitting import settings
from listings.fitting.settings import KEYS_MAX, Comparable
from listings.marking import N_
from listings.quality.preparation import NotTabular
from marketplace.delivery import fits, roomsettings
from marketplace.delivery.fits import DAY_MAX, KEYS_MIN, UPLOAD_MAX, Brought, Fit
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web import listings, vendor
from marketplace.web.forms import Form, again, read, text
from marketplace.web.layout import before
from settlement import ids

# Figure → what it says; and the codes of why there is none.
FIGURES = {
    "overlap": N_("Of the offered keys, you have already"),
    "match": N_("Of your keys, the offered data has"),
    "coverage": N_("Of the keys on both sides, the measure is filled for"),
    "explained": N_("Of your target, the measure explains (R²)"),
}
REASONS = {
    "too_few": N_("On one side there are too few different keys to tell anything."),
    "too_few_pairs": N_("Too few keys are on both sides to tell that."),
    "no_column": N_("A column with this name is not there."),
    "no_number": N_("The measure or the target is no number."),
    "too_large": N_("That is too large to be compared."),
    "too_slow": N_("That took too long to be compared."),
    "no_table": N_("There is no table in this file."),
    "unanswered": N_("The comparison broke off."),
}
OTHERWISE = N_("This cannot be read as a table.")


class ComparableForm(Form):
    """What a vendor lets buyers compare, columns separated by commas."""

    table = text(200)
    keys = text(800)
    measures = text(4_000, needed=False)


class FitForm(Form):
    """What a buyer brings."""

    keys = text(800)
    target = text(200, needed=False)
    measure = text(200, needed=False)
    right = text(300, needed=False)  # a right and a table of it


@listings.bp.get("/listings/<product>/fit")
@needs()
def fit(product: str, made: Fit | None = None) -> ResponseReturnValue:
    """Show what may be compared, with what, and what it came to before."""
    with services().reads.connect() as db:
        found = catalogue.listing(db, ids.decode("product", product), me().member)
        allowed = settings.of_product(db, found.id)
        return render_template(
            "listings/fit.html",
            listing=found,
            allowed=allowed,
            measures=[(name, name) for name in (allowed.measures if allowed else ())],
            rights=fits.readable(db, me()),
            made=made,
            log=fits.of_member(db, me().member, found.id),
            figures_of=fits.figures_of,
            names=FIGURES,
            reasons=REASONS,
            otherwise=OTHERWISE,
            day_max=DAY_MAX,
            least=KEYS_MIN,
            upload_max=UPLOAD_MAX,
        )


@listings.bp.post("/listings/<product>/fit")
@needs("buyer")
@again(fit)
def compare_fit(product: str) -> ResponseReturnValue:
    """Compare, and show what it came to."""
    typed = read(FitForm())
    columns = _names(typed["keys"])
    upload = request.files.get("file")
    file = (upload.filename, upload.stream) if upload and upload.filename else None
    right, _, table = typed["right"].partition(" ")
    brought = Brought(
        *(columns, typed["target"], typed["measure"]),
        ids.decode("entitlement", right) if right else None,
        table,
        file,
    )
    number = ids.decode("product", product)
    return fit(product, fits.compare(services(), me(), number, brought))


@vendor.bp.get("/products/<product>/fit")
@needs("vendor")
def comparable(product: str) -> ResponseReturnValue:
    """Show what of a product may be compared, and who did."""
    parts, number = services(), ids.decode("product", product)
    with parts.reads.connect() as db:
        found = catalogue.product(db, number, me().member)
        tables = roomsettings.newest(db, number)
        allowed = settings.of_product(db, number)
        log = fits.of_product(db, number, before())
    columns = []
    for name, version in tables:
        try:
            columns.append((name, version.prepared(parts).columns))
        except NotTabular:
            continue
    return render_template(
        "vendor/fit.html",
        product=found,
        tables=columns,
        choices=[(name, name) for name, _ in columns],
        allowed=allowed,
        log=log,
        figures_of=fits.figures_of,
        names=FIGURES,
        keys_max=KEYS_MAX,
        day_max=DAY_MAX,
    )


@vendor.bp.post("/products/<product>/fit")
@needs("vendor")
@again(comparable)
def allow_fit(product: str) -> ResponseReturnValue:
    """Let buyers compare a table from now on."""
    typed, number = read(ComparableForm()), vendor.mine(product)
    wanted = Comparable(
        typed["table"], _names(typed["keys"]), _names(typed["measures"])
    )
    with services().writes.begin() as db:
        fits.allow(db, me(), number, wanted)
    flash(gettext("Saved. Verified buyers may compare from now on."), "success")
    return redirect(url_for(".comparable", product=product), HTTPStatus.SEE_OTHER)


@vendor.bp.post("/products/<product>/fit/close")
@needs("vendor")
@again(comparable)
def forbid_fit(product: str) -> ResponseReturnValue:
    """Let buyers compare no more."""
    with services().writes.begin() as db:
        fits.allow(db, me(), vendor.mine(product), None)
    flash(gettext("Saved. Nobody may compare any more."), "success")
    return redirect(url_for(".comparable", product=product), HTTPStatus.SEE_OTHER)


def _names(typed: str) -> tuple[str, ...]:
    found = (name.strip() for name in typed.replace("，", ",").split(","))
    return tuple(name for name in found if name)
