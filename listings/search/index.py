"""The search index: what every engine can do, and the one that a URL names."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from listings.search.entry import Entry
from listings.search.query import Query
from listings.search.results import Results
from listings.search.shelf import Texts
from settlement.errors import Refusal

# scheme → the module whose `open_index` opens it
ENGINES = {
    "whoosh": "listings.search.whoosh",
    "postgresql": "listings.search.postgres",
    "postgresql+psycopg": "listings.search.postgres",
}


@dataclass(eq=False)
class IndexBusy(Refusal):
    """Another process is writing the search index."""


class Index(Protocol):
    """A searchable projection of the catalogue; any thread may call anything.

    One process writes at a time; all others see its commits at their next search.
    """

    @property
    def position(self) -> int:
        """Return the last change of the catalogue that the index shows."""
        ...

    @property
    def generation(self) -> int:
        """Return a number that grows with every commit."""
        ...

    def count(self) -> int:
        """Return the number of listings in the index."""
        ...

    def search(self, query: Query) -> Results:
        """Answer *query*; QueryTooLong, TooManyTerms and their like beyond limits."""
        ...

    def newest(self, limit: int) -> Sequence[Texts]:
        """Return the texts of the *limit* newest listings."""
        ...

    def vendors(self) -> Sequence[tuple[str, str]]:
        """Return the names of the vendors in both languages."""
        ...

    def knows(self, *terms: str) -> bool:
        """Tell whether any text has *terms*, which are `segment`'s, side by side."""
        ...

    def apply(
        self,
        upserts: Sequence[Entry],
        deletes: Sequence[int] = (),
        position: int | None = None,
    ) -> None:
        """Show *upserts*, forget *deletes*, remember *position*; one commit.

        An index that is already at or past *position* stays as it is, so that two
        projections never step back. IndexBusy if another process keeps writing.
        """
        ...

    def rebuild(self, entries: Iterable[Entry], position: int = 0) -> int:
        """Replace everything by *entries*; return how many.

        Searches see the old index until the new one is whole.
        """
        ...

    def clear(self) -> None:
        """Forget everything, the position too."""
        ...

    def close(self) -> None:
        """Give back what the index holds open."""
        ...


def open_index(url: str) -> Index:
    """Return the index that *url* names.

    ``whoosh:/var/lib/databourse/search`` is a directory; one that holds no readable
    index becomes an empty index at position 0, which the projection then fills.
    ``postgresql://…`` is a database, which may be that of the records.
    """
    engine = import_module(ENGINES[url.partition(":")[0]])
    return cast("Index", engine.open_index(url))
