"""A listing as the index sees it: its words, its facets, what a hit shows."""

from array import array
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from listings.search.segment import segment
from listings.vocabulary import SECTORS, WORLD, regions

WORDS_MAX = 2_000  # of one text are indexed; the listing itself is never cut
CHARACTERS_MAX = 20_000  # of one text are read to find them
EXCERPT_MAX = 4_000  # characters of one description are kept for snippets
FIELD_GAP = 100  # turns between two texts, so that no phrase spans them
YUAN = 100  # minor units


# Everything is of the world: that says nothing about a listing.
_REGIONS = {code: names for code, names in regions().items() if code != WORLD}


class Facet(StrEnum):
    """What a result can be narrowed by; the value names the field of Entry."""

    KIND = "kind"
    SECTOR = "sector"
    REGION = "region"
    LICENCE = "licence"
    PRICE = "price"
    UPDATES = "updates"
    VENDOR = "vendor"


class Band(StrEnum):
    """A band of prices, in yuan; the lower end belongs to the band."""

    FREE = "free"
    UNDER_100 = "under_100"
    FROM_100 = "100_1k"
    FROM_1K = "1k_10k"
    FROM_10K = "10k_100k"
    FROM_100K = "over_100k"
    ASK = "ask"


_BAND_ENDS = (
    (1, Band.FREE),
    (100 * YUAN, Band.UNDER_100),
    (1_000 * YUAN, Band.FROM_100),
    (10_000 * YUAN, Band.FROM_1K),
    (100_000 * YUAN, Band.FROM_10K),
)


class Entry(NamedTuple):
    """One listing; with an empty code it is in no value of that facet."""

    id: int
    title_zh: str
    title_en: str
    listed_us: int
    summary_zh: str = ""
    summary_en: str = ""
    description_zh: str = ""
    description_en: str = ""
    keywords: tuple[str, ...] = ()
    vendor_id: int = 0
    vendor_zh: str = ""
    vendor_en: str = ""
    kind: str = ""  # dataset, service or application
    sector: str = ""
    region: str = ""
    licence: str = ""  # SPDX identifier or a code of our own
    price: int | None = None  # minor units of CNY; None = ask for a quote
    updates: str = ""  # how often

    def facets(self) -> dict[Facet, str]:
        """Return the entry's value of every facet; empty where it has none."""
        return {
            Facet.KIND: self.kind,
            Facet.SECTOR: self.sector,
            Facet.REGION: self.region,
            Facet.LICENCE: self.licence,
            Facet.PRICE: band(self.price),
            Facet.UPDATES: self.updates,
            Facet.VENDOR: str(self.vendor_id) if self.vendor_id else "",
        }


class Occurrence(NamedTuple):
    """A term in an entry: its weighted frequency, and its turns, ascending."""

    weight: int
    turns: "array[int]"


def band(price: int | None) -> Band:
    """Return the band of *price* in minor units of CNY, None being "ask"."""
    if price is None:
        return Band.ASK
    return next((name for end, name in _BAND_ENDS if price < end), Band.FROM_100K)


def occurrences(entry: Entry) -> dict[str, Occurrence]:
    """Return every term of *entry* with its weight and turns.

    Frequencies of several fields are weighted and added before they are scored:
    Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted
    fields", CIKM 2004.
    """
    weights: dict[str, int] = {}
    turns: dict[str, array[int]] = {}
    first = 0
    for weight, text in _texts(entry):
        last = -1
        for term, _, _, turn in segment(text[:CHARACTERS_MAX], WORDS_MAX):
            if term in weights:
                weights[term] += weight
                turns[term].append(first + turn)
            else:
                weights[term] = weight
                turns[term] = array("H", (first + turn,))
            last = turn
        first += last + 1 + FIELD_GAP
    return {term: Occurrence(weights[term], turns[term]) for term in weights}


def _texts(entry: Entry) -> Iterator[tuple[int, str]]:
    """Yield the texts of *entry* with what one word in them weighs."""
    yield 5, entry.title_zh
    yield 5, entry.title_en
    yield 3, " · ".join(entry.keywords)
    yield 2, entry.vendor_zh
    yield 2, entry.vendor_en
    yield 2, entry.summary_zh
    yield 2, entry.summary_en
    yield 1, entry.description_zh
    yield 1, entry.description_en
    for names in (SECTORS.get(entry.sector), _REGIONS.get(entry.region)):
        if names is not None:
            yield 1, names.zh
            yield 1, names.en
