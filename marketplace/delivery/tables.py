"""The tables of delivery: evidence, readers of shares, queries, fits, leaks."""

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

queries = table(
    "cleanroom_queries",  # the refused ones too; both sides see them
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("entitlement", Whole, ForeignKey("entitlements.id"), nullable=False),
    Column("product", Whole, ForeignKey("products.id"), nullable=False),
    Column("user", Whole, ForeignKey("users.id"), nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("took_us", Whole, nullable=False),
    Column("sql", Text, nullable=False),
    Column("why", Text, nullable=False),  # code, why there is no answer; empty: one
    Column("what", Text, nullable=False),  # what of the question that is about
    Column("columns", Text, nullable=False),  # JSON, names of the answer's columns
    Column("rows", Whole, nullable=False),
    Column("size", Whole, nullable=False),  # bytes of the answer
    Column("sha256", Text, nullable=False),  # of the answer; empty: none
    Column("receipt", Whole),  # null: refused, or counted by a meter
    CheckConstraint("(why = '') = (sha256 <> '')", name="answer"),
    CheckConstraint("why = '' OR receipt IS NULL", name="receipt"),
)
Index("ix_cleanroom_queries_entitlement", queries.c.entitlement, queries.c.id)
Index("ix_cleanroom_queries_product", queries.c.product, queries.c.id)

fits = table(
    "fits",  # comparisons before paying, those without an answer too
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("product", Whole, ForeignKey("products.id"), nullable=False),
    Column("release", Whole, ForeignKey("releases.id"), nullable=False),
    Column("member", Whole, ForeignKey("members.id"), nullable=False),
    Column("user", Whole, ForeignKey("users.id"), nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("measure", Text, nullable=False),  # a target was tried against; empty: none
    Column("why", Text, nullable=False),  # code, why there is no answer; empty: one
    Column("figures", Text, nullable=False),  # JSON, see `fits.Figure`
    Column("token", Text, nullable=False),  # the answer signed; empty: none
    CheckConstraint("(why = '') = (token <> '')", name="answer"),
)
Index("ix_fits_member", fits.c.member, fits.c.product, fits.c.id)
Index("ix_fits_product", fits.c.product, fits.c.id)

leaks = table(
    "leaks",  # files that turned up, and whose copies they are: never changed
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("product", Whole, ForeignKey("products.id"), nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("file_sha256", Text, nullable=False),
    Column("storage_key", Text, nullable=False),
    Column("found", Text, nullable=False),  # JSON, see `leaks.Suspicion`
    Column("token", Text, nullable=False),  # all of it, signed
    CheckConstraint("length(file_sha256) = 64 AND token <> ''", name="custody"),
)
Index("ix_leaks_product", leaks.c.product, leaks.c.id)
