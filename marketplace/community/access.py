"""Access and purposes on request: questionnaire, answer, and what ends by itself.

Source: features E1 (who, use case, 45 days), B1 (offers to named members), U8, U9. The
answer binds in one place, `listings.visibility`; the market is told of it at once.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from listings import catalogue, consents, products, tables, visibility
from listings.changes import touch
from listings.licences import PURPOSES
from listings.marking import N_
from marketplace.admission import check_free, tell_market
from marketplace.community import holders
from marketplace.community.notices import notify
from marketplace.members import organisations
from marketplace.members.users import User
from settlement import clock
from settlement.errors import Invalid, NotFound, Refusal
from settlement.ids import encode
from settlement.states import Machine
from settlement.store import PAGE_MAX, next_numbers

if TYPE_CHECKING:  # the services start a follower that needs this module
    from marketplace.services import Services

WHO_MAX = 200  # characters
USE_CASE_MAX = 500  # characters (features E1)
REASON_MAX = 2_000
ANSWER_DAYS = 45  # an unanswered request ends by itself (features E1)
ACCESS_DAYS_MAX = 3_650
INBOX = "/vendor/requests"
MINE = "/access"


class RequestState(StrEnum):
    """How far a request has come."""

    OPEN = "open"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    ENDED = "ended"  # of a consent


class RequestEvent(StrEnum):
    """What may happen to a request."""

    APPROVE = "approve"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    END = "end"


_S, _E = RequestState, RequestEvent
REQUEST = Machine(
    "request",
    {
        (_S.OPEN, _E.APPROVE): _S.APPROVED,
        (_S.OPEN, _E.DECLINE): _S.DECLINED,
        (_S.OPEN, _E.WITHDRAW): _S.WITHDRAWN,
        (_S.OPEN, _E.EXPIRE): _S.EXPIRED,
        (_S.APPROVED, _E.END): _S.ENDED,
    },
)
_q = tables.access_requests.c


class Questionnaire(NamedTuple):
    """What a vendor wants to know before it lets a member in."""

    who: str
    use_case: str
    purpose: str


@dataclass(eq=False)
class AskedAlready(Refusal):
    """Your member has asked for this already; the vendor has yet to answer."""


@dataclass(eq=False)
class NothingToAsk(Refusal):
    """There is nothing to ask for here: your member may trade this already."""


# ── the vendor's choice ──


def restrict(parts: "Services", product: int, wanted: str, by: User) -> None:
    """Give the vendor's product a visibility; who holds rights is let in first."""
    with parts.writes.begin() as db:
        _own(db, product, by)
        if wanted not in (visibility.PUBLIC, visibility.of(db, product)):
            check_free(db, product)
        visibility.restrict(db, product, wanted, by.id)
        if wanted != visibility.PUBLIC:
            known = {guest.member for guest in visibility.guests(db, product)}
            for member in holders.of_product(db, product):
                if member not in known and member != by.member:
                    visibility.let_in(db, product, member, None, by.id)
    tell_market(parts, product, by.id)


def invite(
    parts: "Services", product: int, member: int, days: int | None, by: User
) -> None:
    """Let a member see and trade the vendor's product for *days*; None: without end."""
    with parts.writes.begin() as db:
        _own(db, product, by)
        if member in (by.member, visibility.HOUSE):
            raise Invalid({"member": [N_("Name another member.")]})
        organisations.get(db, member)
        if days is not None:
            check_free(db, product)
        _let_in(db, product, member, days, by)
        cause = f"invited {product} {clock.now_us()}"
        notify(db, [member], "invited", cause, product)
    tell_market(parts, product, by.id)


def shut_out(parts: "Services", product: int, member: int, by: User) -> None:
    """Take a member off the named ones; its open orders end, its rights stay."""
    with parts.writes.begin() as db:
        _own(db, product, by)
        check_free(db, product)
        visibility.shut_out(db, product, member)
        cause = f"access ended {product} {clock.now_us()}"
        notify(db, [member], "access_ended", cause, product, {"href": MINE})
    tell_market(parts, product, by.id)


def member_named(db: Connection, text: str) -> int:
    """Return the member with a public id or credit code; Invalid if there is none."""
    wanted = text.strip()
    try:
        return organisations.by_id_or_code(db, wanted)
    except NotFound as error:
        raise Invalid({"member": [N_("No member has this id or code.")]}) from error


# ── requests ──


def ask(db: Connection, product: int, answers: Questionnaire, by: User) -> int:
    """Ask for access to a product on request; return the request's number."""
    catalogue.listing(db, product, by.member)
    if visibility.of(db, product) != visibility.REQUEST or visibility.may_trade(
        db, product, by.member
    ):
        raise NothingToAsk
    number = write(db, product, answers, "", by)
    vendor = products.find(db, product).vendor
    facts = {"member": names_of(db, by.member), "href": INBOX}
    cause = f"access request {number}"
    notify(db, [vendor], "access_requested", cause, product, facts)
    return number


def write(
    db: Connection, product: int, answers: Questionnaire, wanted: str, by: User
) -> int:
    """Write a request down; AskedAlready while the same one is open."""
    products.refuse(_wrong(answers))
    (number,) = next_numbers(db, _q.id)
    now_us = clock.now_us()
    try:
        with db.begin_nested():
            db.execute(
                insert(tables.access_requests).values(
                    id=number,
                    product=product,
                    member=by.member,
                    by_user=by.id,
                    wanted=wanted,
                    asked_us=now_us,
                    expires_us=now_us + ANSWER_DAYS * clock.DAY_US,
                    state="open",
                    reason="",
                    **answers._asdict(),
                )
            )
    except IntegrityError as error:
        raise AskedAlready from error
    return number


def approve(parts: "Services", request: int, days: int | None, by: User) -> None:
    """Let the asker in, or agree to its purpose, for *days*; None: without end.

    The asker and the market are told.
    """
    with parts.writes.begin() as db:
        product = grant(db, request, days, by)
    tell_market(parts, product, by.id)


def grant(db: Connection, request: int, days: int | None, by: User) -> int:
    """Approve a request as `approve` does, but for the market; return its product."""
    row = to_answer(db, request, by)
    until_us = _until(days)
    if not row.wanted:
        visibility.let_in(db, row.product, row.member, until_us, by.id)
    decide(db, row, RequestEvent.APPROVE, by, until_us=until_us)
    touch(db, [row.product])
    cause = f"access approved {request}"
    kind = "purpose_approved" if row.wanted else "access_approved"
    notify(db, [row.member], kind, cause, row.product)
    return int(row.product)


def decline(db: Connection, request: int, reason: str, by: User) -> None:
    """Decline a request with a reason, which the asker is told."""
    said = reason.strip()
    if not 0 < len(said) <= REASON_MAX:
        raise Invalid({"reason": [N_("Give the reason, in at most 2,000 characters.")]})
    row = to_answer(db, request, by)
    decide(db, row, RequestEvent.DECLINE, by, reason=said)
    facts = {"reason": said, "href": MINE}
    cause = f"access declined {request}"
    notify(db, [row.member], "access_declined", cause, row.product, facts)


def withdraw(db: Connection, request: int, by: User) -> None:
    """Take the member's own request back."""
    row = _request(db, request)
    if row.member != by.member:
        raise NotFound("request", encode("request", request))
    decide(db, row, RequestEvent.WITHDRAW, by)


def is_over(db: Connection) -> bool:
    """Tell whether `lapse` has something to end."""
    now_us = clock.now_us()
    late = select(_q.id).where(_q.state == "open", _q.expires_us <= now_us).limit(1)
    running_out = visibility.is_over(db) or consents.is_over(db)
    return running_out or db.execute(late).first() is not None


def lapse(db: Connection) -> int:
    """End what has run out: requests without an answer, access that was for a time."""
    now_us = clock.now_us()
    over = (_q.state == "open", _q.expires_us <= now_us)
    done = update(tables.access_requests).where(*over)
    ended = db.execute(done.values(state="expired", decided_us=now_us)).rowcount
    for guest in visibility.lapse(db):
        cause = f"access ended {guest.product} {guest.until_us}"
        facts = {"href": MINE}
        notify(db, [guest.member], "access_ended", cause, guest.product, facts)
        ended += 1
    for number in consents.lapse(db):
        row, facts = _request(db, number), {"href": MINE}
        cause = f"access ended {number}"
        notify(db, [row.member], "purpose_ended", cause, row.product, facts)
        ended += 1
    return ended


# ── reads ──


def inbox(
    db: Connection, vendor: int, before: int | None = None, limit: int = PAGE_MAX
) -> list[Row[Any]]:
    """Return the requests for products of *vendor*, newest first."""
    p = tables.products.c
    query = (
        select(tables.access_requests, p.title_zh, p.title_en)
        .join(tables.products, p.id == _q.product)
        .where(p.vendor == vendor)
    )
    return _page(db, query, before, limit)


def asked_by(
    db: Connection, member: int, before: int | None = None, limit: int = PAGE_MAX
) -> list[Row[Any]]:
    """Return the requests of *member*, newest first."""
    p = tables.products.c
    query = (
        select(tables.access_requests, p.title_zh, p.title_en)
        .join(tables.products, p.id == _q.product)
        .where(_q.member == member)
    )
    return _page(db, query, before, limit)


def newest(db: Connection, product: int, member: int) -> Row[Any] | None:
    """Return the last request of *member* for access to a product, or None."""
    query = select(tables.access_requests).where(
        _q.product == product, _q.member == member, _q.wanted == ""
    )
    return db.execute(query.order_by(_q.id.desc()).limit(1)).first()


def find(db: Connection, request: int, member: int) -> Row[Any]:
    """Return a request that *member* made or has to answer; else NotFound."""
    row = _request(db, request)
    if member not in (row.member, products.find(db, row.product).vendor):
        raise NotFound("request", encode("request", request))
    return row


def _page(db: Connection, query: Any, before: int | None, limit: int) -> list[Row[Any]]:
    if before is not None:
        query = query.where(_q.id < before)
    return list(db.execute(query.order_by(_q.id.desc()).limit(limit)))


def _request(db: Connection, request: int) -> Row[Any]:
    query = select(tables.access_requests).where(_q.id == request)
    row = db.execute(query).first()
    if row is None:
        raise NotFound("request", encode("request", request))
    return row


def to_answer(db: Connection, request: int, by: User) -> Row[Any]:
    """Return a request that the user's member has to answer; else NotFound."""
    row = _request(db, request)
    if products.find(db, row.product).vendor != by.member:
        raise NotFound("request", encode("request", request))
    return row


def decide(
    db: Connection,
    row: Row[Any],
    event: RequestEvent,
    by: User,
    reason: str = "",
    until_us: int | None = None,
) -> None:
    """Move a request, once: whoever comes second is refused with IllegalMove."""
    after = REQUEST.after(RequestState(row.state), event)
    done = db.execute(
        update(tables.access_requests)
        .where(_q.id == row.id, _q.state == row.state)
        .values(
            state=after.value,
            decided_us=clock.now_us(),
            decided_by=by.id,
            reason=reason,
            until_us=until_us,
        )
    )
    if done.rowcount != 1:
        REQUEST.after(RequestState(_request(db, row.id).state), event)


def _let_in(
    db: Connection, product: int, member: int, days: int | None, by: User
) -> None:
    visibility.let_in(db, product, member, _until(days), by.id)


def _until(days: int | None) -> int | None:
    """Return the moment so many days from now; Invalid beyond the limit."""
    if days is not None and not 1 <= days <= ACCESS_DAYS_MAX:
        raise Invalid({"days": [N_("Give 1 to 3,650 days, or nothing.")]})
    return None if days is None else clock.now_us() + days * clock.DAY_US


def _own(db: Connection, product: int, by: User) -> None:
    if products.find(db, product).vendor != by.member:
        raise NotFound("product", encode("product", product))


def names_of(db: Connection, member: int) -> list[str]:
    """Return both names of a member, as notices keep them."""
    return list(organisations.names(db, [member]).get(member, ("", "")))


def _wrong(answers: Questionnaire) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    limits = (("who", WHO_MAX), ("use_case", USE_CASE_MAX))
    for field, most in limits:
        text = getattr(answers, field)
        if not text.strip():
            problems[field] = [N_("This is needed.")]
        elif len(text) > most or products.CONTROL.search(text):
            problems[field] = [N_("This text is too long.")]
    if answers.purpose not in PURPOSES:
        problems["purpose"] = [N_("Choose one of the list.")]
    return problems
