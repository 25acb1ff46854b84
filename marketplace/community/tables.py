"""The tables of notices and watches, of ratings and questions about products."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text
from sqlalchemy import UniqueConstraint as Unique

from settlement.store import Whole, table

notices = table(
    "notices",  # what a member is told, once for each cause
    Column("id", Whole, primary_key=True),
    Column("member", Whole, ForeignKey("members.id"), nullable=False),
    Column("kind", Text, nullable=False),  # one of notices.KINDS
    Column("cause", Text, nullable=False),  # what it is about, for telling it once
    Column("product", Whole, ForeignKey("products.id")),
    Column("facts", Text, nullable=False),  # {"name": value}, for the text
    Column("at_us", Whole, nullable=False),
    Column("read_us", Whole),
    Unique("member", "cause"),
)
Index("ix_notices_member", notices.c.member, notices.c.id)
_unread = notices.c.read_us.is_(None)
Index(
    "ix_notices_unread",
    notices.c.member,
    sqlite_where=_unread,
    postgresql_where=_unread,
)

watches = table(
    "watches",  # which products and vendors a member follows
    Column("member", Whole, ForeignKey("members.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("target", Whole, primary_key=True),  # a product's or a member's number
    Column("since_us", Whole, nullable=False),
    CheckConstraint("kind IN ('product', 'vendor')", name="kind"),
)
Index("ix_watches_target", watches.c.kind, watches.c.target)
