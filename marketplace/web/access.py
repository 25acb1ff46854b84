"""Who may see and trade: the vendor's choice and inbox, the buyer's requests."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import catalogue, visibility
from listings.licences import PURPOSES
from marketplace.community import access, agreements, buyers
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web.forms import Form, Whole, again, choice, read, text
from marketplace.web.layout import before
from marketplace.web.listings import show as listing_page
from settlement import ids

bp = Blueprint("access", __name__)
SHOWN = 50


class VisibilityForm(Form):
    """Who may see and trade a product."""

    visibility = choice(visibility.VISIBILITIES)


class DaysForm(Form):
    """For how long; nothing: without end."""

    days = Whole(1, access.ACCESS_DAYS_MAX, load_default=None)


class GuestForm(DaysForm):
    """A member by its public id or credit code."""

    member = text(40)


class QuestionnaireForm(Form):
    """What the vendor wants to know."""

    who = text(access.WHO_MAX)
    use_case = text(access.USE_CASE_MAX)
    purpose = choice(PURPOSES)


class ReasonForm(Form):
    """Why not."""

    reason = text(access.REASON_MAX)


@bp.get("/vendor/products/<product>/access")
@needs("vendor")
def audience(product: str) -> ResponseReturnValue:
    """Show who may see and trade a product of the vendor."""
    number = ids.decode("product", product)
    with services().reads.connect() as db:
        found = catalogue.product(db, number, me().member)
        guests = visibility.guests(db, number)
        return render_template(
            "access/audience.html",
            product=found,
            visibility=visibility.of(db, number),
            guests=guests,
            names=organisations.names(db, {guest.member for guest in guests}),
        )


@bp.post("/vendor/products/<product>/access")
@needs("vendor")
@again(audience)
def restrict(product: str) -> ResponseReturnValue:
    """Choose who may see and trade the product."""
    wanted = read(VisibilityForm())["visibility"]
    access.restrict(services(), ids.decode("product", product), wanted, me())
    flash(gettext("Saved."), "success")
    return _to("access.audience", product=product)


@bp.post("/vendor/products/<product>/guests")
@needs("vendor")
@again(audience)
def invite(product: str) -> ResponseReturnValue:
    """Let a named member in."""
    typed = read(GuestForm())
    with services().reads.connect() as db:
        member = access.member_named(db, typed["member"])
    number = ids.decode("product", product)
    access.invite(services(), number, member, typed["days"], me())
    flash(gettext("The member may trade it now and was told."), "success")
    return _to("access.audience", product=product)


@bp.post("/vendor/products/<product>/guests/<member>/remove")
@needs("vendor")
@again(audience)
def shut_out(product: str, member: str) -> ResponseReturnValue:
    """Take a member off the named ones."""
    numbers = ids.decode("product", product), ids.decode("member", member)
    access.shut_out(services(), *numbers, me())
    flash(gettext("Taken off. Rights already bought stay."), "success")
    return _to("access.audience", product=product)


@bp.get("/vendor/requests")
@needs("vendor")
def inbox() -> ResponseReturnValue:
    """Show who asks for access to the vendor's products, open requests to answer."""
    with services().reads.connect() as db:
        found = access.inbox(db, me().member, before(), SHOWN + 1)
        return render_template(
            "access/inbox.html",
            requests=found[:SHOWN],
            names=organisations.names(db, {row.member for row in found}),
            standings={
                member: buyers.standing(db, member)
                for member in {row.member for row in found}
            },
            before=found[SHOWN - 1].id if len(found) > SHOWN else None,
        )


@bp.post("/vendor/requests/<request>/approve")
@needs("vendor")
@again(inbox)
def approve(request: str) -> ResponseReturnValue:
    """Let the asker in."""
    days = read(DaysForm())["days"]
    access.approve(services(), ids.decode("request", request), days, me())
    flash(gettext("Approved. The member may trade it now and was told."), "success")
    return _to("access.inbox")


@bp.post("/vendor/requests/<request>/decline")
@needs("vendor")
@again(inbox)
def decline(request: str) -> ResponseReturnValue:
    """Decline with a reason."""
    reason = read(ReasonForm())["reason"]
    with services().writes.begin() as db:
        access.decline(db, ids.decode("request", request), reason, me())
    flash(gettext("Declined. The member was told why."), "success")
    return _to("access.inbox")


@bp.post("/listings/<product>/request")
@needs("buyer", "vendor")
@again(listing_page)
def ask(product: str) -> ResponseReturnValue:
    """Ask the vendor for access, with the questionnaire."""
    answers = access.Questionnaire(**read(QuestionnaireForm()))
    with services().writes.begin() as db:
        access.ask(db, ids.decode("product", product), answers, me())
    flash(gettext("Asked. The vendor's answer comes as a notice."), "success")
    return _to("access.mine")


@bp.post("/listings/<product>/purposes")
@needs("buyer", "vendor")
@again(listing_page)
def ask_for_purpose(product: str) -> ResponseReturnValue:
    """Ask the vendor to agree to a purpose that the licence has on request."""
    answers = access.Questionnaire(**read(QuestionnaireForm()))
    with services().writes.begin() as db:
        agreements.ask(db, ids.decode("product", product), answers, me())
    flash(gettext("Asked. The vendor's answer comes as a notice."), "success")
    return _to("access.mine")


@bp.post("/vendor/requests/<request>/end")
@needs("vendor")
@again(inbox)
def end(request: str) -> ResponseReturnValue:
    """End a consent before its time."""
    agreements.end(services(), ids.decode("request", request), me())
    flash(gettext("Ended. Rights already bought stay."), "success")
    return _to("access.inbox")


@bp.get("/access")
@needs("buyer", "vendor")
def mine() -> ResponseReturnValue:
    """Show what the member asked for, and what vendors offer to it alone."""
    with services().reads.connect() as db:
        offered = visibility.invitations(db, me().member)
        found = access.asked_by(db, me().member, before(), SHOWN + 1)
        return render_template(
            "access/mine.html",
            requests=found[:SHOWN],
            offered=catalogue.summaries(db, offered, me().member),
            before=found[SHOWN - 1].id if len(found) > SHOWN else None,
        )


@bp.post("/access/<request>/withdraw")
@needs("buyer", "vendor")
@again(mine)
def withdraw(request: str) -> ResponseReturnValue:
    """Take the member's own request back."""
    with services().writes.begin() as db:
        access.withdraw(db, ids.decode("request", request), me())
    return _to("access.mine")


def _to(endpoint: str, **parts: Any) -> ResponseReturnValue:
    return redirect(url_for(endpoint, **parts), HTTPStatus.SEE_OTHER)
