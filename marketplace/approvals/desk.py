"""What waits for a second user of a member: asked, approved, turned down, sent.

`check` stands where every command enters. What costs more than the member's limit, or
than the mandate of the agent that asks, is written down instead and answered with
`ApprovalAwaited`. An approval lets exactly that command pass, under its own key and
until the request expires; the market judges it anew, as it would any other.
"""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from marketplace.approvals import limits
from marketplace.approvals.costs import COSTS, Cost, costs
from marketplace.approvals.tables import approvals
from marketplace.community.notices import notify
from marketplace.members import colleagues, users
from marketplace.members.users import User
from marketplace.trading import mandate_reads
from marketplace.trading.commands import Command, decode
from settlement import clock
from settlement.canonical import canonical
from settlement.errors import KeyReuse, NotFound, OwnWork, Refusal
from settlement.ids import encode
from settlement.store import PAGE_MAX, Page, page

WAITS_US = 3 * clock.DAY_US  # then a request expires
WAITING_MAX = 200  # requests of one member
USERS_WAITING_MAX = 20  # and of one user, with the agents it stands behind
REASON_MAX = 500  # characters
LIMIT = "limit"  # the kind of a request that is no command
OVER = ("rejected", "withdrawn", "refused")
_a = approvals.c


@dataclass(eq=False)
class ApprovalAwaited(Refusal):
    """This waits for a colleague's approval; nothing is held until then."""

    approval: int


@dataclass(eq=False)
class ApprovalOver(Refusal):
    """This request for approval is over; ask anew, with a new key."""

    approval: int
    state: str


@dataclass(eq=False)
class TooManyApprovals(Refusal):
    """As many requests of the member, or of this user, wait as may wait."""

    maximum: int


@dataclass(eq=False)
class AskersHand(Refusal):
    """One of you and the asker gave the other a login, or one colleague gave both."""


CONFLICTS: tuple[type[Refusal], ...] = (
    ApprovalAwaited,
    ApprovalOver,
    TooManyApprovals,
    limits.NobodyApproves,
)


class Bound(NamedTuple):
    """Above what needs approval, and who stands behind the user that asks."""

    currency: int
    amount: int
    person: int


def check(reads: Engine, writes: Engine, command: Command, key: str | None) -> None:
    """Refuse with ApprovalAwaited what costs too much for one user alone.

    An approved request lets the same command pass under the same key. Raises
    PriceNeeded if nobody can say what it costs, ApprovalOver if it was turned down.
    """
    if type(command) not in COSTS:
        return
    by, member = users.acting(command)
    with reads.connect() as db:
        bounds = _bounds(db, by, member)
        if not bounds:
            return
        found = [_exceeds(cost, bounds) for cost in costs(db, command)]
    over = next((pair for pair in found if pair is not None), None)
    if over is None:
        return
    with writes.begin() as db:
        waits = _ask(db, command, key, *over)
    if waits is not None:
        raise ApprovalAwaited(waits)


def _bounds(db: Connection, by: int, member: int) -> list[Bound]:
    """Return what bounds a user's spending alone: its member's limits, its mandate."""
    held = mandate_reads.of_user(db, by)
    person = held.by_user if held is not None and held.agent else by
    found = [
        Bound(currency, row.amount, person)
        for currency, row in limits.of_member(db, member).items()
    ]
    if held is not None and held.state == "active" and held.approval_above is not None:
        found.append(Bound(held.currency, held.approval_above, person))
    return found


def _exceeds(cost: Cost, bounds: Iterable[Bound]) -> tuple[Cost, Bound] | None:
    """Return what of a cost is too much, and the bound; None if one user may."""
    for bound in bounds:
        if bound.currency != cost.currency:
            continue
        if cost.amount is None:
            raise limits.PriceNeeded
        if cost.amount > bound.amount:
            return cost, bound
    return None


def _ask(
    db: Connection, command: Command, key: str | None, cost: Cost, bound: Bound
) -> int | None:
    """Write a request down, once for each key; its number, or None if it may pass."""
    by, member = users.acting(command)
    kind, body = type(command).__name__, canonical(command)
    key = key or f"approval-{token()}"
    what = _Asked(by, bound.person, member, kind, body, key)
    row = _known(db, member, key)
    if row is None:
        try:
            with db.begin_nested():
                return _insert(db, what, cost)
        except IntegrityError:  # the same key at the same moment
            row = _known(db, member, key)
    if row is None or (row.kind, row.body) != (kind, body):
        raise KeyReuse(key)
    return None if stands(row) == "approved" else _still(row)


def _known(db: Connection, member: int, key: str) -> Row[Any] | None:
    return db.execute(
        select(approvals).where(_a.member == member, _a.key == key)
    ).first()


class _Asked(NamedTuple):
    """Who asks for what."""

    by_user: int
    person: int
    member: int
    kind: str
    body: str
    key: str


def token() -> str:
    """Return what no other key is like."""
    return secrets.token_urlsafe(16)


def _insert(db: Connection, what: _Asked, cost: Cost) -> int:
    now_us = clock.now_us()
    waiting = select(func.count()).where(
        _a.member == what.member, _a.state == "waiting", _a.expires_us > now_us
    )
    if db.execute(waiting).scalar_one() >= WAITING_MAX:
        raise TooManyApprovals(WAITING_MAX)
    theirs = waiting.where(_a.person == what.person)
    if db.execute(theirs).scalar_one() >= USERS_WAITING_MAX:
        raise TooManyApprovals(USERS_WAITING_MAX)
    values = what._asdict() | {
        "at_us": now_us,
        "instrument": cost.instrument or None,
        "lines": cost.lines,
        "currency": cost.currency,
        "amount": cost.amount,
        "expires_us": now_us + WAITS_US,
        "state": "waiting",
    }
    made = db.execute(insert(approvals).values(values).returning(_a.id))
    number = int(made.scalar_one())
    _tell(db, what.member, number, "approval_asked", users.names(db, [what.person]))
    return number


def _still(row: Row[Any]) -> int:
    """Return the number of a request that waits; ApprovalOver for any other."""
    if stands(row) != "waiting":
        raise ApprovalOver(row.id, stands(row))
    return int(row.id)


def stands(row: Row[Any]) -> str:
    """Return where a request stands: its state, or that its time is over."""
    if row.expires_us > clock.now_us():
        return str(row.state)
    return {"waiting": "expired", "approved": "unsent"}.get(row.state, str(row.state))


def ask_limit(
    db: Connection, owner: User, currency: int, amount: int | None
) -> int | None:
    """Set the owner's member's limit; None ends it.

    A lower one counts at once. A higher one, or none, waits for a second user as what
    it would let through does: the number of that request, else None.
    """
    limits.check_approvers(db, owner.member)
    if amount is not None:
        if limits.lower(db, owner.id, owner.member, currency, amount):
            return None
    elif currency not in limits.of_member(db, owner.member):
        return None  # there is none to end
    body = canonical((currency, amount))
    what = _Asked(owner.id, owner.id, owner.member, LIMIT, body, f"limit-{token()}")
    return _insert(db, what, Cost(currency, amount, 0, 0))


def approve(db: Connection, by: User, number: int) -> Row[Any]:
    """Approve a request of the user's member; the request, which may be sent now.

    Raises NotFound, OwnWork for whoever asked or stands behind the agent that did,
    AskersHand if one person could have signed in as both since WAITS_US before it was
    asked: one of them, or a colleague who gave both their logins; ApprovalOver if it
    waits no more. Once approved it stays so until it is sent.
    """
    row = one(db, number, by.member)
    if by.id in (row.by_user, row.person):
        raise OwnWork
    since_us, askers = row.at_us - WAITS_US, {row.by_user, row.person}
    asking = askers.union(*(colleagues.hands(db, one, since_us) for one in askers))
    if asking & {by.id, *colleagues.hands(db, by.id, since_us)}:
        raise AskersHand
    if users.is_disabled(db, row.by_user):
        raise ApprovalOver(number, "shut_out")
    if stands(row) == "approved":
        return row  # approved before, and not sent for some outside failure
    _still(row)
    _decide(db, row, by.id, "approved")
    return one(db, number, by.member)


def reject(db: Connection, by: User, number: int, reason: str) -> None:
    """Turn a request down, with the reason; NotFound or ApprovalOver."""
    row = one(db, number, by.member)
    _still(row)
    own = by.id in (row.by_user, row.person)
    _decide(db, row, by.id, "withdrawn" if own else "rejected", reason.strip())
    _tell(db, row.member, number, "approval_rejected", users.names(db, [by.id]))


def withdraw(db: Connection, by: User, number: int) -> None:
    """Take back what the user asked for; NotFound for all others."""
    row = one(db, number, by.member)
    if by.id not in (row.by_user, row.person):
        raise NotFound("approval", encode("approval", number))
    reject(db, by, number, "")


def _decide(
    db: Connection, row: Row[Any], by: int, state: str, reason: str = ""
) -> None:
    """Decide a request that waits, once: of two at the same moment the second fails."""
    now_us = clock.now_us()
    done = update(approvals).where(
        _a.id == row.id, _a.state == "waiting", _a.expires_us > now_us
    )
    values = {"state": state, "decided_us": now_us, "decided_by": by, "reason": reason}
    if not db.execute(done.values(values)).rowcount:
        raise ApprovalOver(row.id, stands(one(db, row.id, row.member)))


def unfinished(db: Connection, decided_us: int) -> list[Row[Any]]:
    """Return what was approved before a moment, and not noted as sent or refused."""
    query = select(approvals).where(_a.state == "approved", _a.decided_us < decided_us)
    return list(db.execute(query.order_by(_a.id).limit(PAGE_MAX)))


def finish(
    db: Connection, row: Row[Any], state: str, result: int | None, reason: str = ""
) -> None:
    """Say what became of an approved request: it was sent, refused, or never sent."""
    done = update(approvals).where(_a.id == row.id, _a.state == "approved")
    values = {"state": state, "result": result, "reason": reason}
    if db.execute(done.values(values)).rowcount:
        told = f"approval_{state}"
        _tell(db, row.member, row.id, told, users.names(db, [row.person]))


def command_of(row: Row[Any]) -> Command:
    """Return the command that a request stands for."""
    return decode(row.kind, json.loads(row.body))


def limit_of(row: Row[Any]) -> tuple[int, int | None]:
    """Return the currency and the amount that a request for a limit asks for."""
    currency, amount = json.loads(row.body)
    return currency, amount


def one(db: Connection, number: int, member: int) -> Row[Any]:
    """Return a request of the member; NotFound if it is another's."""
    query = select(approvals).where(_a.id == number, _a.member == member)
    row = db.execute(query).first()
    if row is None:
        raise NotFound("approval", encode("approval", number))
    return row


def listed(
    db: Connection,
    member: int,
    before: int | None = None,
    limit: int = 50,
    *,
    waiting: bool,
) -> Page:
    """Return a page of the member's requests: those that wait, or all the others."""
    limit = min(limit, PAGE_MAX)
    live = (_a.state.in_(("waiting", "approved"))) & (_a.expires_us > clock.now_us())
    query = select(approvals).where(_a.member == member, live if waiting else ~live)
    if before is not None:
        query = query.where(_a.id < before)
    return page(db.execute(query.order_by(_a.id.desc()).limit(limit + 1)).all(), limit)


def _tell(
    db: Connection, member: int, number: int, kind: str, names: dict[int, str]
) -> None:
    """Tell the member's users."""
    name = next(iter(names.values()), "")
    href = f"/approvals/{encode('approval', number)}"
    notify(
        db,
        [member],
        kind,
        f"approval {number} {kind}",
        None,
        {"user": name, "href": href},
    )
