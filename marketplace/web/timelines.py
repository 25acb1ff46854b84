"""Timelines: a member's own records, and the desk's of a member, product or trade."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings.marking import N_
from marketplace.members import users
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.timelines import reading
from marketplace.timelines.sources import TOPICS
from marketplace.web import staff
from marketplace.web.forms import Form, again, choice, read, text
from marketplace.web.layout import before
from settlement import ids

bp = Blueprint("timelines", __name__, url_prefix="/records")
SHOWN = 50  # entries of a page

# What happened, as the page says it, and the symbol beside it.
HAPPENED = {
    "registered": (N_("Member registered"), "building"),
    "verification": (N_("Verification"), "patch-check"),
    "facts_asked": (N_("Asked for a change of its facts"), "pencil"),
    "facts_decided": (N_("Change of facts decided"), "pencil"),
    "colleague": (N_("User added"), "person"),
    "ties": (N_("Found to have the same owner"), "diagram-3"),
    "key_made": (N_("API key made"), "key"),
    "key_revoked": (N_("API key revoked"), "key"),
    "service_key_made": (N_("Key for a service made"), "key"),
    "service_key_revoked": (N_("Key for a service revoked"), "key"),
    "drafted": (N_("Product drafted"), "file-earmark-text"),
    "review": (N_("Reviewed by the exchange"), "clipboard-check"),
    "registration": (N_("Product registered"), "award"),
    "listing_asked": (N_("Listing asked for"), "shop"),
    "admitted": (N_("Listing admitted"), "shop"),
    "attached": (N_("File attached"), "paperclip"),
    "detached": (N_("Attachment taken back"), "paperclip"),
    "invited": (N_("Assessor invited"), "person"),
    "opinion": (N_("Third-party opinion"), "patch-check"),
    "visibility": (N_("Visibility"), "eye"),
    "public_data": (N_("Entered as public data"), "building"),
    "release": (N_("Release finalised"), "box-seam"),
    "revoked": (N_("Release revoked"), "x-circle"),
    "announced": (N_("Announcement"), "megaphone"),
    "instrument": (N_("Instrument made"), "tag"),
    "price_change": (N_("Rise of the price announced"), "graph-up"),
    "designated": (N_("Designated to keep the book filled"), "shop"),
    "order": (N_("Order placed"), "list-ul"),
    "trade": (N_("Trade"), "arrow-left-right"),
    "bust": (N_("Corrected by the exchange"), "x-circle"),
    "offer": (N_("Quote or personal price"), "chat-square-text"),
    "contest": (N_("Auction"), "hammer"),
    "tender": (N_("Tender"), "clipboard-check"),
    "demand": (N_("Demand posted"), "megaphone"),
    "pool": (N_("Group buy"), "people"),
    "pool_joined": (N_("Joined a group buy"), "people"),
    "agreement": (N_("Contract drafted"), "file-earmark-text"),
    "signed": (N_("Contract signed"), "pen"),
    "filing": (N_("Deal filed"), "archive"),
    "stop": (N_("Trading stopped"), "slash-circle"),
    "payin": (N_("Pay-in"), "box-arrow-in-down"),
    "payout": (N_("Payout"), "box-arrow-up"),
    "payout_account": (N_("Payout account named"), "bank"),
    "fail": (N_("Failed to pay when it was due"), "exclamation-octagon"),
    "breaks": (N_("Difference in the reconciliation"), "exclamation-octagon"),
    "shares": (N_("Agreement on shares"), "pie-chart"),
    "refund": (N_("Refund"), "arrow-counterclockwise"),
    "right": (N_("Usage right opened"), "unlock"),
    "measure": (N_("Measure on a right"), "shield-exclamation"),
    "receipt": (N_("Delivered"), "download"),
    "use": (N_("Use metered"), "speedometer2"),
    "duty": (N_("Duty: evidence handed in"), "clipboard-check"),
    "access_asked": (N_("Asked for access"), "envelope"),
    "access_decided": (N_("Request for access decided"), "envelope"),
    "dispute": (N_("Dispute"), "exclamation-octagon"),
    "question": (N_("Question asked"), "question-circle"),
    "complaint": (N_("Listing reported"), "flag"),
    "rating": (N_("Rating"), "star"),
    "remarks": (N_("Remark"), "chat-square-text"),
}
TOPIC_NAMES = {
    "membership": N_("Membership"),
    "access": N_("Keys"),
    "listing": N_("Listings"),
    "trading": N_("Trading"),
    "money": N_("Money"),
    "delivery": N_("Rights and delivery"),
    "complaints": N_("Disputes, questions, ratings"),
    "remarks": N_("Remarks"),
}
# Where the desk looks at what an entry names: kind of its id → view.
STAFF_PLACES = {
    "member": "staff.member",
    "product": "staff.product",
    "trade": "staff.trade",
    "entitlement": "staff.right",
    "dispute": "staff.case",
}
OWN_PLACES = {
    "order": "orders.one",
    "trade": "orders.contract",
    "entitlement": "rights.one",
    "dispute": "orders.dispute",
    "offer": "quotes.one",
    "contest": "contests.room",
    "pool": "pools.one",
    "agreement": "contracts.one",
    "filing": "filings.one",
    "demand": "demands.one",
    "payin": "cash.payin",
}
OF = {
    "member": ("staff.member", N_("Member")),
    "product": ("staff.product", N_("Product")),
    "trade": ("staff.trade", N_("Trade")),
}


class TopicForm(Form):
    """Which entries."""

    topic = choice(TOPICS, needed=False)


class RemarkForm(Form):
    """What is noted."""

    text = text(reading.REMARK_MAX)


@bp.get("/")
@needs()
def show() -> ResponseReturnValue:
    """Show the member's own records, newest first."""
    return _shown("member", me().member, "records/own.html", OWN_PLACES, desk=False)


@staff.bp.get("/members/<member>/timeline")
@needs(*STAFF)
def of_member(member: str) -> ResponseReturnValue:
    """Show all that the records tell of a member."""
    return _of("member", member)


@staff.bp.get("/listings/<product>/timeline")
@needs(*STAFF)
def of_product(product: str) -> ResponseReturnValue:
    """Show all that the records tell of a product."""
    return _of("product", product)


@staff.bp.get("/trades/<trade>/timeline")
@needs(*STAFF)
def of_trade(trade: str) -> ResponseReturnValue:
    """Show all that the records tell of a trade."""
    return _of("trade", trade)


@staff.bp.post("/members/<member>/timeline")
@needs(*STAFF)
@again(of_member)
def remark_on_member(member: str) -> ResponseReturnValue:
    """Add a remark to a member's timeline."""
    return _remark("member", member)


@staff.bp.post("/listings/<product>/timeline")
@needs(*STAFF)
@again(of_product)
def remark_on_product(product: str) -> ResponseReturnValue:
    """Add a remark to a product's timeline."""
    return _remark("product", product)


@staff.bp.post("/trades/<trade>/timeline")
@needs(*STAFF)
@again(of_trade)
def remark_on_trade(trade: str) -> ResponseReturnValue:
    """Add a remark to a trade's timeline."""
    return _remark("trade", trade)


def _of(about: str, subject: str) -> str:
    number = ids.decode(about, subject)
    view, name = OF[about]
    named: dict[str, Any] = {about: subject}
    return _shown(
        about,
        number,
        "staff/timeline.html",
        STAFF_PLACES,
        desk=True,
        subject=subject,
        what=name,
        back=url_for(view, **named),
        remark_max=reading.REMARK_MAX,
    )


def _shown(
    about: str,
    number: int,
    template: str,
    places: dict[str, str],
    *,
    desk: bool,
    **more: Any,
) -> str:
    topic = read(TopicForm(), request.args)["topic"]
    with services().reads.connect() as db:
        page = reading.page_of(
            db,
            about,
            number,
            topic=topic,
            before=before(),
            limit=SHOWN,
            staff=desk,
        )
        who = users.names(db, reading.users_in(page.rows))
        if not desk:  # whoever else acted is not named
            own = {person.id for person in users.of_member(db, number)}
            who = {user: name for user, name in who.items() if user in own}
    return render_template(
        template,
        page=page,
        topic=topic,
        topics=[each for each in TOPICS if desk or each != "remarks"],
        topic_names=TOPIC_NAMES,
        happened=HAPPENED,
        who=who,
        places=places,
        **more,
    )


def _remark(about: str, subject: str) -> ResponseReturnValue:
    number, said = ids.decode(about, subject), read(RemarkForm())["text"]
    with services().writes.begin() as db:
        reading.remark(db, about, number, me().id, said)
    flash(gettext("Added to the timeline."), "success")
    named: dict[str, Any] = {about: subject}
    return redirect(url_for(f"staff.of_{about}", **named), HTTPStatus.SEE_OTHER)
