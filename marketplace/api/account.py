"""Who asks: the user and the member that a key acts for."""

from typing import Any

from marshmallow import Schema, fields, pre_dump

from marketplace.api.fields import Id
from marketplace.api.resource import Resource
from marketplace.members import organisations, profiles
from marketplace.members.signing import me
from marketplace.members.users import User
from marketplace.services import services

bp = Resource("account", __name__, "The user and the member that a key acts for.")


class MeSchema(Schema):
    """The user that acts, and what its key lets it do."""

    user = Id("user", attribute="id", required=True)
    key = Id("key", required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    member = Id("member", required=True)
    member_zh = fields.String(required=True)
    member_en = fields.String(required=True)
    member_state = fields.String(attribute="state", required=True)

    @pre_dump
    def sort_roles(self, user: User, **_: Any) -> dict[str, Any]:
        """Return the user's facts with its roles in order."""
        return vars(user) | {"roles": sorted(user.roles)}


class ProfileSchema(Schema):
    """What a certificate says of the member beside its name and code."""

    representative = fields.String(required=True)
    address = fields.String(required=True)


class WrittenSchema(ProfileSchema):
    """The profile in force, and whether the new one waits for a registrar."""

    waits = fields.Boolean(required=True)


@bp.route("/profile")
@bp.needs()
@bp.response(200, WrittenSchema)
def get_profile() -> Any:
    """Read the profile of your member; its owner changes it on the account's page."""
    with services().reads.connect() as db:
        row = organisations.get(db, me().member)
        asked = profiles.newest(db, me().member)
    waits = asked is not None and asked.state == "open"
    return {
        "representative": row.representative,
        "address": row.address,
        "waits": waits,
    }


@bp.route("/me")
@bp.needs()
@bp.response(200, MeSchema)
def get_me() -> User:
    """Read who you are here."""
    return me()
