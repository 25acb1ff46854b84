"""The tables of the rails: checkouts, messages, and foreign lines as they were read."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text

from settlement.store import Whole, table

checkouts = table(
    "checkouts",  # pages of the provider, on record before they are asked for
    Column("payin", Whole, primary_key=True, autoincrement=False),
    Column("asked_us", Whole, nullable=False),
    Column("until_us", Whole, nullable=False),
    Column("back_url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("session", Text),  # null: asked for, and no answer yet
    Column("url", Text),
    Column("state", Text, nullable=False),
    CheckConstraint("state IN ('asked', 'open', 'closed')", name="state"),
    CheckConstraint("(session IS NULL) = (url IS NULL)", name="answer"),
)
Index("ix_checkouts_state", checkouts.c.state, checkouts.c.payin)

messages = table(
    "provider_messages",  # signed messages, each once; handled: looked, or ignored
    Column("id", Whole, primary_key=True),
    Column("message", Text, nullable=False, unique=True),  # the provider's id
    Column("kind", Text, nullable=False),
    Column("received_us", Whole, nullable=False),
    Column("handled_us", Whole),
    Column("ignored", Whole, nullable=False),
    CheckConstraint("ignored IN (0, 1)", name="ignored"),
)
_waits = messages.c.handled_us.is_(None)
Index(
    "ix_provider_messages_waits",
    messages.c.id,
    sqlite_where=_waits,
    postgresql_where=_waits,
)

foreign_lines = table(
    "foreign_lines",  # our account at the provider as it was read, booked or not
    Column("line", Text, primary_key=True),  # the provider's id
    Column("kind", Text, nullable=False),  # ours, or the provider's own word
    Column("payin", Text, nullable=False),  # as the provider says it
    Column("reference", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", Whole, nullable=False),  # minor units, signed
    Column("fee", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("read_us", Whole, nullable=False),
    Column("refused", Text, nullable=False),  # why it is not booked; "" if it is
)
Index("ix_foreign_lines_at_us", foreign_lines.c.at_us)
_refused = foreign_lines.c.refused != ""
Index(
    "ix_foreign_lines_refused",
    foreign_lines.c.at_us,
    sqlite_where=_refused,
    postgresql_where=_refused,
)

statements = table(
    "bank_statements",  # taken in by staff, each file once
    Column("id", Whole, primary_key=True),
    Column("sha256", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("currency", Whole, nullable=False),
    Column("opening", Whole),  # minor units; null: the format says none
    Column("closing", Whole),
    Column("from_day", Text, nullable=False),
    Column("to_day", Text, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("taken_us", Whole, nullable=False),
)

bank_lines = table(
    "bank_lines",  # what the bank says moved, and what it is of
    Column("id", Whole, primary_key=True),
    Column("statement", Whole, ForeignKey("bank_statements.id"), nullable=False),
    Column("currency", Whole, nullable=False),
    Column("reference", Text, nullable=False),  # the bank's own
    Column("day", Text, nullable=False),
    Column("amount", Whole, nullable=False),  # minor units, signed
    Column("text", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("kind", Text, nullable=False),  # payin, payout, provider; "": of nothing yet
    Column("subject", Whole, nullable=False),
    Column("doubt", Text, nullable=False),  # why it is of nothing
    CheckConstraint("kind IN ('', 'payin', 'payout', 'provider')", name="kind"),
    CheckConstraint("amount <> 0", name="amount"),
    CheckConstraint("(kind = '') = (doubt <> '')", name="doubt"),
)
Index(
    "uq_bank_lines_reference",
    bank_lines.c.currency,
    bank_lines.c.reference,
    unique=True,
)
Index("ix_bank_lines_subject", bank_lines.c.kind, bank_lines.c.subject)

payout_accounts = table(
    "payout_accounts",  # where payouts go; a change counts after its delay
    Column("id", Whole, primary_key=True),
    Column("member", Whole, nullable=False),
    Column("holder", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("bank", Text, nullable=False),
    Column("set_us", Whole, nullable=False),
    Column("usable_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("stopped_us", Whole),  # a change that was taken back in time
    CheckConstraint("usable_us >= set_us", name="usable"),
)
Index("ix_payout_accounts_member", payout_accounts.c.member, payout_accounts.c.id)

breaks = table(
    "breaks",  # what does not agree: why, since when, whose it is, what is proposed
    Column("id", Whole, primary_key=True),
    Column("cause", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("rail", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount", Whole, nullable=False),  # minor units, signed: what moved there
    Column("member", Whole, nullable=False),  # 0: nobody known
    Column("said", Text, nullable=False),
    Column("found_us", Whole, nullable=False),
    Column("owner", Whole),  # the user who takes care of it
    Column("proposal", Whole),
    Column("ended_us", Whole),
    Column("how", Text, nullable=False),  # cleared: it agrees by now; corrected
    CheckConstraint("rail IN ('card', 'bank', 'trade')", name="rail"),
    CheckConstraint("how IN ('', 'cleared', 'corrected')", name="how"),
    CheckConstraint("(how = '') = (ended_us IS NULL)", name="ended"),
)
Index("uq_breaks_subject", breaks.c.cause, breaks.c.subject, unique=True)
Index("ix_breaks_ended_us", breaks.c.ended_us, breaks.c.id)
