"""Documents turned into postings, and parts of an index joined into one."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from listings.search.answer import Document
from listings.search.entry import Facet
from listings.search.shelf import (
    Array,
    Coded,
    Columns,
    Facts,
    Texts,
    columns_of,
)


class Posting(NamedTuple):
    """One term's listings, weights, numbers of turns and turns, as bytes."""

    numbers: bytes
    weights: bytes
    counts: bytes
    turns: bytes


class Gathered(NamedTuple):
    """Listings of one part: facts, postings by term ascending, texts by number."""

    columns: Columns
    postings: Iterable[tuple[str, Posting]]
    texts: Sequence[Texts]


def gather(documents: Iterable[Document]) -> Gathered:
    """Return *documents* as one part."""
    facts: list[Facts] = []
    texts: list[Texts] = []
    known: dict[str, tuple[array[int], array[float], array[int], array[int]]] = {}
    for number, document in enumerate(documents):
        facts.append(document.facts)
        texts.append(document.texts)
        for term, (weight, turns) in document.terms.items():
            lists = known.get(term)
            if lists is None:
                lists = known[term] = array("I"), array("f"), array("H"), array("H")
            lists[0].append(number)
            lists[1].append(weight)
            lists[2].append(len(turns))
            lists[3].extend(turns)

    def postings() -> Iterator[tuple[str, Posting]]:
        for term in sorted(known):
            yield term, Posting(*(each.tobytes() for each in known[term]))

    return Gathered(columns_of(facts), postings(), texts)


def joined(
    columns: Sequence[Columns],
    gone: Sequence[Array],
    postings: Iterable[tuple[str, int, Posting]],
) -> Gathered:
    """Return parts as one, without the listings that a later one of them replaces.

    *postings* are by term, and of one term by the place of the part among *columns*.
    """
    kept = [_kept(each, gone[at + 1 :]) for at, each in enumerate(columns)]
    first = list(accumulate((int(keep.sum()) for keep in kept), initial=0))
    renumbered = [
        start + np.cumsum(keep) - 1 for start, keep in zip(first, kept, strict=False)
    ]

    def merged() -> Iterator[tuple[str, Posting]]:
        for term, group in groupby(postings, key=itemgetter(0)):
            pieces = [_cut(p, kept[at], renumbered[at]) for _, at, p in group]
            if any(len(piece[0]) for piece in pieces):
                whole = map(np.concatenate, zip(*pieces, strict=True))
                yield term, Posting(*(each.tobytes() for each in whole))

    return Gathered(_concatenated(columns, kept), merged(), ())


def _kept(columns: Columns, gone: Sequence[Array]) -> Array:
    keep = np.ones(columns.size, bool)
    if gone:
        keep &= ~np.isin(columns.ids, np.concatenate(gone))
    return keep


def _cut(posting: Posting, keep: Array, renumbered: Array) -> tuple[Array, ...]:
    """Return a *posting* without what is not kept, by the new numbers."""
    numbers = np.frombuffer(posting.numbers, np.uint32)
    counts = np.frombuffer(posting.counts, np.uint16)
    here = keep[numbers]
    return (
        renumbered[numbers[here]].astype(np.uint32),
        np.frombuffer(posting.weights, np.float32)[here],
        counts[here],
        np.frombuffer(posting.turns, np.uint16)[np.repeat(here, counts)],
    )


def _concatenated(columns: Sequence[Columns], kept: Sequence[Array]) -> Columns:
    def one(field: str) -> Array:
        pairs = zip(columns, kept, strict=True)
        return np.concatenate([getattr(each, field)[keep] for each, keep in pairs])

    facets = {}
    for facet in Facet:
        places: dict[str, int] = {"": 0}
        codes = []
        for each, keep in zip(columns, kept, strict=True):
            values, old = each.facets[facet]
            new = [places.setdefault(value, len(places)) for value in values]
            codes.append(np.array(new, np.int32)[old[keep]])
        facets[facet] = Coded(tuple(places), np.concatenate(codes))
    vendors = {code: name for each in columns for code, name in each.vendors.items()}
    return Columns(
        one("ids"), one("listed_us"), one("prices"), one("lengths"), facets, vendors
    )
