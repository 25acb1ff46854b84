"""Releases of a vendor's product: begun, filled with files, then final for good."""

from typing import Any

from flask import request
from marshmallow import Schema

from listings import products, releases
from listings.releases import NAME_MAX, NOTES_MAX, REASON_MAX
from marketplace.admission import tell_market
from marketplace.api.fields import Body, Text
from marketplace.api.listings import FileSchema, ReleaseSchema
from marketplace.api.products import own
from marketplace.api.resource import Resource, at
from marketplace.community import announcements
from marketplace.members.signing import me
from marketplace.receiving import receive
from marketplace.services import services
from settlement import ids
from settlement.errors import NotFound

bp = Resource("releases", __name__, "What a vendor's product delivers.")
STREAM = "application/octet-stream"


class NewReleaseSchema(Body):
    """The label and notes of a release; its files follow."""

    label = Text(40, least=1, required=True)
    notes_zh = Text(NOTES_MAX, lines=True, load_default="")
    notes_en = Text(NOTES_MAX, lines=True, load_default="")


class RevocationSchema(Body):
    """Why a release is served no longer."""

    reason = Text(REASON_MAX, least=1, lines=True, required=True)


class FileQuery(Schema):
    """What the file is called."""

    name = Text(NAME_MAX, least=1, required=True)


@bp.route("/products/<product>/releases", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(NewReleaseSchema)
@bp.creates(ReleaseSchema)
@bp.refuses(404)
def begin_release(new: dict[str, str], product: int) -> Any:
    """Begin a release; add files, then finalise it."""
    own(product)
    with services().writes.begin() as db:
        number = releases.begin(db, product, **new)
    return own_release(number), at(f"/releases/{ids.encode('release', number)}")


@bp.route("/releases/<release>")
@bp.needs("vendor")
@bp.response(200, ReleaseSchema)
@bp.refuses(404)
def get_release(release: int) -> Any:
    """Read one of the vendor's releases."""
    return own_release(release)


@bp.route("/releases/<release>", methods=["PUT"])
@bp.needs("vendor")
@bp.arguments(NewReleaseSchema)
@bp.response(200, ReleaseSchema)
@bp.refuses(404, 409)
def edit_release(new: dict[str, str], release: int) -> Any:
    """Give a release that is not final another label and notes."""
    own_release(release)
    with services().writes.begin() as db:
        releases.edit(db, release, **new)
    return own_release(release)


@bp.route("/releases/<release>/files", methods=["POST"])
@bp.needs("vendor")
@bp.doc(
    requestBody={
        "required": True,
        "content": {STREAM: {"schema": {"type": "string", "format": "binary"}}},
    }
)
@bp.arguments(FileQuery, location="query")
@bp.response(201, FileSchema)
@bp.refuses(404, 409, 413, 415)
def upload_file(named: dict[str, str], release: int) -> Any:
    """Add a file to a release: its bytes are the body of the request.

    It is examined at once; read its report before you finalise the release.
    """
    own_release(release)
    parts = services()
    stored = parts.files.put(request.stream)
    arrived = [(named["name"], stored)]
    made = receive(parts, me().id, lambda _db: release, arrived)
    with parts.reads.connect() as db:
        return releases.file_of(db, made.files[0])


@bp.route("/files/<file>", methods=["DELETE"])
@bp.needs("vendor")
@bp.response(204)
@bp.refuses(404, 409)
def remove_file(file: int) -> None:
    """Take a file out of a release that is not final."""
    with services().reads.connect() as db:
        found = releases.file_of(db, file)
    own_release(found.release, NotFound("file", ids.encode("file", file)))
    with services().writes.begin() as db:
        releases.remove_file(db, file)


@bp.route("/releases/<release>/finalise", methods=["POST"])
@bp.needs("vendor")
@bp.response(200, ReleaseSchema)
@bp.refuses(404, 409, 422)
def finalise_release(release: int) -> Any:
    """End the work on a release: from now on it never changes."""
    own_release(release)
    parts = services()
    with parts.writes.begin() as db:
        made = announcements.finalise(
            db, release, me(), parts.config.schema_notice_days
        )
    tell_market(parts, made.product, me().id)  # later buyers get what is served
    return own_release(release)


@bp.route("/releases/<release>/revoke", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(RevocationSchema)
@bp.response(200, ReleaseSchema)
@bp.refuses(404, 409, 422)
def revoke_release(why: dict[str, str], release: int) -> Any:
    """Serve a release no longer, for a reason that its holders are told."""
    with services().writes.begin() as db:
        announcements.revoke(db, release, why["reason"], me())
        product = releases.get(db, release).product
    tell_market(services(), product, me().id)
    return own_release(release)


def own_release(number: int, refusal: NotFound | None = None) -> dict[str, Any]:
    """Return a release of the vendor's own; NotFound for another's."""
    with services().reads.connect() as db:
        found = releases.get(db, number)
        row = products.find(db, found.product)
        if row.vendor != me().member:
            raise refusal or NotFound("release", ids.encode("release", number))
        return found._asdict() | {"files": releases.files_of(db, number)}
