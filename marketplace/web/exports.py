"""Descriptions in formats that programs read: of one listing, of the catalogue."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection
from werkzeug.wrappers import Response as Answer

from listings import publication
from listings.catalogue import Listing
from listings.formats import schema_org
from listings.formats.description import CannotCarry, Catalogue
from listings.formats.kinds import (
    BY_SUFFIX,
    FORMATS,
    NEGOTIATED,
    Format,
    for_catalogues,
    for_class,
)
from listings.formats.schema_org import DESCRIPTION_MAX
from marketplace import exporting
from marketplace.services import services
from marketplace.web.forms import Form, PublicId, Whole, read
from settlement import ids
from settlement.errors import NotFound

bp = Blueprint("exports", __name__)
SUFFIXES = ", ".join(f'"{form.suffix}"' for form in FORMATS)
WHOLE = ", ".join(
    f'"{suffix}"'
    for suffix in (*(form.suffix for form in for_catalogues()), *exporting.SHEETS)
)
NEWEST_S = 60  # for so long a copy is fresh enough


class PageForm(Form):
    """Which page of the catalogue."""

    after = PublicId("product", load_default=0)
    limit = Whole(1, exporting.SHEET_PAGE, load_default=0)


def root() -> str:
    """Return the address of the exchange as this visitor reaches it."""
    return request.url_root.rstrip("/")


@bp.get(f"/listings/<product>.<any({SUFFIXES}):suffix>")
def listing(product: str, suffix: str) -> ResponseReturnValue:
    """Describe one listing in the format that the address ends in."""
    product, _, suffix = f"{product}.{suffix}".partition(".")  # that has dots itself
    return single(ids.decode("product", product), suffix)


def single(product: int, suffix: str) -> Response:
    """Return one listing in a format; NotFound, CannotCarry."""
    form = BY_SUFFIX.get(suffix)
    if form is None:
        raise NotFound("format", suffix[:40])
    with services().reads.connect() as db:
        said = exporting.one(db, product, root())
    if said.facts.kind not in form.classes:
        raise CannotCarry
    answer = _answer(form.write(said), form.media_type, f"{said.id}.{suffix}")
    answer.headers.add("Link", f'<{said.url}>; rel="canonical"')
    return answer


@bp.get("/catalogue")
def negotiated() -> ResponseReturnValue:
    """Go to the catalogue in what the program reads; people to what there is."""
    form = preferred()
    if form is None:
        return redirect(url_for("help.formats"), HTTPStatus.SEE_OTHER)
    return _varied(redirect(url_for(".catalogue", suffix=form.suffix), 303))


@bp.get(f"/catalogue.<any({WHOLE}):suffix>")
def catalogue(suffix: str) -> ResponseReturnValue:
    """Describe a page of the whole catalogue; Link and Hydra lead to the next."""
    asked = read(PageForm(), request.args)
    return whole(suffix, asked["after"], asked["limit"])


def whole(suffix: str, after: int, limit: int) -> Response:
    """Return a page of the catalogue in a format that has one."""
    with services().reads.connect() as db:
        found = exporting.page(db, root(), suffix, after, limit)
    answer = _answer(*exporting.written(found, suffix), f"catalogue.{suffix}")
    for link in links(found):
        answer.headers.add("Link", link)
    return answer


def links(found: Catalogue) -> list[str]:
    """Return the Link headers (RFC 8288) of a page of the catalogue."""
    made = [f'<{found.first}>; rel="first"']
    return [*made, f'<{found.next}>; rel="next"'] if found.next else made


def preferred() -> Format | None:
    """Return the format of linked data that the program prefers to a page, if any."""
    offered = ["text/html", *NEGOTIATED]
    best = request.accept_mimetypes.best_match(offered, default="text/html")
    return NEGOTIATED.get(best)


def elsewhere(product: str) -> Answer | None:
    """Return where a program finds the listing that a page shows, if it asks for it."""
    form = preferred()
    if form is None:
        return None
    address = url_for("exports.listing", product=product, suffix=form.suffix)
    return _varied(redirect(address, HTTPStatus.SEE_OTHER))


def of_page(db: Connection, found: Listing) -> dict[str, Any]:
    """Return the formats that a listing's page offers, and what its head says."""
    if not publication.has(db, found.id):
        return {"formats": (), "linked_data": None}
    (said,) = exporting.described(db, [found], root())
    linked = schema_org.summary(said, DESCRIPTION_MAX)
    return {"formats": for_class(found.kind), "linked_data": linked}


def _answer(content: bytes, media_type: str, name: str) -> Response:
    answer = Response(content, mimetype=media_type)
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    answer.headers["Cache-Control"] = f"max-age={NEWEST_S}"
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def _varied(answer: Answer) -> Answer:
    answer.headers["Vary"] = "Accept"
    return answer
