"""The answer to a query over the parts of any engine: rank, read, mark, count."""

from collections.abc import Sequence
from typing import NamedTuple

from listings.search import ranking
from listings.search.entry import EXCERPT_MAX, Entry, Facet, Occurrence, occurrences
from listings.search.highlight import Marker, snippet, title
from listings.search.query import STOP, Clause, Query
from listings.search.results import Count, Hit, Results, counts
from listings.search.shelf import Facts, Texts


class View(NamedTuple):
    """The index as of one commit; a search uses one view throughout."""

    generation: int
    parts: tuple[ranking.Part, ...]

    def size(self) -> int:
        """Return the number of listings."""
        return sum(int(part.alive.sum()) for part in self.parts)

    def vendors(self) -> dict[str, tuple[str, str]]:
        """Return the names of the vendors, by the value of the facet."""
        return {
            vendor: name
            for part in self.parts
            for vendor, name in part.shelf.columns.vendors.items()
        }

    def newest(self, limit: int) -> list[Texts]:
        """Return the texts of the *limit* newest listings."""
        found = ranking.find(self.parts, Query(page_size=limit), ())
        return _texts(self.parts, found.places)


class Document(NamedTuple):
    """An entry ready to be written: its terms, facts and texts."""

    terms: dict[str, Occurrence]
    facts: Facts
    texts: Texts


def document(entry: Entry) -> Document:
    """Return *entry* as every engine writes it."""
    terms = occurrences(entry)
    facts = Facts(
        entry.id,
        entry.listed_us,
        -1 if entry.price is None else entry.price,
        sum(weight for weight, _ in terms.values()),
        tuple(entry.facets().values()),
        entry.vendor_zh,
        entry.vendor_en,
    )
    zh = entry.title_zh, entry.summary_zh, entry.description_zh[:EXCERPT_MAX]
    en = entry.title_en, entry.summary_en, entry.description_en[:EXCERPT_MAX]
    return Document(terms, facts, Texts(zh, en))


def answer(view: View, query: Query, clauses: Sequence[Clause]) -> Results:
    """Return one page of what *query*, parsed into *clauses*, finds in *view*."""
    found = ranking.find(view.parts, query, clauses)
    marker = _marker(clauses)
    hits = [
        _hit(view.parts[place.part], place, texts, query.language, marker)
        for place, texts in zip(
            found.places, _texts(view.parts, found.places), strict=True
        )
    ]
    return Results(
        found.total,
        hits,
        _facets(view, query, found),
        query.page,
        query.page_size,
        found.partial,
    )


def _texts(
    parts: Sequence[ranking.Part], places: Sequence[ranking.Place]
) -> list[Texts]:
    """Return the texts of *places*, each part asked once."""
    read: dict[tuple[int, int], Texts] = {}
    for at in {place.part for place in places}:
        numbers = [place.number for place in places if place.part == at]
        for number, texts in zip(numbers, parts[at].shelf.texts(numbers), strict=True):
            read[at, number] = texts
    return [read[place.part, place.number] for place in places]


def _hit(
    part: ranking.Part,
    place: ranking.Place,
    texts: Texts,
    language: str,
    marker: Marker,
) -> Hit:
    """Return what the page shows of a hit, in *language* where it has it.

    The other language explains the hit only if its title does not.
    """
    first, second = (texts.zh, texts.en) if language == "zh" else (texts.en, texts.zh)
    shown = title(first[0] or second[0], marker)
    told = any(first[1:]) and any(fragment.is_match for fragment in shown)
    return Hit(
        int(part.shelf.columns.ids[place.number]),
        place.score,
        shown,
        snippet(first[1:] if told else (*first[1:], *second[1:]), marker),
    )


def _facets(
    view: View, query: Query, found: ranking.Found
) -> dict[Facet, tuple[Count, ...]]:
    names = view.vendors()
    return {
        facet: counts(
            having,
            query.filters.get(facet, frozenset()),
            names if facet is Facet.VENDOR else {},
        )
        for facet, having in found.counts.items()
    }


def _marker(clauses: Sequence[Clause]) -> Marker:
    """Return what marks the words asked for; a stop word only if required."""
    terms = {
        term
        for clause in clauses
        for phrase in (clause.terms, *clause.others)
        for term, _ in phrase
        if clause.required or term not in STOP
    }
    begins = tuple(
        term for clause in clauses if clause.is_prefix for term, _ in clause.terms
    )
    return Marker(terms, begins)
