"""The tables of quality: what was found in each file."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text

from settlement.store import Whole, table

examinations = table(
    "examinations",  # of a file: asked for, begun, done; the report is JSON
    Column("file", Whole, ForeignKey("files.id", ondelete="CASCADE"), primary_key=True),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),  # code, why it is quarantined
    Column("method", Text, nullable=False),  # version of the methods
    Column("report", Text, nullable=False),
    Column("sha256", Text, nullable=False),  # of the report
    Column("asked_us", Whole, nullable=False),
    Column("begun_us", Whole),
    Column("done_us", Whole),
    CheckConstraint(
        "state IN ('queued', 'examining', 'done', 'quarantined')", name="state"
    ),
    CheckConstraint(
        "(state IN ('done', 'quarantined')) = (done_us IS NOT NULL)", name="done"
    ),
    CheckConstraint("(state = 'quarantined') = (reason <> '')", name="reason"),
)
Index("ix_examinations_state", examinations.c.state, examinations.c.asked_us)
