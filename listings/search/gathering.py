"""Documents turned into postings, and parts of an index joined into one."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from listings.search.answer import Document
from listings.search.entry import Facet
from listings.search.packing import Posting, numbers, posting, unpacked
from listings.search.shelf import Array, Coded, Columns, Facts, columns_of

PARTS_MAX = 12  # then the small ones are joined


class Gathered(NamedTuple):
    """Listings of one part: their facts, and postings by term ascending."""

    columns: Columns
    postings: Iterable[tuple[str, Posting]]


class _Lists(NamedTuple):
    numbers: "array[int]"
    weights: "array[int]"
    counts: "array[int]"
    turns: "array[int]"


class Gathering:
    """Takes documents one by one: about 900 bytes of memory for each."""

    def __init__(self) -> None:
        """Begin without any."""
        self._facts: list[Facts] = []
        self._known: dict[str, _Lists] = {}

    def __len__(self) -> int:
        """Return the number of documents taken."""
        return len(self._facts)

    def add(self, document: Document) -> None:
        """Take the terms and facts of *document*; its texts go elsewhere."""
        number = len(self._facts)
        self._facts.append(document.facts)
        known = self._known
        for term, (weight, turns) in document.terms.items():
            lists = known.get(term)
            if lists is None:
                lists = known[term] = _Lists(
                    array("I"), array("H"), array("H"), array("H")
                )
            lists[0].append(number)
            lists[1].append(weight)
            lists[2].append(len(turns))
            lists[3].extend(turns)

    def whole(self) -> Gathered:
        """Return what was taken as one part."""
        return Gathered(columns_of(self._facts), self._postings())

    def _postings(self) -> Iterator[tuple[str, Posting]]:
        for term in sorted(self._known):
            yield term, posting(*map(np.asarray, self._known[term]))


def small(sizes: Sequence[int]) -> int:
    """Return how many of the last parts are to be joined, none while there are few.

    Each is at most as large as those after it, so that a listing is written again
    only as often as its part doubles.
    """
    if len(sizes) <= PARTS_MAX:
        return 0
    number = total = 0
    for size in reversed(sizes):
        if number > 1 and size > total:
            break
        number += 1
        total += size
    return number


def join(
    columns: Sequence[Columns],
    kept: Sequence[Array],
    postings: Iterable[tuple[str, int, Posting]],
) -> Gathered:
    """Return parts as one with the listings that are *kept*, flagged for each part.

    *postings* are by term, and of one term by the place of the part among *columns*.
    """
    first = list(accumulate((int(keep.sum()) for keep in kept), initial=0))
    renumbered = [
        start + np.cumsum(keep) - 1 for start, keep in zip(first, kept, strict=False)
    ]

    def merged() -> Iterator[tuple[str, Posting]]:
        for term, group in groupby(postings, key=itemgetter(0)):
            pieces = [_cut(p, kept[at], renumbered[at]) for _, at, p in group]
            if any(len(piece[0]) for piece in pieces):
                yield term, posting(*map(np.concatenate, zip(*pieces, strict=True)))

    return Gathered(_concatenated(columns, kept), merged())


def _cut(posting: Posting, keep: Array, renumbered: Array) -> tuple[Array, ...]:
    """Return a *posting* without what is not kept, by the new numbers."""
    old, counts = numbers(posting.numbers), unpacked(posting.counts)
    here = keep[old]
    return (
        renumbered[old[here]],
        unpacked(posting.weights)[here],
        counts[here],
        unpacked(posting.turns)[np.repeat(here, counts)],
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
