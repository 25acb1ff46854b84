"""The tables of registration: evidence, invited assessors, opinions, certificates."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text
from sqlalchemy import UniqueConstraint as Unique

from settlement.store import Whole, table

attachments = table(
    "attachments",  # evidence of a product; the bytes are in the storage, by content
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("product", Whole, ForeignKey("products.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("size", Whole, nullable=False),  # bytes
    Column("sha256", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("storage_key", Text, nullable=False),
    Column("added_us", Whole, nullable=False),
    Column("added_by", Whole, nullable=False),  # the user; 0: the operator's command
    Column("member", Whole, nullable=False),  # whose user that was
    Column("removed_us", Whole),
    CheckConstraint(
        "kind IN ('production', 'public_collection', 'authorised_operation',"
        " 'purchase', 'compliance', 'quality', 'commitment', 'valuation', 'consent')",
        name="kind",
    ),
    CheckConstraint("size > 0", name="size"),
    CheckConstraint("length(sha256) = 64", name="sha256"),
)
Index("ix_attachments_product", attachments.c.product, attachments.c.id)

engagements = table(
    "engagements",  # a vendor's invitation of an assessor for one product
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("product", Whole, ForeignKey("products.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("assessor", Whole, nullable=False),  # a member's number
    Column("invited_us", Whole, nullable=False),
    Column("invited_by", Whole, nullable=False),
    Column("ended_us", Whole),
    Unique("product", "kind", "assessor"),
    CheckConstraint("kind IN ('compliance', 'quality', 'valuation')", name="kind"),
)
Index("ix_engagements_assessor", engagements.c.assessor, engagements.c.id)

opinions = table(
    "opinions",  # what an assessor found; never changed, only followed by another
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("product", Whole, ForeignKey("products.id"), nullable=False),
    Column("version", Whole, nullable=False),  # of the product that was assessed
    Column("kind", Text, nullable=False),
    Column("assessor", Whole, nullable=False),  # a member's number
    Column("by_user", Whole, nullable=False),  # whose account signed it
    Column("outcome", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("methods", Text, nullable=False),  # ["cost", …], of a valuation
    Column("at_us", Whole, nullable=False),
    Column("valid_until_us", Whole, nullable=False),
    Column("attachment", Whole, ForeignKey("attachments.id"), nullable=False),
    CheckConstraint("kind IN ('compliance', 'quality', 'valuation')", name="kind"),
    CheckConstraint("outcome IN ('pass', 'conditions', 'fail')", name="outcome"),
    CheckConstraint("valid_until_us > at_us", name="validity"),
    CheckConstraint("summary <> ''", name="summary"),
)
Index("ix_opinions_product", opinions.c.product, opinions.c.id)

certificates = table(
    "certificates",  # a registration's certificate, as it was issued
    Column("registration", Whole, ForeignKey("registrations.number"), primary_key=True),
    Column("content", Text, nullable=False),  # canonical JSON
    Column("sha256", Text, nullable=False, unique=True),  # of the content
    Column("signature", Text, nullable=False),  # JWS compact, ES256
    Column("issued_us", Whole, nullable=False),
    CheckConstraint("length(sha256) = 64", name="sha256"),
)
