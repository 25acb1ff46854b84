"""Public notices (公示): products before their registration; anybody may look."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import admission, catalogue, products
from listings.steps import REASON_MAX
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web.forms import Form, again, read, text
from marketplace.web.layout import place
from settlement import ids
from settlement.errors import Forbidden

bp = Blueprint("publicity", __name__, url_prefix="/publicity")
SHOWN = 50


class ObjectionForm(Form):
    """Why a product should not be registered."""

    reason = text(REASON_MAX)


@bp.get("/")
def show() -> ResponseReturnValue:
    """Show the products in public notice, oldest first."""
    after = place("after")
    with services().reads.connect() as db:
        found = catalogue.queue(db, "publicity", after, limit=SHOWN)
        return render_template(
            "publicity/products.html",
            products=found,
            until={row.id: products.find(db, row.id).notice_until_us for row in found},
            after=found[-1].id if len(found) == SHOWN else None,
            vendors=organisations.names(db, {row.vendor for row in found}),
        )


@bp.get("/<product>")
def one(product: str) -> ResponseReturnValue:
    """Show what would be registered, and how to object; afterwards the listing."""
    number = ids.decode("product", product)
    with services().reads.connect() as db:
        row = products.find(db, number)
        if row.state != admission.ProductState.PUBLICITY:
            catalogue.listing(db, number)  # NotFound if nobody may see it
            address = url_for("listings.show", product=product)
            return redirect(address, HTTPStatus.SEE_OTHER)
        return render_template(
            "publicity/product.html",
            product=catalogue.product(db, number),
            facts=products.facts_of(row),
            until_us=row.notice_until_us,
            vendor=organisations.names(db, [row.vendor]).get(row.vendor),
        )


@bp.post("/<product>")
@needs()
@again(one)
def object_to(product: str) -> ResponseReturnValue:
    """Raise an objection; a registrar decides whether it holds."""
    if me().state != "verified":
        raise Forbidden("verified")
    number, typed = ids.decode("product", product), read(ObjectionForm())
    with services().writes.begin() as db:
        admission.object_(db, number, typed["reason"], me())
    flash(gettext("Your objection is recorded; the registration waits."), "success")
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)
