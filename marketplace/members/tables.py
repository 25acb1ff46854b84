"""The tables of members, users, sessions and keys."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    text,
)

from settlement.store import Whole, table

NAME_MAX = 200
HOUSE = 0  # the operator's own member; its users are the staff

members = table(
    "members",  # organisations that can hold and trade
    Column("id", Whole, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("credit_code", Text),  # unified social credit code; null: foreign, house
    Column("region", Text, nullable=False),
    Column("representative", Text, nullable=False, server_default=text("''")),
    Column("address", Text, nullable=False, server_default=text("''")),
    Column("vendor", Whole, nullable=False),
    Column("buyer", Whole, nullable=False),
    Column("assesses", Text, nullable=False),  # kinds of opinion, space-separated
    Column("state", Text, nullable=False),
    Column("created_us", Whole, nullable=False),
    CheckConstraint(
        "kind IN ('company', 'institution', 'government', 'individual_business',"
        " 'foreign', 'house')",
        name="kind",
    ),
    CheckConstraint("(kind = 'house') = (id = 0)", name="house"),
    CheckConstraint(
        "kind IN ('foreign', 'house') OR credit_code IS NOT NULL", name="credit_code"
    ),
    CheckConstraint("vendor IN (0, 1) AND buyer IN (0, 1)", name="roles"),
    CheckConstraint("name_zh <> '' OR name_en <> ''", name="named"),
    CheckConstraint(
        "state IN ('invited', 'pending', 'verified', 'suspended', 'rejected')",
        name="state",
    ),
)
# A rejected application must not keep the code's true owner out.
_claimed = members.c.state != "rejected"
Index(
    "ix_members_credit_code",
    members.c.credit_code,
    unique=True,
    sqlite_where=_claimed,
    postgresql_where=_claimed,
)
Index("ix_members_state", members.c.state, members.c.id)

verifications = table(
    "verifications",  # each step of a member's verification: who, when, why
    Column("id", Whole, primary_key=True),
    Column("member", Whole, ForeignKey("members.id"), nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("event", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("by_user", Whole, nullable=False),  # 0: the operator at the command line
    Column("reason", Text, nullable=False),
    CheckConstraint(
        "event IN ('submit', 'verify', 'reject', 'suspend', 'restore')", name="event"
    ),
    CheckConstraint(
        "reason <> '' OR event NOT IN ('reject', 'suspend')", name="reason"
    ),
)
Index("ix_verifications_member", verifications.c.member, verifications.c.id)

profile_requests = table(
    "profile_requests",  # what a verified member wants its profile to say, and why not
    Column("id", Whole, primary_key=True),
    Column("member", Whole, ForeignKey("members.id"), nullable=False),
    Column("representative", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("asked_us", Whole, nullable=False),
    Column("asked_by", Whole, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_us", Whole),
    Column("decided_by", Whole),
    Column("reason", Text, nullable=False),
    CheckConstraint(
        "state IN ('open', 'approved', 'declined', 'withdrawn')", name="state"
    ),
    CheckConstraint("(state = 'open') = (decided_us IS NULL)", name="decided"),
    CheckConstraint("state <> 'declined' OR reason <> ''", name="reason"),
)
Index("ix_profile_requests_member", profile_requests.c.member, profile_requests.c.id)
_open = profile_requests.c.state == "open"
Index(
    "uq_profile_requests_open",
    profile_requests.c.member,
    unique=True,
    sqlite_where=_open,
    postgresql_where=_open,
)

users = table(
    "users",  # logins, each acting for one member
    Column("id", Whole, primary_key=True),
    Column("member", Whole, ForeignKey("members.id"), nullable=False),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password", Text, nullable=False),  # argon2id, never anything else
    Column("roles", Text, nullable=False),  # space-separated, sorted
    Column("locale", Text, nullable=False),  # empty: as the browser asks
    Column("disabled", Whole, nullable=False),
    Column("created_us", Whole, nullable=False),
    CheckConstraint("email = lower(email) AND email LIKE '%_@_%'", name="email"),
    CheckConstraint("password LIKE '$argon2id$%'", name="password"),
    CheckConstraint("locale IN ('', 'zh', 'en')", name="locale"),
    CheckConstraint("disabled IN (0, 1)", name="disabled"),
)

handovers = table(
    "handovers",  # who gave a user its password, or let it in; see `colleagues.hands`
    Column("user", Whole, ForeignKey("users.id"), primary_key=True),
    Column("by_user", Whole, primary_key=True),
    Column("at_us", Whole, nullable=False),  # the last time
)
Index("ix_users_member", users.c.member, users.c.id)

sessions = table(
    "sessions",  # signed-in browsers; only the hash of a token is kept
    Column("id", Whole, primary_key=True),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("user", Whole, ForeignKey("users.id"), nullable=False),
    Column("agent", Text, nullable=False),
    Column("created_us", Whole, nullable=False),
    Column("seen_us", Whole, nullable=False),
    Column("expires_us", Whole, nullable=False),
    Column("revoked_us", Whole),
    Column("proved_us", Whole, nullable=False),  # when the password was last given
    CheckConstraint("expires_us > created_us", name="expiry"),
)
Index("ix_sessions_user", sessions.c.user, sessions.c.id)

api_keys = table(
    "api_keys",  # bearer keys; only the hash of a secret is kept
    Column("id", Whole, primary_key=True),
    Column("prefix", Text, nullable=False, unique=True),
    Column("hash", LargeBinary, nullable=False),
    Column("member", Whole, ForeignKey("members.id"), nullable=False),
    Column("user", Whole, ForeignKey("users.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),  # space-separated, sorted
    Column("created_us", Whole, nullable=False),
    Column("expires_us", Whole),
    Column("used_us", Whole),
    Column("revoked_us", Whole),
    CheckConstraint("scopes <> ''", name="scopes"),
)
Index("ix_api_keys_member", api_keys.c.member, api_keys.c.id)
