"""The table of mandates."""

from sqlalchemy import CheckConstraint, Column, Index, Text, literal

from marketplace.trading.tables import orders
from settlement.store import Whole, table

mandates = table(
    "mandates",  # what an agent or a colleague may spend of its member's money
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("member", Whole, nullable=False),
    Column("holder", Whole, nullable=False),  # the user that is bounded
    Column("name", Text, nullable=False),
    Column("agent", Whole, nullable=False),
    Column("currency", Whole, nullable=False),
    Column("price_max", Whole),  # minor units per unit
    Column("daily_max", Whole, nullable=False),
    Column("total_max", Whole),
    Column("approval_above", Whole),
    Column("only_new", Whole, nullable=False),  # no right that the member has
    Column("instruments", Text, nullable=False),  # canonical JSON; empty: any
    Column("purposes", Text, nullable=False),  # canonical JSON; empty: any
    Column("until_us", Whole, nullable=False),
    Column("state", Text, nullable=False),
    Column("ended_by", Whole),
    Column("day", Whole, nullable=False),  # of the exchange, since 1970
    Column("today", Whole, nullable=False),  # spent on it, minor units
    Column("spent", Whole, nullable=False),  # in all
    CheckConstraint("state IN ('active', 'ended', 'expired')", name="state"),
    CheckConstraint("(state = 'ended') = (ended_by IS NOT NULL)", name="ended"),
    CheckConstraint("agent IN (0, 1) AND only_new IN (0, 1)", name="flags"),
    CheckConstraint("today >= 0 AND today <= spent", name="spent"),
    CheckConstraint("until_us > at_us", name="until"),
)
Index("ix_mandates_member", mandates.c.member, mandates.c.id)
Index("ix_mandates_holder", mandates.c.holder, mandates.c.id)

# Written out in each question: SQLite uses an index of a part for nothing else.
WAITS = orders.c.state.in_(
    [literal(state, literal_execute=True) for state in ("open", "partial")]
)
Index(
    "ix_orders_user",
    orders.c.by_user,
    orders.c.seq,
    sqlite_where=WAITS,
    postgresql_where=WAITS,
)
