"""The tables of what is for sale: products, releases, files, licences, instruments.

Numbers are given out by `numbers.next_numbers`, so that an import writes thousands of
rows in a few statements on every database. Lists and objects are JSON in text columns.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text, text
from sqlalchemy import UniqueConstraint as Unique

from settlement.money import INSTRUMENT_MIN
from settlement.store import Whole, table

products = table(
    "products",  # what is described, reviewed and registered
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("vendor", Whole, nullable=False),  # a member's number
    Column("class", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Whole, nullable=False),  # grows with every edit
    Column("title_zh", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("summary_zh", Text, nullable=False),
    Column("summary_en", Text, nullable=False),
    Column("description_zh", Text, nullable=False),
    Column("description_en", Text, nullable=False),
    Column("keywords", Text, nullable=False),  # ["…", …], of both languages
    Column("sector", Text),  # null: unclassified
    Column("industry", Text),  # a section of GB/T 4754; null: not said
    Column("region", Text),  # null: unclassified
    Column("updates", Text),  # how often; null: not known
    Column("publisher", Text, nullable=False),
    Column("publisher_url", Text, nullable=False),
    Column("source_url", Text, nullable=False),
    Column("coverage_from", Text),  # ISO 8601: 2020, 2020-01 or 2020-01-31
    Column("coverage_until", Text),
    Column("row_count", Whole),
    Column("size_bytes", Whole),
    Column("dictionary", Text, nullable=False),  # [{"name", "type", "zh", "en", …}, …]
    Column("sample", Text, nullable=False),  # {"columns": […], "rows": [[…], …]} …
    Column("rights_note", Text, nullable=False),
    Column("granularity", Text, nullable=False, server_default=text("''")),
    Column("documentation_url", Text, nullable=False, server_default=text("''")),
    Column("support", Text, nullable=False, server_default=text("''")),
    Column("origin", Text),  # the catalogue that it was imported from
    Column("origin_id", Text),
    Column("origin_sha256", Text),  # of the entry there, to see whether it changed
    Column(
        "extra", Text, nullable=False
    ),  # what the entry says and we have no field for
    # What is declared: `registration.declaration`; null: not declared yet, or unknown.
    Column("source_route", Text),
    Column("source_statement", Text, nullable=False),
    Column("sensitivity", Text),
    Column("personal", Text),
    Column("purpose", Text, nullable=False),
    Column("scene", Text, nullable=False),
    Column("rights", Text, nullable=False),  # {"hold": {"holder": …, …}, …} or null
    # Facts that are to replace registered ones, as JSON, until they are reviewed.
    Column("proposed", Text),
    Column("created_us", Whole, nullable=False),
    Column("changed_us", Whole, nullable=False),
    Column("edited_by", Whole, nullable=False),  # the user; 0: the operator's command
    Column("notice_until_us", Whole),  # of the publicity; null: never accepted
    Unique("origin", "origin_id"),
    CheckConstraint("class IN ('dataset', 'service', 'application')", name="class"),
    CheckConstraint(
        "state IN ('draft', 'in_review', 'returned', 'publicity', 'objection',"
        " 'registered', 'lapsed')",
        name="state",
    ),
    CheckConstraint("version > 0", name="version"),
    CheckConstraint(
        "source_route IN ('production', 'public_collection', 'authorised_operation',"
        " 'purchase')",
        name="source_route",
    ),
    CheckConstraint(
        "sensitivity IN ('general', 'important', 'core')", name="sensitivity"
    ),
    CheckConstraint("personal IN ('none', 'anonymised', 'personal')", name="personal"),
    # Core data of the state never gets beyond a draft.
    CheckConstraint(
        "sensitivity IS NULL OR sensitivity <> 'core'"
        " OR state IN ('draft', 'returned')",
        name="core",
    ),
    CheckConstraint(
        "state <> 'publicity' OR notice_until_us IS NOT NULL", name="notice"
    ),
    CheckConstraint("(origin IS NULL) = (origin_id IS NULL)", name="origin"),
    CheckConstraint("row_count >= 0", name="row_count"),
    CheckConstraint("size_bytes >= 0", name="size_bytes"),
)
Index("ix_products_vendor", products.c.vendor, products.c.id)
Index("ix_products_state", products.c.state, products.c.id)

releases = table(
    "releases",  # one version of a product's content; immutable once finalised
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("product", Whole, ForeignKey("products.id"), nullable=False),
    Column("label", Text, nullable=False),
    Column("notes_zh", Text, nullable=False),
    Column("notes_en", Text, nullable=False),
    Column("created_us", Whole, nullable=False),
    Column("finalised_us", Whole),
    Column("live_us", Whole),  # from when on it is served; a breaking one waits
    Column("revoked_us", Whole),
    Column("revoked_reason", Text),
    Column("schema", Text),  # [{"table", "name", "type", "nullable"}, …], when final
    Column("changes", Text),  # [{"kind", "column", …}, …] against the one before
    Unique("product", "label"),
    CheckConstraint("label <> ''", name="label"),
    CheckConstraint("(finalised_us IS NULL) = (live_us IS NULL)", name="live"),
    CheckConstraint("(revoked_us IS NULL) = (revoked_reason IS NULL)", name="revoked"),
)

files = table(
    "files",  # what a release delivers; the bytes are in the storage, by content
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("release", Whole, ForeignKey("releases.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("size", Whole, nullable=False),  # bytes
    Column("sha256", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("storage_key", Text, nullable=False),
    Unique("release", "name"),
    CheckConstraint("size >= 0", name="size"),
    CheckConstraint("length(sha256) = 64", name="sha256"),
)

fetches = table(
    "fetches",  # files that a vendor names by their address, for a release
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("release", Whole, ForeignKey("releases.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("why", Text, nullable=False),  # code, why there is no file
    Column("status", Whole),  # that HTTP gave; null: there was no answer
    Column("received", Whole, nullable=False),  # bytes
    Column("size", Whole),  # bytes that were announced; null: not said
    Column("came_from", Text, nullable=False),  # the address after redirects
    Column("file", Whole, ForeignKey("files.id", ondelete="CASCADE")),
    Column("asked_us", Whole, nullable=False),
    Column("asked_by", Whole, nullable=False),
    Column("beat_us", Whole),  # when whoever fetches it last gave a sign of life
    Column("done_us", Whole),
    CheckConstraint(
        "state IN ('queued', 'fetching', 'done', 'failed', 'cancelled')", name="state"
    ),
    CheckConstraint("(state = 'done') = (file IS NOT NULL)", name="file"),
    CheckConstraint("(state = 'failed') = (why <> '')", name="why"),
    CheckConstraint(
        "(state IN ('queued', 'fetching')) = (done_us IS NULL)", name="done"
    ),
)
Index("ix_fetches_release", fetches.c.release, fetches.c.id)
Index("ix_fetches_state", fetches.c.state, fetches.c.id)

licences = table(
    "licences",  # terms of use; a new text is a new version
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("spdx", Text),
    Column("title_zh", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("text_zh", Text, nullable=False),
    Column("text_en", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("sha256", Text, nullable=False),  # of licences.canonical_text
    Column("terms", Text, nullable=False),  # {"purposes": […], …}, see licences.Terms
    Column("owner", Whole),  # the vendor that composed it; null: anybody's
    Unique("code", "version"),
    CheckConstraint("length(sha256) = 64", name="sha256"),
)

Index("ix_licences_owner", licences.c.owner, licences.c.id)

instruments = table(
    "instruments",  # product × licence × unit: what is traded
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("product", Whole, ForeignKey("products.id"), nullable=False),
    Column("licence", Whole, ForeignKey("licences.id"), nullable=False),
    Column("symbol", Text, nullable=False, unique=True),
    Column("currency", Whole, nullable=False),  # asset number of the money
    Column("tick", Whole, nullable=False),  # minor units
    Column("lot", Whole, nullable=False),
    Column("mode", Text, nullable=False),
    Column("term_days", Whole),  # how long a right lasts; null: without end
    Column("deliveries_max", Whole),
    Column("transferable", Whole, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_us", Whole, nullable=False),
    Column("plan", Text),  # how use is charged, see plans.dump; null: not by use
    Column("trial_of", Whole),  # the paid instrument of the same product
    Column("use_class", Text),  # of public data: who may use it; null: none or not yet
    Column("ceiling", Whole),  # of public data for industry, minor units
    # Working days to examine what was delivered (0: settled at once), and to deliver.
    Column("acceptance_days", Whole, nullable=False, server_default="0"),
    Column("delivery_days", Whole, nullable=False, server_default="0"),
    CheckConstraint(f"id >= {INSTRUMENT_MIN}", name="number"),
    CheckConstraint(
        "acceptance_days >= 0 AND delivery_days >= 0"
        " AND (acceptance_days > 0 OR delivery_days = 0)"
        " AND (acceptance_days = 0 OR (transferable = 0 AND trial_of IS NULL))",
        name="acceptance",
    ),
    CheckConstraint("(mode = 'trial') = (trial_of IS NOT NULL)", name="trial"),
    CheckConstraint("use_class IN ('welfare', 'industry')", name="use_class"),
    CheckConstraint(
        "(ceiling IS NOT NULL) = (COALESCE(use_class, '') = 'industry')", name="ceiling"
    ),
    CheckConstraint("ceiling >= 0", name="ceiling_sign"),
    CheckConstraint("tick > 0 AND lot > 0", name="steps"),
    CheckConstraint(
        "mode IN ('whole', 'per_record', 'per_call', 'per_hit', 'per_term', 'seat',"
        " 'trial', 'free', 'ask')",
        name="mode",
    ),
    CheckConstraint("term_days > 0", name="term_days"),
    CheckConstraint("deliveries_max > 0", name="deliveries_max"),
    CheckConstraint("transferable IN (0, 1)", name="transferable"),
    CheckConstraint(
        "state IN ('pending', 'admitted', 'listed', 'suspended', 'delisted')",
        name="state",
    ),
)
Index("ix_instruments_product", instruments.c.product)

listings = table(
    "listings",  # a product's admission to the market
    Column("product", Whole, ForeignKey("products.id"), primary_key=True),
    Column("state", Text, nullable=False),
    Column("version", Whole, nullable=False),  # grows with every admission
    Column("registration", Whole),  # whose facts it shows; null: not admitted yet
    Column("requested_us", Whole, nullable=False),
    Column("admitted_us", Whole),  # since when it is, or may be, on the market
    Column("admitted_by", Whole),  # the user; 0: the operator's command
    Column("changed_us", Whole, nullable=False),
    Column("reason", Text, nullable=False),  # of a suspension or delisting
    CheckConstraint(
        "state IN ('pending', 'refused', 'admitted', 'listed', 'suspended',"
        " 'delisted')",
        name="state",
    ),
    CheckConstraint(
        "state IN ('pending', 'refused', 'delisted')"
        " OR (admitted_us IS NOT NULL AND version > 0 AND registration IS NOT NULL)",
        name="admitted",
    ),
)
Index("ix_listings_state", listings.c.state, listings.c.product)
# In the order of the home page: what was listed last, newest first.
Index(
    "ix_listings_newest", listings.c.state, listings.c.admitted_us, listings.c.product
)

authorisations = table(
    "authorisations",  # public data that somebody was authorised to operate
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("mode", Text, nullable=False),
    Column("scope", Text, nullable=False),  # the field or the scene; empty: all
    Column("source_kind", Text, nullable=False),
    Column("source_body", Text, nullable=False),
    Column("granting_body", Text, nullable=False),
    Column("implementing_body", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("primary_developer", Text, nullable=False),
    Column("secondary_developer", Text, nullable=False),
    Column("resources", Text, nullable=False),  # what was granted, in words
    Column("from_day", Text, nullable=False),  # ISO 8601
    Column("until_day", Text, nullable=False),
    Column("created_us", Whole, nullable=False),
    Column("created_by", Whole, nullable=False),
    CheckConstraint("mode IN ('whole', 'field', 'scene')", name="mode"),
    CheckConstraint(
        "source_kind IN ('government', 'institution', 'utility')", name="source_kind"
    ),
    CheckConstraint("from_day < until_day", name="term"),
)

public_products = table(
    "public_products",  # products made of public data, and under which authorisation
    Column("product", Whole, ForeignKey("products.id"), primary_key=True),
    Column("authorisation", Whole, ForeignKey("authorisations.id"), nullable=False),
    Column("set_us", Whole, nullable=False),
    Column("set_by", Whole, nullable=False),
)
Index("ix_public_products_authorisation", public_products.c.authorisation)

registrations = table(
    "registrations",  # the registered facts' certificate numbers
    Column("number", Whole, primary_key=True, autoincrement=False),
    Column("product", Whole, ForeignKey("products.id"), nullable=False),
    Column("version", Whole, nullable=False),  # of the product when it was registered
    Column("registered_us", Whole, nullable=False),
    Column("registered_by", Whole, nullable=False),
    Column("expires_us", Whole, nullable=False),
    Column("facts", Text, nullable=False),  # as registered, for ever: JSON
    Unique("product", "version"),
    CheckConstraint("expires_us > registered_us", name="term"),
)
Index("ix_registrations_expires", registrations.c.expires_us)

reviews = table(
    "reviews",  # every step of a product or listing: who, when, what, why
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("product", Whole, ForeignKey("products.id"), nullable=False),
    Column("version", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("machine", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("state", Text, nullable=False),  # after it
    Column("reasons", Text, nullable=False),  # {field: reason}
    CheckConstraint(
        "machine IN ('product', 'listing', 'check', 'opinion', 'mark', 'claim')",
        name="machine",
    ),
)
Index("ix_reviews_product", reviews.c.product, reviews.c.id)
Index("ix_reviews_event", reviews.c.event, reviews.c.at_us)

changes = table(
    "changes",  # the newest change of each product, for what follows the catalogue
    Column("product", Whole, ForeignKey("products.id"), primary_key=True),
    Column("position", Whole, nullable=False, unique=True),
)

restrictions = table(
    "restrictions",  # products that not everybody may see or trade; others: public
    Column("product", Whole, ForeignKey("products.id"), primary_key=True),
    Column("visibility", Text, nullable=False),
    Column("changed_us", Whole, nullable=False),
    Column("changed_by", Whole, nullable=False),
    CheckConstraint("visibility IN ('request', 'private')", name="visibility"),
)

guests = table(
    "guests",  # members whom a vendor lets see and trade a restricted product
    Column("product", Whole, ForeignKey("products.id"), primary_key=True),
    Column("member", Whole, primary_key=True),
    Column("until_us", Whole),  # null: without end
    Column("added_us", Whole, nullable=False),
    Column("added_by", Whole, nullable=False),
)
Index("ix_guests_member", guests.c.member, guests.c.product)
Index("ix_guests_until", guests.c.until_us)

access_requests = table(
    "access_requests",  # who asks a vendor to be let in, and what became of it
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("product", Whole, ForeignKey("products.id"), nullable=False),
    Column("member", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("who", Text, nullable=False),  # who will use the data
    Column("use_case", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    # A purpose on request that consent is asked for; empty: access to the product.
    Column("wanted", Text, nullable=False, server_default=text("''")),
    Column("asked_us", Whole, nullable=False),
    Column("expires_us", Whole, nullable=False),  # unanswered: no
    Column("state", Text, nullable=False),
    Column("decided_us", Whole),
    Column("decided_by", Whole),
    Column("reason", Text, nullable=False),
    Column("until_us", Whole),  # how long an approval lasts; null: without end
    CheckConstraint(
        "state IN ('open', 'approved', 'declined', 'withdrawn', 'expired', 'ended')",
        name="state",
    ),
    CheckConstraint("wanted IN ('', purpose)", name="wanted"),
    CheckConstraint("length(use_case) <= 500", name="use_case"),
    CheckConstraint("state <> 'declined' OR reason <> ''", name="reason"),
)
Index("ix_access_requests_product", access_requests.c.product, access_requests.c.id)
Index("ix_access_requests_member", access_requests.c.member, access_requests.c.id)
Index(
    "uq_access_requests_open",
    access_requests.c.product,
    access_requests.c.member,
    access_requests.c.wanted,
    unique=True,
    sqlite_where=access_requests.c.state == "open",
    postgresql_where=access_requests.c.state == "open",
)

windows = table(
    "windows",  # which releases beside its own a right in an instrument includes
    Column("instrument", Whole, ForeignKey("instruments.id"), primary_key=True),
    Column("history", Whole),  # how many older ones; null: all
    Column("future", Whole),  # how many later ones; null: all
    CheckConstraint("history >= 0 AND future >= 0", name="counts"),
)
