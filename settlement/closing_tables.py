"""The tables of the close: months that are closed (by the one writer), and audits."""

from sqlalchemy import CheckConstraint, Column, Text

from settlement.store import Whole, table

closings = table(
    "closings",  # months that are closed: by two persons, with what they ended with
    Column("month", Text, primary_key=True),  # as 2026-11
    Column("seq", Whole, nullable=False, unique=True),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("until_us", Whole, nullable=False, unique=True),
    Column("balances", Text, nullable=False),  # JSON: place, currency, minor units
    Column("checks", Text, nullable=False),  # JSON: item, how much was open
    Column("sha256", Text, nullable=False),  # of the balances
    CheckConstraint("at_us >= until_us", name="over"),
)

audits = table(
    "audits",  # what checks of all records found; not the writer's
    Column("id", Whole, primary_key=True),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole),  # null: the command line
    Column("seq", Whole, nullable=False),  # the last record that was there
    Column("rows", Whole, nullable=False),
    Column("violations", Whole, nullable=False),
    Column("said", Text, nullable=False),  # JSON: the first of them
    CheckConstraint("rows >= 0 AND violations >= 0", name="counts"),
)
