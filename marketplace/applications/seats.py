"""Seats of an application: taken, kept by heartbeats, given back; never too many.

Limit: a token that is out holds until its own end (LEASE_US, or the hours offline),
also when its right is sold on, refunded or suspended meanwhile.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from listings import catalogue, plans
from listings.marking import N_
from marketplace.applications.tables import applications, seats
from marketplace.delivery.files import permit
from marketplace.members import users
from marketplace.members.users import User
from marketplace.outgoing import NotReachable, checked
from settlement import clock, ids, statements
from settlement.errors import Invalid, NotFound, Refusal
from settlement.store import next_numbers

LEASE_US = 10 * clock.MINUTE_US  # that a seat lasts without a heartbeat
OFFLINE_H_MAX = 168
NAME_MAX = 100
PLACES_MAX = 1_000  # of a right that is not sold by seats
_s = seats.c


@dataclass(eq=False)
class SeatsTaken(Refusal):
    """All seats are taken now; return one, or wait until one is free."""

    maximum: int


@dataclass(eq=False)
class SeatGone(Refusal):
    """This seat was returned, or lasted too long without a heartbeat."""

    seat: str


@dataclass(eq=False)
class SeatTokenReplaced(Refusal):
    """A newer token of this seat was given out; only that one counts."""

    seat: str


@dataclass(eq=False)
class NoApplication(Refusal):
    """The vendor has not yet said where this application opens."""


def place(
    db: Connection,
    user: User,
    product: int,
    url: str,
    offline_h: int,
    reachable: tuple[str, ...] = (),
) -> None:
    """Say where an application of the user's member opens; NotFound, Invalid."""
    if not is_vendor(db, product, user.member):
        raise NotFound("product", ids.encode("product", product))
    try:
        checked(url, reachable, secure=True)
    except NotReachable:
        raise Invalid({"url": [N_("Give an https address in public.")]}) from None
    if "#" in url:  # the token is what comes after it
        raise Invalid({"url": [N_("Give an address without #: the token follows it.")]})
    values = {
        "url": url,
        "offline_h": offline_h,
        "changed_us": clock.now_us(),
        "changed_by": user.id,
    }
    mine = update(applications).where(applications.c.product == product)
    if not db.execute(mine.values(values)).rowcount:
        db.execute(insert(applications).values(product=product, **values))


def is_vendor(db: Connection, product: int, member: int) -> bool:
    """Tell whether a product is the member's own; NotFound if it may not see it."""
    return bool(catalogue.product(db, product, member).vendor == member)


def application(db: Connection, product: int) -> Row[Any] | None:
    """Return where a product opens; None if its vendor has not said so."""
    query = select(applications).where(applications.c.product == product)
    return db.execute(query).one_or_none()


def opening(db: Connection, terms: dict[str, Any]) -> Row[Any]:
    """Return where the product of frozen *terms* opens; NoApplication."""
    found = application(db, ids.decode("product", terms["product"]))
    if found is None:
        raise NoApplication
    return found


def maximum(right: Row[Any], terms: dict[str, Any]) -> int:
    """Return how many may sit at a time: the units held times the seats of each."""
    if terms.get("mode") != plans.PER_SEAT:
        return PLACES_MAX
    plan = plans.load(terms.get("plan"))
    return int(right.quantity) * (plan.seats if plan else 1)


def offline_h(opens: Row[Any], terms: dict[str, Any]) -> int:
    """Return for how many hours a seat may be offline at most.

    None for a right that may be sold on: what is out offline cannot be called back.
    """
    return 0 if terms.get("transferable") else int(opens.offline_h)


def take(
    db: Connection, user: User, entitlement: int, name: str, hours: int = 0
) -> Row[Any]:
    """Take a seat under a right of the user's member, for so many hours offline.

    NotFound, NoApplication, Invalid; whatever `permit` refuses; SeatsTaken if there is
    none. What lasted too long is free again first.
    """
    right = statements.entitlement(db, entitlement, user.member)
    terms = statements.terms(db, right.terms)
    permit(db, user, right)
    problems = {}
    opens = opening(db, terms)
    if hours > opens.offline_h:
        problems["hours"] = [N_("The vendor allows fewer hours offline.")]
    elif hours > offline_h(opens, terms):
        problems["hours"] = [N_("A right that may be sold on is not used offline.")]
    if not name.strip() or len(name) > NAME_MAX or not name.isprintable():
        problems["name"] = [N_("Give a name of at most 100 characters.")]
    if problems:
        raise Invalid(problems)
    now_us, most = clock.now_us(), maximum(right, terms)
    mine = (_s.entitlement == entitlement) & _s.back_us.is_(None)
    over = update(seats).where(mine, _s.until_us <= now_us)
    db.execute(over.values(back_us=_s.until_us))
    taken = set(db.execute(select(_s.place).where(mine)).scalars())
    if len(taken) >= most:  # also when units were sold on below what is out
        raise SeatsTaken(most)
    (number,) = next_numbers(db, _s.id)
    values = {
        "id": number,
        "entitlement": entitlement,
        "user": user.id,
        "name": name.strip(),
        "hours": hours,
        "out_us": now_us,
        "beat_us": now_us,
        "beats": 0,
        "until_us": _until(right, hours, now_us),
    }
    for free in range(1, most + 1):
        if free in taken:
            continue
        try:
            with db.begin_nested():
                db.execute(insert(seats).values(place=free, **values))
        except IntegrityError:  # another one was faster
            continue
        return db.execute(select(seats).where(_s.id == number)).one()
    raise SeatsTaken(most)


def beat(db: Connection, seat: int, beats: int) -> tuple[Row[Any], Row[Any]]:
    """Keep a seat by the token of its heartbeat number *beats*; it and its right.

    SeatGone if it is no more, its taker is disabled, or fewer units are held since;
    SeatTokenReplaced; whatever `permit` refuses. A seat that is refused lapses.
    """
    row = _living(db, seat, beats)
    right = statements.entitlement(db, row.entitlement)
    permit(db, users.get(db, row.user), right)
    most = maximum(right, statements.terms(db, right.terms))
    if row.place > most or users.is_disabled(db, row.user):
        raise SeatGone(ids.encode("seat", seat))
    now_us = clock.now_us()
    kept = update(seats).where(_s.id == seat, _s.back_us.is_(None), _s.beats == beats)
    values = {"beat_us": now_us, "until_us": _until(right, row.hours, now_us)}
    found = db.execute(
        kept.values(beats=beats + 1, **values).returning(*seats.c)
    ).one_or_none()
    if found is None:  # another one was faster
        raise SeatTokenReplaced(ids.encode("seat", seat))
    return found, right


def give_back(
    db: Connection, seat: int, member: int | None = None, beats: int | None = None
) -> int:
    """Give a seat back; return from when on it is free.

    At once if it is in touch. One that is offline stays taken as long as its token is
    good, which nobody can call back; but no heartbeat prolongs it any more. NotFound
    if it is not *member*'s, SeatGone, SeatTokenReplaced.
    """
    row = db.execute(select(seats).where(_s.id == seat)).one_or_none()
    if row is None:
        raise NotFound("seat", ids.encode("seat", seat))
    if member is not None:
        statements.entitlement(db, row.entitlement, member)
    _living(db, seat, beats)
    done = update(seats).where(_s.id == seat, _s.back_us.is_(None))
    if row.hours:
        db.execute(done.values(beats=_s.beats + 1))  # no token is the newest now
        return int(row.until_us)
    now_us = clock.now_us()
    db.execute(done.values(back_us=now_us))
    return now_us


def taken(db: Connection, entitlement: int) -> list[Row[Any]]:
    """Return the seats that are taken now, by place."""
    query = select(seats).where(
        _s.entitlement == entitlement,
        _s.back_us.is_(None),
        _s.until_us > clock.now_us(),
    )
    return list(db.execute(query.order_by(_s.place)))


def _living(db: Connection, seat: int, beats: int | None) -> Row[Any]:
    row = db.execute(select(seats).where(_s.id == seat)).one_or_none()
    if row is None or row.back_us is not None or row.until_us <= clock.now_us():
        raise SeatGone(ids.encode("seat", seat))
    if beats not in (None, row.beats):
        raise SeatTokenReplaced(ids.encode("seat", seat))
    return row


def _until(right: Row[Any], hours: int, now_us: int) -> int:
    """Return how long a seat lasts from now on: never longer than its right."""
    until_us = now_us + max(LEASE_US, hours * clock.HOUR_US)
    return until_us if right.until_us is None else min(until_us, right.until_us)
