"""The tables of delivery: evidence of duties, and who may read a right's share."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, Text
from sqlalchemy import UniqueConstraint as Unique

from settlement.store import Whole, table

evidence = table(
    "evidence",  # that a duty was done: written once, never changed
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("entitlement", Whole, ForeignKey("entitlements.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("number", Whole, nullable=False),  # the first, second … of its kind
    Column("due_us", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("statement", Text, nullable=False),
    Column("file_name", Text, nullable=False),  # empty: no file
    Column("file_sha256", Text, nullable=False),
    Column("storage_key", Text, nullable=False),
    Column("sha256", Text, nullable=False),  # of all of the above, see duties.digest
    Unique("entitlement", "kind", "number"),
    CheckConstraint("kind IN ('attribute', 'report', 'delete')", name="kind"),
    CheckConstraint("number > 0", name="number"),
    CheckConstraint("length(sha256) = 64", name="sha256"),
)

sharings = table(
    "sharings",  # bearer tokens of Delta Sharing profiles, each for one right
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("entitlement", Whole, ForeignKey("entitlements.id"), nullable=False),
    Column("user", Whole, ForeignKey("users.id"), nullable=False),  # who made it
    Column("prefix", Text, nullable=False, unique=True),
    Column("hash", LargeBinary, nullable=False),  # of the secret, which is not kept
    Column("created_us", Whole, nullable=False),
    Column("expires_us", Whole, nullable=False),
    Column("used_us", Whole),
    Column("revoked_us", Whole),
)
Index("ix_sharings_entitlement", sharings.c.entitlement, sharings.c.id)
