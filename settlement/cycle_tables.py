"""Tables of cycles: obligations, netting runs, debts, credit and the house's reserve.

Written by the one writer alone; see `tables`.
"""

from sqlalchemy import CheckConstraint, Column, Index, Text

from settlement.store import Whole, table

cycles = table(
    "cycles",  # when trades of a currency and way of trading settle
    Column("currency", Whole, primary_key=True, autoincrement=False),
    Column("origin", Text, primary_key=True),
    Column("seq", Whole, nullable=False),
    Column("days", Whole, nullable=False),  # working days; 0: at once
    Column("cover_bps", Whole, nullable=False),
    CheckConstraint("days >= 0 AND cover_bps BETWEEN 0 AND 10000", name="numbers"),
)

credits_ = table(
    "credits",  # how much a member may owe until the end of its cycles
    Column("member", Whole, primary_key=True, autoincrement=False),
    Column("currency", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("amount", Whole, nullable=False),
    CheckConstraint("amount >= 0", name="amount"),
)

penalties = table(
    "penalties",  # what a debt costs by the day; the latest of a currency counts
    Column("seq", Whole, primary_key=True, autoincrement=False),
    Column("currency", Whole, nullable=False),
    Column("steps", Text, nullable=False),  # JSON: from day, basis points a day
)

obligations = table(
    "obligations",  # of deferred trades: what is owed until a run settles it
    Column("trade", Whole, primary_key=True, autoincrement=False),
    Column("entitlement", Whole, nullable=False),
    Column("cover", Whole, nullable=False),  # minor units that the buyer holds
    Column("due_us", Whole, nullable=False),
    Column("state", Text, nullable=False),
    Column("run", Whole),
    Column("fail", Whole),
    CheckConstraint("cover >= 0", name="cover"),
    CheckConstraint(
        "state IN ('due', 'settled', 'failed', 'written_off')", name="state"
    ),
    CheckConstraint("state = 'due' OR run IS NOT NULL", name="run"),
    CheckConstraint("state <> 'failed' OR fail IS NOT NULL", name="fail"),
)
Index("ix_obligations_run", obligations.c.run, obligations.c.trade)
_due = obligations.c.state == "due"
Index(
    "ix_obligations_due",
    obligations.c.trade,
    sqlite_where=_due,
    postgresql_where=_due,
)

runs = table(
    "runs",  # netting runs: who froze, approved and executed them
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("currency", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("state", Text, nullable=False),
    Column("trades", Whole, nullable=False),
    Column("gross", Whole, nullable=False),  # minor units
    Column("net", Whole, nullable=False),
    Column("approved_by", Whole),
    Column("executed_by", Whole),
    Column("ended_seq", Whole),
    CheckConstraint(
        "state IN ('frozen', 'approved', 'executed', 'cancelled')", name="state"
    ),
    CheckConstraint("approved_by <> by_user", name="two_persons"),
    CheckConstraint(
        "state NOT IN ('approved', 'executed') OR approved_by IS NOT NULL",
        name="approved",
    ),
    CheckConstraint("net >= 0 AND net <= gross AND trades > 0", name="numbers"),
)

run_lines = table(
    "run_lines",  # what a run comes to for each member, in minor units
    Column("run", Whole, primary_key=True, autoincrement=False),
    Column("member", Whole, primary_key=True, autoincrement=False),
    Column("pays", Whole, nullable=False),
    Column("gets", Whole, nullable=False),
    Column("fee", Whole, nullable=False),
    Column("shares", Whole, nullable=False),
    Column("cover", Whole, nullable=False),
    CheckConstraint(
        "pays >= 0 AND gets >= 0 AND fee BETWEEN 0 AND gets AND cover >= 0",
        name="amounts",
    ),
)
Index("ix_run_lines_member", run_lines.c.member, run_lines.c.run)

fails = table(
    "fails",  # debts: what the house's reserve advanced so that all others were paid
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("seq", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("run", Whole, nullable=False),
    Column("member", Whole, nullable=False),
    Column("currency", Whole, nullable=False),
    Column("amount", Whole, nullable=False),
    Column("cause", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("penalty", Whole, nullable=False),
    Column("ended_seq", Whole),
    CheckConstraint("amount > 0 AND penalty >= 0", name="amounts"),
    CheckConstraint("cause IN ('no_money', 'pending', 'suspended')", name="cause"),
    CheckConstraint("state IN ('open', 'cured', 'written_off')", name="state"),
    CheckConstraint("(state = 'open') = (ended_seq IS NULL)", name="end"),
)
Index("ix_fails_member", fails.c.member, fails.c.id)
Index("ix_fails_state", fails.c.state, fails.c.id)
