"""What members say of a listing, following it, and the vendor's profile."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import catalogue
from listings.quality import availability
from marketplace.community import (
    complaints,
    moderation,
    questions,
    ratings,
    scorecards,
    watches,
)
from marketplace.community.tables import questions as questions_table
from marketplace.community.tables import ratings as ratings_table
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web import uptime
from marketplace.web.forms import Form, Whole, again, choice, read, text
from marketplace.web.listings import show as listing_page
from settlement import ids
from settlement.errors import NotFound

bp = Blueprint("community", __name__)
MEMBERS = ("buyer", "vendor")


class QuestionForm(Form):
    """A question."""

    text = text(questions.TEXT_MAX)


class AnswerForm(Form):
    """Its answer."""

    answer = text(questions.TEXT_MAX)


class RatingForm(Form):
    """Points and words."""

    quality = Whole(1, ratings.BEST, required=True)
    accuracy = Whole(1, ratings.BEST, required=True)
    support = Whole(1, ratings.BEST, required=True)
    text = text(ratings.TEXT_MAX, needed=False)


class ReplyForm(Form):
    """The vendor's reply."""

    reply = text(ratings.TEXT_MAX)


class ComplaintForm(Form):
    """What is wrong with a listing."""

    complaint_kind = choice(complaints.KINDS)
    complaint = text(complaints.TEXT_MAX)


class HidingForm(Form):
    """Why a text is hidden."""

    reason = text(moderation.REASON_MAX)


@bp.get("/vendors/<member>")
def vendor(member: str) -> ResponseReturnValue:
    """Show a vendor: what it lists and how it has kept its word, as measured."""
    number = ids.decode("member", member)
    with services().reads.connect() as db:
        found = organisations.get(db, number)
        theirs = [product.id for product in catalogue.products_of(db, number)]
        seen = catalogue.summaries(db, theirs, me().member)
        if not found.vendor or found.state != "verified":
            raise NotFound("member", member)
        listed = [p for p in seen.values() if p.listing_state == "listed"]
        answered = availability.of_products(db, [p.id for p in listed])
        served = [(p, answered[p.id]) for p in listed if p.id in answered]
        return render_template(
            "community/vendor.html",
            vendor=found,
            listed=listed,
            services=served,
            latencies=uptime.side_by_side(served),
            measures=scorecards.of_vendor(db, number),
            reviews=scorecards.reviews(db, number),
            sample_min=scorecards.SAMPLE_MIN,
            follows=me().member > 0
            and watches.follows(db, me().member, "vendor", number),
            followers=watches.count(db, "vendor", number),
        )


# What a button does, on the page of a vendor or of a listing.
STEPS = {"watch": watches.follow, "unwatch": watches.unfollow}


@bp.post("/vendors/<member>/<any(watch, unwatch):step>")
@needs(*MEMBERS)
@again(vendor)
def watch_vendor(member: str, step: str) -> ResponseReturnValue:
    """Follow a vendor, or no longer."""
    with services().writes.begin() as db:
        STEPS[step](db, me().member, watches.VENDOR, ids.decode("member", member))
    return redirect(url_for(".vendor", member=member), HTTPStatus.SEE_OTHER)


@bp.post("/listings/<product>/<any(watch, unwatch):step>")
@needs(*MEMBERS)
@again(listing_page)
def watch(product: str, step: str) -> ResponseReturnValue:
    """Follow a listing, or no longer."""
    number = ids.decode("product", product)
    with services().writes.begin() as db:
        STEPS[step](db, me().member, watches.PRODUCT, number)
    if step == "watch":
        flash(
            gettext("You follow it: notices tell you of releases and changes."),
            "success",
        )
    return _to(number)


@bp.post("/listings/<product>/questions")
@needs(*MEMBERS)
@again(listing_page)
def ask(product: str) -> ResponseReturnValue:
    """Ask the vendor in public."""
    said = read(QuestionForm())["text"]
    with services().writes.begin() as db:
        questions.ask(db, ids.decode("product", product), said, me())
    flash(gettext("Asked. The answer comes as a notice."), "success")
    return _to(ids.decode("product", product), "questions")


@bp.post("/listings/<product>/complaint")
@needs(*MEMBERS)
@again(listing_page)
def complain(product: str) -> ResponseReturnValue:
    """Report a listing to the exchange."""
    typed, number = read(ComplaintForm()), ids.decode("product", product)
    kind, said = typed["complaint_kind"], typed["complaint"]
    with services().writes.begin() as db:
        complaints.complain(db, number, kind, said, me())
    flash(gettext("Reported. A registrar looks at it; a notice tells you."), "success")
    return _to(number)


@bp.post("/questions/<question>/answer")
@needs("vendor")
def answer(question: str) -> ResponseReturnValue:
    """Answer a question about the vendor's own product."""
    said, number = read(AnswerForm())["answer"], ids.decode("question", question)
    with services().writes.begin() as db:
        questions.answer(db, number, said, me())
        product = moderation.row_of(db, questions_table, "question", number).product
    return _to(product, "questions")


@bp.post("/listings/<product>/trades/<trade>/review")
@needs(*MEMBERS)
@again(listing_page)
def rate(product: str, trade: str) -> ResponseReturnValue:
    """Review a settled trade of the member's own."""
    typed = read(RatingForm())
    scores = ratings.Scores(*(typed[name] for name in ratings.SCORES))
    with services().writes.begin() as db:
        ratings.rate(db, ids.decode("trade", trade), scores, typed["text"], me())
    flash(
        gettext("Thank you. It is shown when both sides have spoken, or in 14 days."),
        "success",
    )
    return _to(ids.decode("product", product), "reviews")


@bp.post("/ratings/<rating>/reply")
@needs("vendor")
def reply(rating: str) -> ResponseReturnValue:
    """Reply to a review of the vendor's own product."""
    said, number = read(ReplyForm())["reply"], ids.decode("rating", rating)
    with services().writes.begin() as db:
        ratings.reply(db, number, said, me())
        product = moderation.row_of(db, ratings_table, "rating", number).product
    return _to(product, "reviews")


# What the staff may hide: its kind, its table, the part of the page that it is in.
HIDDEN = {
    "questions": ("question", questions_table, "questions"),
    "ratings": ("rating", ratings_table, "reviews"),
}


@bp.post("/<any(questions, ratings):what>/<number>/hide")
@needs("registrar")
def hide(what: str, number: str) -> ResponseReturnValue:
    """Hide a question or a review from the public."""
    kind, table, part = HIDDEN[what]
    reason, hidden = read(HidingForm())["reason"], ids.decode(kind, number)
    with services().writes.begin() as db:
        moderation.hide(db, table, kind, hidden, reason, me())
        product = moderation.row_of(db, table, kind, hidden).product
    return _to(product, part)


def _to(product: int, part: str | None = None) -> ResponseReturnValue:
    address = url_for(
        "listings.show", product=ids.encode("product", product), _anchor=part
    )
    return redirect(address, HTTPStatus.SEE_OTHER)
