"""The tables of metered use, written by the one writer."""

from sqlalchemy import CheckConstraint, Column, Index, Text

from settlement.store import Whole, table

tabs = table(
    "tabs",  # a right's account of use: what is set aside for it
    Column("entitlement", Whole, primary_key=True, autoincrement=False),
    Column("holder", Whole, nullable=False),
    Column("vendor", Whole, nullable=False),
    Column("instrument", Whole, nullable=False),
    Column("currency", Whole, nullable=False),
    Column("terms", Whole, nullable=False),
    Column("from_us", Whole, nullable=False),
    Column("held", Whole, nullable=False),  # minor units
    Column("allowed", Whole, nullable=False),  # of these, what may be spent
    Column("due_us", Whole),  # when the rest goes back
    CheckConstraint("allowed >= 0 AND held >= allowed", name="amounts"),
)
Index("ix_tabs_vendor", tabs.c.vendor, tabs.c.entitlement)
_allowed = tabs.c.allowed > 0
Index(
    "ix_tabs_allowed", tabs.c.entitlement,
    sqlite_where=_allowed, postgresql_where=_allowed,
)  # fmt: skip

periods = table(
    "periods",  # what one period of a tab came to
    Column("entitlement", Whole, primary_key=True, autoincrement=False),
    Column("period", Whole, primary_key=True, autoincrement=False),
    Column("fee_schedule", Whole, nullable=False),
    Column("fee_rule", Whole, nullable=False),
    Column("calls", Whole, nullable=False),
    Column("hits", Whole, nullable=False),
    Column("records", Whole, nullable=False),
    Column("units", Whole, nullable=False),  # that the plan charges
    Column("due", Whole, nullable=False),  # minor units, by the plan
    Column("amount", Whole, nullable=False),  # that were paid
    Column("fee", Whole, nullable=False),
    CheckConstraint("period >= 0 AND units >= 0", name="numbers"),
    CheckConstraint("amount <= due AND fee BETWEEN 0 AND amount", name="amounts"),
)

use_shares = table(
    "use_shares",  # of each period that is shared: the stakes, frozen, what each has
    Column("entitlement", Whole, primary_key=True, autoincrement=False),
    Column("period", Whole, primary_key=True, autoincrement=False),
    Column("place", Whole, primary_key=True, autoincrement=False),  # 0: the vendor
    Column("party", Whole, nullable=False),
    Column("role", Text, nullable=False),
    Column("weight", Whole, nullable=False),  # among those of the period
    Column("amount", Whole, nullable=False),  # minor units that the party has of it
    CheckConstraint("amount >= 0 AND weight >= 0 AND party > 0", name="numbers"),
)
Index("ix_use_shares_party", use_shares.c.party, use_shares.c.entitlement)

uses = table(
    "uses",  # what was counted at once: by a meter, or as the buyer declared
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("entitlement", Whole, nullable=False),
    Column("period", Whole, nullable=False),
    Column("meter", Text, nullable=False),  # empty: declared
    Column("calls", Whole, nullable=False),
    Column("hits", Whole, nullable=False),
    Column("records", Whole, nullable=False),
    Column("units", Whole, nullable=False),
    Column("taken", Whole, nullable=False),  # of these, from the right's quota
    Column("due", Whole, nullable=False),
    Column("amount", Whole, nullable=False),
    Column("fee", Whole, nullable=False),
    Column("statement", Text, nullable=False),  # of who declared it
    # Neither a meter nor a statement: what was owed of the period, and paid at last.
    CheckConstraint("meter = '' OR statement = ''", name="source"),
    CheckConstraint("meter <> '' OR statement <> '' OR units = 0", name="arrears"),
    CheckConstraint("taken BETWEEN 0 AND units", name="taken"),
    CheckConstraint("due >= 0 AND fee BETWEEN 0 AND amount", name="due"),
)
Index("ix_uses_entitlement", uses.c.entitlement, uses.c.id)

meters = table(
    "meters",  # how far each meter was counted: a place in its file
    Column("meter", Text, primary_key=True),
    Column("position", Whole, nullable=False),
    CheckConstraint("position > 0", name="position"),
)
