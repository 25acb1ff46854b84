"""What a search answers: hits with highlights, and the counts to narrow them by."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from listings.search.entry import Facet
from listings.search.highlight import Fragment

COUNTS_MAX = 100  # values of one facet that are shown


class Hit(NamedTuple):
    """A listing found; the score is 0.0 unless the order is by relevance."""

    id: int
    score: float
    title: tuple[Fragment, ...]
    snippet: tuple[Fragment, ...]


class Count(NamedTuple):
    """A value of a facet and how many listings choosing it would show.

    Only vendors bring their names; all other codes have names elsewhere.
    """

    code: str
    number: int
    is_chosen: bool
    name_zh: str = ""
    name_en: str = ""


class Results(NamedTuple):
    """One page of hits, and what all matches have in common.

    ``is_partial``: nothing has every word of the query, these have some.
    """

    total: int
    hits: Sequence[Hit]
    facets: Mapping[Facet, Sequence[Count]]
    page: int
    page_size: int
    is_partial: bool

    @property
    def has_more(self) -> bool:
        """Tell whether there is a next page."""
        return self.page * self.page_size < self.total


def counts(
    having: Mapping[str, int],
    chosen: frozenset[str],
    names: Mapping[str, tuple[str, str]],
) -> tuple[Count, ...]:
    """Return the values of a facet, most frequent first; chosen ones always."""
    codes = sorted(having, key=lambda code: (-having[code], code))[:COUNTS_MAX]
    codes += sorted(chosen.difference(codes))
    return tuple(
        Count(code, having.get(code, 0), code in chosen, *names.get(code, ("", "")))
        for code in codes
    )
