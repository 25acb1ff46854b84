"""Help on a product's life: what each state means to its vendor, and who acts next."""

from collections.abc import Mapping
from typing import NamedTuple

from flask import render_template
from flask.typing import ResponseReturnValue

from listings.marking import N_
from listings.registration import checklist
from listings.registration.attachments import KINDS, OF_VENDOR
from listings.registration.deadlines import RENEWAL_US, TERM_US
from listings.stages import ListingState, ProductState
from listings.steps import CLAIM_US
from marketplace.community import access, blind
from marketplace.services import services
from marketplace.sheets import QUALIFICATIONS
from marketplace.web.guide import bp
from marketplace.web.wizard import STEPS
from settlement import clock

VENDOR, REGISTRAR, NOBODY = N_("The vendor"), N_("The registrar"), N_("Nobody")


class Standing(NamedTuple):
    """A state as its users see it."""

    who: str  # acts next
    meaning: str
    next: str  # what the one who acts does


_P, _L = ProductState, ListingState
OF_PRODUCT: Mapping[ProductState, Standing] = {
    _P.DRAFT: Standing(
        VENDOR,
        N_("Only your member sees it. It saves itself; it may be incomplete."),
        N_("Fill in the steps, then hand it in: all that is missing is named at once."),
    ),
    _P.IN_REVIEW: Standing(
        REGISTRAR,
        N_(
            "Handed in, the first time or with a change; it cannot be edited meanwhile."
        ),
        N_("Reviews facts and evidence line by line, then approves or returns it."),
    ),
    _P.RETURNED: Standing(
        VENDOR,
        N_("Sent back with a reason at each field that is to be changed."),
        N_("Correct those fields and hand it in again; nothing else is lost."),
    ),
    _P.PUBLICITY: Standing(
        NOBODY,
        N_("In public notice: any other member may object, with a reason."),
        N_("Wait. It is registered by itself when the notice ends."),
    ),
    _P.OBJECTION: Standing(
        REGISTRAR,
        N_("Somebody objected; the notice stands still."),
        N_("Upholds the objection (back to the vendor) or dismisses it."),
    ),
    _P.REGISTERED: Standing(
        VENDOR,
        N_("It has a certificate. Its facts change by a change request only."),
        N_("Has it assessed and, once admitted, publishes it; renews it in time."),
    ),
    _P.LAPSED: Standing(
        NOBODY,
        N_("The registration ended or was cancelled; its listing does not trade."),
        N_("Begin a new draft if it is to be sold again."),
    ),
}
OF_LISTING: Mapping[ListingState, Standing] = {
    _L.PENDING: Standing(
        REGISTRAR,
        N_("Registered, not on the market yet."),
        N_("Admits it once a compliance opinion is in force, or sends it back."),
    ),
    _L.REFUSED: Standing(
        VENDOR,
        N_("The listing was sent back with remarks."),
        N_("See to the remarks, then ask again."),
    ),
    _L.ADMITTED: Standing(
        VENDOR,
        N_("Approved, and not published: nobody sees it."),
        N_("Publish it at the moment that suits you."),
    ),
    _L.LISTED: Standing(
        VENDOR,
        N_("In public, and it trades."),
        N_("Post prices, add releases, answer questions and requests."),
    ),
    _L.SUSPENDED: Standing(
        REGISTRAR,
        N_("In public, and it does not trade; orders wait and may be cancelled."),
        N_("Lets it trade again, or takes it off the market."),
    ),
    _L.DELISTED: Standing(
        NOBODY,
        N_("Off the market for good; open orders were cancelled, rights stay."),
        N_("Nothing more can be done with this listing."),
    ),
}


@bp.get("/listing")
def listing() -> ResponseReturnValue:
    """Show the way from a draft to a published listing, and what each state means."""
    config = services().config
    return render_template(
        "help/listing.html",
        steps=STEPS,
        states=(("product", OF_PRODUCT), ("listing", OF_LISTING)),
        attachments={kind: KINDS[kind] for kind in OF_VENDOR},
        qualifications=[KINDS[kind] for kind in QUALIFICATIONS],
        notice_days=config.notice_days,
        review_days=config.review_days,
        years=TERM_US // (365 * clock.DAY_US),
        renewal_days=RENEWAL_US // clock.DAY_US,
        answer_days=access.ANSWER_DAYS,
        window_days=blind.WINDOW_DAYS,
    )


@bp.get("/review")
def review() -> ResponseReturnValue:
    """Show how a registrar reviews: the queue, the checklist, returns, changes."""
    config = services().config
    return render_template(
        "help/review.html",
        lines=checklist.LINES,
        claim_days=CLAIM_US // clock.DAY_US,
        notice_days=config.notice_days,
        review_days=config.review_days,
    )
