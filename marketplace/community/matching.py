"""Which listings fit a demand, by five factors that are shown, not by a black box.

Each factor gives 0 to 100 points; `WEIGHTS` says how much of a hundred each counts.
What is not said counts half. Source: issue 4 (7), an explainable score of five factors.
"""

from collections.abc import Collection
from contextlib import suppress
from typing import NamedTuple, Protocol

from sqlalchemy import Connection, Engine

from listings import catalogue, instruments
from listings.catalogue import Summary
from listings.instruments import Instrument
from listings.search.finding import Finder
from listings.search.query import Query
from listings.search.segment import segment
from marketplace.community import demands
from marketplace.community.demands import Demand
from marketplace.community.notices import notify
from marketplace.trading import reads
from settlement.errors import Refusal
from settlement.ids import encode

WEIGHTS = {"words": 40, "sector": 20, "purpose": 20, "budget": 10, "sold": 10}
FULL, HALF, NOTHING = 100, 50, 0
CANDIDATES = 20  # of the search
SHOWN = 5
FITS = 50  # points from which a listing is suggested and its vendor told
BUDGET_CURRENCY = "CNY"


class Fit(NamedTuple):
    """How a listing fits a demand: points of each factor, and in all."""

    product: Summary
    factors: dict[str, int]

    @property
    def points(self) -> int:
        """Return the weighted points, of a hundred."""
        return sum(WEIGHTS[name] * got for name, got in self.factors.items()) // FULL


class Parts(Protocol):
    """What matching works with; the services have it."""

    @property
    def reads(self) -> Engine:
        """The engine to read by."""

    @property
    def writes(self) -> Engine:
        """The engine to write by."""

    @property
    def finder(self) -> Finder:
        """What finds candidates."""


def score(
    demand: Demand,
    product: Summary,
    units: Collection[Instrument],
    posted: dict[int, int],
    sold: Collection[int],
) -> Fit:
    """Return how *product* fits; *posted* are prices, *sold* what has traded before."""
    wanted = _words(f"{demand.title} {demand.query}")
    offered = _words(
        f"{product.title_zh} {product.title_en} {product.summary_zh}"
        f" {product.summary_en}"
    )
    shared = FULL * len(wanted & offered) // len(wanted) if wanted else NOTHING
    permitted = [unit.purposes for unit in units]
    fits = any(not some or demand.purpose in some for some in permitted)
    return Fit(
        product,
        {
            "words": shared,
            "sector": _said(demand.sector, product.sector == demand.sector),
            "purpose": _said(demand.purpose, fits),
            "budget": _budget(demand, units, posted),
            "sold": FULL if any(unit.id in sold for unit in units) else NOTHING,
        },
    )


def _words(text: str) -> set[str]:
    return {token.term for token in segment(text.lower())}


def _said(wanted: object, fits: bool) -> int:
    """Return full points for what fits, half for what was not asked."""
    if not wanted:
        return HALF
    return FULL if fits else NOTHING


def _budget(
    demand: Demand, units: Collection[Instrument], posted: dict[int, int]
) -> int:
    """Return full points if the cheapest posted price is within the budget."""
    prices = [
        posted[unit.id]
        for unit in units
        if unit.id in posted and unit.currency_code == BUDGET_CURRENCY
    ]
    if demand.budget is None or not prices:
        return HALF
    return FULL if min(prices) * (demand.quantity or 1) <= demand.budget else NOTHING


def suggest(db: Connection, finder: Finder, demand: Demand) -> list[Fit]:
    """Return the listings that fit a demand best, with their points; at most SHOWN.

    They are those that its member sees; none for who is not told whose it is.
    """
    if demand.member is None:
        return []
    hits: list[int] = []
    with suppress(Refusal):  # a title that is no query finds nothing
        query = Query(text=demand.query or demand.title, page_size=CANDIDATES)
        hits = [hit.id for hit in finder.find(query).results.hits]
    listed = catalogue.summaries(db, hits, demand.member)
    units = instruments.of_products(db, listed)
    numbers = [unit.id for some in units.values() for unit in some]
    posted, sold = reads.posted_prices(db, numbers), reads.last_prices(db, numbers)
    found = [
        score(demand, product, units.get(number, []), posted, sold)
        for number, product in listed.items()
        if product.vendor != demand.member
    ]
    fitting = [fit for fit in found if fit.points >= FITS]
    return sorted(fitting, key=lambda fit: (-fit.points, fit.product.id))[:SHOWN]


def tell(parts: Parts, number: int, member: int) -> int:
    """Tell the vendors of what fits a demand of *member* on the board; how many."""
    with parts.reads.connect() as db:
        demand = demands.get(db, number, member)
        fits = suggest(db, parts.finder, demand) if demand.audience == "public" else []
    told = 0
    with parts.writes.begin() as db:
        for fit in fits:
            facts = {
                "text": demand.title,
                "href": f"/demands/{encode('demand', number)}",
            }
            cause = f"demand {number} fits"
            told += notify(
                db, [fit.product.vendor], "demand_fits", cause, fit.product.id, facts
            )
    return told
