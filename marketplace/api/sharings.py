"""Profiles of Delta Sharing: made for a right, listed, revoked."""

from typing import Any

from flask import request
from marshmallow import Schema, fields

from marketplace.api.fields import Code, Id
from marketplace.api.resource import Resource
from marketplace.delivery import sharings
from marketplace.members.signing import me
from marketplace.services import services
from settlement import statements

bp = Resource("sharings", __name__, "Delta Sharing profiles: a right's tables opened.")


class SharingSchema(Schema):
    """A profile that was made for a right; its token is not shown again."""

    id = Id("sharing", required=True)
    entitlement = Id("entitlement", required=True)
    created_us = fields.Integer(required=True)
    expires_us = fields.Integer(required=True)
    used_us = fields.Integer(required=True, allow_none=True)


class SharingsSchema(Schema):
    """The living profiles of a right."""

    data = fields.List(fields.Nested(SharingSchema), required=True)


class ProfileSchema(Schema):
    """The profile file as the protocol describes it; shown this once."""

    shareCredentialsVersion = fields.Integer(required=True)  # noqa: N815 (their name)
    endpoint = fields.String(required=True)
    bearerToken = fields.String()  # noqa: N815
    expirationTime = fields.String()  # noqa: N815
    type = fields.String()
    tokenEndpoint = fields.String()  # noqa: N815
    clientId = fields.String()  # noqa: N815
    clientSecret = fields.String()  # noqa: N815


class ProfileKindQuery(Schema):
    """Whether the profile carries a token (bearer) or client credentials (oauth)."""

    kind = Code(*sharings.KINDS, load_default="bearer")


class MadeSchema(Schema):
    """A profile just made."""

    id = Id("sharing", required=True)
    profile = fields.Nested(ProfileSchema, required=True)


@bp.route("/entitlements/<entitlement>/sharings")
@bp.needs()
@bp.response(200, SharingsSchema)
@bp.refuses(404)
def list_sharings(entitlement: int) -> Any:
    """List the living profiles of one of the member's rights."""
    with services().reads.connect() as db:
        statements.entitlement(db, entitlement, me().member)
        return {"data": sharings.of_right(db, entitlement)}


@bp.route("/entitlements/<entitlement>/sharings", methods=["POST"])
@bp.needs("buyer")
@bp.arguments(ProfileKindQuery, location="query")
@bp.response(201, MadeSchema)
@bp.refuses(404, 409)
def create_sharing(asked: dict[str, str], entitlement: int) -> Any:
    """Make a profile that opens the tables of one of the member's rights.

    Save `profile` as a file and hand it to any client of Delta Sharing.
    """
    with services().writes.begin() as db:
        made = sharings.create(db, me(), entitlement)
    said = sharings.profile(made, request.url_root, asked["kind"])
    return {"id": made.id, "profile": said}


@bp.route("/sharings/<sharing>/rotations", methods=["POST"])
@bp.needs("buyer")
@bp.arguments(ProfileKindQuery, location="query")
@bp.response(201, MadeSchema)
@bp.refuses(404, 409)
def rotate_sharing(asked: dict[str, str], sharing: int) -> Any:
    """Make a profile in place of another, which goes on for a day."""
    with services().writes.begin() as db:
        made = sharings.rotate(db, me(), sharing)
    said = sharings.profile(made, request.url_root, asked["kind"])
    return {"id": made.id, "profile": said}


@bp.route("/sharings/<sharing>", methods=["DELETE"])
@bp.needs("buyer")
@bp.response(204)
@bp.refuses(404)
def delete_sharing(sharing: int) -> None:
    """End a profile at once, also for what is on its way."""
    with services().writes.begin() as db:
        sharings.revoke(db, me(), sharing)
