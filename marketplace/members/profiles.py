"""Profiles: a member's legal representative and address, and who may change them.

Until a member is verified its owner writes them at once; a verified member's are on
its certificates (domain §7), so that another word takes a registrar's approval.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, insert, select, update

from listings.marking import N_
from marketplace.members import organisations
from marketplace.members.tables import HOUSE, NAME_MAX, members, profile_requests
from marketplace.members.users import User
from settlement import clock
from settlement.errors import Forbidden, Invalid, NotFound, OwnWork, Refusal
from settlement.ids import encode
from settlement.store import PAGE_MAX

ADDRESS_MAX = 500  # characters
REASON_MAX = 2_000
AT_ONCE = ("invited", "pending", "rejected")  # states before a verification

_q = profile_requests.c


class Profile(NamedTuple):
    """What a certificate says of its holder beside name and code; empty: not given."""

    representative: str  # 法定代表人
    address: str  # 住所


@dataclass(eq=False)
class NothingChanged(Refusal):
    """The profile says this already."""


@dataclass(eq=False)
class RequestDecided(Refusal):
    """This request is decided or was withdrawn already."""


def checked(profile: Profile) -> Profile:
    """Return *profile* without blanks around it; Invalid names every problem."""
    kept = Profile(*(" ".join(text.split()) for text in profile))
    problems: dict[str, list[str]] = {}
    if len(kept.representative) > NAME_MAX or not kept.representative.isprintable():
        problems["representative"] = [N_("Use at most 200 printable characters.")]
    if len(kept.address) > ADDRESS_MAX or not kept.address.isprintable():
        problems["address"] = [N_("Use at most 500 printable characters.")]
    if problems:
        raise Invalid(problems)
    return kept


def change(db: Connection, profile: Profile, by: User) -> bool:
    """Write the profile of the owner's member; tell whether it is in force at once.

    A verified or suspended member asks: an open request is replaced. Forbidden for the
    house, NothingChanged if the profile says so already, Invalid for what is wrong.
    """
    if by.member == HOUSE:
        raise Forbidden("owner")
    wanted = checked(profile)
    row = organisations.get(db, by.member)
    if wanted == Profile(row.representative, row.address):
        raise NothingChanged
    if row.state in AT_ONCE:
        _write(db, by.member, wanted)
        return True
    if not all(wanted):
        field = "address" if wanted.representative else "representative"
        raise Invalid({field: [N_("A verified member leaves this not empty.")]})
    withdraw(db, by)
    db.execute(
        insert(profile_requests).values(
            member=by.member,
            asked_us=clock.now_us(),
            asked_by=by.id,
            state="open",
            reason="",
            **wanted._asdict(),
        )
    )
    return False


def withdraw(db: Connection, by: User) -> None:
    """Take the open request of the user's member back, if there is one."""
    _close(db, _q.member == by.member, "withdrawn", by.id, "")


def decide(
    db: Connection, request: int, by: User, *, approve: bool, reason: str = ""
) -> Row[Any]:
    """Approve or decline a request; return it as it was.

    OwnWork for who belongs to that member, Invalid for a refusal without a reason,
    RequestDecided if somebody was faster.
    """
    found = get(db, request)
    if by.member == found.member:
        raise OwnWork
    said = reason.strip()
    if (not approve and not said) or len(said) > REASON_MAX:
        raise Invalid({"reason": [N_("Give the reason, in at most 2,000 characters.")]})
    state = "approved" if approve else "declined"
    if not _close(db, _q.id == request, state, by.id, said):
        raise RequestDecided
    if approve:
        _write(db, found.member, Profile(found.representative, found.address))
    return found


def get(db: Connection, request: int) -> Row[Any]:
    """Return a request; NotFound if there is none."""
    query = select(profile_requests).where(_q.id == request)
    found = db.execute(query).first()
    if found is None:
        raise NotFound("profile", encode("profile", request))
    return found


def newest(db: Connection, member: int) -> Row[Any] | None:
    """Return the last request of a member, whatever became of it."""
    query = select(profile_requests).where(_q.member == member)
    return db.execute(query.order_by(_q.id.desc()).limit(1)).first()


def waiting(db: Connection, limit: int = PAGE_MAX) -> Sequence[Row[Any]]:
    """Return the open requests with their members' names, oldest first."""
    query = (
        select(profile_requests, members.c.name_zh, members.c.name_en)
        .join(members, members.c.id == _q.member)
        .where(_q.state == "open")
        .order_by(_q.id)
        .limit(limit)
    )
    return db.execute(query).all()


def _close(db: Connection, which: Any, state: str, by: int, reason: str) -> bool:
    now = {"decided_us": clock.now_us(), "decided_by": by, "reason": reason}
    done = db.execute(
        update(profile_requests)
        .where(which, _q.state == "open")
        .values(state=state, **now)
    )
    return done.rowcount == 1


def _write(db: Connection, member: int, profile: Profile) -> None:
    mine = members.c.id == member
    db.execute(update(members).where(mine).values(profile._asdict()))
