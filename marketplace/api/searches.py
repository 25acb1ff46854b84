"""Saved searches of the member, with what is new to it."""

from typing import Any

from marshmallow import Schema, fields

from marketplace.api.fields import Body, Id, Text
from marketplace.api.resource import Resource, at
from marketplace.community import searches
from marketplace.members.signing import me
from marketplace.services import services
from settlement import ids

bp = Resource("searches", __name__, "Searches that the member saved.")


class NewSearchSchema(Body):
    """A search as the query of the market page's address has it."""

    name = Text(searches.NAME_MAX, load_default="")
    address = Text(
        searches.ADDRESS_MAX,
        least=1,
        required=True,
        metadata={"description": "Such as `q=weather&kind=dataset`."},
    )


class SearchSchema(Schema):
    """A saved search; *fresh* listings came after the member last looked."""

    id = Id("search", required=True)
    name = fields.String(required=True)
    address = fields.String(required=True)
    at_us = fields.Integer(required=True)
    seen_us = fields.Integer(required=True)
    fresh = fields.Integer(required=True)


class SearchesSchema(Schema):
    """All of them."""

    data = fields.List(fields.Nested(SearchSchema), required=True)


@bp.route("/searches")
@bp.needs()
@bp.response(200, SearchesSchema)
def list_searches() -> Any:
    """List the saved searches with the number of new listings."""
    return {"data": _shown()}


@bp.route("/searches", methods=["POST"])
@bp.needs()
@bp.arguments(NewSearchSchema)
@bp.creates(SearchSchema)
@bp.refuses(409)
def save_search(new: dict[str, str]) -> Any:
    """Save a search; the same one is saved once."""
    with services().writes.begin() as db:
        address = searches.canonical(new["address"])
        number = searches.save(db, me().member, new["name"], address)
    (made,) = [each for each in _shown() if each["id"] == number]
    return made, at(f"/searches/{ids.encode('search', number)}")


@bp.route("/searches/<search>", methods=["DELETE"])
@bp.needs()
@bp.response(204)
@bp.refuses(404)
def remove_search(search: int) -> None:
    """Forget a saved search."""
    with services().writes.begin() as db:
        searches.remove(db, me().member, search)


def _shown() -> list[dict[str, Any]]:
    with services().reads.connect() as db:
        saved = searches.of_member(db, me().member)
    return [
        each._asdict() | {"fresh": number}
        for each, number in searches.fresh(services().index, saved)
    ]
