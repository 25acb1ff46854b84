"""Visibility of the vendor's products, its named members, and access on request."""

from typing import Any

from marshmallow import Schema, fields

from listings import visibility
from listings.licences import PURPOSES
from marketplace.api.fields import Body, Code, Id, Int, Text
from marketplace.api.products import own
from marketplace.api.resource import TRADERS, PageQuery, Resource, at
from marketplace.community import access, agreements
from marketplace.members.signing import me
from marketplace.services import services
from settlement import ids
from settlement.store import Page

bp = Resource("access", __name__, "Who may see and trade a product.")


class VisibilitySchema(Body):
    """Who may see and trade a product."""

    visibility = Code(*visibility.VISIBILITIES, required=True)


class GuestSchema(Schema):
    """A member that the vendor lets in."""

    member = Id("member", required=True)
    until_us = fields.Integer(required=True, allow_none=True)
    added_us = fields.Integer(required=True)


class AudienceSchema(Schema):
    """Who may see and trade a product."""

    visibility = Code(*visibility.VISIBILITIES, required=True)
    guests = fields.List(fields.Nested(GuestSchema), required=True)


class DaysSchema(Body):
    """For how long; null: without end."""

    days = Int(1, access.ACCESS_DAYS_MAX, load_default=None, allow_none=True)


class QuestionnaireSchema(Body):
    """What the vendor wants to know."""

    who = Text(access.WHO_MAX, least=1, required=True)
    use_case = Text(access.USE_CASE_MAX, least=1, lines=True, required=True)
    purpose = Code(*PURPOSES, required=True)


class DeclineSchema(Body):
    """Why not."""

    reason = Text(access.REASON_MAX, least=1, lines=True, required=True)


class AccessRequestSchema(Schema):
    """A request for access, and what became of it."""

    id = Id("request", required=True)
    product = Id("product", required=True)
    member = Id("member", required=True)
    who = fields.String(required=True)
    use_case = fields.String(required=True)
    purpose = fields.String(required=True)
    wanted = fields.String(
        required=True,
        metadata={"description": "The purpose to agree to; empty: access is asked."},
    )
    asked_us = fields.Integer(required=True)
    expires_us = fields.Integer(required=True)
    state = Code(*access.RequestState, required=True)
    decided_us = fields.Integer(required=True, allow_none=True)
    reason = fields.String(required=True)
    until_us = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "End of an approved access; null: none."},
    )


@bp.route("/products/<product>/visibility")
@bp.needs("vendor")
@bp.response(200, AudienceSchema)
@bp.refuses(404)
def get_visibility(product: int) -> Any:
    """Read who may see and trade the vendor's product."""
    return _audience(own(product))


@bp.route("/products/<product>/visibility", methods=["PUT"])
@bp.needs("vendor")
@bp.arguments(VisibilitySchema)
@bp.response(200, AudienceSchema)
@bp.refuses(404, 409)
def set_visibility(wanted: dict[str, str], product: int) -> Any:
    """Choose who may see and trade the vendor's product."""
    access.restrict(services(), product, wanted["visibility"], me())
    return _audience(product)


@bp.route("/products/<product>/guests/<member>", methods=["PUT"])
@bp.needs("vendor")
@bp.arguments(DaysSchema)
@bp.response(200, AudienceSchema)
@bp.refuses(404, 409, 422)
def let_in(wanted: dict[str, Any], product: int, member: int) -> Any:
    """Let a named member see and trade the vendor's product."""
    access.invite(services(), product, member, wanted["days"], me())
    return _audience(product)


@bp.route("/products/<product>/guests/<member>", methods=["DELETE"])
@bp.needs("vendor")
@bp.response(204)
@bp.refuses(404, 409)
def shut_out(product: int, member: int) -> None:
    """Take a member off the named ones; rights already bought stay."""
    access.shut_out(services(), product, member, me())


@bp.route("/listings/<product>/access-requests", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(QuestionnaireSchema)
@bp.creates(AccessRequestSchema)
@bp.refuses(404, 422)
def ask_for_access(answers: dict[str, str], product: int) -> Any:
    """Ask the vendor for access to a product on request."""
    with services().writes.begin() as db:
        number = access.ask(db, product, access.Questionnaire(**answers), me())
        made = access.find(db, number, me().member)
    return made, at(f"/access-requests/{ids.encode('request', number)}")


@bp.route("/access-requests")
@bp.needs(*TRADERS)
@bp.arguments(PageQuery, location="query")
@bp.lists(AccessRequestSchema)
def list_my_requests(asked: dict[str, Any]) -> Page:
    """List what the member asked for."""
    limit = asked["limit"]
    with services().reads.connect() as db:
        found = access.asked_by(db, me().member, asked["cursor"], limit + 1)
    return _page(found, limit)


@bp.route("/access-requests/<request>")
@bp.needs(*TRADERS)
@bp.response(200, AccessRequestSchema)
@bp.refuses(404)
def get_request(request: int) -> Any:
    """Read a request that the member made or has to answer."""
    with services().reads.connect() as db:
        return access.find(db, request, me().member)


@bp.route("/access-requests/<request>/withdraw", methods=["POST"])
@bp.needs(*TRADERS)
@bp.response(200, AccessRequestSchema)
@bp.refuses(404, 409)
def withdraw_request(request: int) -> Any:
    """Take the member's own request back."""
    with services().writes.begin() as db:
        access.withdraw(db, request, me())
        return access.find(db, request, me().member)


@bp.route("/listings/<product>/purpose-requests", methods=["POST"])
@bp.needs(*TRADERS)
@bp.arguments(QuestionnaireSchema)
@bp.response(201, AccessRequestSchema)
@bp.refuses(404, 409)
def request_purpose(answers: dict[str, str], product: int) -> Any:
    """Ask the vendor to agree to a purpose that the licence has on request."""
    said = access.Questionnaire(**answers)
    with services().writes.begin() as db:
        number = agreements.ask(db, product, said, me())
        return access.find(db, number, me().member)


@bp.route("/access-requests/<request>/end", methods=["POST"])
@bp.needs("vendor")
@bp.response(200, AccessRequestSchema)
@bp.refuses(404, 409)
def end_consent(request: int) -> Any:
    """End a consent before its time; bids for the purpose are cancelled."""
    agreements.end(services(), request, me())
    return get_request_of(request)


@bp.route("/access-requests/inbox")
@bp.needs("vendor")
@bp.arguments(PageQuery, location="query")
@bp.lists(AccessRequestSchema)
def list_requests(asked: dict[str, Any]) -> Page:
    """List who asks for access to the vendor's products."""
    limit = asked["limit"]
    with services().reads.connect() as db:
        found = access.inbox(db, me().member, asked["cursor"], limit + 1)
    return _page(found, limit)


@bp.route("/access-requests/<request>/approve", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(DaysSchema)
@bp.response(200, AccessRequestSchema)
@bp.refuses(404, 409)
def approve_request(wanted: dict[str, Any], request: int) -> Any:
    """Let the asker in, for some days or without end."""
    access.approve(services(), request, wanted["days"], me())
    return get_request_of(request)


@bp.route("/access-requests/<request>/decline", methods=["POST"])
@bp.needs("vendor")
@bp.arguments(DeclineSchema)
@bp.response(200, AccessRequestSchema)
@bp.refuses(404, 409)
def decline_request(why: dict[str, str], request: int) -> Any:
    """Decline a request with a reason."""
    with services().writes.begin() as db:
        access.decline(db, request, why["reason"], me())
    return get_request_of(request)


def get_request_of(number: int) -> Any:
    """Return a request as it is now."""
    with services().reads.connect() as db:
        return access.find(db, number, me().member)


def _audience(product: int) -> dict[str, Any]:
    with services().reads.connect() as db:
        return {
            "visibility": visibility.of(db, product),
            "guests": visibility.guests(db, product),
        }


def _page(found: list[Any], limit: int) -> Page:
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)
