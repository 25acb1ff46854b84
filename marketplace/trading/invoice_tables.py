"""The table of invoices and credit notes; written by the one writer alone."""

from sqlalchemy import CheckConstraint, Column, Index, Text, text

from settlement.store import Whole, table

invoices = table(
    "invoices",  # asked for, issued, refused; credit notes are issued at once
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("series", Text, nullable=False),
    Column("seller", Whole, nullable=False),
    Column("buyer", Whole, nullable=False),
    Column("currency", Whole, nullable=False),
    Column("lines", Text, nullable=False),  # JSON: trade, amount, basis points, tax
    Column("note", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("year", Whole),
    Column("serial", Whole),  # within its series and year, without a gap
    Column("outside", Text, nullable=False),  # number of the tax authority's paper
    Column("reason", Text, nullable=False),
    Column("corrects", Whole),
    Column("ended_us", Whole),
    Column("ended_by", Whole),
    # The month whose fees the house invoices; else its lines are trades.
    Column("period", Text, nullable=False, server_default=text("''")),
    Column("amount", Whole, nullable=False),  # minor units, tax included
    Column("tax", Whole, nullable=False),
    CheckConstraint("series IN ('invoice', 'credit')", name="series"),
    CheckConstraint("state IN ('asked', 'issued', 'refused')", name="state"),
    CheckConstraint("(state = 'issued') = (serial IS NOT NULL)", name="serial"),
    CheckConstraint("(year IS NULL) = (serial IS NULL)", name="year"),
    CheckConstraint("(state = 'asked') = (ended_us IS NULL)", name="ended"),
    CheckConstraint("amount >= 0 AND tax BETWEEN 0 AND amount", name="amounts"),
    CheckConstraint(
        "series = 'invoice' OR corrects IS NOT NULL OR period <> ''", name="corrects"
    ),
    CheckConstraint("(period <> '') = (seller = 0)", name="period"),
)
invoiced = table(
    "invoiced",  # which invoice a trade is on; 0: on none any more
    Column("trade", Whole, primary_key=True, autoincrement=False),
    Column("invoice", Whole, nullable=False),
)
_numbered = invoices.c.outside != ""
Index(
    "uq_invoices_outside",
    invoices.c.outside,
    unique=True,
    sqlite_where=_numbered,
    postgresql_where=_numbered,
)
_of_fees = invoices.c.period != ""
Index(
    "uq_invoices_period",
    invoices.c.buyer,
    invoices.c.period,
    invoices.c.currency,
    unique=True,
    sqlite_where=_of_fees,
    postgresql_where=_of_fees,
)
Index("ix_invoices_seller", invoices.c.seller, invoices.c.id)
Index("ix_invoices_buyer", invoices.c.buyer, invoices.c.id)
Index(
    "uq_invoices_serial",
    invoices.c.series,
    invoices.c.year,
    invoices.c.serial,
    unique=True,
)
