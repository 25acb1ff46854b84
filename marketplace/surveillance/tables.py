"""The tables of the surveillance desk."""

from sqlalchemy import CheckConstraint, Column, Index, Text

from settlement.store import Whole, table

alerts = table(
    "alerts",  # what a detector found; once for the same evidence
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("at_us", Whole, nullable=False),  # when it was found
    Column("detector", Text, nullable=False),
    Column("sha256", Text, nullable=False, unique=True),  # of detector and evidence
    Column("instrument", Whole),  # null: of none, or of several
    Column("members", Text, nullable=False),  # canonical JSON
    Column("evidence", Text, nullable=False),  # canonical JSON: kind → numbers
    Column("facts", Text, nullable=False),  # canonical JSON: what was measured
    Column("case", Whole),
)
Index("ix_alerts_case", alerts.c.case, alerts.c.id)

cases = table(
    "cases",  # what the desk looks into
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("title", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("proposed_by", Whole),
    Column("proposal", Text),
    Column("reason", Text),
    Column("decided_by", Whole),
    Column("decided_us", Whole),
    CheckConstraint(
        "state IN ('open', 'proposed', 'flagged', 'dismissed')", name="state"
    ),
    CheckConstraint("proposal IN ('flag', 'dismiss')", name="proposal"),
    CheckConstraint("decided_by <> proposed_by", name="two_persons"),
    CheckConstraint(
        "(state IN ('flagged', 'dismissed')) = (decided_by IS NOT NULL)",
        name="decision",
    ),
)

case_notes = table(
    "case_notes",  # what was found out; only added to
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("case", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("text", Text, nullable=False),
    CheckConstraint("text <> ''", name="text"),
)
Index("ix_case_notes_case", case_notes.c.case, case_notes.c.id)

ties = table(
    "ties",  # members behind whom the same owner stands, as the desk found out
    Column("member", Whole, primary_key=True, autoincrement=False),
    Column("other", Whole, primary_key=True, autoincrement=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("reason", Text, nullable=False),
    CheckConstraint("member < other", name="ordered"),
    CheckConstraint("reason <> ''", name="reason"),
)

designations = table(
    "designations",  # what designated vendors owe the book: spread, size, presence
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("instrument", Whole, nullable=False),
    Column("vendor", Whole, nullable=False),
    Column("spread_bps", Whole, nullable=False),
    Column("size", Whole, nullable=False),  # units on each side
    Column("present_bps", Whole, nullable=False),  # of the time
    Column("from_us", Whole, nullable=False),
    Column("until_us", Whole),  # null: it runs
    Column("by_user", Whole, nullable=False),
    CheckConstraint("spread_bps BETWEEN 1 AND 20000 AND size > 0", name="prices"),
    CheckConstraint("present_bps BETWEEN 1 AND 10000", name="presence"),
    CheckConstraint("until_us > from_us", name="term"),
)
Index("ix_designations_vendor", designations.c.vendor, designations.c.id)
