"""The tables of quality: what was found in each file, and how services answered."""

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

preparations = table(
    "preparations",  # of a file: its tables as Parquet, made when first asked for
    Column("file", Whole, ForeignKey("files.id", ondelete="CASCADE"), primary_key=True),
    Column("at_us", Whole, nullable=False),
    Column("problem", Text, nullable=False),  # code, why there are none
    Column("tables", Text, nullable=False),  # JSON
)

differences = table(
    "differences",  # between two tables as Parquet, each by its key in the storage
    Column("older", Text, primary_key=True),
    Column("newer", Text, primary_key=True),
    Column("storage_key", Text, nullable=False),
    Column("size", Whole, nullable=False),
    Column("rows", Whole, nullable=False),
    CheckConstraint("older <> newer", name="two"),
)

service_addresses = table(
    "service_addresses",  # what is called on a schedule, one for each product
    Column("product", Whole, ForeignKey("products.id"), primary_key=True),
    Column("url", Text, nullable=False),
    Column("source", Text, nullable=False),  # who makes the calls: us, or the demo
    Column("added_us", Whole, nullable=False),
    Column("added_by", Whole, nullable=False),
    Column("next_us", Whole),  # null: it is called no more; what was measured stays
    CheckConstraint("source IN ('exchange', 'demo')", name="source"),
)
Index("ix_service_addresses_next", service_addresses.c.next_us)

service_calls = table(
    "service_calls",  # of the last days; older ones are forgotten
    Column("product", Whole, ForeignKey("products.id"), primary_key=True),
    Column("at_us", Whole, primary_key=True),
    Column("up", Whole, nullable=False),  # 1: it answered, and without a failure
    Column("status", Whole),  # null: there was no answer
    Column("why", Text, nullable=False),  # code, why there was none
    Column("latency_us", Whole, nullable=False),  # until the answer, or until giving up
    CheckConstraint("up IN (0, 1)", name="up"),
    CheckConstraint("(status IS NULL) = (why <> '')", name="why"),
    CheckConstraint("up = 0 OR status IS NOT NULL", name="answered"),
)
