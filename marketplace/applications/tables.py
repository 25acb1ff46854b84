"""The tables of data applications: where they open, and who uses them now."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text

from settlement.store import Whole, table

applications = table(
    "applications",  # where an application of a vendor opens
    Column(
        "product",
        Whole,
        ForeignKey("products.id"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("url", Text, nullable=False),
    Column("offline_h", Whole, nullable=False),  # at most; 0: always in touch
    Column("changed_us", Whole, nullable=False),
    Column("changed_by", Whole, nullable=False),
    CheckConstraint("url <> '' AND offline_h BETWEEN 0 AND 168", name="said"),
)

seats = table(
    "seats",  # taken under a right, and given back
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("entitlement", Whole, ForeignKey("entitlements.id"), nullable=False),
    Column("place", Whole, nullable=False),  # from 1 on
    Column("user", Whole, ForeignKey("users.id"), nullable=False),  # who took it
    Column("name", Text, nullable=False),  # who sits on it, as the taker says
    Column("hours", Whole, nullable=False),  # without a heartbeat; 0: LEASE_US
    Column("out_us", Whole, nullable=False),
    Column("beat_us", Whole, nullable=False),
    Column("beats", Whole, nullable=False),
    Column("until_us", Whole, nullable=False),  # if there is no heartbeat before
    Column("back_us", Whole),
    CheckConstraint("place > 0 AND hours >= 0 AND beats >= 0", name="numbers"),
    CheckConstraint("name <> ''", name="name"),
)
_out = seats.c.back_us.is_(None)
# Two that take a seat at once can never take the same.
Index(
    "uq_seats_out",
    seats.c.entitlement,
    seats.c.place,
    unique=True,
    sqlite_where=_out,
    postgresql_where=_out,
)
