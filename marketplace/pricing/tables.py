"""The tables of announced prices, changes asked for in quotes, allowed revenue."""

from sqlalchemy import CheckConstraint, Column, Index, Text

from settlement.store import Whole, table

price_changes = table(
    "price_changes",  # rises of posted prices, announced before they take effect
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("instrument", Whole, nullable=False),
    Column("vendor", Whole, nullable=False),
    Column("before", Whole, nullable=False),  # minor units per unit
    Column("price", Whole, nullable=False),
    Column("announced_us", Whole, nullable=False),
    Column("announced_by", Whole, nullable=False),  # the user
    Column("effective_us", Whole, nullable=False),
    Column("state", Text, nullable=False),
    CheckConstraint("price > before AND before >= 0", name="rise"),
    CheckConstraint("effective_us > announced_us", name="notice"),
    CheckConstraint(
        "state IN ('pending', 'applied', 'withdrawn', 'refused')", name="state"
    ),
)
_pending = price_changes.c.state == "pending"
Index(
    "ix_price_changes_pending",
    price_changes.c.instrument,
    unique=True,  # one at a time
    sqlite_where=_pending,
    postgresql_where=_pending,
)

offer_changes = table(
    "offer_changes",  # what a party asks to have changed in an offer made to it
    Column("id", Whole, primary_key=True),
    Column("offer", Whole, nullable=False),
    Column("member", Whole, nullable=False),  # who asks: the one who may take it
    Column("by_user", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("topics", Text, nullable=False),  # codes of revising.TOPICS, with blanks
    Column("text", Text, nullable=False),  # what is wanted, and why
    Column("answered_us", Whole),
    Column("revised", Whole),  # the offer that answers it; null: it stays as it is
    Column("reply", Text, nullable=False),
    CheckConstraint("topics <> '' AND text <> ''", name="asked"),
    CheckConstraint("revised > offer", name="revised"),
    CheckConstraint("answered_us >= at_us", name="answered"),
    CheckConstraint(
        "answered_us IS NOT NULL OR (revised IS NULL AND reply = '')",
        name="open",
    ),
)
Index("ix_offer_changes_offer", offer_changes.c.offer, offer_changes.c.id)
_waits = offer_changes.c.answered_us.is_(None)
Index(
    "ix_offer_changes_waits",
    offer_changes.c.offer,
    unique=True,  # one at a time
    sqlite_where=_waits,
    postgresql_where=_waits,
)

allowances = table(
    "allowances",  # the revenue that public data may take in a year; the newest holds
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("authorisation", Whole, nullable=False),
    Column("year", Whole, nullable=False),
    Column("currency", Whole, nullable=False),
    Column("amount", Whole, nullable=False),  # minor units, tax included
    Column("basis", Text, nullable=False),  # the document that allows it
    Column("set_us", Whole, nullable=False),
    Column("set_by", Whole, nullable=False),
    CheckConstraint("amount >= 0 AND basis <> ''", name="amount"),
)
Index("ix_allowances_authorisation", allowances.c.authorisation, allowances.c.id)
