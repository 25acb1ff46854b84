"""The tables of cuts: what an instrument's licence leaves of a table, copies made."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Text

from settlement.store import Whole, table

cuts = table(
    "cuts",  # a right in such an instrument opens tables cut so, and no whole file
    Column("instrument", Whole, ForeignKey("instruments.id"), primary_key=True),
    Column("settings", Text, nullable=False),  # JSON, see `settings`
)

copies = table(
    "copies",  # of a table as Parquet, by its key, under a cut for a holder, by hash
    Column("source", Text, primary_key=True),
    Column("settings", Text, primary_key=True),
    Column("problem", Text, nullable=False),  # code, why there is none
    Column("storage_key", Text, nullable=False),
    Column("facts", Text, nullable=False),  # JSON: size, rows, columns, stats
    CheckConstraint("(problem = '') = (storage_key <> '')", name="problem"),
)
