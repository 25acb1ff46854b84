"""The tables of a member's limits and of what waits for a second of its users."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text, text
from sqlalchemy import UniqueConstraint as Unique

from settlement.store import Whole, table

approval_limits = table(
    "approval_limits",  # what more costs than that needs a second user of the member
    Column("member", Whole, ForeignKey("members.id"), primary_key=True),
    Column("currency", Whole, primary_key=True),
    Column("amount", Whole, nullable=False),  # minor units
    Column("by_user", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    CheckConstraint("amount >= 0", name="amount"),
)

approvals = table(
    "approvals",  # commands and higher limits that wait, and what became of them
    Column("id", Whole, primary_key=True),
    Column("member", Whole, ForeignKey("members.id"), nullable=False),
    Column("by_user", Whole, nullable=False),  # who asked: the command's
    Column("person", Whole, nullable=False),  # who stands behind it; not an agent
    Column("at_us", Whole, nullable=False),
    Column("kind", Text, nullable=False),  # of the command, or "limit"
    Column("body", Text, nullable=False),  # canonical JSON of the command's values
    Column("key", Text, nullable=False),  # idempotency key of the command
    Column("instrument", Whole),  # the first that it is about
    Column("lines", Whole, nullable=False),  # how many it is about
    Column("currency", Whole, nullable=False),
    Column("amount", Whole),  # that it costs at most, minor units; null: no limit
    Column("expires_us", Whole, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_us", Whole),
    Column("decided_by", Whole),
    Column("reason", Text, nullable=False, server_default=text("''")),
    Column("result", Whole),  # number of the order, trade, … that it made
    Unique("member", "key"),
    CheckConstraint(
        "state IN ('waiting', 'approved', 'sent', 'refused', 'rejected', 'withdrawn',"
        " 'unsent')",
        name="state",
    ),
    CheckConstraint("(state = 'waiting') = (decided_us IS NULL)", name="decided"),
    CheckConstraint("expires_us > at_us", name="expiry"),
    CheckConstraint(
        "state NOT IN ('approved', 'sent', 'refused', 'unsent')"
        " OR (decided_by <> by_user AND decided_by <> person)",
        name="second",
    ),
)
Index("ix_approvals_member", approvals.c.member, approvals.c.id)
Index("ix_approvals_state", approvals.c.member, approvals.c.state, approvals.c.id)
Index("ix_approvals_sending", approvals.c.state, approvals.c.id)  # of all members
