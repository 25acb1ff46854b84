"""Moves the dates of the demo's members and listings to where its four weeks put them.

Their rooms write down the moment at which a verb is carried out, which for the whole
demo is now. Only ordinary tables are touched: what went through the one door has its
time from the demo's clock and stays as it is in the journal.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, Table, bindparam, update

from listings import tables
from marketplace.demo.calendar import Day
from marketplace.members.tables import members, users, verifications
from settlement import clock

# Days before admission, early in a morning, at which a listing's steps happened: the
# fractions put them into office hours.
_STEPS = {"submit": 8.9, "approve": 6.75, "lapse": 0.7, "admit": 0.0}
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


def move_listings(db: Connection, admitted: Mapping[int, int]) -> None:
    """Date each product by when it was *admitted*: product → microseconds UTC.

    Those that still wait are given when they would have been.
    """
    drafted = [
        {"which": product, "moment": _before(at_us, _DRAFTED)}
        for product, at_us in admitted.items()
    ]
    registered = [
        {"which": product, "moment": _before(at_us, _STEPS["lapse"])}
        for product, at_us in admitted.items()
    ]
    for table, column, key, rows in (
        (tables.products, "created_us", "id", drafted),
        (tables.products, "changed_us", "id", drafted),
        (tables.releases, "created_us", "product", drafted),
        (tables.releases, "finalised_us", "product", drafted),
        (tables.instruments, "created_us", "product", drafted),
        (tables.registrations, "registered_us", "product", registered),
        (tables.listings, "requested_us", "product", registered),
        (tables.listings, "changed_us", "product", registered),
    ):
        _move(db, table, column, key, rows)
    listed = tables.listings.c.admitted_us.is_not(None)
    moved = update(tables.listings).where(
        listed, tables.listings.c.product == bindparam("which")
    )
    db.execute(
        moved.values(admitted_us=bindparam("moment"), changed_us=bindparam("moment")),
        [{"which": product, "moment": at_us} for product, at_us in admitted.items()],
    )
    for event, days in _STEPS.items():
        moved = update(tables.reviews).where(
            tables.reviews.c.event == event,
            tables.reviews.c.product == bindparam("which"),
        )
        db.execute(
            moved.values(at_us=bindparam("moment")),
            [
                {"which": product, "moment": _before(at_us, days)}
                for product, at_us in admitted.items()
            ],
        )


def _move(
    db: Connection, table: Table, column: str, key: str, rows: list[dict[str, int]]
) -> None:
    moved = update(table).where(table.c[key] == bindparam("which"))
    db.execute(moved.values({column: bindparam("moment")}), rows)


def _before(at_us: int, days: float) -> int:
    return at_us - int(days * clock.DAY_US)
