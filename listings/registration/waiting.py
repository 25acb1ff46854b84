"""What waits for a registrar: since when, until when, and who looks after it.

Whoever claims a product keeps it until the next step of the product or its listing, or
until the claim is given back; a claim that is older than three days binds nobody. The
expected time of a review is measured, never promised: see `measured`.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from statistics import quantiles
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from listings import tables
from listings.products import EDITABLE
from listings.registration.passing import REMIND
from listings.stages import PRODUCT
from listings.steps import CLAIM_US, By, others, owner_of, record
from settlement import clock
from settlement.errors import IllegalMove
from settlement.store import in_turn

QUEUE_MAX = 500  # products that one look at a queue shows
MEASURED_US = 28 * clock.DAY_US  # the reviews of the last four weeks tell how long
MEASURED_MAX = 1_000
MEASURED_LEAST = 3  # fewer reviews say nothing of the next
HANDED_IN = ("submit", "change", "renew")
DECIDED = ("approve", "return")
ZONE = timedelta(hours=8)  # China keeps one time, without summer time
WEEKEND = (5, 6)
_r = tables.reviews


class Standing(NamedTuple):
    """How long a product has waited, for what kind of step, and whose it is."""

    since_us: int
    change: bool  # other facts of a registered product
    owner: int | None  # the user that claimed it
    claimed_us: int | None


class Measured(NamedTuple):
    """How long reviews took lately, in microseconds."""

    reviews: int
    median_us: int
    most_us: int  # nine of ten took no longer


def claim(db: Connection, product: int, by: By) -> None:
    """Take a product on; Claimed if somebody was faster, OwnWork for one's own.

    IllegalMove while its vendor works on it.
    """
    in_turn(db)
    row = others(db, product, by)
    if row.state in EDITABLE:
        raise IllegalMove(PRODUCT.name, row.state, "claim")
    if owner_of(db, product) != by.id:
        record(db, row, "claim", "claim", "", by, {})


def release(db: Connection, product: int, by: By) -> None:
    """Give a product back to the queue; Claimed if it is another's."""
    in_turn(db)
    row = others(db, product, by)
    if owner_of(db, product) == by.id:
        record(db, row, "claim", "release", "", by, {})


def standings(db: Connection, products: Iterable[int]) -> dict[int, Standing]:
    """Return how long each of *products* waits, and who looks after it."""
    query = (
        select(_r.c.product, _r.c.machine, _r.c.event, _r.c.by_user, _r.c.at_us)
        .where(
            _r.c.product.in_(list(products)),
            _r.c.machine.in_(("product", "listing", "claim")),
            _r.c.event != REMIND,
        )
        .order_by(_r.c.id)
    )
    found: dict[int, Standing] = {}
    for product, machine, event, by, at_us in db.execute(query):
        if machine != "claim":
            found[product] = Standing(at_us, event == "change", None, None)
        elif product in found:
            binds = event == "claim" and at_us > clock.now_us() - CLAIM_US
            owner, since = (by, at_us) if binds else (None, None)
            found[product] = found[product]._replace(owner=owner, claimed_us=since)
    return found


def due_us(since_us: int, days: int) -> int:
    """Return the end of the *days*-th working day (Monday to Friday) after a moment.

    Public holidays are not known here: they make a review due too early, never late.
    """
    day = clock.moment(since_us) + ZONE
    day = day.replace(hour=0, minute=0, second=0, microsecond=0)
    left = days
    while left:
        day += timedelta(days=1)
        left -= day.weekday() not in WEEKEND
    return clock.from_datetime(day - ZONE) + clock.DAY_US


def ahead(db: Connection, product: int) -> int:
    """Return how many products in review were handed in before this one."""
    p = tables.products
    query = select(p.c.id).where(p.c.state == "in_review").order_by(p.c.id)
    waiting = [row.id for row in db.execute(query.limit(QUEUE_MAX))]
    known = standings(db, {*waiting, product})
    mine = known[product].since_us
    return sum(known[one].since_us < mine for one in waiting if one in known)


def measured(db: Connection) -> Measured | None:
    """Return how long the reviews of the last four weeks took; None if too few."""
    decided = (
        select(_r.c.product, _r.c.version, _r.c.at_us)
        .where(
            _r.c.event.in_(DECIDED),
            _r.c.machine == "product",
            _r.c.at_us >= clock.now_us() - MEASURED_US,
        )
        .order_by(_r.c.at_us.desc())
        .limit(MEASURED_MAX)
        .subquery()
    )
    query = (
        select(decided.c.at_us.label("until_us"), _r.c.at_us.label("since_us"))
        .join(
            _r,
            (_r.c.product == decided.c.product) & (_r.c.version == decided.c.version),
        )
        .where(
            _r.c.machine == "product",
            _r.c.event.in_(HANDED_IN),
            _r.c.at_us <= decided.c.at_us,
        )
    )
    rows: Sequence[Any] = db.execute(query).all()
    if len(rows) < MEASURED_LEAST:
        return None
    lengths = [row.until_us - row.since_us for row in rows]
    tenths = quantiles(lengths, n=10, method="inclusive")
    return Measured(len(rows), int(tenths[4]), int(tenths[8]))
