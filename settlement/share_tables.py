"""Tables of shares and taxes: who has a part in a trade, and what it includes.

Written by the one writer alone; see `tables`.
"""

from sqlalchemy import CheckConstraint, Column, Index, Text

from settlement.store import Whole, table

splits = table(
    "splits",  # agreements: how the proceeds of a product are shared
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("vendor", Whole, nullable=False),
    Column("product", Whole, nullable=False),
    Column("parts", Text, nullable=False),  # JSON: `splits.Part`; [] ends sharing
    Column("state", Text, nullable=False),
    Column("ended_seq", Whole),
    CheckConstraint("product > 0 AND vendor > 0", name="subject"),
    CheckConstraint(
        "state IN ('waiting', 'in_force', 'declined', 'withdrawn', 'replaced')",
        name="state",
    ),
    CheckConstraint(
        "(state IN ('waiting', 'in_force')) = (ended_seq IS NULL)", name="end"
    ),
)
Index("ix_splits_product", splits.c.product, splits.c.id)
Index("ix_splits_vendor", splits.c.vendor, splits.c.id)

split_parties = table(
    "split_parties",  # whose consent an agreement needs, and who gave it
    Column("split", Whole, primary_key=True, autoincrement=False),
    Column("member", Whole, primary_key=True, autoincrement=False),
    Column("agreed_seq", Whole),
    Column("agreed_by", Whole),
    CheckConstraint("(agreed_seq IS NULL) = (agreed_by IS NULL)", name="agreed"),
)
Index("ix_split_parties_member", split_parties.c.member, split_parties.c.split)

shares = table(
    "shares",  # of each trade that is shared: the stakes, frozen, and what each has
    Column("trade", Whole, primary_key=True, autoincrement=False),
    Column("place", Whole, primary_key=True, autoincrement=False),  # 0: the seller
    Column("party", Whole, nullable=False),
    Column("role", Text, nullable=False),
    Column("weight", Whole, nullable=False),  # among those of the trade
    Column("amount", Whole, nullable=False),  # minor units that the party has of it
    Column("netted", Whole, nullable=False, server_default="0"),  # by a run
    CheckConstraint(
        "amount >= 0 AND netted >= 0 AND weight >= 0 AND party > 0", name="numbers"
    ),
    CheckConstraint(
        "role IN ('vendor', 'source', 'operator', 'developer', 'licensor')",
        name="role",
    ),
)
Index("ix_shares_party", shares.c.party, shares.c.trade)

tax_schedules = table(
    "tax_schedules",
    Column("version", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("rates", Text, nullable=False),  # JSON: kind and basis points
)
