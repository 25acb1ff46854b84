"""The passing of time: notices lapse, terms end, renewals come due.

`pass_time` is one step of a follower: it may be interrupted and repeated. The actor is
the operator, for nobody decides here; each step is a row of ``reviews`` all the same.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select

from listings import admission, products, publicdata, tables
from listings.registration.deadlines import RENEWAL_US
from listings.stages import ListingEvent, ProductEvent, ProductState
from listings.steps import OPERATOR, listing_of, move, move_listing, record
from settlement import clock
from settlement.errors import Refusal

STEP_MAX = 200  # products moved in one step of each kind
REMIND = "remind"
EXPIRED = "The registration has expired. 登记已到期。"
OVER = "The authorisation of this public data is over. 公共数据授权已到期。"


def pass_time(engine: Engine) -> int:
    """Do what is due now, each in a transaction of its own; return how much it was."""
    now_us = clock.now_us()
    with engine.connect() as db:
        notices = _ended_notices(db, now_us)
        ended = _ended_registrations(db, now_us)
        over = publicdata.over(db, STEP_MAX)
        due = _due_renewals(db, now_us)
    done = 0
    work: tuple[tuple[list[int], Callable[[Connection, int], object]], ...] = (
        (notices, lambda db, product: admission.lapse(db, product, OPERATOR)),
        (ended, expire),
        (over, suspend_public),
        (due, remind),
    )
    for numbers, verb in work:
        for product in numbers:
            try:
                with engine.begin() as db:
                    verb(db, product)
                done += 1
            except Refusal:  # somebody decided meanwhile
                continue
    return done


def expire(db: Connection, product: int) -> None:
    """End a registration whose term is over; its listing stops trading."""
    row = products.find(db, product)
    if row.state == ProductState.REGISTERED:
        move(db, row, ProductEvent.EXPIRE, OPERATOR)
    _suspend(db, row, EXPIRED)


def suspend_public(db: Connection, product: int) -> None:
    """Stop trading in public data whose authorisation is over; rights stay."""
    _suspend(db, products.find(db, product), OVER)


def _suspend(db: Connection, row: Row[Any], reason: str) -> None:
    listing = listing_of(db, row.id)
    if listing is not None and listing.state == "listed":
        move_listing(db, row, ListingEvent.SUSPEND, OPERATOR, {"listing": reason})


def remind(db: Connection, product: int) -> None:
    """Record that the renewal of a registration is due, once for each version."""
    row = products.find(db, product)
    record(db, row, "product", REMIND, row.state, OPERATOR, {})


def _ended_notices(db: Connection, now_us: int) -> list[int]:
    p = tables.products
    query = select(p.c.id).where(
        p.c.state == ProductState.PUBLICITY.value, p.c.notice_until_us <= now_us
    )
    return [row.id for row in db.execute(query.order_by(p.c.id).limit(STEP_MAX))]


def _newest() -> Any:
    """Return the newest registration of each product, as a subquery."""
    r = tables.registrations
    number = func.max(r.c.number)
    newest = select(number.label("number")).group_by(r.c.product).subquery()
    return select(r.c.product, r.c.version, r.c.expires_us).join(
        newest, newest.c.number == r.c.number
    )


def _ended_registrations(db: Connection, now_us: int) -> list[int]:
    last, p, li = _newest().subquery(), tables.products, tables.listings
    query = (
        select(last.c.product)
        .join(p, p.c.id == last.c.product)
        .outerjoin(li, li.c.product == last.c.product)
        .where(
            last.c.expires_us <= now_us,
            (p.c.state == ProductState.REGISTERED.value) | (li.c.state == "listed"),
        )
    )
    rows: list[Row[Any]] = list(db.execute(query.limit(STEP_MAX)))
    return [row.product for row in rows]


def _due_renewals(db: Connection, now_us: int) -> list[int]:
    last, p, r = _newest().subquery(), tables.products, tables.reviews
    told = select(r.c.id).where(
        r.c.product == last.c.product,
        r.c.event == REMIND,
        r.c.version == p.c.version,
    )
    query = (
        select(last.c.product)
        .join(p, p.c.id == last.c.product)
        .where(
            last.c.expires_us > now_us,
            last.c.expires_us <= now_us + RENEWAL_US,
            p.c.state == ProductState.REGISTERED.value,
            ~told.exists(),
        )
    )
    return [row.product for row in db.execute(query.limit(STEP_MAX))]
