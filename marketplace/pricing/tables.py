"""The table of announced prices."""

from sqlalchemy import CheckConstraint, Column, Index, Text

from settlement.store import Whole, table

price_changes = table(
    "price_changes",  # rises of posted prices, announced before they take effect
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("instrument", Whole, nullable=False),
    Column("vendor", Whole, nullable=False),
    Column("before", Whole, nullable=False),  # minor units per unit
    Column("price", Whole, nullable=False),
    Column("announced_us", Whole, nullable=False),
    Column("announced_by", Whole, nullable=False),  # the user
    Column("effective_us", Whole, nullable=False),
    Column("state", Text, nullable=False),
    CheckConstraint("price > before AND before >= 0", name="rise"),
    CheckConstraint("effective_us > announced_us", name="notice"),
    CheckConstraint(
        "state IN ('pending', 'applied', 'withdrawn', 'refused')", name="state"
    ),
)
_pending = price_changes.c.state == "pending"
Index(
    "ix_price_changes_pending",
    price_changes.c.instrument,
    unique=True,  # one at a time
    sqlite_where=_pending,
    postgresql_where=_pending,
)
