"""The staff desk's listings: review products, register, admit, suspend, delist."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection

from listings import admission, catalogue, products
from listings.admission import LISTING, PRODUCT, REASON_MAX
from marketplace.admission import tell_market
from marketplace.members import organisations
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.members.users import User
from marketplace.services import services
from marketplace.web import drafts
from marketplace.web.forms import Form, again, read, text
from marketplace.web.staff import LISTING_QUEUES, bp
from settlement import ids
from settlement.errors import NotFound

QUEUES = (*LISTING_QUEUES, "pending", "suspended")
QUEUE_SHOWN = 50
# Where remarks of a review may stand: the fields of the vendor's form.
REMARKS = (
    "title_zh",
    "summary_zh",
    "description_zh",
    "keywords",
    "dictionary",
    "sample",
    "instruments",
    "releases",
    "rights_note",
)


class ReviewForm(Form):
    """A reason, where the step wants one."""

    reason = text(REASON_MAX, needed=False)


Verb = Callable[[Connection, int, str, User], Any]


def _return(db: Connection, number: int, _reason: str, by: User) -> None:
    remarks = {name: request.form.get(f"remark_{name}", "") for name in REMARKS}
    given = {name: said for name, said in remarks.items() if said.strip()}
    admission.return_(db, number, given, by)


# Each step: machine and event, which tell when it is possible, and the verb.
STEPS: dict[str, tuple[str, str, Verb]] = {
    "approve": (
        "product",
        "approve",
        lambda db, n, _, by: admission.approve(db, n, by),
    ),
    "return": ("product", "return", _return),
    "object": ("product", "object", admission.object_),
    "lapse": ("product", "lapse", lambda db, n, _, by: admission.lapse(db, n, by)),
    "cancel": ("product", "cancel", admission.cancel),
    "admit": ("listing", "admit", lambda db, n, _, by: admission.admit(db, n, by)),
    "admit_added": (
        "listing",
        "suspend",  # possible while it is listed
        lambda db, n, _, by: admission.admit_added(db, n, by),
    ),
    "suspend": ("listing", "suspend", admission.suspend),
    "resume": ("listing", "resume", lambda db, n, _, by: admission.resume(db, n, by)),
    "delist": ("listing", "delist", admission.delist),
}


@bp.get("/listings", endpoint="products")
@needs(*STAFF)
def products_queue() -> ResponseReturnValue:
    """Show the products in one state, oldest first."""
    state = request.args.get("state", "in_review")
    if state not in QUEUES:
        raise NotFound("state", state[:20])
    after = request.args.get("after", type=int)
    with services().reads.connect() as db:
        found = catalogue.queue(db, state, after, limit=QUEUE_SHOWN)
        return render_template(
            "staff/products.html",
            state=state,
            states=QUEUES,
            products=found,
            after=found[-1].id if len(found) == QUEUE_SHOWN else None,
            vendors=organisations.names(db, {row.vendor for row in found}),
        )


@bp.get("/listings/<product>")
@needs(*STAFF)
def product(product: str) -> ResponseReturnValue:
    """Show a product as it would be listed, its history, and what may be decided."""
    number = ids.decode("product", product)
    with services().reads.connect() as db:
        found = catalogue.product(db, number)
        row = products.find(db, number)
        facts = products.facts_of(row)
        units = catalogue.instruments_of(db, number)
        return render_template(
            "staff/product.html",
            product=found,
            facts=facts,
            written=drafts.values(facts),
            units=units,
            releases=[
                (release, catalogue.files_of(db, release.id))
                for release in catalogue.releases_of(db, number)
            ],
            reviews=catalogue.reviews_of(db, number),
            vendor=organisations.get(db, found.vendor),
            steps=_possible(found, units),
            remarks=REMARKS,
        )


def _possible(found: catalogue.Listing, units: Sequence[Any]) -> list[str]:
    """Return the steps that the states of a product and its listing allow."""
    allowed = {("product", str(e)) for s, e in PRODUCT.moves if s == found.state}
    allowed |= {
        ("listing", str(event))
        for state, event in LISTING.moves
        if state == found.listing_state
    }
    added = found.listing_state == "listed" and any(u.state == "pending" for u in units)
    return [
        name
        for name, (machine, event, _) in STEPS.items()
        if (machine, event) in allowed and (name != "admit_added" or added)
    ]


@bp.post("/listings/<product>/<step>", endpoint="decide_product")
@needs("registrar")
@again(product)
def decide(product: str, step: str) -> ResponseReturnValue:
    """Take one step with a product, and tell the market what it has to know."""
    if step not in STEPS:
        raise NotFound("step", step[:20])
    number, typed = ids.decode("product", product), read(ReviewForm())
    *_, verb = STEPS[step]
    with services().writes.begin() as db:
        verb(db, number, typed["reason"], me())
    tell_market(services(), number, me().id)
    flash(gettext("Decided and recorded."), "success")
    return redirect(url_for(".product", product=product), HTTPStatus.SEE_OTHER)
