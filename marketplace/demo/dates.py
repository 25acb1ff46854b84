"""Moves the dates of the demo's members and listings to where its four weeks put them.

Their rooms write down the moment at which a verb is carried out, which for the whole
demo is now. Only ordinary tables are touched: what went through the one door has its
time from the demo's clock and stays as it is in the journal.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, Update, bindparam, select, update

from listings import tables
from listings.registration import tables as evidence
from marketplace.community.tables import announcements
from marketplace.demo.calendar import Day
from marketplace.members.tables import members, users, verifications
from settlement import clock

# Days before admission, early in a morning, at which a listing's steps happened: the
# fractions put them into office hours.
_STEPS = {
    "submit": 8.9,
    "compliance": 7.9,
    "quality": 7.8,
    "valuation": 7.7,
    "pass": 6.8,
    "approve": 6.75,
    "lapse": 0.7,
}
NOTICE_DAYS = 3
_NOTICE_ENDS = _STEPS["approve"] - NOTICE_DAYS
_DRAFTED = 10.6
_SIGNED_UP, _APPLIED, _VERIFIED = 5.05, 5.0, 3.8  # days before the first of trading


def move_members(db: Connection, first: Day, last: Day) -> None:
    """Let members join before the first day; who is still pending, on the last."""
    joined = _before(first.at(11), _SIGNED_UP)
    late = last.at(15.2)
    for table in (members, users):
        db.execute(update(table).values(created_us=joined))
    for event, days in (("submit", _APPLIED), ("verify", _VERIFIED)):
        moved = update(verifications).where(verifications.c.event == event)
        db.execute(moved.values(at_us=_before(first.at(10), days)))
    pending = members.c.state == "pending"
    waiting = [row.id for row in db.execute(members.select().where(pending))]
    db.execute(update(members).where(pending).values(created_us=late))
    for table in (users, verifications):
        column = "created_us" if table is users else "at_us"
        moved = update(table).where(table.c.member.in_(waiting))
        db.execute(moved.values({column: late + 20 * clock.MINUTE_US}))


def move_listings(db: Connection, admissions: Mapping[int, int]) -> None:
    """Date the steps before each product's admission: product → microseconds UTC.

    Before it is admitted, for the terms of its contracts say when its release was made.
    """
    for table, column, key, days in (
        (tables.products, "created_us", "id", _DRAFTED),
        (tables.products, "changed_us", "id", _DRAFTED),
        (tables.releases, "created_us", "product", _DRAFTED),
        (tables.releases, "finalised_us", "product", _DRAFTED),
        (tables.releases, "live_us", "product", _DRAFTED),
        (tables.instruments, "created_us", "product", _DRAFTED),
        (tables.products, "notice_until_us", "id", _NOTICE_ENDS),
        (evidence.attachments, "added_us", "product", _DRAFTED),
        (evidence.engagements, "invited_us", "product", _STEPS["submit"]),
        (evidence.opinions, "at_us", "product", _STEPS["quality"]),
        (tables.registrations, "registered_us", "product", _STEPS["lapse"]),
        (tables.registrations, "expires_us", "product", _STEPS["lapse"] - 1_096),
        (tables.listings, "requested_us", "product", _STEPS["lapse"]),
        (tables.listings, "changed_us", "product", _STEPS["lapse"]),
    ):
        moved = update(table).where(table.c[key] == bindparam("which"))
        _move(db, moved.values({column: bindparam("moment")}), admissions, days)
    for event, days in _STEPS.items():
        _move(db, _review(event), admissions, days)


def move_admission(db: Connection, product: int, at_us: int) -> None:
    """Date the admission of *product*."""
    listed = update(tables.listings).where(tables.listings.c.product == product)
    db.execute(listed.values(admitted_us=at_us, changed_us=at_us))
    for event in ("admit", "publish"):
        _move(db, _review(event), {product: at_us}, 0)


def move_release(db: Connection, release: int, at_us: int) -> None:
    """Date the finalisation of a release; what follows from it moves along."""
    r, a = tables.releases, announcements
    mine = r.c.id == release
    later_us = at_us - db.execute(select(r.c.finalised_us).where(mine)).scalar_one()
    now = {"created_us": at_us, "finalised_us": at_us}
    db.execute(update(r).where(mine).values(live_us=r.c.live_us + later_us, **now))
    effective = a.c.effective_us + later_us
    said = update(a).where(a.c.release == release)
    db.execute(said.values(at_us=at_us, effective_us=effective))


def _review(event: str) -> Update:
    reviews = tables.reviews
    mine = (reviews.c.event == event) & (reviews.c.product == bindparam("which"))
    return update(reviews).where(mine).values(at_us=bindparam("moment"))


def _move(
    db: Connection, moved: Update, admissions: Mapping[int, int], days: float
) -> None:
    """Carry out *moved* for each product, so many days before its admission."""
    db.execute(
        moved,
        [
            {"which": product, "moment": _before(at_us, days)}
            for product, at_us in admissions.items()
        ],
    )


def _before(at_us: int, days: float) -> int:
    return at_us - int(days * clock.DAY_US)
