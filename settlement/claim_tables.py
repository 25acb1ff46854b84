"""The tables of what follows a trade: disputes, refunds, busts; by the one writer."""

from sqlalchemy import CheckConstraint, Column, Index, Text

from settlement.store import Whole, table

disputes = table(
    "disputes",  # of delivered trades; the money stands still until they end
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("trade", Whole, nullable=False, unique=True),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("reason", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("left_over", Whole, nullable=False),  # minor units in escrow
    Column("paused", Whole, nullable=False),  # the right was suspended for it
    Column("decide_by_us", Whole, nullable=False),
    Column("state", Text, nullable=False),
    Column("answer_by_us", Whole, nullable=False),
    Column("answered_by", Whole),
    Column("answer", Text),
    Column("offer", Whole),  # minor units that the vendor would give back
    Column("refund", Whole),  # that went back in the end
    Column("ended_seq", Whole),
    CheckConstraint(
        "reason IN ('not_delivered', 'incomplete', 'not_as_described', 'quality',"
        " 'unusable') AND note <> ''",
        name="reason",
    ),
    CheckConstraint(
        "state IN ('open', 'mediation', 'agreed', 'decided', 'withdrawn')",
        name="state",
    ),
    CheckConstraint(
        "left_over > 0 AND offer BETWEEN 0 AND left_over"
        " AND refund BETWEEN 0 AND left_over",
        name="amounts",
    ),
    CheckConstraint(
        "(state IN ('open', 'mediation')) = (ended_seq IS NULL)"
        " AND (ended_seq IS NULL) = (refund IS NULL)",
        name="end",
    ),
    CheckConstraint("(answer IS NULL) = (answered_by IS NULL)", name="answer"),
    CheckConstraint("paused IN (0, 1)", name="paused"),
)
Index("ix_disputes_state", disputes.c.state, disputes.c.id)
# By position of the journal: what members are told of.
Index("ix_disputes_seq", disputes.c.seq)
_ended = disputes.c.ended_seq.is_not(None)
Index(
    "ix_disputes_ended_seq",
    disputes.c.ended_seq,
    sqlite_where=_ended,
    postgresql_where=_ended,
)

refunds = table(
    "refunds",  # of settled sales, by two persons; the fee follows the money
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("trade", Whole, nullable=False),
    Column("amount", Whole, nullable=False),  # minor units
    Column("fee", Whole, nullable=False),  # that the house gave back of it
    Column("by_user", Whole, nullable=False),  # who offered it, for the vendor
    CheckConstraint("amount > 0 AND fee BETWEEN 0 AND amount", name="amounts"),
)
Index("ix_refunds_trade", refunds.c.trade, refunds.c.id)
Index("ix_refunds_seq", refunds.c.seq)

busts = table(
    "busts",  # trades busted or adjusted, by two persons; the trades stay as they were
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("trade", Whole, nullable=False),
    Column("price", Whole),  # minor units per unit from then on; null: busted
    Column("paid", Whole, nullable=False),  # in all; if busted, what was refunded
    Column("amount", Whole, nullable=False),  # that the buyer got; below 0: paid
    Column("fee", Whole, nullable=False),  # that the house gave back; below 0: took
    Column("by_user", Whole, nullable=False),  # who proposed it
    CheckConstraint("price >= 0 AND paid >= 0", name="price"),
    CheckConstraint("price IS NOT NULL OR amount >= 0", name="amount"),
    CheckConstraint(
        "(amount >= 0 AND fee BETWEEN 0 AND amount)"
        " OR (amount < 0 AND fee BETWEEN amount AND 0)",
        name="fee",
    ),
)
Index("ix_busts_trade", busts.c.trade, busts.c.id)
Index("ix_busts_seq", busts.c.seq)
