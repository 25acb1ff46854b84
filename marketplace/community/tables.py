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

looks = table(
    "looks",  # how a member saw a listing when it looked last, to say what changed
    Column("member", Whole, ForeignKey("members.id"), primary_key=True),
    Column("product", Whole, ForeignKey("products.id"), primary_key=True),
    Column("at_us", Whole, nullable=False),  # when the present visit began
    Column("latest", Text, nullable=False),  # what it saw then: a view as JSON
    Column("before_us", Whole),  # when the visit before began; null: there was none
    Column("before", Text),  # what it saw then
    CheckConstraint("(before_us IS NULL) = (before IS NULL)", name="before"),
)
Index("ix_looks_at", looks.c.member, looks.c.at_us)

demands = table(
    "demands",  # what members look for and nobody lists yet
    Column("id", Whole, primary_key=True),
    Column("member", Whole, ForeignKey("members.id"), nullable=False),
    Column("by_user", Whole, ForeignKey("users.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("query", Text, nullable=False),  # the search that found nothing
    Column("sector", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("budget", Whole),  # minor units of CNY; null: open
    Column("instrument", Whole, ForeignKey("instruments.id")),  # null: a need
    Column("quantity", Whole),
    Column("audience", Text, nullable=False),  # who may read and answer it
    Column("anonymous", Whole, nullable=False),  # vendors are not told who asks
    Column("until_us", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("closed_us", Whole),
    CheckConstraint("title <> ''", name="title"),
    CheckConstraint("budget > 0", name="budget"),
    CheckConstraint("until_us > at_us", name="deadline"),
    CheckConstraint("closed_us >= at_us", name="closed"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("audience IN ('public', 'sector', 'chosen')", name="audience"),
    CheckConstraint("anonymous IN (0, 1)", name="anonymous"),
)
demand_vendors = table(
    "demand_vendors",  # who is asked for a quote
    Column("demand", Whole, ForeignKey("demands.id"), primary_key=True),
    Column("vendor", Whole, ForeignKey("members.id"), primary_key=True),
)
sealed_bids = table(
    "sealed_bids",  # what a tender's hashes hide, encrypted until its close
    Column("commitment", Text, primary_key=True),
    Column("demand", Whole, ForeignKey("demands.id"), nullable=False),
    Column("vendor", Whole, ForeignKey("members.id"), nullable=False),
    Column("body", Text, nullable=False),
    Column("at_us", Whole, nullable=False),
)
Index("ix_sealed_bids_demand", sealed_bids.c.demand, sealed_bids.c.vendor)
bid_scores = table(
    "bid_scores",  # points of a hundred that the buyer gives an opened bid
    Column("offer", Whole, primary_key=True, autoincrement=False),
    Column("technical", Whole, nullable=False),
    Column("qualification", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    CheckConstraint(
        "technical BETWEEN 0 AND 100 AND qualification BETWEEN 0 AND 100", name="points"
    ),
)
Index("ix_demand_vendors_vendor", demand_vendors.c.vendor, demand_vendors.c.demand)
Index("ix_demands_member", demands.c.member, demands.c.id)
_open = demands.c.closed_us.is_(None)
Index(
    "ix_demands_open",
    demands.c.sector,
    demands.c.id,
    sqlite_where=_open,
    postgresql_where=_open,
)

saved_searches = table(
    "saved_searches",  # a query with its filters, and what its member has seen of it
    Column("id", Whole, primary_key=True),
    Column("member", Whole, ForeignKey("members.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),  # the query of the page's address
    Column("at_us", Whole, nullable=False),
    Column("seen_us", Whole, nullable=False),  # what was listed later is new
    Column("told_us", Whole, nullable=False),  # a notice told of what was listed then
    Unique("member", "address"),
    CheckConstraint("name <> ''", name="name"),
)
announcements = table(
    "announcements",  # what a vendor, or a release, says to holders and followers
    Column("id", Whole, primary_key=True),
    Column("product", Whole, ForeignKey("products.id"), nullable=False),
    Column("release", Whole, ForeignKey("releases.id")),
    Column("kind", Text, nullable=False),
    Column("comment", Text, nullable=False),
    Column("effective_us", Whole),  # when it happens; null: it has
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    CheckConstraint(
        "kind IN ('new_release', 'schema_change', 'schema_live', 'revocation',"
        " 'delay', 'deprecation')",
        name="kind",
    ),
    Unique("release", "kind"),
)
Index("ix_announcements_product", announcements.c.product, announcements.c.id)

consents = table(
    "consents",  # holders that let a breaking change of schema go ahead
    Column("release", Whole, ForeignKey("releases.id"), primary_key=True),
    Column("member", Whole, ForeignKey("members.id"), primary_key=True),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
)

ratings = table(
    "ratings",  # what the buyer of a settled trade says of it, and the vendor's reply
    Column("id", Whole, primary_key=True),
    Column("trade", Whole, ForeignKey("trades.id"), nullable=False, unique=True),
    Column("product", Whole, ForeignKey("products.id"), nullable=False),
    Column("member", Whole, ForeignKey("members.id"), nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("quality", Whole, nullable=False),
    Column("accuracy", Whole, nullable=False),  # as described
    Column("support", Whole, nullable=False),
    Column("text", Text, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("open_us", Whole, nullable=False),  # since when others may read it
    Column("reply", Text, nullable=False),
    Column("reply_us", Whole),
    Column("hidden_us", Whole),  # by the staff, with the reason
    Column("hidden_by", Whole),
    Column("hidden_reason", Text, nullable=False),
    CheckConstraint(
        "quality BETWEEN 1 AND 5 AND accuracy BETWEEN 1 AND 5"
        " AND support BETWEEN 1 AND 5",
        name="scores",
    ),
    CheckConstraint("hidden_us IS NULL OR hidden_reason <> ''", name="hidden"),
)
Index("ix_ratings_product", ratings.c.product, ratings.c.id)

buyer_ratings = table(
    "buyer_ratings",  # what the vendor of a settled trade says of its buyer
    Column("trade", Whole, ForeignKey("trades.id"), primary_key=True),
    Column("vendor", Whole, ForeignKey("members.id"), nullable=False),
    Column("buyer", Whole, ForeignKey("members.id"), nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("clarity", Whole, nullable=False),  # whether it said what it needs
    Column("conduct", Whole, nullable=False),  # whether it kept to the terms
    Column("text", Text, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("open_us", Whole, nullable=False),  # since when the buyer may read it
    CheckConstraint(
        "clarity BETWEEN 1 AND 5 AND conduct BETWEEN 1 AND 5", name="scores"
    ),
)
Index("ix_buyer_ratings_buyer", buyer_ratings.c.buyer, buyer_ratings.c.trade)

questions = table(
    "questions",  # asked in public about a listing, answered by its vendor
    Column("id", Whole, primary_key=True),
    Column("product", Whole, ForeignKey("products.id"), nullable=False),
    Column("member", Whole, ForeignKey("members.id"), nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("text", Text, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("answer", Text, nullable=False),
    Column("answered_us", Whole),
    Column("answered_by", Whole),
    Column("hidden_us", Whole),
    Column("hidden_by", Whole),
    Column("hidden_reason", Text, nullable=False),
    CheckConstraint("(answered_us IS NULL) = (answer = '')", name="answer"),
    CheckConstraint("hidden_us IS NULL OR hidden_reason <> ''", name="hidden"),
)
Index("ix_questions_product", questions.c.product, questions.c.id)

complaints = table(
    "complaints",  # what members report of listings, and what a registrar decided
    Column("id", Whole, primary_key=True),
    Column("product", Whole, ForeignKey("products.id"), nullable=False),
    Column("member", Whole, ForeignKey("members.id"), nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("kind", Text, nullable=False),  # one of complaints.KINDS
    Column("text", Text, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("outcome", Text, nullable=False),  # empty until it is decided
    Column("answer", Text, nullable=False),
    Column("decided_us", Whole),
    Column("decided_by", Whole),
    CheckConstraint("outcome IN ('', 'upheld', 'dismissed')", name="outcome"),
    CheckConstraint("(decided_us IS NULL) = (outcome = '')", name="decided"),
)
Index("ix_complaints_product", complaints.c.product, complaints.c.member)
_undecided = complaints.c.decided_us.is_(None)
Index(
    "ix_complaints_open",
    complaints.c.product,
    complaints.c.member,
    unique=True,
    sqlite_where=_undecided,
    postgresql_where=_undecided,
)
