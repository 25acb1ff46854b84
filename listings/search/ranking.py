"""Which listings match, in which order, and how many there are of each facet value."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import log
from typing import NamedTuple

import numpy as np

from listings.search.entry import Facet
from listings.search.query import Clause, Query, Sort
from listings.search.shelf import Array, Postings, Shelf

# BM25: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and
# Beyond", 2009. B is low since a long description is no fault of a listing.
POSTINGS_MAX = 3_000_000  # of all terms of a query, about: a quarter of a second
K1 = 1.2
B = 0.4


class Part(NamedTuple):
    """A shelf, which of its listings are still there, and BM25's length norms."""

    shelf: Shelf
    alive: Array
    norms: Array


class Place(NamedTuple):
    """Where a hit is found: the part, the number in it, and its score."""

    part: int
    number: int
    score: float


class Found(NamedTuple):
    """The listings on the page asked for, and the counts over all matches."""

    total: int
    places: list[Place]
    counts: Mapping[Facet, Counter[str]]
    partial: bool


def parts(shelves: Sequence[tuple[Shelf, Array]]) -> tuple[Part, ...]:
    """Return *shelves*, each with its living listings, ready to be ranked."""
    size = sum(shelf.size for shelf, _ in shelves)
    mean = max(1.0, sum(shelf.length for shelf, _ in shelves) / max(1, size))
    return tuple(
        Part(shelf, alive, K1 * (1 - B + B * shelf.columns.lengths / np.float32(mean)))
        for shelf, alive in shelves
    )


def find(among: Sequence[Part], query: Query, clauses: Sequence[Clause]) -> Found:
    """Return what *query* finds; no *clauses* but text finds nothing.

    If no listing meets every required clause, those that meet some are found, and
    the answer is marked partial. A Chinese character that stands alone is no reason
    to be among them: half of all listings have one like 不.
    """
    clauses = _affordable(among, clauses)
    if query.since_us:
        among = [_later(part, query.since_us) for part in among]
    tables = [[part.shelf.matches(clause) for clause in clauses] for part in among]
    if clauses or not query.text.strip():
        texts, partial = _matching(among, tables, clauses)
    else:
        texts, partial = [np.zeros(part.shelf.size, bool) for part in among], False
    counts = {facet: Counter[str]() for facet in Facet}
    hits = [
        np.flatnonzero(_narrow(part.shelf, text, query.filters, counts))
        for part, text in zip(among, texts, strict=True)
    ]
    by_relevance = query.sort is Sort.RELEVANCE and bool(clauses)
    scores = _scores(among, tables) if by_relevance else []
    first = (query.page - 1) * query.page_size
    places = _best(among, hits, scores, query.sort, first + query.page_size)
    return Found(sum(map(len, hits)), places[first:], counts, partial)


def _affordable(among: Sequence[Part], clauses: Sequence[Clause]) -> Sequence[Clause]:
    """Return *clauses* without the most frequent, where all are too much to read.

    Whoever types twenty words that half of all listings have is served by the rarer
    of them. Beginnings have a limit of their own.
    """
    phrases = [(each.terms, *each.others) for each in clauses]
    terms = [[term for phrase in each for term, _ in phrase] for each in phrases]
    words = list(dict.fromkeys(term for each in terms for term in each))
    if sum(part.shelf.size for part in among) * len(words) <= POSTINGS_MAX:
        return clauses
    having = Counter[str]()
    for part in among:
        having.update(dict(zip(words, part.shelf.sizes(words), strict=True)))
    costs = [sum(having[term] for term in each) for each in terms]
    left, kept = POSTINGS_MAX, set[int]()
    for at in sorted(range(len(clauses)), key=costs.__getitem__):
        left -= costs[at]
        if kept and left < 0:
            break
        kept.add(at)
    return [clause for at, clause in enumerate(clauses) if at in kept]


def _later(part: Part, since_us: int) -> Part:
    """Return *part* with only what was listed after a moment."""
    later = part.shelf.columns.listed_us > since_us
    return part._replace(alive=part.alive & later)


def _matching(
    among: Sequence[Part], tables: list[list[Postings]], clauses: Sequence[Clause]
) -> tuple[list[Array], bool]:
    required = [i for i, clause in enumerate(clauses) if clause.required]
    telling = [i for i in required if not clauses[i].is_lone] or required
    every = []
    for part, table in zip(among, tables, strict=True):
        text = part.alive
        for i in required:
            text = text & part.shelf.flagged(table[i].numbers)
        every.append(text)
    if len(required) < 2 or any(text.any() for text in every):
        return every, False
    some = []
    for part, table in zip(among, tables, strict=True):
        text = np.zeros(part.shelf.size, bool)
        for i in telling:
            text[table[i].numbers] = True
        some.append(text & part.alive)
    return some, any(text.any() for text in some)


def _narrow(
    shelf: Shelf,
    text: Array,
    filters: Mapping[Facet, frozenset[str]],
    counts: Mapping[Facet, Counter[str]],
) -> Array:
    """Add to *counts*, each facet under the filters of the others; return the hits."""
    chosen = {
        facet: _chosen(shelf, facet, values)
        for facet, values in filters.items()
        if values
    }
    hits = text
    for flags in chosen.values():
        hits = hits & flags
    numbers = np.flatnonzero(hits)
    for facet, (values, codes) in shelf.columns.facets.items():
        here = numbers
        if facet in chosen:
            under = text
            for other, flags in chosen.items():
                if other is not facet:
                    under = under & flags
            here = np.flatnonzero(under)
        all_of_them = len(here) == shelf.size
        having = np.bincount(codes if all_of_them else codes[here])
        for code in np.flatnonzero(having).tolist():
            if code:
                counts[facet][values[code]] += int(having[code])
    return hits


def _chosen(shelf: Shelf, facet: Facet, values: frozenset[str]) -> Array:
    """Return the listings with any of *values*."""
    known, codes = shelf.columns.facets[facet]
    allowed = np.array([value in values for value in known])
    return allowed[codes]


def _scores(among: Sequence[Part], tables: list[list[Postings]]) -> list[Array]:
    scores = [np.zeros(part.shelf.size, np.float32) for part in among]
    size = sum(part.shelf.size for part in among)
    for columns in zip(*tables, strict=True):
        having = sum(len(matches.numbers) for matches in columns)
        rarity = log(1 + (size - having + 0.5) / (having + 0.5)) * (K1 + 1)
        for part, sums, (numbers, weights) in zip(among, scores, columns, strict=True):
            sums[numbers] += rarity * weights / (weights + part.norms[numbers])
    return scores


def _best(
    among: Sequence[Part],
    hits: Sequence[Array],
    scores: Sequence[Array],
    sort: Sort,
    limit: int,
) -> list[Place]:
    """Return the first *limit* listings of the *hits*, by *scores* where there are."""
    found = []
    for at, (part, numbers) in enumerate(zip(among, hits, strict=True)):
        ranks = _ranks(part.shelf, Sort.NEWEST if scores else sort)
        if scores:
            chosen = _highest(numbers, scores[at][numbers], ranks, limit)
        else:
            chosen = _lowest(numbers, ranks, limit)
        found += [
            Place(at, int(number), float(scores[at][number]) if scores else 0.0)
            for number in chosen
        ]

    def order(place: Place) -> tuple[float, ...]:
        columns = among[place.part].shelf.columns
        listed_us, id_ = columns.listed_us[place.number], columns.ids[place.number]
        price = int(columns.prices[place.number])
        sign = {Sort.CHEAPEST: 1, Sort.DEAREST: -1}.get(sort, 0)
        unpriced = bool(sign) and price < 0
        return -place.score, unpriced, sign * price, -int(listed_us), -int(id_)

    return sorted(found, key=order)[:limit]


def _ranks(shelf: Shelf, sort: Sort) -> Array:
    if sort is Sort.CHEAPEST:
        return shelf.cheapest
    return shelf.dearest if sort is Sort.DEAREST else shelf.newest


def _highest(numbers: Array, scores: Array, ranks: Array, limit: int) -> Array:
    """Return the *limit* of *numbers* with the highest scores; newest among equals."""
    if len(numbers) <= limit:
        return numbers
    last = np.partition(scores, len(scores) - limit)[len(scores) - limit]
    sure, equal = numbers[scores > last], numbers[scores == last]
    return np.concatenate((sure, _lowest(equal, ranks, limit - len(sure))))


def _lowest(numbers: Array, ranks: Array, limit: int) -> Array:
    """Return the *limit* of *numbers* with the lowest ranks."""
    if len(numbers) <= limit:
        return numbers
    chosen: Array = numbers[np.argpartition(ranks[numbers], limit - 1)[:limit]]
    return chosen
