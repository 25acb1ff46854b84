"""The tables of the statistics: what is corrected, and what was published."""

from sqlalchemy import CheckConstraint, Column, Index, Text

from settlement.store import Whole, table

corrections = table(
    "corrections",  # trades taken out, put back, at another price; only added to
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("trade", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("event", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("bust", Whole, unique=True),  # that it follows, if it does
    Column("price", Whole),  # to which the trade was adjusted
    Column("fee", Whole),  # and what it is charged then
    CheckConstraint("event IN ('exclude', 'restore', 'adjust')", name="event"),
    CheckConstraint(
        "(event = 'adjust') = (price IS NOT NULL AND fee IS NOT NULL)", name="price"
    ),
    CheckConstraint("reason <> ''", name="reason"),
)
Index("ix_corrections_trade", corrections.c.trade, corrections.c.id)
