"""The tables of webhooks: where members are told, and every message."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text

from settlement.store import Whole, table

webhooks = table(
    "webhooks",  # addresses of members, and how far each was told
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("member", Whole, ForeignKey("members.id"), nullable=False),
    Column("by_user", Whole, ForeignKey("users.id"), nullable=False),
    Column("url", Text, nullable=False),
    Column("families", Text, nullable=False),  # space-separated, sorted
    Column("language", Text, nullable=False),  # of sentences within
    Column("sealed", Text, nullable=False),  # the secret, see `vault`
    Column("sealed_before", Text, nullable=False),  # the one before it; empty: none
    Column("overlap_us", Whole, nullable=False),  # until when that one signs too
    Column("state", Text, nullable=False),
    Column("position", Whole, nullable=False),  # the last record that is queued
    Column("notice", Whole, nullable=False),  # the last notice that is
    Column("created_us", Whole, nullable=False),
    Column("tries", Whole, nullable=False),  # that failed, one after the other
    Column("failing_us", Whole),  # since when
    Column("next_us", Whole, nullable=False),  # no try before
    Column("lease_us", Whole, nullable=False),  # until when one process sends
    CheckConstraint("state IN ('active', 'paused', 'disabled')", name="state"),
    CheckConstraint("url <> '' AND families <> '' AND sealed <> ''", name="filled"),
    CheckConstraint("language IN ('zh', 'en')", name="language"),
    CheckConstraint("(tries = 0) = (failing_us IS NULL)", name="failing"),
)
Index("ix_webhooks_member", webhooks.c.member, webhooks.c.id)

messages = table(
    "webhook_messages",  # in the order in which they are sent
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("webhook", Whole, ForeignKey("webhooks.id"), nullable=False),
    Column("event", Text, nullable=False),  # the same whenever it is sent
    Column("type", Text, nullable=False),
    Column("position", Whole, nullable=False),  # of the journal; 0: a notice, a test
    Column("at_us", Whole, nullable=False),
    Column("body", Text, nullable=False),  # as it is signed
    Column("state", Text, nullable=False),
    Column("tries", Whole, nullable=False),
    Column("status", Whole),  # of the last answer; null: there was none
    Column("why", Text, nullable=False),  # code, why there was none
    Column("latency_us", Whole),
    Column("done_us", Whole),
    CheckConstraint("state IN ('waiting', 'delivered', 'failed')", name="state"),
    CheckConstraint("(state = 'waiting') = (done_us IS NULL)", name="done"),
    CheckConstraint("tries >= 0", name="tries"),
)
Index("ix_webhook_messages_webhook", messages.c.webhook, messages.c.id)
_waiting = messages.c.state == "waiting"
Index(
    "ix_webhook_messages_waiting",
    messages.c.webhook,
    messages.c.id,
    sqlite_where=_waiting,
    postgresql_where=_waiting,
)
