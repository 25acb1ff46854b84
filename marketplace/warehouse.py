"""Feeds the statistics: the tape of trades, and who and what the trades are about."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, case, func, select

from listings.tables import instruments, products, public_products, reviews
from listings.terms import supply
from listings.vocabulary import CHINA
from marketplace.members.tables import members, verifications
from marketplace.trading.tables import orders
from settlement.clock import DAY_US
from settlement.statistics.columns import UNKNOWN, About
from settlement.statistics.manifest import read_manifest
from settlement.statistics.tape import (
    ZONE_US,
    day_of,
    extend,
    rebuild,
    write_dimension,
)
from settlement.tables import (
    contracts,
    entitlements,
    escrows,
    receipts,
    terms,
    trades,
)

PAUSE_S = 60.0  # each step with trades writes a file, so not after every trade
# How a trade came about, by its origin (domain §5); of the book see `_model`.
MODELS = {
    "negotiated": "negotiated",
    "auction": "call",
    "contest": "contest",
    "group": "call",
    "filed": "filed",
}
# The steps that count: what the records call them → what the statistics do.
EVENTS = {
    ("product", "submit"): "submitted",
    ("product", "return"): "returned",
    ("product", "approve"): "approved",
    ("product", "lapse"): "registered",
    ("listing", "publish"): "listed",
    ("listing", "delist"): "delisted",
}
MAINLAND = ("11", "65")  # the first and last of its provinces
PROVINCE = 2  # digits of GB/T 2260
EVER_US = 2**62  # after every moment


class Feed:
    """Keeps the warehouse's files up with the records; `step` is for a `Follower`."""

    def __init__(self, reads: Engine, there: Path) -> None:
        """Read with *reads*, write into the directory *there*."""
        self._reads = reads
        self._there = there
        self._written: dict[str, list[tuple[Any, ...]]] = {}

    def step(self) -> int:
        """Extend the tape and replace what it is about; return how many trades.

        A simulated tape stays as it is: no real trade is ever mixed into it.
        """
        if read_manifest(self._there).simulated:
            return 0
        with self._reads.connect() as db:
            # Trades last: a trade's instrument and members are then always there.
            self._replace("instruments", _instruments(db))
            self._replace("members", _members(db))
            self._replace("events", _events(db))
            self._replace("usage", _usage(db))
            self._replace("states", _states(db))
            return extend(db, self._there, describe)

    def rebuild(self) -> int:
        """Write the tape anew from the records; return how many trades there were."""
        with self._reads.connect() as db:
            return rebuild(db, self._there, describe)

    def _replace(self, name: str, rows: list[tuple[Any, ...]]) -> None:
        if self._written.get(name) != rows:
            write_dimension(self._there, name, rows)
            self._written[name] = rows


def freeze(db: Connection, there: Path, until_us: int) -> None:
    """Write what the trades are about into *there*, as it was at a moment.

    Of what has no history, that is as it is now: instruments and states of trades.
    """
    write_dimension(there, "instruments", _instruments(db))
    write_dimension(there, "members", _members(db, until_us))
    write_dimension(there, "events", _events(db, until_us))
    write_dimension(there, "usage", _usage(db, until_us))
    write_dimension(there, "states", _states(db))


def describe(db: Connection, rows: Sequence[Row[Any]]) -> list[About]:
    """Return what trades are about: as their contracts froze it, never as it is now.

    A member's region is what it was verified with.
    """
    first, last = rows[0].id, rows[-1].id
    of_trade = contracts.c.trade.between(first, last)
    agreed = select(contracts.c.trade, contracts.c.terms).where(of_trade)
    numbers = {row.trade: row.terms for row in db.execute(agreed)}
    used = select(terms.c.id, terms.c.body).where(
        terms.c.id.in_(select(contracts.c.terms).where(of_trade))
    )
    bodies = {row.id: json.loads(row.body) for row in db.execute(used)}
    regions = {
        row.id: province(row.region)
        for row in db.execute(select(members.c.id, members.c.region))
    }
    sold = select(orders.c.id).where(
        orders.c.evergreen == 1,
        orders.c.id.in_([row.sell_order for row in rows if row.origin == "book"]),
    )
    posted = set(db.scalars(sold))
    return [
        _about(
            bodies.get(numbers.get(row.id), {}),
            "posted" if row.sell_order in posted else MODELS.get(row.origin, "matched"),
            regions.get(row.seller, UNKNOWN),
            regions.get(row.buyer, UNKNOWN),
        )
        for row in rows
    ]


def province(region: str | None) -> str:
    """Return the province (two digits of GB/T 2260), or the country, of a region."""
    if not region:
        return UNKNOWN
    return region[:PROVINCE] if region.isdigit() else region


def _about(body: dict[str, Any], model: str, vendor: str, buyer: str) -> About:
    said = body.get("classified") or {}
    public = body.get("public_data") or {}
    return About(
        model=model,
        unit=body.get("mode") or UNKNOWN,
        term_days=body.get("term_days") or 0,
        kind=body.get("class") or UNKNOWN,
        sector=said.get("sector") or UNKNOWN,
        industry=said.get("industry") or UNKNOWN,
        vendor_region=vendor,
        buyer_region=buyer,
        data_region=province(said.get("region")),
        licence=(body.get("licence") or {}).get("code") or UNKNOWN,
        supply=said.get("supply") or UNKNOWN,
        use_class=public.get("use_class") or "none",
        border=border(vendor, buyer),
    )


def border(vendor: str, buyer: str) -> str:
    """Tell whether a trade crosses a border: of regions in different jurisdictions.

    Hong Kong, Macao and Taiwan are jurisdictions of their own.
    """
    if UNKNOWN in {vendor, buyer}:
        return UNKNOWN
    laws = {
        CHINA if MAINLAND[0] <= region <= MAINLAND[1] else region
        for region in (vendor, buyer)
    }
    return "domestic" if len(laws) == 1 else "cross"


def _instruments(db: Connection) -> list[tuple[Any, ...]]:
    ask = instruments.c.mode == "ask"
    query = (
        select(
            instruments.c.id,
            instruments.c.symbol,
            products.c.id,
            products.c.vendor,
            products.c["class"],
            func.coalesce(products.c.sector, UNKNOWN),
            case((ask, 0), else_=1),
            instruments.c.state,
        )
        .join_from(instruments, products, products.c.id == instruments.c.product)
        .order_by(instruments.c.id)
    )
    return [(*row[:6], bool(row[6]), row[7]) for row in db.execute(query)]


def _members(db: Connection, until_us: int = EVER_US) -> list[tuple[Any, ...]]:
    """Return the verified members, with the month of their verification."""
    since = func.min(verifications.c.at_us)
    verified = and_(
        verifications.c.member == members.c.id, verifications.c.event == "verify"
    )
    query = (
        select(
            *(members.c.id, members.c.region, members.c.kind),
            *(members.c.vendor, members.c.buyer, since.label("since")),
        )
        .join(verifications, verified)
        .where(verifications.c.at_us < until_us)
        .group_by(members.c.id)
        .order_by(members.c.id)
    )
    return [
        (
            row.id, province(row.region), row.kind, bool(row.vendor), bool(row.buyer),
            day_of(row.since)[:7],
        )
        for row in db.execute(query)
    ]  # fmt: skip


def _events(db: Connection, until_us: int = EVER_US) -> list[tuple[Any, ...]]:
    p, r = products, reviews
    query = (
        select(
            *(r.c.id, r.c.at_us, r.c.machine, r.c.event, r.c.product, p.c.vendor),
            *(p.c["class"].label("kind"), p.c.sector, p.c.industry, p.c.region),
            *(p.c.personal, p.c.source_route, public_products.c.authorisation),
            members.c.region.label("vendor_region"),
        )
        .join(p, p.c.id == r.c.product)
        .outerjoin(public_products, public_products.c.product == p.c.id)
        .outerjoin(members, members.c.id == p.c.vendor)
        .where(r.c.machine.in_(("product", "listing")), r.c.at_us < until_us)
        .order_by(r.c.id)
    )
    return [
        (
            row.id, row.at_us, day_of(row.at_us)[:7], EVENTS[row.machine, row.event],
            row.product, row.vendor, row.kind, row.sector or UNKNOWN,
            row.industry or UNKNOWN, province(row.vendor_region), province(row.region),
            supply(row) or UNKNOWN,
        )
        for row in db.execute(query)
        if (row.machine, row.event) in EVENTS
    ]  # fmt: skip


def _usage(db: Connection, until_us: int = EVER_US) -> list[tuple[Any, ...]]:
    """Return the deliveries of each instrument by month; hits are not metered yet."""
    day = ((receipts.c.at_us + ZONE_US) // DAY_US).label("day")
    query = (
        select(
            *(day, entitlements.c.instrument, func.count().label("calls")),
            *(products.c["class"].label("kind"), products.c.sector),
        )
        .join_from(receipts, entitlements, entitlements.c.id == receipts.c.entitlement)
        .join(instruments, instruments.c.id == entitlements.c.instrument)
        .join(products, products.c.id == instruments.c.product)
        .where(receipts.c.at_us < until_us)
        .group_by(day, instruments.c.id, products.c.id)
    )
    counted: Counter[tuple[Any, ...]] = Counter()
    for row in db.execute(query):
        month = day_of(row.day * DAY_US)[:7]
        counted[month, row.instrument, row.kind, row.sector or UNKNOWN] += row.calls
    return [(*key, calls, None) for key, calls in sorted(counted.items())]


def _states(db: Connection) -> list[tuple[Any, ...]]:
    """Return how trades stand that were not at their end when they were written."""
    query = select(trades.c.id, trades.c.state).join(
        escrows, escrows.c.trade == trades.c.id
    )
    return [tuple(row) for row in db.execute(query.order_by(trades.c.id))]
