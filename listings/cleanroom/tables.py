"""The tables of clean rooms: what a right's room shows, and groups made of the data."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Text

from settlement.store import Whole, table

cleanrooms = table(
    "cleanrooms",  # a right in such an instrument opens the room, and no file
    Column("instrument", Whole, ForeignKey("instruments.id"), primary_key=True),
    Column("settings", Text, nullable=False),  # JSON, see `settings`
)

groupings = table(
    "groupings",  # of a table as Parquet, by its key, under settings, by their hash
    Column("source", Text, primary_key=True),
    Column("settings", Text, primary_key=True),
    Column("problem", Text, nullable=False),  # code, why there is none
    Column("storage_key", Text, nullable=False),
    Column("facts", Text, nullable=False),  # JSON
    CheckConstraint("(problem = '') = (storage_key <> '')", name="problem"),
)
