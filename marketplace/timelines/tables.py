"""The table of the remarks that staff add to a timeline."""

from sqlalchemy import CheckConstraint, Column, Index, Text

from settlement.store import Whole, table

remarks = table(
    "remarks",  # what staff note on a member, a product or a trade; only added to
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("about", Text, nullable=False),
    Column("subject", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("text", Text, nullable=False),
    CheckConstraint("about IN ('member', 'product', 'trade')", name="about"),
    CheckConstraint("text <> ''", name="text"),
)
Index("ix_remarks_subject", remarks.c.about, remarks.c.subject, remarks.c.at_us)
