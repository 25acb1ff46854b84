"""What a buyer gets, frozen: the facts that the market is told of an instrument."""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from listings import instruments, plans, tables, windows
from listings.cleanroom import settings as cleanrooms
from listings.cuts import settings as cuts
from listings.instruments import Instrument
from listings.vocabulary import CHINA, PROVINCES, WORLD
from listings.windows import Window
from settlement import clock
from settlement.ids import encode
from settlement.money import BY_ASSET


class Bounds(NamedTuple):
    """What binds an instrument beyond its own book; see `trading.scope.Scope`."""

    product: int
    exclusive: bool
    field: str  # paths of codes, such as CN/31; empty: everywhere
    territory: str


class MarketFacts(NamedTuple):
    """The fields of the command ListInstrument after ``by``, in its order."""

    instrument: int
    symbol: str
    vendor: int
    currency: int  # asset number of the money
    tick: int  # minor units
    lot: int
    terms: str  # canonical JSON
    purposes: tuple[str, ...]  # empty: any
    term_us: int | None
    deliveries_max: int | None
    transferable: bool
    price_max: int | None  # minor units per unit
    trial_of: int | None
    scope: Bounds
    acceptance: tuple[int, int]  # working days to accept and to deliver; 0: at once


def of_products(db: Connection, products: Iterable[int]) -> list[MarketFacts]:
    """Return what the market is to be told of the listed instruments of *products*."""
    wanted = list(products)
    described = _products(db, wanted)
    released = _releases(db, wanted)
    units = instruments.of_products(db, wanted)
    numbers = [unit.id for of_product in units.values() for unit in of_product]
    sold = windows.of_instruments(db, numbers)
    rooms = cleanrooms.of_instruments(db, numbers)
    cut = cuts.of_instruments(db, numbers)
    return [
        _facts(
            unit,
            described[product],
            released.get(product),
            sold.get(unit.id, windows.OWN_ONLY),
            room_terms(rooms.get(unit.id)) | cut_terms(cut.get(unit.id)),
        )
        for product, of_product in units.items()
        for unit in of_product
        if unit.state == "listed"
    ]


def _facts(
    unit: Instrument,
    product: Any,
    release: dict[str, Any] | None,
    window: Window,
    how: dict[str, Any],
) -> MarketFacts:
    days = unit.term_days
    return MarketFacts(
        unit.id,
        unit.symbol,
        unit.vendor,
        unit.currency,
        unit.tick,
        unit.lot,
        canonical(_terms(unit, product, release, window) | how),
        unit.purposes,
        None if days is None else days * clock.DAY_US,
        unit.deliveries_max,
        unit.transferable,
        _price_max(unit, product),
        unit.trial_of,
        bounds(unit),
        (unit.acceptance_days, unit.delivery_days),
    )


def bounds(unit: Instrument) -> Bounds:
    """Return how far the right in an instrument reaches; unread texts: anywhere."""
    said = unit.licence.terms
    if said is None:
        return Bounds(unit.product, exclusive=False, field="", territory="")
    inside = said.territory in PROVINCES
    path = f"{CHINA}/{said.territory}" if inside else said.territory
    return Bounds(
        unit.product,
        unit.exclusive,
        said.field or "",
        "" if said.territory == WORLD else path,
    )


def _price_max(unit: Instrument, product: Any) -> int | None:
    """Return the ceiling of the price: trials and welfare use of public data are free.

    Public data that is not yet classed is free too, until it is.
    """
    if unit.trial_of is not None:
        return 0
    if product.authorisation is None:
        return None
    return unit.ceiling if unit.ceiling is not None else 0


def _terms(
    unit: Instrument, product: Any, release: dict[str, Any] | None, window: Window
) -> dict[str, Any]:
    licence = unit.licence
    times = {"days": unit.acceptance_days, "delivery_days": unit.delivery_days}
    return ({"acceptance": times} if unit.acceptance_days else {}) | {
        "product": encode("product", unit.product),
        "class": product.kind,
        "classified": {
            "sector": product.sector,
            "industry": product.industry,
            "region": product.region,
            "supply": supply(product),
        },
        "title_zh": product.title_zh,
        "title_en": product.title_en,
        "publisher": product.publisher,
        "source_url": product.source_url,
        "rights_note": product.rights_note,
        "release": release,
        "releases": {"history": window.history, "future": window.future},
        "symbol": unit.symbol,
        "mode": unit.mode,
        "currency": BY_ASSET[unit.currency].code,
        "purposes": list(unit.purposes),
        "term_days": unit.term_days,
        "deliveries_max": unit.deliveries_max,
        "transferable": unit.transferable,
        "plan": None if unit.plan is None else plans.dump(unit.plan),
        "public_data": None
        if product.authorisation is None
        else {
            "authorisation": encode("authorisation", product.authorisation),
            "use_class": unit.use_class,
            "ceiling": unit.ceiling,
        },
        "licence": {
            "code": licence.code,
            "version": licence.version,
            "spdx": licence.spdx,
            "title_zh": licence.title_zh,
            "title_en": licence.title_en,
            "text_zh": licence.text_zh,
            "text_en": licence.text_en,
            "url": licence.url,
            "sha256": licence.sha256,
            "terms": None if licence.terms is None else licence.terms._asdict(),
        },
    }


def room_terms(room: dict[str, Any] | None) -> dict[str, Any]:
    """Return the part of the terms of a right that opens a clean room, and no file.

    It opens the one release that it was bought with: between two of them a group can
    differ by fewer subjects than it has.
    """
    if room is None:
        return {}
    return {"cleanroom": room, "releases": windows.OWN_ONLY._asdict()}


def cut_terms(cut: dict[str, Any] | None) -> dict[str, Any]:
    """Return the part of the terms of a right that opens its tables cut, no files."""
    return {} if cut is None else {"cut": cut}


def supply(product: Any) -> str | None:
    """Return whose data it is: the public's, persons', an enterprise's own; or None."""
    if product.authorisation is not None:
        return "public"
    if product.personal == "personal":
        return "personal"
    return "enterprise" if product.source_route == "production" else None


def canonical(value: Any) -> str:
    """Return *value* (integers, text, lists, dicts, None, booleans) as canonical JSON.

    UTF-8, keys sorted, no blanks: what RFC 8785 gives for such values.
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _products(db: Connection, products: list[int]) -> dict[int, Any]:
    p, public = tables.products, tables.public_products
    query = select(
        *(p.c.id, p.c["class"].label("kind"), p.c.title_zh, p.c.title_en),
        *(p.c.publisher, p.c.source_url, p.c.rights_note, public.c.authorisation),
        *(p.c.sector, p.c.industry, p.c.region, p.c.personal, p.c.source_route),
    )
    query = query.outerjoin(public, public.c.product == p.c.id)
    query = query.where(p.c.id.in_(products))
    return {row.id: row for row in db.execute(query)}


def _releases(db: Connection, products: list[int]) -> dict[int, dict[str, Any]]:
    """Return the newest served release of each product with its files."""
    r, f = tables.releases, tables.files
    newest = (
        select(func.max(r.c.id))
        .where(
            r.c.product.in_(products),
            r.c.live_us <= clock.now_us(),
            r.c.revoked_us.is_(None),
        )
        .group_by(r.c.product)
    )
    query = (
        select(
            *(r.c.id, r.c.product, r.c.label, r.c.finalised_us),
            *(f.c.id.label("file"), f.c.name, f.c.size, f.c.sha256, f.c.media_type),
        )
        .outerjoin(f, f.c.release == r.c.id)
        .where(r.c.id.in_(newest))
        .order_by(r.c.id, f.c.name)
    )
    found: dict[int, dict[str, Any]] = {}
    for row in db.execute(query):
        release = found.setdefault(
            row.product,
            {
                "id": encode("release", row.id),
                "label": row.label,
                "finalised_us": row.finalised_us,
                "files": [],
            },
        )
        if row.file is not None:
            release["files"].append(
                {
                    "id": encode("file", row.file),
                    "name": row.name,
                    "size": row.size,
                    "sha256": row.sha256,
                    "media_type": row.media_type,
                }
            )
    return found
