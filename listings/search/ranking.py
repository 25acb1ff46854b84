"""Which listings match, in which order, and how many there are of each facet value."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import log
from typing import NamedTuple

from listings.search import bitmap
from listings.search.entry import Facet
from listings.search.query import Clause, Query, Sort
from listings.search.shelf import Matches, Shelf

# BM25: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and
# Beyond", 2009. B is low since a long description is no fault of a listing.
K1 = 1.2
B = 0.4

# The key of a listing, by part and number: the smallest comes first.
Order = Callable[[int, int], tuple[float, ...]]


class Part(NamedTuple):
    """A shelf, which of its listings are still there, and BM25's length norms."""

    shelf: Shelf
    alive: int
    norms: Sequence[float]


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


def parts(shelves: Sequence[tuple[Shelf, int]]) -> tuple[Part, ...]:
    """Return *shelves*, each with its living listings, ready to be ranked."""
    size = sum(shelf.size for shelf, _ in shelves)
    mean = max(1.0, sum(shelf.length for shelf, _ in shelves) / max(1, size))
    return tuple(
        Part(
            shelf,
            alive,
            [K1 * (1 - B + B * fact.length / mean) for fact in shelf.facts],
        )
        for shelf, alive in shelves
    )


def find(among: Sequence[Part], query: Query, clauses: Sequence[Clause]) -> Found:
    """Return what *query* finds; no *clauses* but text finds nothing.

    If no listing meets every required clause, those that meet some are found, and
    the answer is marked partial.
    """
    tables = [[part.shelf.matches(clause) for clause in clauses] for part in among]
    if clauses or not query.text.strip():
        texts, partial = _matching(among, tables, clauses)
    else:
        texts, partial = [0 for _ in among], False
    hits, counts = [], {facet: Counter[str]() for facet in Facet}
    for part, text in zip(among, texts, strict=True):
        hits.append(_narrow(part.shelf, text, query.filters, counts))
    by_relevance = query.sort is Sort.RELEVANCE and bool(clauses)
    scores = _scores(among, tables) if by_relevance else []
    order = _by_score(among, scores) if scores else _by_fact(among, query.sort)
    first = (query.page - 1) * query.page_size
    places = [
        Place(part, number, scores[part][number] if scores else 0.0)
        for part, number in _best(hits, first + query.page_size, order)[first:]
    ]
    total = sum(bits.bit_count() for bits in hits)
    return Found(total, places, counts, partial)


def _matching(
    among: Sequence[Part], tables: list[list[Matches]], clauses: Sequence[Clause]
) -> tuple[list[int], bool]:
    required = [i for i, clause in enumerate(clauses) if clause.required]
    every = []
    for part, table in zip(among, tables, strict=True):
        bits = part.alive
        for i in required:
            bits &= table[i].bits
        every.append(bits)
    if any(every) or len(required) < 2:
        return every, False
    some = []
    for part, table in zip(among, tables, strict=True):
        bits = 0
        for i in required:
            bits |= table[i].bits
        some.append(bits & part.alive)
    return some, any(some)


def _narrow(
    shelf: Shelf,
    text: int,
    filters: Mapping[Facet, frozenset[str]],
    counts: Mapping[Facet, Counter[str]],
) -> int:
    """Add to *counts*, each facet under the filters of the others; return the hits."""
    chosen = {facet: _chosen(shelf, facet, filters[facet]) for facet in filters}
    hits = text
    for bits in chosen.values():
        hits &= bits
    for facet, values in shelf.values.items():
        bits = hits
        if facet in chosen:
            bits = text
            for other, allowed in chosen.items():
                if other is not facet:
                    bits &= allowed
        for value, having in values.items():
            if number := (bits & having).bit_count():
                counts[facet][value] += number
    return hits


def _chosen(shelf: Shelf, facet: Facet, values: frozenset[str]) -> int:
    """Return the listings with any of *values*; no values chosen is no filter."""
    if not values:
        return bitmap.full(shelf.size)
    bits = 0
    for value in values:
        bits |= shelf.values[facet].get(value, 0)
    return bits


def _by_score(among: Sequence[Part], scores: list[list[float]]) -> Order:
    facts = [part.shelf.facts for part in among]

    def order(part: int, number: int) -> tuple[float, ...]:
        fact = facts[part][number]
        return -scores[part][number], -fact.listed_us, -fact.id

    return order


def _by_fact(among: Sequence[Part], sort: Sort) -> Order:
    """Return the order by price, unpriced last, or else by newest."""
    facts = [part.shelf.facts for part in among]
    sign = {Sort.CHEAPEST: 1, Sort.DEAREST: -1}.get(sort, 0)

    def order(part: int, number: int) -> tuple[float, ...]:
        fact = facts[part][number]
        unpriced = bool(sign) and fact.price < 0
        return unpriced, sign * fact.price, -fact.listed_us, -fact.id

    return order


def _scores(among: Sequence[Part], tables: list[list[Matches]]) -> list[list[float]]:
    scores = [[0.0] * part.shelf.size for part in among]
    size = sum(part.shelf.size for part in among)
    for columns in zip(*tables, strict=True):
        having = sum(len(matches.numbers) for matches in columns)
        rarity = log(1 + (size - having + 0.5) / (having + 0.5)) * (K1 + 1)
        for part, sums, matches in zip(among, scores, columns, strict=True):
            norms = part.norms
            for number, weight in zip(matches.numbers, matches.weights, strict=True):
                sums[number] += rarity * weight / (weight + norms[number])
    return scores


def _best(hits: list[int], limit: int, order: Order) -> list[tuple[int, int]]:
    """Return the first *limit* listings of the *hits*."""

    def keyed() -> Iterator[tuple[tuple[float, ...], int, int]]:
        for part, bits in enumerate(hits):
            for number in bitmap.members(bits):
                yield order(part, number), part, number

    return [(part, number) for _, part, number in heapq.nsmallest(limit, keyed())]
