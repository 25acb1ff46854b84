"""The catalogue: every read about what is for sale."""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, and_, func, select

from listings import instruments, releases, tables
from listings.changes import changed, touch
from listings.instruments import Instrument
from listings.releases import File, Release
from listings.search.entry import Entry
from listings.search.projection import Change
from listings.visibility import NOBODY, seen_by
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.store import PAGE_MAX

__all__ = ["changed", "touch"]  # of listings.changes, for those who read here

PUBLIC = ("listed", "suspended", "delisted")  # what anybody may see
LISTING_STATES = ("pending", "refused", "admitted", *PUBLIC)

_p, _l = tables.products, tables.listings


class Summary(NamedTuple):
    """A product as a list shows it."""

    id: int
    vendor: int
    kind: str  # dataset, service or application
    state: str  # of the product
    listing_state: str | None  # None: admission was never asked for
    version: int
    title_zh: str
    title_en: str
    summary_zh: str
    summary_en: str
    sector: str | None
    region: str | None
    updates: str | None
    changed_us: int
    admitted_us: int | None

    def title(self, language: str) -> str:
        """Return the title in *language* ("zh", else English), or the other one."""
        return either(self.title_zh, self.title_en, language)

    def summary(self, language: str) -> str:
        """Return the summary in *language*, or the other one."""
        return either(self.summary_zh, self.summary_en, language)


class Listing(NamedTuple):
    """A product with all that its page shows, instruments and releases apart."""

    id: int
    vendor: int
    kind: str
    state: str
    listing_state: str | None
    version: int
    title_zh: str
    title_en: str
    summary_zh: str
    summary_en: str
    description_zh: str
    description_en: str
    keywords: tuple[str, ...]
    sector: str | None
    industry: str | None
    region: str | None
    updates: str | None
    publisher: str
    publisher_url: str
    source_url: str
    coverage_from: str | None
    coverage_until: str | None
    row_count: int | None
    size_bytes: int | None
    dictionary: tuple[dict[str, Any], ...]
    sample: dict[str, Any] | None
    rights_note: str
    granularity: str
    documentation_url: str
    support: str
    source_route: str | None
    source_statement: str
    sensitivity: str | None
    personal: str | None
    purpose: str
    scene: str
    rights: dict[str, dict[str, str]] | None
    origin: str | None
    origin_id: str | None
    extra: dict[str, Any] | None
    created_us: int
    changed_us: int
    edited_by: int
    admitted_us: int | None
    admitted_by: int | None
    reason: str  # of a suspension or delisting
    certificate: int | None  # of the registration
    registered_us: int | None
    expires_us: int | None  # of the registration
    notice_until_us: int | None  # of the publicity
    listing_version: int | None
    proposed: bool  # other facts wait for a review

    def title(self, language: str) -> str:
        """Return the title in *language* ("zh", else English), or the other one."""
        return either(self.title_zh, self.title_en, language)

    def summary(self, language: str) -> str:
        """Return the summary in *language*, or the other one."""
        return either(self.summary_zh, self.summary_en, language)

    def description(self, language: str) -> str:
        """Return the description in *language*, or the other one."""
        return either(self.description_zh, self.description_en, language)


class Traded(NamedTuple):
    """An instrument as a list of orders or rights names it."""

    instrument: int
    symbol: str
    currency: int
    product: int
    vendor: int
    title_zh: str
    title_en: str
    licence_zh: str
    licence_en: str

    def title(self, language: str) -> str:
        """Return the product's title in *language*, or the other one."""
        return either(self.title_zh, self.title_en, language)


class Review(NamedTuple):
    """One step of a product or its listing."""

    id: int
    product: int
    version: int
    at_us: int
    by_user: int
    machine: str
    event: str
    state: str
    reasons: dict[str, str]


def either(zh: str, en: str, language: str) -> str:
    """Return the text in *language*, or the other one where that is empty."""
    return (zh or en) if language == "zh" else (en or zh)


# ── one product ──


def listing(db: Connection, product: int, viewer: int = NOBODY) -> Listing:
    """Return a product that is or was on the market; NotFound for all others.

    *viewer* is the member that asks: what it may not see does not exist for it.
    """
    return _listing(db, product, and_(_l.c.state.in_(PUBLIC), seen_by(viewer)))


def product(db: Connection, product: int, vendor: int | None = None) -> Listing:
    """Return a product in any state, for staff or for its *vendor*; else NotFound."""
    return _listing(db, product, True if vendor is None else _p.c.vendor == vendor)


def _listing(db: Connection, number: int, visible: Any) -> Listing:
    newest = (
        select(func.max(tables.registrations.c.number))
        .where(tables.registrations.c.product == number)
        .scalar_subquery()
    )
    row = db.execute(
        select(
            _p,
            _l.c.state.label("listing_state"),
            *(_l.c.admitted_us, _l.c.admitted_by, _l.c.reason),
            _l.c.version.label("listing_version"),
            tables.registrations.c.number.label("certificate"),
            *(tables.registrations.c.registered_us, tables.registrations.c.expires_us),
        )
        .outerjoin(_l, _l.c.product == _p.c.id)
        .outerjoin(tables.registrations, tables.registrations.c.number == newest)
        .where(_p.c.id == number, visible)
    ).first()
    if row is None:
        raise NotFound("product", encode("product", number))
    return _view(row)


def _view(row: Row[Any]) -> Listing:
    stored = row._mapping  # noqa: SLF001 (SQLAlchemy's public name)
    read = {
        "kind": stored["class"],
        "keywords": tuple(json.loads(row.keywords)),
        "dictionary": tuple(json.loads(row.dictionary)),
        "sample": json.loads(row.sample),
        "extra": json.loads(row.extra),
        "rights": json.loads(row.rights),
        "reason": row.reason or "",
        "proposed": row.proposed is not None,
    }
    return Listing(
        *(read[f] if f in read else stored[f] for f in Listing._fields),
    )


def instruments_of(db: Connection, product: int) -> list[Instrument]:
    """Return the instruments of a product, oldest first."""
    return instruments.of_products(db, [product]).get(product, [])


def releases_of(db: Connection, product: int) -> list[Release]:
    """Return the releases of a product, newest first; open ones too."""
    return releases.of_product(db, product)


def files_of(db: Connection, release: int) -> list[File]:
    """Return the files of a release by name."""
    return releases.files_of(db, release)


def reviews_of(db: Connection, product: int) -> list[Review]:
    """Return the steps of a product and its listing, newest first."""
    query = (
        select(tables.reviews)
        .where(tables.reviews.c.product == product)
        .order_by(tables.reviews.c.id.desc())
        .limit(PAGE_MAX)
    )
    rows = db.execute(query)
    return [Review._make((*row[:-1], json.loads(row.reasons))) for row in rows]


# ── many products ──


def _summaries() -> Select[Any]:
    return select(
        *(_p.c.id, _p.c.vendor, _p.c["class"], _p.c.state, _l.c.state, _p.c.version),
        *(_p.c.title_zh, _p.c.title_en, _p.c.summary_zh, _p.c.summary_en),
        *(_p.c.sector, _p.c.region, _p.c.updates, _p.c.changed_us, _l.c.admitted_us),
    ).outerjoin(_l, _l.c.product == _p.c.id)


def products_of(
    db: Connection, vendor: int, before: int | None = None, limit: int = PAGE_MAX
) -> list[Summary]:
    """Return the products of a member in any state, newest first, before a number."""
    query = _summaries().where(_p.c.vendor == vendor)
    if before is not None:
        query = query.where(_p.c.id < before)
    query = query.order_by(_p.c.id.desc()).limit(limit)
    return [Summary(*row) for row in db.execute(query)]


def queue(
    db: Connection, state: str, after: int | None = None, limit: int = PAGE_MAX
) -> list[Summary]:
    """Return what is in *state*, oldest number first, for the staff's desk.

    A state of products ("in_review", "publicity", …) or of listings ("pending", …).
    """
    column = _l.c.state if state in LISTING_STATES else _p.c.state
    query = _summaries().where(column == state)
    if after is not None:
        query = query.where(_p.c.id > after)
    query = query.order_by(_p.c.id).limit(limit)
    return [Summary(*row) for row in db.execute(query)]


def summaries(
    db: Connection, products: Iterable[int], viewer: int = NOBODY
) -> dict[int, Summary]:
    """Return the listed ones of *products* that *viewer* may see, by number."""
    query = _summaries().where(
        _p.c.id.in_(list(products)), _l.c.state.in_(PUBLIC), seen_by(viewer)
    )
    return {row.id: Summary(*row) for row in db.execute(query)}


def newest(db: Connection, limit: int = 12) -> list[Summary]:
    """Return what was listed last, newest first."""
    query = (
        _summaries()
        .where(_l.c.state == "listed", seen_by(NOBODY))
        .order_by(_l.c.admitted_us.desc(), _l.c.product.desc())
        .limit(limit)
    )
    return [Summary(*row) for row in db.execute(query)]


def counts(db: Connection) -> dict[str, int]:
    """Return how many products of each class are listed."""
    query = (
        select(_p.c["class"], func.count())
        .join(_l, _l.c.product == _p.c.id)
        .where(_l.c.state == "listed", seen_by(NOBODY))
        .group_by(_p.c["class"])
    )
    return {row[0]: row[1] for row in db.execute(query)}


def traded(db: Connection, wanted: Iterable[int]) -> dict[int, Traded]:
    """Return what the instruments with these numbers are, for lists of orders."""
    i, lic = tables.instruments, tables.licences
    query = (
        select(
            *(i.c.id, i.c.symbol, i.c.currency, _p.c.id, _p.c.vendor),
            *(_p.c.title_zh, _p.c.title_en, lic.c.title_zh, lic.c.title_en),
        )
        .join(_p, _p.c.id == i.c.product)
        .join(lic, lic.c.id == i.c.licence)
        .where(i.c.id.in_(list(wanted)))
    )
    return {row[0]: Traded(*row) for row in db.execute(query)}


# ── what follows the catalogue ──


def changes_after(db: Connection, position: int, limit: int) -> list[Change]:
    """Return the changes after *position* with what search shows of each product.

    Names of vendors and prices of books are other rooms' facts; see
    `marketplace.projection.changes_after`, which adds them.
    """
    steps = changed(db, position, limit)
    entries = _entries(db, [product for _, product in steps])
    return [Change(at, product, entries.get(product)) for at, product in steps]


def _entries(db: Connection, products: list[int]) -> dict[int, Entry]:
    query = (
        select(
            *(_p.c.id, _p.c.title_zh, _p.c.title_en, _l.c.admitted_us, _p.c.vendor),
            *(_p.c.summary_zh, _p.c.summary_en, _p.c.description_zh),
            *(_p.c.description_en, _p.c.keywords, _p.c["class"].label("kind")),
            *(_p.c.sector, _p.c.region, _p.c.updates),
        )
        .join(_l, _l.c.product == _p.c.id)
        .where(_p.c.id.in_(products), _l.c.state == "listed", seen_by(NOBODY))
    )
    units = _units(db, products)
    return {
        row.id: Entry(
            id=row.id,
            title_zh=row.title_zh,
            title_en=row.title_en,
            listed_us=row.admitted_us,
            summary_zh=row.summary_zh,
            summary_en=row.summary_en,
            description_zh=row.description_zh,
            description_en=row.description_en,
            keywords=tuple(json.loads(row.keywords)),
            vendor_id=row.vendor,
            kind=row.kind,
            sector=row.sector or "",
            region=row.region or "",
            licence=units[row.id][0].licence if row.id in units else "",
            price=0 if any(unit.free for unit in units.get(row.id, ())) else None,
            updates=row.updates or "",
        )
        for row in db.execute(query)
    }


class _Unit(NamedTuple):
    """What search wants to know of an instrument."""

    licence: str
    free: bool


def _units(db: Connection, products: list[int]) -> dict[int, list[_Unit]]:
    i, lic = tables.instruments, tables.licences
    query = (
        select(i.c.product, i.c.mode, lic.c.code, lic.c.spdx)
        .join(lic, lic.c.id == i.c.licence)
        .where(i.c.product.in_(products), i.c.state == "listed")
        .order_by(i.c.id)
    )
    found: dict[int, list[_Unit]] = {}
    for row in db.execute(query):
        unit = _Unit(row.spdx or row.code, row.mode == "free")
        found.setdefault(row.product, []).append(unit)
    return found
