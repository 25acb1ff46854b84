"""The tables of intakes: an uploaded file on its way to drafts, row by row."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text

from settlement.store import Whole, table

intakes = table(
    "intakes",  # one file that a vendor brings
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("vendor", Whole, nullable=False),  # a member's number
    Column("by_user", Whole, nullable=False),
    Column("name", Text, nullable=False),  # of the file
    Column("source", Text, nullable=False),  # what its entries are known under
    Column("storage_key", Text, nullable=False),
    Column("form", Text, nullable=False),  # "table" or the suffix of a format
    Column("choice", Text, nullable=False),  # JSON: encoding, delimiter, sheet
    Column("mapping", Text, nullable=False),  # JSON: column → field
    Column("state", Text, nullable=False),
    Column("total", Whole, nullable=False),  # entries
    Column("done", Whole, nullable=False),
    Column("created_us", Whole, nullable=False),
    CheckConstraint("state IN ('open', 'running', 'done')", name="state"),
    CheckConstraint("done >= 0 AND done <= total", name="done"),
)
Index("ix_intakes_vendor", intakes.c.vendor, intakes.c.id)

outcomes = table(
    "intake_outcomes",  # what became of each entry
    Column("intake", Whole, ForeignKey("intakes.id"), primary_key=True),
    Column("number", Whole, primary_key=True),  # of the entry, from 1
    Column("place", Text, nullable=False),  # in the file
    Column("title", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("product", Whole),
    Column("remarks", Text, nullable=False),  # JSON: [[column or field, text], …]
    CheckConstraint(
        "outcome IN ('created', 'updated', 'unchanged', 'refused')", name="outcome"
    ),
)

mappings = table(
    "intake_mappings",  # a member's saved ways to read its tables
    Column("vendor", Whole, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("mapping", Text, nullable=False),  # JSON: column → field
)
