"""The staff desk's listings: review products, register, admit, suspend, delist."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection

from listings import catalogue, products
from listings.admission import LISTING, PRODUCT, REASON_MAX
from listings.quality import measured
from listings.registration import checklist, marks, waiting
from listings.registration.marks import MARKS
from marketplace.admission import STEPS, Decision
from marketplace.admission import decide as take
from marketplace.evidence import case
from marketplace.members import organisations, users
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web import amendments, drafts
from marketplace.web.forms import Form, again, read, text
from marketplace.web.staff import LISTING_QUEUES, bp
from settlement import clock, ids
from settlement.errors import NotFound

QUEUES = (*LISTING_QUEUES, "pending", "admitted", "suspended")
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
    "source_route",
    "source_statement",
    "sensitivity",
    "personal",
    "purpose",
    "scene",
    "rights",
    "attachments",
    "rights_note",
)


class ReviewForm(Form):
    """A reason, where the step wants one."""

    reason = text(REASON_MAX, needed=False)


# Each step with the machine and event that tell when it is possible.
EVENTS: dict[str, tuple[str, str]] = {
    "approve": ("product", "approve"),
    "return": ("product", "return"),
    "object": ("product", "object"),
    "uphold": ("product", "uphold"),
    "dismiss": ("product", "dismiss"),
    "lapse": ("product", "lapse"),
    "cancel": ("product", "cancel"),
    "admit": ("listing", "admit"),
    "admit_added": ("listing", "suspend"),  # possible while it is listed
    "suspend": ("listing", "suspend"),
    "resume": ("listing", "resume"),
    "delist": ("listing", "delist"),
    "return_listing": ("listing", "return"),
    **{event: ("mark", event) for events in MARKS.values() for event in events},
}
assert EVENTS.keys() == STEPS.keys()


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
            steps=_possible(found, units, marks.of_product(db, number)),
            evidence=case(db, number),
            quality=measured.of_product(db, number),
            lines=checklist.LINES,
            checks=checklist.of_version(db, number, found.version),
            remarks=REMARKS,
            differences=amendments.proposed(db, row) if _changes(found) else [],
            **_standing(db, found),
        )


def _changes(found: catalogue.Listing) -> bool:
    """Tell whether other facts than the registered ones wait for a decision."""
    return found.proposed and found.certificate is not None


def _standing(db: Connection, found: catalogue.Listing) -> dict[str, Any]:
    """Return whose a product is, since when it waits, and by when it is due."""
    known = waiting.standings(db, [found.id]).get(found.id)
    since_us = known.since_us if known else found.changed_us
    owner = known.owner if known else None
    days = services().config.review_days
    waits = {found.state, found.listing_state} & {"in_review", "objection", "pending"}
    return {
        "owner": owner,
        "owner_name": users.names(db, {owner}).get(owner) if owner else None,
        "since_us": since_us,
        "due_us": waiting.due_us(since_us, days) if waits else None,
        "overdue": bool(waits) and waiting.due_us(since_us, days) < clock.now_us(),
    }


def _possible(
    found: catalogue.Listing, units: Sequence[Any], marked: Mapping[str, Any]
) -> list[str]:
    """Return the steps that the states of a product and its listing allow."""
    allowed = {("product", str(e)) for s, e in PRODUCT.moves if s == found.state}
    allowed |= {
        ("listing", str(event))
        for state, event in LISTING.moves
        if state == found.listing_state
    }
    if found.certificate is not None:
        allowed |= {("mark", MARKS[mark][mark in marked]) for mark in MARKS}
    in_force = found.listing_state == "listed" and found.state == "registered"
    added = in_force and (
        found.proposed or any(unit.state == "pending" for unit in units)
    )
    return [
        name
        for name, moved in EVENTS.items()
        if moved in allowed and (name != "admit_added" or added)
    ]


@bp.post("/listings/<product>/checks", endpoint="check_product")
@needs("registrar")
@again(product)
def check(product: str) -> ResponseReturnValue:
    """Record the decisions on the lines of the checklist that were chosen."""
    verdicts = {
        line: (verdict, request.form.get(f"note_{line}", "")[: REASON_MAX + 1])
        for line in checklist.LINES
        if (verdict := request.form.get(f"check_{line}", ""))
    }
    with services().writes.begin() as db:
        checklist.decide(db, ids.decode("product", product), verdicts, me())
    flash(gettext("The checklist is recorded."), "success")
    return redirect(
        url_for(".product", product=product, _anchor="checks-h"), HTTPStatus.SEE_OTHER
    )


@bp.post("/listings/<product>/<step>", endpoint="decide_product")
@needs("registrar")
@again(product)
def decide(product: str, step: str) -> ResponseReturnValue:
    """Take one step with a product, and tell the market what it has to know."""
    if step not in STEPS:
        raise NotFound("step", step[:20])
    number, typed = ids.decode("product", product), read(ReviewForm())
    said = Decision(step, typed["reason"], _remarks())
    take(services(), number, said, me())
    flash(gettext("Decided and recorded."), "success")
    return redirect(url_for(".product", product=product), HTTPStatus.SEE_OTHER)


def _remarks() -> dict[str, str]:
    given = {name: request.form.get(f"remark_{name}", "") for name in REMARKS}
    return {name: said for name, said in given.items() if said.strip()}
