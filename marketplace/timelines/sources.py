"""What a timeline is read from: every table that dates a fact, and what it dates.

A source names a table and the column with the moment. Of which product or trade its
rows tell is read from the columns that the table has; of which member, is said here.
"""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Table

from listings.registration import tables as proofs
from listings.tables import (
    access_requests,
    instruments,
    listings,
    products,
    public_products,
    registrations,
    releases,
    restrictions,
    reviews,
)
from marketplace.community.tables import (
    announcements,
    complaints,
    demands,
    questions,
    ratings,
)
from marketplace.delivery.tables import evidence
from marketplace.members.tables import (
    api_keys,
    members,
    profile_requests,
    users,
    verifications,
)
from marketplace.metering.tables import service_keys
from marketplace.payments.tables import breaks, payout_accounts
from marketplace.pricing.tables import price_changes
from marketplace.surveillance.tables import designations, ties
from marketplace.timelines.tables import remarks
from marketplace.trading.agreement_tables import agreements, signatures
from marketplace.trading.pool_tables import pool_members, pools
from marketplace.trading.tables import (
    contests,
    filings,
    offers,
    orders,
    stops,
)
from marketplace.trading.tender_tables import tenders
from marketplace.trading.usage_tables import uses
from settlement.claim_tables import busts, disputes, refunds
from settlement.cycle_tables import fails
from settlement.share_tables import splits
from settlement.tables import entitlements, measures, payins, payouts, receipts, trades

TOPICS = (
    "membership",
    "access",
    "listing",
    "trading",
    "money",
    "delivery",
    "complaints",
    "remarks",
)
STAFF_ONLY = frozenset({"ties", "remarks", "breaks"})  # codes a member is not shown
# A member learns that it was stopped, not what the desk wrote about it.
STAFF_TEXT = frozenset({"stop"})
# Whose texts are sealed (see `privacy.texts`). No other is ever opened: whoever typed
# another's sealed text into one would else read it.
SEALED = frozenset({"offer", "dispute"})


class Source(NamedTuple):
    """Facts of one kind: a table, and the column that dates them; "" means none."""

    code: str  # what happened
    topic: str
    table: Table
    at: str = "at_us"
    kind: str = ""  # of the public id that names what it happened to
    number: str = "id"  # the column with that
    members: tuple[str, ...] = ()  # columns that name who took part
    by: str = "by_user"
    state: str = ""
    words: str = ""  # the vocabulary that `state` is of
    text: str = ""  # what somebody wrote
    amount: ColumnElement[int] | None = None  # minor units of `currency`
    currency: str = "currency"


_trade_value = trades.c.price * trades.c.quantity
# fmt: off
SOURCES = (
    Source("registered", "membership", members, "created_us", by="", kind="member"),
    Source("verification", "membership", verifications, members=("member",), number="",
        state="state", words="member", text="reason"),
    Source("facts_asked", "membership", profile_requests, "asked_us", kind="profile",
        members=("member",), by="asked_by"),
    Source("facts_decided", "membership", profile_requests, "decided_us",
        kind="profile", members=("member",), by="decided_by", state="state",
        words="request", text="reason"),
    Source("colleague", "membership", users, "created_us", kind="user", by="",
        members=("member",)),
    Source("ties", "membership", ties, kind="member", number="other",
        members=("member", "other"), text="reason"),
    Source("key_made", "access", api_keys, "created_us", kind="key", by="user",
        members=("member",), text="name"),
    Source("key_revoked", "access", api_keys, "revoked_us", kind="key", by="",
        members=("member",), text="name"),
    Source("service_key_made", "access", service_keys, "created_us", kind="service_key",
        by="user", text="name"),
    Source("service_key_revoked", "access", service_keys, "revoked_us", by="",
        kind="service_key", text="name"),
    Source("drafted", "listing", products, "created_us", kind="product", by=""),
    Source("review", "listing", reviews, number="product", kind="product",
        state="event", words="event"),
    Source("registration", "listing", registrations, "registered_us", text="number",
        by="registered_by", number=""),
    Source("listing_asked", "listing", listings, "requested_us", number="product",
        kind="product", by=""),
    Source("admitted", "listing", listings, "admitted_us", number="product",
        kind="product", by="admitted_by"),
    Source("attached", "listing", proofs.attachments, "added_us", kind="attachment",
        by="added_by", text="name"),
    Source("detached", "listing", proofs.attachments, "removed_us", kind="attachment",
        by="", text="name"),
    Source("invited", "listing", proofs.engagements, "invited_us", kind="engagement",
        by="invited_by"),
    Source("opinion", "listing", proofs.opinions, number="", state="outcome",
        words="opinion", text="summary"),
    Source("visibility", "listing", restrictions, "changed_us", number="",
        by="changed_by", state="visibility", words="visibility"),
    Source("public_data", "listing", public_products, "set_us", number="", by="set_by"),
    Source("release", "listing", releases, "finalised_us", kind="release", by="",
        text="label"),
    Source("revoked", "listing", releases, "revoked_us", kind="release", by="",
        text="revoked_reason"),
    Source("announced", "listing", announcements, number="", state="kind",
        words="announcement", text="comment"),
    Source("instrument", "listing", instruments, "created_us", kind="instrument", by="",
        text="symbol"),
    Source("price_change", "listing", price_changes, "announced_us",
        number="instrument", kind="instrument", by="announced_by"),
    Source("designated", "trading", designations, "from_us", kind="designation",
        members=("vendor",)),
    Source("order", "trading", orders, kind="order", members=("member",), state="state",
        words="order"),
    Source("trade", "trading", trades, kind="trade", members=("buyer", "seller"), by="",
        state="state", words="trade", amount=_trade_value),
    Source("bust", "trading", busts, kind="bust"),
    Source("offer", "trading", offers, kind="offer", members=("vendor", "member"),
        state="state", words="offer", text="note"),
    Source("contest", "trading", contests, kind="contest", members=("vendor",),
        state="state", words="contest"),
    Source("tender", "trading", tenders, kind="demand", members=("buyer",),
        state="state", words="tender"),
    Source("demand", "trading", demands, kind="demand", members=("member",),
        text="title"),
    Source("pool", "trading", pools, kind="pool", members=("vendor",), state="state",
        words="pool"),
    Source("pool_joined", "trading", pool_members, kind="pool", number="pool",
        members=("member",)),
    Source("agreement", "trading", agreements, kind="agreement",
        members=("drafter", "vendor", "buyer"), state="state", words="agreement",
        text="reason"),
    Source("signed", "trading", signatures, kind="agreement", number="agreement",
        members=("party",)),
    Source("filing", "trading", filings, kind="filing", members=("seller", "buyer"),
        state="state", words="filing", text="title", amount=filings.c.amount),
    Source("stop", "trading", stops, number="", members=("member",), text="reason"),
    Source("payin", "money", payins, kind="payin", members=("member",), state="state",
        words="payin", by="requested_by", amount=payins.c.amount),
    Source("payout", "money", payouts, kind="payout", members=("member",),
        state="state", words="payout", by="requested_by", amount=payouts.c.amount),
    Source("payout_account", "money", payout_accounts, "set_us", number="",
        members=("member",)),
    Source("fail", "money", fails, kind="fail", members=("member",), state="state",
        words="debt", by="", amount=fails.c.amount),
    Source("breaks", "money", breaks, "found_us", kind="break", members=("member",),
        state="cause", words="break", by="", amount=breaks.c.amount),
    Source("shares", "money", splits, kind="split", members=("vendor",), state="state",
        words="split"),
    Source("refund", "money", refunds, kind="refund"),
    Source("right", "delivery", entitlements, "from_us", kind="entitlement", by="",
        members=("holder",), state="state", words="right"),
    Source("measure", "delivery", measures, kind="entitlement", number="entitlement",
        state="event", words="measure", text="reason"),
    Source("receipt", "delivery", receipts, kind="receipt", members=("holder",), by=""),
    Source("use", "delivery", uses, number="", by=""),
    Source("duty", "delivery", evidence, number="", state="kind", words="duty",
        text="statement"),
    Source("access_asked", "listing", access_requests, "asked_us", kind="request",
        members=("member",), by="by_user", text="use_case"),
    Source("access_decided", "listing", access_requests, "decided_us", kind="request",
        members=("member",), by="decided_by", state="state", words="request",
        text="reason"),
    Source("dispute", "complaints", disputes, kind="dispute", state="reason",
        words="objection", text="note"),
    Source("question", "complaints", questions, kind="question", members=("member",),
        text="text"),
    Source("rating", "complaints", ratings, kind="rating", members=("member",),
        text="text"),
    Source("complaint", "complaints", complaints, kind="complaint",
        members=("member",), text="text"),
    Source("remarks", "remarks", remarks, number="", text="text"),
)
# fmt: on
