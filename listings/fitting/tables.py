"""The table of fits: which columns of a product may be compared before it is paid."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Text

from settlement.store import Whole, table

comparable = table(
    "comparable",  # the vendor allows it for these; without a row nobody compares
    Column("product", Whole, ForeignKey("products.id"), primary_key=True),
    Column("named", Text, nullable=False),  # the table in the newest release
    Column("key_columns", Text, nullable=False),  # JSON, names of columns
    Column("measure_columns", Text, nullable=False),  # JSON, of numbers
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    CheckConstraint("named <> '' AND key_columns <> '[]'", name="filled"),
)
