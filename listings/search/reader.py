"""What every engine reads alike: questions to the newest view of the index."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from threading import Lock

from listings.search.answer import View, answer
from listings.search.query import Clause, Query, check, parse
from listings.search.results import Results
from listings.search.shelf import Texts


class Reader(ABC):
    """Answers from a view; an engine says how it comes by the newest."""

    def __init__(self) -> None:
        """Begin without a view."""
        self._reading = Lock()  # what shelves read from has one place to read at
        self._view = View(-1, ())

    @abstractmethod
    def _refresh(self) -> View:
        """Return a view of the newest commit; read only parts not read yet."""

    def count(self) -> int:
        """Return the number of listings in the index."""
        return self._refresh().size()

    def search(self, query: Query) -> Results:
        """Answer *query*; QueryTooLong, TooManyTerms and their like beyond limits."""
        check(query)
        clauses = parse(query.text)
        view = self._refresh()
        with self._reading:
            return answer(view, query, clauses)

    def newest(self, limit: int) -> Sequence[Texts]:
        """Return the texts of the *limit* newest listings."""
        view = self._refresh()
        with self._reading:
            return view.newest(limit)

    def vendors(self) -> Sequence[tuple[str, str]]:
        """Return the names of the vendors in both languages."""
        return list(self._refresh().vendors().values())

    def knows(self, *terms: str) -> bool:
        """Tell whether any text has *terms*, which are `segment`'s, side by side."""
        clause = Clause(tuple((term, at) for at, term in enumerate(terms)))
        view = self._refresh()
        with self._reading:
            return any(len(p.shelf.matches(clause).numbers) for p in view.parts)
