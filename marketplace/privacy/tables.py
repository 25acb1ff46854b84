"""The tables of persons' keys, and of what erasures came to."""

from sqlalchemy import CheckConstraint, Column, Text

from settlement.store import Whole, table

text_keys = table(
    "text_keys",  # under which the texts of a person are sealed
    Column("user", Whole, primary_key=True, autoincrement=False),
    Column("sealed", Text),  # the key, see `vault`; null: destroyed
    Column("made_us", Whole, nullable=False),
    Column("used_us", Whole, nullable=False),  # the last time, to the day
    Column("destroyed_us", Whole),
    CheckConstraint("(sealed IS NULL) = (destroyed_us IS NOT NULL)", name="destroyed"),
)
erasure_results = table(
    "erasure_results",  # what became of an erasure that two persons decided
    Column("seq", Whole, primary_key=True, autoincrement=False),
    Column("done_us", Whole, nullable=False),  # 0: some of it is left
    Column("rows", Whole, nullable=False),  # that were erased or made empty
    CheckConstraint("rows >= 0", name="rows"),
)
