"""The tables of group buys and of those who joined them."""

from sqlalchemy import CheckConstraint, Column, Index, Text

from settlement.store import Whole, table

pools = table(
    "pools",  # group buys: one right for each of many, at one price
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("vendor", Whole, nullable=False),
    Column("instrument", Whole, nullable=False),
    Column("currency", Whole, nullable=False),
    Column("quantity", Whole, nullable=False),  # units of one right
    Column("terms", Whole, nullable=False),
    Column("term_us", Whole),
    Column("deliveries_max", Whole),
    Column("tiers", Text, nullable=False),  # canonical JSON: from how many, price
    Column("least", Whole, nullable=False),  # licensees; with fewer nothing is sold
    Column("closes_us", Whole, nullable=False),
    Column("due_us", Whole),  # when it closes; later while trading is halted
    Column("state", Text, nullable=False),
    Column("price", Whole),  # that all pay
    CheckConstraint("quantity > 0 AND least > 0 AND closes_us > at_us", name="numbers"),
    CheckConstraint("state IN ('open', 'sold', 'failed', 'cancelled')", name="state"),
    CheckConstraint("(state = 'open') = (due_us IS NOT NULL)", name="due"),
    CheckConstraint("(state = 'sold') = (price IS NOT NULL)", name="price"),
)
Index("ix_pools_instrument", pools.c.instrument, pools.c.id)
Index("ix_pools_vendor", pools.c.vendor, pools.c.id)

pool_members = table(
    "pool_members",  # who joined a group buy, and what became of the money
    Column("pool", Whole, primary_key=True, autoincrement=False),
    Column("member", Whole, primary_key=True, autoincrement=False),
    Column("by_user", Whole, nullable=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("trade", Whole, unique=True),
    CheckConstraint("state IN ('held', 'bought', 'returned')", name="state"),
    CheckConstraint("(state = 'bought') = (trade IS NOT NULL)", name="trade"),
)
Index("ix_pool_members_member", pool_members.c.member)
