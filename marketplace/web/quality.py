"""The vendor's check reports: what was found in a file; releases put right."""

from flask import flash, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import fetches, products, releases
from listings.quality import reports
from listings.quality.reports import BeingExamined, Quarantined
from listings.releases import BeingFetched, Release
from marketplace.admission import tell_market
from marketplace.community import announcements
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.receiving import receive
from marketplace.services import services
from marketplace.web.arrivals import arrived
from marketplace.web.forms import again
from marketplace.web.vendor import bp, edit, to
from settlement import clock, ids
from settlement.errors import NotFound


@bp.get("/files/<file>")
@needs("vendor")
def report(file: str) -> ResponseReturnValue:
    """Show all that was found in one file, worst first, with its place."""
    with services().reads.connect() as db:
        found = releases.file_of(db, ids.decode("file", file))
        release = mine(found.release)
        return render_template(
            "quality/report.html",
            file=found,
            release=release,
            product=release.product,
            report=reports.find(db, found.id),
            origin=fetches.origin(db, found.id),
        )


@bp.get("/releases/<release>/files")
@needs("vendor")
def files(release: str) -> ResponseReturnValue:
    """Show the files of a release alone, for refreshing."""
    found = mine(ids.decode("release", release))
    with services().reads.connect() as db:
        return render_template(
            "quality/files.html",
            release=found,
            files=releases.files_of(db, found.id),
            examined=reports.of_release(db, found.id),
            fetched=fetches.of_release(db, found.id),
        )


def _product(release: str) -> ResponseReturnValue:
    product = mine(ids.decode("release", release)).product
    return edit(ids.encode("product", product))


@bp.post("/releases/<release>/files")
@needs("vendor")
@again(_product)
def add_files(release: str) -> ResponseReturnValue:
    """Add files to a release that is not final; finalise it if they permit."""
    found = mine(ids.decode("release", release))
    receive(services(), me().id, lambda _db: found.id, *arrived())
    return finish_if_whole(found.id)


@bp.post("/releases/<release>/finalise")
@needs("vendor")
def finalise(release: str) -> ResponseReturnValue:
    """End the work on a release."""
    return finish(mine(ids.decode("release", release)).id)


@bp.post("/files/<file>/remove")
@needs("vendor")
def remove_file(file: str) -> ResponseReturnValue:
    """Take a file out of a release that is not final."""
    with services().reads.connect() as db:
        found = releases.file_of(db, ids.decode("file", file))
    release = mine(found.release)
    with services().writes.begin() as db:
        releases.remove_file(db, found.id)
    flash(gettext("Taken out: %(name)s.", name=found.name), "success")
    return to(release.product, "#releases-h")


def finish_if_whole(number: int) -> ResponseReturnValue:
    """Finalise a release as `finish` does, unless something could not be fetched.

    An address may fail before this is asked, or after: in both cases it is the vendor
    who decides to go on without the file.
    """
    with services().reads.connect() as db:
        lost = fetches.lost(db, number)
    if lost is None:
        return finish(number)
    flash(
        gettext("%(name)s could not be fetched; the release stays open.", name=lost),
        "warning",
    )
    return to(mine(number).product, "#releases-h")


def finish(number: int) -> ResponseReturnValue:
    """Finalise a release if the examinations of its files permit; to its product.

    A quarantined file, or one that is still fetched or examined, leaves the release
    open; the page says what to do.
    """
    parts = services()
    try:
        with parts.writes.begin() as db:
            days = parts.config.schema_notice_days
            found = announcements.finalise(db, number, me(), days)
    except (Quarantined, BeingExamined, BeingFetched) as refusal:
        flash(gettext(refusal.title()), "warning")
        return to(mine(number).product, "#releases-h")
    tell_market(parts, found.product, me().id)  # later buyers get what is served
    said = gettext("Release %(label)s is final.", label=found.label)
    if not found.is_served(clock.now_us()):
        said = gettext(
            "Release %(label)s is final. It breaks the schema: it is served when its"
            " notice period ends, or once every affected holder has accepted.",
            label=found.label,
        )
    flash(said, "success")
    return to(found.product, "#releases-h")


def mine(release: int) -> Release:
    """Return a release of the vendor's own; NotFound for another's."""
    with services().reads.connect() as db:
        found = releases.get(db, release)
        if products.find(db, found.product).vendor != me().member:
            raise NotFound("release", ids.encode("release", release))
        return found
