"""The tables of called services: where they are, keys to them, and every call."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, Text
from sqlalchemy import UniqueConstraint as Unique

from settlement.store import Whole, table

endpoints = table(
    "endpoints",  # where a service is called, and by which rules; one for a product
    Column("product", Whole, ForeignKey("products.id"), primary_key=True),
    Column("url", Text, nullable=False),  # everything a buyer names comes after it
    Column("sandbox_url", Text, nullable=False),  # empty: the listing's sample answers
    Column("header", Text, nullable=False),  # that carries the vendor's secret
    Column("sealed", Text, nullable=False),  # the secret, see `vault`; empty: none
    Column("pointer", Text, nullable=False),  # to what a hit finds; empty: any answer
    Column("wait_s", Whole, nullable=False),  # for the beginning of an answer
    Column("second_max", Whole, nullable=False),  # calls under one right
    Column("day_max", Whole, nullable=False),
    Column("cache_s", Whole, nullable=False),  # how long an answer may be repeated
    Column("changed_us", Whole, nullable=False),
    Column("changed_by", Whole, nullable=False),
    CheckConstraint("url <> ''", name="url"),
    CheckConstraint("(sealed = '') = (header = '')", name="secret"),
    CheckConstraint(
        "wait_s > 0 AND second_max > 0 AND day_max > 0 AND cache_s >= 0", name="numbers"
    ),
)

service_keys = table(
    "service_keys",  # what buyers' programs call with, each under one right
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("entitlement", Whole, ForeignKey("entitlements.id"), nullable=False),
    Column("user", Whole, ForeignKey("users.id"), nullable=False),  # who made it
    Column("name", Text, nullable=False),
    Column("prefix", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("test", Whole, nullable=False),  # 1: calls the sandbox alone
    Column("hash", LargeBinary),  # of a secret that is sent along
    Column("sealed", Text, nullable=False),  # a secret that signs, see `vault`
    Column("addresses", Text, nullable=False),  # networks, by spaces; empty: any
    Column("created_us", Whole, nullable=False),
    Column("expires_us", Whole),
    Column("used_us", Whole),
    Column("revoked_us", Whole),
    CheckConstraint("kind IN ('secret', 'signed') AND test IN (0, 1)", name="kind"),
    CheckConstraint(
        "(kind = 'secret') = (hash IS NOT NULL) AND (kind = 'signed') = (sealed <> '')",
        name="secret",
    ),
)
Index("ix_service_keys_entitlement", service_keys.c.entitlement, service_keys.c.id)

signatures = table(
    "service_signatures",  # of requests that were let in, until their time is over
    Column("key", Whole, ForeignKey("service_keys.id"), primary_key=True),
    Column("signature", Text, primary_key=True),
    Column("signed_s", Whole, nullable=False),  # as the request says
)
Index("ix_service_signatures_signed", signatures.c.signed_s)

calls = table(
    "calls",  # every call under a right, as its meter noted it
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("meter", Text, nullable=False),
    Column("number", Whole, nullable=False),
    Column("place", Whole, nullable=False),  # in the meter's file
    Column("entitlement", Whole, nullable=False),
    Column("product", Whole, nullable=False),
    Column("key", Whole, nullable=False),
    Column("period", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),  # without what was asked
    Column("status", Whole),  # null: there was no answer
    Column("why", Text, nullable=False),  # code, why there was none
    Column("latency_us", Whole, nullable=False),  # until the answer began
    Column("size", Whole),  # bytes, where they were known as it began
    Column("counted", Whole, nullable=False),
    Column("hit", Whole, nullable=False),
    Column("records", Whole, nullable=False),
    Column("repeated", Whole, nullable=False),  # from the cache
    Unique("meter", "number"),
    CheckConstraint("(status IS NULL) = (why <> '')", name="why"),
    CheckConstraint(
        "counted IN (0, 1) AND hit BETWEEN 0 AND counted AND repeated IN (0, 1)",
        name="counted",
    ),
)
Index("ix_calls_entitlement", calls.c.entitlement, calls.c.id)
Index("ix_calls_product", calls.c.product, calls.c.id)

latencies = table(
    "latencies",  # how a service answered buyers, by day and class of time
    Column("product", Whole, primary_key=True, autoincrement=False),
    Column("day", Whole, primary_key=True, autoincrement=False),  # since 1970, in China
    Column("class", Whole, primary_key=True, autoincrement=False),  # see `health`
    Column("calls", Whole, nullable=False),
    CheckConstraint("calls > 0", name="calls"),
)
