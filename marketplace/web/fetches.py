"""Files that are fetched from a vendor's address: cancelled, asked for again."""

from flask import flash
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import fetches
from listings.fetches import Fetch
from marketplace import limits
from marketplace.fetching import RATES
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web.quality import mine as release_of
from marketplace.web.vendor import bp, to
from settlement import ids
from settlement.errors import NotFound


@bp.post("/fetches/<fetch>/cancel")
@needs("vendor")
def cancel_fetch(fetch: str) -> ResponseReturnValue:
    """Fetch a file no more."""
    found, product = _mine(fetch)
    with services().writes.begin() as db:
        fetches.cancel(db, found.id)
    flash(gettext("Cancelled: %(name)s.", name=found.name), "success")
    return to(product, "#releases-h")


@bp.post("/fetches/<fetch>/retry")
@needs("vendor")
def retry_fetch(fetch: str) -> ResponseReturnValue:
    """Fetch a file again that could not be fetched."""
    found, product = _mine(fetch)
    limits.count("fetch", str(me().member), RATES)
    services().fetcher.check(found.url)
    with services().writes.begin() as db:
        fetches.retry(db, found.id, me().id)
    services().fetcher.begin()
    return to(product, "#releases-h")


def _mine(fetch: str) -> tuple[Fetch, int]:
    """Return a fetch of the vendor's own and its product; NotFound for another's."""
    with services().reads.connect() as db:
        found = fetches.get(db, ids.decode("fetch", fetch))
    try:
        return found, release_of(found.release).product
    except NotFound:
        raise NotFound("fetch", fetch) from None
