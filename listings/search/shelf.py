"""One unchanging part of the index in memory: its facts, and postings as asked."""

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from listings.search import bitmap
from listings.search.entry import Facet
from listings.search.query import Clause

EXPANSIONS_MAX = 32  # terms that one beginning stands for
POSTINGS_KEPT_MAX = 4_000_000  # about 8 bytes each, per shelf
CLAUSE_COST = 100  # a clause kept costs as much as so many postings


class Facts(NamedTuple):
    """What the index keeps in memory about one listing; price −1 = ask."""

    id: int
    listed_us: int
    price: int
    length: float
    facets: tuple[str, ...]  # in the order of Facet
    vendor_zh: str
    vendor_en: str


class Postings(NamedTuple):
    """The listings that have a term, ascending: weighted frequencies and turns."""

    numbers: Sequence[int]
    weights: Sequence[float]
    turns: Sequence[bytes]


class Texts(NamedTuple):
    """What a hit shows, by language: title, summary, excerpt of the description."""

    zh: tuple[str, str, str]
    en: tuple[str, str, str]


class Matches(NamedTuple):
    """The listings that meet a clause, ascending, with how strongly they do."""

    numbers: Sequence[int]
    weights: Sequence[float]
    bits: int


class Shelf:
    """Listings numbered from 0; only its memory of what was asked changes."""

    def __init__(
        self,
        facts: Sequence[Facts],
        read: Callable[[str], Postings],
        begin: Callable[[str], Iterable[str]],
        texts: Callable[[int], Texts],
    ) -> None:
        """Take the *facts* by number, and how to read terms, beginnings and texts."""
        self.facts = facts
        self.size = len(facts)
        self.values = _values(facts)
        self.vendors = _vendors(facts)
        self.length = sum(fact.length for fact in facts)
        self.number_of = {fact.id: number for number, fact in enumerate(facts)}
        self._read = read
        self._begin = begin
        self.texts = texts
        self._known: dict[Clause, Matches] = {}
        self._kept = 0

    def matches(self, clause: Clause) -> Matches:
        """Return the listings that meet *clause*, also those deleted since.

        Reads files: one caller at a time.
        """
        clause = clause._replace(required=True)  # which is the query's affair
        found = self._known.get(clause)
        if found is None:
            found = self._find(clause)
            self._keep(clause, found)
        return found

    def _keep(self, clause: Clause, found: Matches) -> None:
        cost = CLAUSE_COST + len(found.numbers)
        if self._kept + cost > POSTINGS_KEPT_MAX:
            self._known.clear()
            self._kept = 0
        self._known[clause] = found
        self._kept += cost

    def _find(self, clause: Clause) -> Matches:
        if clause.is_prefix:
            return self._beginnings([term for term, _ in clause.terms])
        if len(clause.terms) > 1:
            return self._phrase(clause.terms)
        postings = self._read(clause.terms[0][0])
        return self._matches(postings.numbers, postings.weights)

    def _beginnings(self, beginnings: Sequence[str]) -> Matches:
        """Return where any of the first EXPANSIONS_MAX terms of each stands."""
        found = {
            term
            for beginning in beginnings
            for term in islice(self._begin(beginning), EXPANSIONS_MAX)
        }
        total: defaultdict[int, float] = defaultdict(float)
        for term in sorted(found):
            postings = self._read(term)
            for number, weight in zip(postings.numbers, postings.weights, strict=True):
                total[number] += weight
        numbers = sorted(total)
        return self._matches(numbers, [total[number] for number in numbers])

    def _phrase(self, terms: tuple[tuple[str, int], ...]) -> Matches:
        """Return where all *terms* stand at their distances; weakest weight counts."""
        starts: dict[int, set[int]] = {}
        weights: dict[int, float] = {}
        for at, (term, distance) in enumerate(terms):
            if at and not starts:
                break
            left: dict[int, set[int]] = {}
            for number, weight, turns in zip(*self._read(term), strict=True):
                if at and number not in starts:
                    continue
                here = {turn - distance for turn in array("H", turns)}
                if here := here & starts[number] if at else here:
                    left[number] = here
                    weights[number] = min(weight, weights.get(number, weight))
            starts = left
        numbers = sorted(starts)
        return self._matches(numbers, [weights[number] for number in numbers])

    def _matches(self, numbers: Sequence[int], weights: Sequence[float]) -> Matches:
        return Matches(numbers, weights, bitmap.of(numbers, self.size))


def _values(facts: Sequence[Facts]) -> dict[Facet, dict[str, int]]:
    """Return the set of listings behind each value of each facet."""
    numbers: dict[Facet, defaultdict[str, list[int]]] = {
        facet: defaultdict(list) for facet in Facet
    }
    for number, fact in enumerate(facts):
        for facet, value in zip(Facet, fact.facets, strict=True):
            if value:
                numbers[facet][value].append(number)
    return {
        facet: {value: bitmap.of(has, len(facts)) for value, has in by_value.items()}
        for facet, by_value in numbers.items()
    }


def _vendors(facts: Sequence[Facts]) -> dict[str, tuple[str, str]]:
    """Return the names of the vendors by the value of their facet."""
    at = list(Facet).index(Facet.VENDOR)
    return {fact.facets[at]: (fact.vendor_zh, fact.vendor_en) for fact in facts}
