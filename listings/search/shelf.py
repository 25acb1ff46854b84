"""One unchanging part of the index in memory: its facts, and postings as asked."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from listings.search.entry import Facet
from listings.search.query import Clause
from listings.search.synonyms import Phrase

EXPANSIONS_MAX = 32  # terms that one beginning stands for
AT_ONCE = 4  # words of a phrase whose postings are read together
KEPT_MAX = 128 << 20  # bytes of postings that a shelf remembers
CLAUSE_BYTES = 1_000  # of a clause kept, beside its postings
SYNONYM_WEIGHT = 0.6  # of a word that means the same, against the word as typed
# A place is a listing's number and a turn in one integer. The turn starts here, so that
# subtracting a distance of a query never reaches the listing before.
TURN_BITS, TURN_FIRST = 17, 1 << 12

Array = npt.NDArray[Any]


class Facts(NamedTuple):
    """What the index keeps in memory about one listing; price −1 = ask."""

    id: int
    listed_us: int
    price: int
    length: int
    facets: tuple[str, ...]  # in the order of Facet
    vendor_zh: str
    vendor_en: str


class Coded(NamedTuple):
    """The values of one facet, and each listing's as a place among them."""

    values: Sequence[str]
    codes: Array


class Columns(NamedTuple):
    """The facts of many listings, each kind together."""

    ids: Array
    listed_us: Array
    prices: Array
    lengths: Array
    facets: Mapping[Facet, Coded]
    vendors: Mapping[str, tuple[str, str]]  # names, by the value of the facet

    @property
    def size(self) -> int:
        """Return the number of listings."""
        return len(self.ids)


class Postings(NamedTuple):
    """The listings that have a term, ascending, and their weighted frequencies."""

    numbers: Array
    weights: Array


NOTHING = Postings(np.zeros(0, np.uint32), np.zeros(0, np.float32))


class Turns(NamedTuple):
    """Where a term stands in each of its listings: how many turns, and all of them."""

    numbers: Array
    counts: Array
    turns: Array

    def places(self, distance: int, among: Array) -> Array:
        """Return the places of the term *among* the listings flagged, ascending.

        Each is taken *distance* turns back.
        """
        here = among[self.numbers]
        numbers = np.repeat(self.numbers[here].astype(np.int64), self.counts[here])
        turns = self.turns[np.repeat(here, self.counts)]
        places: Array = (numbers << TURN_BITS) + (TURN_FIRST - distance) + turns
        return places


class Texts(NamedTuple):
    """What a hit shows, by language: title, summary, excerpt of the description."""

    zh: tuple[str, str, str]
    en: tuple[str, str, str]


class Source(NamedTuple):
    """Where a shelf reads what it does not keep."""

    sizes: Callable[[Sequence[str]], Sequence[int]]  # of postings, about
    postings: Callable[[Sequence[str]], Sequence[Postings]]
    turns: Callable[[Sequence[str]], Sequence[Turns]]
    begin: Callable[[str], Iterable[str]]  # terms, the most frequent first
    texts: Callable[[Sequence[int]], Sequence[Texts]]


class Shelf:
    """Listings numbered from 0; only its memory of what was asked changes."""

    def __init__(self, columns: Columns, source: Source) -> None:
        """Take the facts by number, and how to read terms, beginnings and texts."""
        self.columns = columns
        self.size = columns.size
        self.length = float(columns.lengths.sum())
        self.texts = source.texts
        self._source = source
        self._sorter = np.argsort(columns.ids, kind="stable")
        self._sorted = columns.ids[self._sorter]
        self._known: dict[Clause, Postings] = {}
        self._kept = 0

    @cached_property
    def newest(self) -> Array:
        """Return the rank of each listing if the newest comes first."""
        return self._ranks()

    @cached_property
    def cheapest(self) -> Array:
        """Return the rank of each by price ascending; unpriced last."""
        prices = self.columns.prices
        return self._ranks(prices, prices < 0)

    @cached_property
    def dearest(self) -> Array:
        """Return the rank of each by price descending; unpriced last."""
        return self._ranks(-self.columns.prices, self.columns.prices < 0)

    def _ranks(self, *before: Array) -> Array:
        columns = self.columns
        order = np.lexsort((-columns.ids, -columns.listed_us, *before))
        ranks = np.empty(self.size, np.int32)
        ranks[order] = np.arange(self.size, dtype=np.int32)
        return ranks

    def numbers_of(self, ids: Array) -> Array:
        """Return the numbers of the listings with *ids*, as far as they are here."""
        at = np.searchsorted(self._sorted, ids)
        inside = at < self.size
        at, ids = at[inside], ids[inside]
        here: Array = self._sorter[at[self._sorted[at] == ids]]
        return here

    def sizes(self, terms: Sequence[str]) -> Sequence[int]:
        """Return about how many listings have each term, without reading which."""
        return self._source.sizes(terms)

    def matches(self, clause: Clause) -> Postings:
        """Return the listings that meet *clause*, also those deleted since.

        Reads files or a database: one caller at a time.
        """
        clause = clause._replace(required=True)  # which is the query's affair
        found = self._known.pop(clause, None)
        if found is None:
            found = self._find(clause)
            self._kept += _bytes(found)
        self._known[clause] = found  # the last asked is the last forgotten
        while self._kept > KEPT_MAX and len(self._known) > 1:
            self._kept -= _bytes(self._known.pop(next(iter(self._known))))
        return found

    def _find(self, clause: Clause) -> Postings:
        if clause.is_prefix:
            found = self._beginnings([term for term, _ in clause.terms])
        else:
            found = self._phrase(clause.terms)
        if not clause.others:
            return found
        total = self._sum([found])
        for other in clause.others:
            numbers, weights = self._phrase(other)
            if len(numbers):
                total[numbers] = np.maximum(total[numbers], weights * SYNONYM_WEIGHT)
        return _listed(total)

    def _beginnings(self, beginnings: Sequence[str]) -> Postings:
        """Return where any of the first EXPANSIONS_MAX terms of each stands."""
        found = {
            term
            for beginning in beginnings
            for term in islice(self._source.begin(beginning), EXPANSIONS_MAX)
        }
        return _listed(self._sum(self._source.postings(sorted(found))))

    def _sum(self, several: Iterable[Postings]) -> Array:
        total = np.zeros(self.size, np.float32)
        for numbers, weights in several:
            total[numbers] += weights
        return total

    def _phrase(self, terms: Phrase) -> Postings:
        """Return where all *terms* stand at their distances; weakest weight counts."""
        words = list(dict.fromkeys(term for term, _ in terms))
        if len(words) > AT_ONCE:
            sizes = dict(zip(words, self._source.sizes(words), strict=True))
            words.sort(key=sizes.__getitem__)
        having: dict[str, Postings] = {}
        together = np.ones(self.size, bool)
        for at in range(0, len(words), AT_ONCE):  # the rarest leave little or nothing
            some = words[at : at + AT_ONCE]
            having |= zip(some, self._source.postings(some), strict=True)
            if len(terms) == 1:
                return having[words[0]]
            for word in some:
                together &= self.flagged(having[word].numbers)
            if not together.any():
                return NOTHING
        rarest_first = tuple(
            sorted(terms, key=lambda each: len(having[each[0]].numbers))
        )
        numbers = np.flatnonzero(together)
        if len(numbers):
            numbers = self._side_by_side(rarest_first, together)
        weights = np.full(len(numbers), np.inf, np.float32)
        for word in words:
            places = np.searchsorted(having[word].numbers, numbers)
            weights = np.minimum(weights, having[word].weights[places])
        return Postings(numbers, weights)

    def _side_by_side(self, terms: Phrase, among: Array) -> Array:
        """Return which of the listings *among* have *terms* at their distances."""
        turns: dict[str, Turns] = {}
        for place, (term, distance) in enumerate(terms):
            if term not in turns:
                later = dict.fromkeys(t for t, _ in terms[place:] if t not in turns)
                some = list(later)[:AT_ONCE]
                turns |= zip(some, self._source.turns(some), strict=True)
            if not place:
                places = turns[term].places(distance, among)
                continue
            if not len(places):
                break
            there = turns[term].places(distance, among)
            at = np.searchsorted(there, places)
            at[at == len(there)] = 0
            places = places[there[at] == places]
            among = self.flagged(places >> TURN_BITS)
        return np.unique(places >> TURN_BITS).astype(np.uint32)

    def flagged(self, numbers: Array) -> Array:
        """Return for every listing whether it is among *numbers*."""
        flags = np.zeros(self.size, bool)
        flags[numbers] = True
        return flags


def _bytes(found: Postings) -> int:
    return CLAUSE_BYTES + found.numbers.nbytes + found.weights.nbytes


def _listed(total: Array) -> Postings:
    numbers = np.flatnonzero(total).astype(np.uint32)
    return Postings(numbers, total[numbers])


def columns_of(facts: Sequence[Facts]) -> Columns:
    """Return *facts*, listing by listing, as columns."""
    at = list(Facet).index(Facet.VENDOR)
    return Columns(
        np.array([fact.id for fact in facts], np.int64),
        np.array([fact.listed_us for fact in facts], np.int64),
        np.array([fact.price for fact in facts], np.int64),
        np.array([fact.length for fact in facts], np.float32),
        dict(zip(Facet, _coded([fact.facets for fact in facts]), strict=True)),
        {fact.facets[at]: (fact.vendor_zh, fact.vendor_en) for fact in facts},
    )


def _coded(facets: Sequence[tuple[str, ...]]) -> Iterator[Coded]:
    """Yield every facet's values and codes; the value 0 is none."""
    for at in range(len(Facet)):
        places: dict[str, int] = {"": 0}
        codes = [places.setdefault(row[at], len(places)) for row in facets]
        yield Coded(tuple(places), np.array(codes, np.int32))
