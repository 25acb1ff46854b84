"""Files of a release by reference: the exchange fetches them from an address."""

from typing import Any

from marshmallow import Schema, fields

from listings import fetches
from listings.fetches import URL_MAX, Fetch
from listings.releases import NAME_MAX
from marketplace import limits
from marketplace.api.fields import Body, Id, Text
from marketplace.api.releases import bp, own_release
from marketplace.api.resource import at
from marketplace.fetching import RATES
from marketplace.members.signing import me
from marketplace.receiving import Reference, receive
from marketplace.services import services
from settlement import ids
from settlement.errors import NotFound


class NewFetchSchema(Body):
    """The address of a file, and what it is to be called."""

    url = Text(URL_MAX, least=1, required=True, metadata={"description": "https."})
    name = Text(
        NAME_MAX, load_default="", metadata={"description": "Else the address gives it"}
    )


class FetchSchema(Schema):
    """A file that the exchange fetches, or has fetched."""

    id = Id("fetch", required=True)
    release = Id("release", required=True)
    name = fields.String(required=True)
    url = fields.String(required=True)
    state = fields.String(
        required=True,
        metadata={"description": "queued, fetching, done, failed or cancelled."},
    )
    why = fields.String(
        required=True, metadata={"description": "Why it failed, a code."}
    )
    status = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Of HTTP."}
    )
    received = fields.Integer(required=True, metadata={"description": "Bytes so far."})
    size = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Bytes announced."}
    )
    came_from = fields.String(
        required=True, metadata={"description": "The address after redirects."}
    )
    file = Id("file", required=True, allow_none=True)
    asked_us = fields.Integer(required=True)
    done_us = fields.Integer(required=True, allow_none=True)


@bp.route("/releases/<release>/fetches", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(NewFetchSchema)
@bp.creates(FetchSchema)
@bp.refuses(404, 409, 422, 429)
def fetch_file(new: dict[str, str], release: int) -> Any:
    """Add a file to a release by its address: it is fetched in the background.

    Only machines in public are asked, by https. Poll until `state` is `done`; the file
    is then examined like an uploaded one.
    """
    own_release(release)
    limits.count("fetch", str(me().member), RATES)
    wanted = [Reference(new["url"], new["name"])]
    made = receive(services(), me().id, lambda _db: release, [], wanted)
    (number,) = made.fetches
    return _fetch(number), at(f"/fetches/{ids.encode('fetch', number)}")


@bp.route("/releases/<release>/fetches")
@bp.needs("vendor")
@bp.response(200, FetchSchema(many=True))
@bp.refuses(404)
def get_fetches(release: int) -> Any:
    """Read what is or was fetched for one of the vendor's releases."""
    own_release(release)
    with services().reads.connect() as db:
        return fetches.of_release(db, release)


@bp.route("/fetches/<fetch>")
@bp.needs("vendor")
@bp.response(200, FetchSchema)
@bp.refuses(404)
def get_fetch(fetch: int) -> Any:
    """Read how far a file is fetched, and why not if it could not be."""
    return _fetch(fetch)


@bp.route("/fetches/<fetch>", methods=["DELETE"])
@bp.needs("vendor")
@bp.response(204)
@bp.refuses(404, 409)
def cancel_fetch(fetch: int) -> None:
    """Fetch a file no more."""
    _fetch(fetch)
    with services().writes.begin() as db:
        fetches.cancel(db, fetch)


def _fetch(number: int) -> Fetch:
    """Return a fetch of the vendor's own; NotFound for another's."""
    with services().reads.connect() as db:
        found = fetches.get(db, number)
    own_release(found.release, NotFound("fetch", ids.encode("fetch", number)))
    return found
