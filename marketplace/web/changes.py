"""The calendar of changes: for holders what is to come, for vendors to announce it."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import catalogue, instruments, releases, windows
from marketplace.admission import tell_market
from marketplace.community import announcements, holders, looks, watches
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web.forms import Day, Form, again, choice, read, text
from settlement import clock, ids

bp = Blueprint("changes", __name__)
PRODUCTS_MAX = 100
COUNT_LENGTH = 4


class RevocationForm(Form):
    """Why a release is served no longer."""

    reason = text(releases.REASON_MAX)


class AnnouncementForm(Form):
    """A delay, or an end to come."""

    kind = choice(announcements.BY_VENDORS)
    comment = text(announcements.COMMENT_MAX)
    until = Day(load_default=None)


class WindowForm(Form):
    """Which releases a licence includes: a number or "all"."""

    history = text(COUNT_LENGTH)
    future = text(COUNT_LENGTH)


@bp.get("/changes")
@needs()
def mine() -> ResponseReturnValue:
    """Show what changes of what the member holds and follows."""
    member = me().member
    with services().reads.connect() as db:
        held = holders.products_of(db, member)
        followed = watches.followed(db, member, "product")
        seen = catalogue.summaries(db, {*held, *followed}, member)
        waiting = releases.waiting(db, seen)
        reached = {
            one.id: member in holders.affected(db, one.product) for one in waiting
        }
        return render_template(
            "changes/mine.html",
            waiting=waiting,
            reached=reached,
            accepted={
                one.id: member in announcements.accepted_by(db, one.id)
                for one in waiting
            },
            products=seen,
            announced=announcements.of_products(db, list(seen)),
            changed=(changed := looks.of_products(db, member, seen)),
            watched=sorted(seen.values(), key=lambda one: one.id not in changed),
            followed=[number for number in followed if number in seen],
            held=set(held),
            now_us=clock.now_us(),
        )


@bp.post("/changes/<release>/accept")
@needs("buyer", "vendor")
@again(mine)
def accept(release: str) -> ResponseReturnValue:
    """Accept a breaking release; once all have, it is served."""
    number = ids.decode("release", release)
    with services().writes.begin() as db:
        done = announcements.accept(db, number, me())
        product = releases.get(db, number).product
    if done:
        tell_market(services(), product, me().id)
    flash(
        gettext("Accepted by all: the new schema is served now.")
        if done
        else gettext(
            "Accepted. It is served once the other holders have, or its time has come."
        ),
        "success",
    )
    return _to("changes.mine")


@bp.get("/vendor/changes")
@needs("vendor")
def vendor() -> ResponseReturnValue:
    """Show the vendor's calendar, with forms to announce and to revoke."""
    with services().reads.connect() as db:
        found = catalogue.products_of(db, me().member, limit=PRODUCTS_MAX)
        numbers = [product.id for product in found]
        waiting = releases.waiting(db, numbers)
        units = instruments.of_products(db, numbers)
        sold = [unit for product in found for unit in units.get(product.id, [])]
        return render_template(
            "changes/vendor.html",
            products=[product for product in found if product.listing_state],
            names={product.id: product for product in found},
            waiting=waiting,
            progress={one.id: _progress(db, one) for one in waiting},
            releases={
                product.id: [
                    one
                    for one in releases.of_product(db, product.id)
                    if one.finalised_us is not None
                ]
                for product in found
            },
            units=sold,
            windows=windows.of_instruments(db, [unit.id for unit in sold]),
            own_only=windows.OWN_ONLY,
            announced=announcements.of_products(db, numbers),
            kinds=announcements.BY_VENDORS,
        )


def _progress(db: Any, release: releases.Release) -> tuple[int, int]:
    """Return how many of the holders that a release reaches have accepted it."""
    reached = set(holders.affected(db, release.product))
    return len(reached & announcements.accepted_by(db, release.id)), len(reached)


@bp.post("/vendor/releases/<release>/revoke")
@needs("vendor")
@again(vendor)
def revoke(release: str) -> ResponseReturnValue:
    """Revoke a release with a reason."""
    number, reason = ids.decode("release", release), read(RevocationForm())["reason"]
    with services().writes.begin() as db:
        announcements.revoke(db, number, reason, me())
        product = releases.get(db, number).product
    tell_market(services(), product, me().id)
    flash(
        gettext("Revoked. Its holders are told; the newest release is served."),
        "success",
    )
    return _to("changes.vendor")


@bp.post("/vendor/products/<product>/announce")
@needs("vendor")
@again(vendor)
def announce(product: str) -> ResponseReturnValue:
    """Announce a delay, or an end to come, to holders and followers."""
    typed, number = read(AnnouncementForm()), ids.decode("product", product)
    with services().writes.begin() as db:
        announcements.announce(
            db, number, typed["kind"], typed["comment"], typed["until"], me()
        )
    flash(gettext("Announced to holders and followers."), "success")
    return _to("changes.vendor")


@bp.post("/vendor/instruments/<instrument>/window")
@needs("vendor")
@again(vendor)
def window(instrument: str) -> ResponseReturnValue:
    """Say which releases a licence includes, for what is sold from now on."""
    typed, number = read(WindowForm()), ids.decode("instrument", instrument)
    wanted = windows.Window(
        windows.read(typed["history"]), windows.read(typed["future"])
    )
    with services().writes.begin() as db:
        unit = instruments.get(db, number)
        catalogue.product(db, unit.product, me().member)
        windows.put(db, number, wanted)
    tell_market(services(), unit.product, me().id)
    flash(gettext("Saved. It holds for what is sold from now on."), "success")
    return _to("changes.vendor")


def _to(endpoint: str) -> ResponseReturnValue:
    return redirect(url_for(endpoint), HTTPStatus.SEE_OTHER)
