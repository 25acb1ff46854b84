"""The table of erasures."""

from sqlalchemy import CheckConstraint, Column, Index, Text

from settlement.store import Whole, table

erasures = table(
    "erasures",  # what two persons decided to forget
    Column("seq", Whole, primary_key=True, autoincrement=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),  # who proposed it
    Column("what", Text, nullable=False),  # "person", or the code of a class
    Column("subject", Whole, nullable=False),  # the user; 0: all of the class
    Column("until_us", Whole, nullable=False),
    CheckConstraint("(what = 'person') = (subject > 0)", name="subject"),
    CheckConstraint("until_us > 0", name="until"),
)
_person = erasures.c.what == "person"
Index(
    "uq_erasures_person",
    erasures.c.subject,
    unique=True,
    sqlite_where=_person,
    postgresql_where=_person,
)
