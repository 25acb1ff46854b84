"""The tables of the statistics: which trades do not count, and what was published."""

from sqlalchemy import CheckConstraint, Column, Index, Text

from settlement.store import Whole, table

corrections = table(
    "corrections",  # trades taken out of the statistics, or put back; only added to
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("trade", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("event", Text, nullable=False),
    Column("reason", Text, nullable=False),
    CheckConstraint("event IN ('exclude', 'restore')", name="event"),
    CheckConstraint("reason <> ''", name="reason"),
)
Index("ix_corrections_trade", corrections.c.trade, corrections.c.id)
