"""The fair-value band: what comparable rights were sold for, the same for both sides.

It rests on the public tape of the last year alone: delayed, k-anonymous, without what
was agreed with one member, filed, flagged or busted. Comparable is what is of the same
class and unit, in the same currency, and like it in at least LIKE_MIN of five facts:
sector, licence, region, frequency and size. Each instrument has one vote, its median
price brought to the same term; what the vendor itself sold has none. The band is the
middle half of the votes, weighed by the number of like facts. Below a minimum of
instruments and vendors there is none. Source: features N8 (a robust form of the
hedonic comparison that a reader can do again by hand).
"""

from collections import Counter
from collections.abc import Collection, Iterable
from statistics import median_low
from typing import NamedTuple

from sqlalchemy import Connection, select

from listings.tables import instruments, licences, products
from marketplace.trading.tables import books, prints
from settlement.clock import DAY_US

YEAR_US = 365 * DAY_US
PRINTS_MAX = 20_000  # the latest that are looked at
LIKE_MIN = 2  # of FACTS that must be the same
NEAREST = 15  # instruments that vote
OF_VENDOR_MAX = 3  # of one vendor among them
INSTRUMENTS_MIN = 5  # below it nothing is shown
VENDORS_MIN = 3
TERMS_APART_MAX = 4  # times: beyond that terms are not comparable
ROWS_APART_MAX = 3
SHOWN_MAX = 5
FACTS = ("sector", "licence", "region", "updates", "rows")
QUARTER = 4


class Facts(NamedTuple):
    """What one instrument is compared by."""

    instrument: int
    vendor: int
    kind: str  # class of the product
    mode: str
    currency: int
    term_days: int | None
    sector: str | None
    licence: str
    region: str | None
    updates: str | None
    rows: int | None
    symbol: str = ""
    product: int = 0
    title_zh: str = ""
    title_en: str = ""


class Comparable(NamedTuple):
    """One instrument that votes, and how; prices in minor units."""

    facts: Facts
    price: int  # its median, for the term of what it is compared with
    trades: int  # that the tape tells of it
    at_us: int  # of the last of them
    like: tuple[str, ...]  # which facts are the same


class Band(NamedTuple):
    """The middle half of what comparable rights were sold for a unit, minor units."""

    low: int
    high: int
    instruments: int  # that voted
    vendors: int
    shown: tuple[Comparable, ...]  # the most alike

    def judge(self, price: int) -> str:
        """Tell whether a price is "below", "within" or "above" the band."""
        if price < self.low:
            return "below"
        return "above" if price > self.high else "within"


def bands(db: Connection, numbers: Collection[int], now_us: int) -> dict[int, Band]:
    """Return the bands of those of the instruments *numbers* that have one."""
    told = _prints(db, now_us - YEAR_US)
    known = {one.instrument: one for one in _facts(db, {*told, *numbers})}
    found = {}
    for number in numbers:
        if number not in known:
            continue
        own = known[number]
        others = (known[other] for other in told if other in known)
        made = band(comparable(own, one, told[one.instrument]) for one in others)
        if made is not None:
            found[number] = made
    return found


def comparable(
    own: Facts, other: Facts, told: list[tuple[int, int]]
) -> Comparable | None:
    """Return how *other*, *told* as (moment, price) a trade, compares; or None."""
    same = (own.kind, own.mode, own.currency) == (
        *(other.kind, other.mode, other.currency),
    )
    if not same or own.vendor == other.vendor or not told:
        return None
    price = _scaled(median_low(price for _, price in told), own, other)
    like = tuple(name for name in FACTS if _is_like(name, own, other))
    if price is None or len(like) < LIKE_MIN:
        return None
    return Comparable(other, price, len(told), max(told)[0], like)


def band(compared: Iterable[Comparable | None]) -> Band | None:
    """Return the middle half of the votes; None below the minimum sample."""
    ranked = sorted(
        (one for one in compared if one is not None),
        key=lambda one: (-len(one.like), -one.trades, one.facts.instrument),
    )
    votes: list[Comparable] = []
    of_vendor: Counter[int] = Counter()
    for one in ranked:
        if len(votes) < NEAREST and of_vendor[one.facts.vendor] < OF_VENDOR_MAX:
            of_vendor[one.facts.vendor] += 1
            votes.append(one)
    if len(votes) < INSTRUMENTS_MIN or len(of_vendor) < VENDORS_MIN:
        return None
    low, high = _quantile(votes, 1), _quantile(votes, QUARTER - 1)
    return Band(low, high, len(votes), len(of_vendor), tuple(votes[:SHOWN_MAX]))


def _quantile(votes: list[Comparable], quarters: int) -> int:
    """Return the price that so many quarters of the weight lie at or below."""
    whole = sum(len(one.like) for one in votes)
    below, price = 0, 0
    for one in sorted(votes, key=lambda one: one.price):
        below, price = below + len(one.like), one.price
        if below * QUARTER >= whole * quarters:
            break
    return price


def _scaled(price: int, own: Facts, other: Facts) -> int | None:
    """Return a price for the term of *own*; None if the terms do not compare."""
    mine, theirs = own.term_days, other.term_days
    if mine is None or theirs is None:
        return price if mine == theirs else None
    if max(mine, theirs) > TERMS_APART_MAX * min(mine, theirs):
        return None
    return (price * mine + theirs // 2) // theirs


def _is_like(name: str, own: Facts, other: Facts) -> bool:
    mine, theirs = getattr(own, name), getattr(other, name)
    if mine is None or theirs is None:
        return False
    if name != "rows":
        return bool(mine == theirs)
    return bool(max(mine, theirs) <= ROWS_APART_MAX * min(mine, theirs))


def _prints(db: Connection, since_us: int) -> dict[int, list[tuple[int, int]]]:
    """Return what the tape tells of each instrument since then: (moment, price)."""
    query = (
        select(prints.c.instrument, prints.c.at_us, prints.c.price)
        .join(books, books.c.instrument == prints.c.instrument)
        .where(prints.c.at_us >= since_us, prints.c.price > 0, books.c.hidden == 0)
        .order_by(prints.c.id.desc())
        .limit(PRINTS_MAX)
    )
    told: dict[int, list[tuple[int, int]]] = {}
    for instrument, at_us, price in db.execute(query):
        told.setdefault(instrument, []).append((at_us, price))
    return told


def _facts(db: Connection, numbers: Collection[int]) -> Iterable[Facts]:
    i, p = instruments.c, products.c
    query = (
        select(
            *(i.id, p.vendor, p["class"], i.mode, i.currency, i.term_days, p.sector),
            *(licences.c.code, p.region, p.updates, p.row_count, i.symbol),
            *(i.product, p.title_zh, p.title_en),
        )
        .join_from(instruments, products, p.id == i.product)
        .join(licences, licences.c.id == i.licence)
        .where(i.id.in_(numbers))
    )
    return [Facts(*row) for row in db.execute(query)]
