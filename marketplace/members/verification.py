"""Verification of members (know your business): who may trade, decided by whom, why."""

from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, and_, func, insert, or_, select, update

from listings.marking import N_
from marketplace.members import organisations
from marketplace.members.tables import HOUSE, members, verifications
from marketplace.members.users import User
from marketplace.trading.commands import SetStanding
from marketplace.trading.tables import standings
from settlement import clock
from settlement.errors import IllegalMove, Invalid, OwnWork
from settlement.states import Machine

REASON_MAX = 2_000
OPERATOR = 0  # acts at the command line, without a login


class MemberState(StrEnum):
    """How far a member's verification has come."""

    INVITED = "invited"
    PENDING = "pending"
    VERIFIED = "verified"
    SUSPENDED = "suspended"
    REJECTED = "rejected"


class MemberEvent(StrEnum):
    """What may happen to a member."""

    SUBMIT = "submit"
    VERIFY = "verify"
    REJECT = "reject"
    SUSPEND = "suspend"
    RESTORE = "restore"


MEMBER = Machine(
    "member",
    {
        (MemberState.INVITED, MemberEvent.SUBMIT): MemberState.PENDING,
        (MemberState.REJECTED, MemberEvent.SUBMIT): MemberState.PENDING,
        (MemberState.PENDING, MemberEvent.VERIFY): MemberState.VERIFIED,
        (MemberState.PENDING, MemberEvent.REJECT): MemberState.REJECTED,
        (MemberState.VERIFIED, MemberEvent.SUSPEND): MemberState.SUSPENDED,
        (MemberState.SUSPENDED, MemberEvent.RESTORE): MemberState.VERIFIED,
    },
)


class Door(Protocol):
    """The part of the gateway that is needed here."""

    def submit(self, command: SetStanding) -> Any:
        """Hand over a command and return its outcome."""


def submit(db: Connection, member: int, by: int) -> None:
    """Hand in the member's registration; its owner does this."""
    _move(db, member, MemberEvent.SUBMIT, by, "")


def decide(
    db: Connection, member: int, event: MemberEvent, by: User | None, reason: str = ""
) -> None:
    """Verify, reject, suspend or restore a member; `tell_market` makes it count.

    OwnWork if the registrar belongs to that member, Invalid if a rejection or a
    suspension has no reason, IllegalMove in the wrong state. *by* None: the operator.
    """
    if by is not None and by.member == member:
        raise OwnWork
    harsh = event in {MemberEvent.REJECT, MemberEvent.SUSPEND}
    if (harsh and not reason.strip()) or len(reason) > REASON_MAX:
        raise Invalid({"reason": [N_("Give the reason, in at most 2,000 characters.")]})
    _move(db, member, event, by.id if by else OPERATOR, reason.strip())


def _move(
    db: Connection, member: int, event: MemberEvent, by: int, reason: str
) -> None:
    """Move a member and record it; IllegalMove, also if somebody was faster."""
    before = MemberState(organisations.get(db, member).state)
    after = MEMBER.after(before, event)
    done = db.execute(
        update(members)
        .where(members.c.id == member, members.c.state == before.value)
        .values(state=after.value)
    )
    if done.rowcount != 1:
        raise IllegalMove(MEMBER.name, before, event.value)
    db.execute(
        insert(verifications).values(
            member=member,
            at_us=clock.now_us(),
            event=event.value,
            state=after.value,
            by_user=by,
            reason=reason,
        )
    )


def untold(db: Connection) -> list[tuple[int, bool, int]]:
    """Return what the market does not know yet: member, verified, who decided.

    The members' table is the truth; the market's standings follow it.
    """
    last = (
        select(verifications.c.member, func.max(verifications.c.id).label("step"))
        .group_by(verifications.c.member)
        .subquery()
    )
    verified = members.c.state == MemberState.VERIFIED.value
    query = (
        select(
            members.c.id,
            members.c.state,
            func.coalesce(verifications.c.by_user, OPERATOR).label("by_user"),
        )
        .outerjoin(last, last.c.member == members.c.id)
        .outerjoin(verifications, verifications.c.id == last.c.step)
        .outerjoin(standings, standings.c.member == members.c.id)
        .where(
            members.c.id != HOUSE,
            or_(
                and_(verified, func.coalesce(standings.c.verified, 0) == 0),
                and_(~verified, func.coalesce(standings.c.verified, 0) == 1),
            ),
        )
        .order_by(members.c.id)
    )
    return [
        (row.id, row.state == MemberState.VERIFIED.value, row.by_user)
        for row in db.execute(query)
    ]


def tell_market(reads: Engine, gateway: Door) -> int:
    """Submit the standing of every member that changed; return how many there were.

    Safe to repeat and to interrupt: to set a standing twice changes nothing more. No
    idempotency key, because a member could use it up beforehand.
    """
    with reads.connect() as db:
        changed = untold(db)
    for member, verified, by in changed:
        gateway.submit(SetStanding(by, member, verified))
    return len(changed)
