"""Profiles decided: the member is told in the same transaction."""

from sqlalchemy import Connection

from marketplace.community.notices import notify
from marketplace.members import profiles
from marketplace.members.users import User


def answer(
    db: Connection, request: int, by: User, *, approve: bool, reason: str = ""
) -> int:
    """Decide on a request as `profiles.decide` does, tell its member; return it."""
    found = profiles.decide(db, request, by, approve=approve, reason=reason)
    kind = "profile_approved" if approve else "profile_declined"
    facts = {"reason": reason, "href": "/account"}
    notify(db, [found.member], kind, f"profile {request}", facts=facts)
    return int(found.member)
