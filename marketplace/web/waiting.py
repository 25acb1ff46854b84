"""The registrar's queue: what waits, since when, until when, whose it is, what next."""

from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection

from listings import catalogue
from listings.catalogue import Summary
from listings.marking import N_
from listings.registration import waiting
from listings.registration.waiting import QUEUE_MAX, Standing
from marketplace.members import organisations, users
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web.forms import again
from marketplace.web.reviews import QUEUES, product
from marketplace.web.staff import bp
from settlement import clock, ids
from settlement.errors import NotFound

# What is to be done with what is in a state; some of it waits for somebody else.
NEXT = {
    "in_review": N_("Check the lines, then approve or return"),
    "objection": N_("Decide whether the objection holds"),
    "publicity": N_("Wait until the notice is over"),
    "pending": N_("Admit to the market, or send back"),
    "admitted": N_("The vendor publishes"),
    "suspended": N_("Let it trade again, or delist"),
}
TO_DECIDE = ("in_review", "objection", "pending")


class Row(NamedTuple):
    """One product of the queue."""

    product: Summary
    standing: Standing
    due_us: int | None  # None: nobody of the staff has to act
    overdue: bool


FILTERS: dict[str, Callable[[Row], bool]] = {
    "mine": lambda row: row.standing.owner == me().id,
    "free": lambda row: row.standing.owner is None,
    "overdue": lambda row: row.overdue,
    "changes": lambda row: row.standing.change,
}
FILTER_NAMES = {
    "": N_("All"),
    "mine": N_("Mine"),
    "free": N_("Nobody's"),
    "overdue": N_("Overdue"),
    "changes": N_("Change requests"),
}


@bp.get("/listings", endpoint="products")
@needs(*STAFF)
def queue() -> ResponseReturnValue:
    """Show what is in one state, the longest waiting first."""
    state, chosen = request.args.get("state", "in_review"), request.args.get("show", "")
    if state not in QUEUES or chosen not in FILTER_NAMES:
        raise NotFound("state", state[:20])
    with services().reads.connect() as db:
        rows = rows_in(db, state, services().config.review_days)
        shown = [row for row in rows if not chosen or FILTERS[chosen](row)]
        return render_template(
            "staff/products.html",
            state=state,
            states=QUEUES,
            shown=chosen,
            filters=FILTER_NAMES,
            rows=shown,
            full=len(rows) == QUEUE_MAX,
            next_action=NEXT[state],
            owners=users.names(db, {r.standing.owner or 0 for r in shown}),
            vendors=organisations.names(db, {row.product.vendor for row in shown}),
            measured=waiting.measured(db),
        )


def rows_in(db: Connection, state: str, days: int) -> list[Row]:
    """Return the products in *state*, the longest waiting first.

    *days* are the working days in which a registrar is to decide.
    """
    found = catalogue.queue(db, state, limit=QUEUE_MAX)
    known = waiting.standings(db, [product.id for product in found])
    now_us = clock.now_us()
    rows = []
    for one in found:
        standing = known.get(one.id, Standing(one.changed_us, False, None, None))
        due = waiting.due_us(standing.since_us, days) if state in TO_DECIDE else None
        rows.append(Row(one, standing, due, due is not None and due < now_us))
    return sorted(rows, key=lambda row: row.standing.since_us)


@bp.post("/listings/<product>/claim")
@needs("registrar")
@again(product)
def claim(product: str) -> ResponseReturnValue:
    """Take a product on: no colleague decides on it meanwhile."""
    with services().writes.begin() as db:
        waiting.claim(db, ids.decode("product", product), me())
    flash(gettext("Taken on. Colleagues see that it is yours."), "success")
    return redirect(url_for(".product", product=product), HTTPStatus.SEE_OTHER)


@bp.post("/listings/<product>/release")
@needs("registrar")
@again(product)
def release(product: str) -> ResponseReturnValue:
    """Give a product back to the queue."""
    with services().writes.begin() as db:
        waiting.release(db, ids.decode("product", product), me())
    flash(gettext("Given back to the queue."), "success")
    return redirect(url_for(".product", product=product), HTTPStatus.SEE_OTHER)
