"""The tables of the rails: checkouts, messages, and foreign lines as they were read."""

from sqlalchemy import CheckConstraint, Column, Index, Text

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
