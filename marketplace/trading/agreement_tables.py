"""The tables of contracts and of the signatures under them."""

from sqlalchemy import CheckConstraint, Column, Index, Text

from settlement.store import Whole, table

agreements = table(
    "agreements",  # contracts, from the draft to the trade
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("drafter", Whole, nullable=False),
    Column("vendor", Whole, nullable=False),
    Column("buyer", Whole, nullable=False),
    Column("house", Whole, nullable=False),  # whether the exchange signs too
    Column("instrument", Whole, nullable=False),
    Column("currency", Whole, nullable=False),
    Column("price", Whole, nullable=False),  # minor units per unit
    Column("quantity", Whole, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("terms", Whole, nullable=False),  # the whole text
    Column("sha256", Text, nullable=False),  # of it
    Column("stages", Text, nullable=False),  # canonical JSON: name, share, days
    Column("days", Whole, nullable=False),  # working days to accept
    Column("term_us", Whole),
    Column("deliveries_max", Whole),
    Column("expires_us", Whole, nullable=False),
    Column("evidence", Text, nullable=False),  # SHA-256 of a paper that exists
    Column("offer", Whole, nullable=False),  # that it carries out; 0: none
    Column("follows", Whole, nullable=False),  # the draft before it; 0: none
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended_by", Whole),
    Column("trade", Whole, unique=True),  # once all have signed
    CheckConstraint("vendor <> buyer AND drafter IN (vendor, buyer)", name="parties"),
    CheckConstraint("house IN (0, 1)", name="house"),
    CheckConstraint("price >= 0 AND quantity > 0 AND days >= 0", name="numbers"),
    CheckConstraint("offer >= 0 AND follows >= 0 AND follows < id", name="origin"),
    CheckConstraint(
        "state IN ('signing', 'signed', 'returned', 'withdrawn', 'expired')",
        name="state",
    ),
    CheckConstraint("(state = 'signed') = (trade IS NOT NULL)", name="trade"),
    CheckConstraint("state <> 'returned' OR reason <> ''", name="reason"),
)
Index("ix_agreements_vendor", agreements.c.vendor, agreements.c.id)
Index("ix_agreements_buyer", agreements.c.buyer, agreements.c.id)
Index("ix_agreements_state", agreements.c.state, agreements.c.id)

signatures = table(
    "signatures",  # under contracts: who signed for a party, and when
    Column("agreement", Whole, primary_key=True, autoincrement=False),
    Column("party", Whole, primary_key=True, autoincrement=False),
    Column("by_user", Whole, nullable=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
)
