"""The tables of pay-ins by card: what the provider said, and what became of it.

Only the one writer writes here; see `settlement.tables`.
"""

from sqlalchemy import CheckConstraint, Column, Index, Text, text

from settlement.money import AMOUNT_MAX
from settlement.payments.cards import SIGNS
from settlement.store import Whole, table

cards = table(
    "cards",  # pay-ins by card: what their lines add up to, in minor units
    Column("payin", Whole, primary_key=True, autoincrement=False),
    Column("reference", Text, nullable=False),  # the provider's id of the payment
    Column("captured", Whole, nullable=False),
    Column("refunded", Whole, nullable=False),
    Column("withdrawn", Whole, nullable=False),  # for disputes
    Column("returned", Whole, nullable=False),
    Column("costs", Whole, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("credited_us", Whole),
    CheckConstraint(f"captured BETWEEN 0 AND {AMOUNT_MAX}", name="captured"),
    CheckConstraint("outcome IN ('', 'won', 'lost')", name="outcome"),
    CheckConstraint("(captured > 0) = (credited_us IS NOT NULL)", name="credited"),
)

provider_lines = table(
    "provider_lines",  # each line of the provider's account that was booked, once
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("line", Text, nullable=False, unique=True),  # the provider's id
    Column("kind", Text, nullable=False),
    Column("payin", Whole, nullable=False),  # 0: none
    Column("reference", Text, nullable=False),
    Column("currency", Whole, nullable=False),
    Column("amount", Whole, nullable=False),  # signed, minor units, before the fee
    Column("fee", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    CheckConstraint(
        f"kind IN ({', '.join(map(repr, SIGNS))})",
        name="kind",
    ),
    CheckConstraint(f"amount BETWEEN -{AMOUNT_MAX} AND {AMOUNT_MAX}", name="amount"),
)
Index("ix_provider_lines_payin", provider_lines.c.payin, provider_lines.c.id)

withheld = table(
    "withheld",  # rights suspended because the money for them went back
    Column("entitlement", Whole, primary_key=True, autoincrement=False),
    Column("payin", Whole, nullable=False),
    Column("seq", Whole, nullable=False),
    Column("state", Text, nullable=False),
    Column("ended_seq", Whole),
    CheckConstraint("state IN ('withheld', 'restored', 'revoked')", name="state"),
    CheckConstraint("(state = 'withheld') = (ended_seq IS NULL)", name="ended"),
)

mendings = table(
    "mendings",  # journals that mend a break, each by two persons
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("break", Whole, nullable=False),
    Column("debit", Text, nullable=False),
    Column("credit", Text, nullable=False),
    Column("member", Whole, nullable=False),  # 0: of none
    Column("currency", Whole, nullable=False),
    Column("amount", Whole, nullable=False),
    Column("proposed_by", Whole, nullable=False),
    # Of what was booked, or was to be, in a month that is closed; else both empty.
    Column("month", Text, nullable=False, server_default=text("''")),
    Column("code", Text, nullable=False, server_default=text("''")),
    CheckConstraint(f"amount BETWEEN 1 AND {AMOUNT_MAX}", name="amount"),
    CheckConstraint("debit <> credit", name="two_sides"),
    CheckConstraint("(month = '') = (code = '')", name="reversal"),
)
Index("ix_mendings_break", mendings.c["break"])
