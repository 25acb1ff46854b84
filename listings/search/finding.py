"""Search as people use it: what is found, and what was meant where nothing is."""

import logging
from threading import Lock, Thread
from typing import NamedTuple

from listings.search import lexicon
from listings.search.index import Index
from listings.search.query import LENGTH_MAX, Query
from listings.search.results import Results

log = logging.getLogger(__name__)


class Found(NamedTuple):
    """The results; ``corrected`` is what was searched instead of the words typed."""

    results: Results
    corrected: str = ""


class Finder:
    """Answers queries and completes words; its words follow the index."""

    def __init__(self, index: Index) -> None:
        """Search in *index*; its words are learnt when they are first needed."""
        self._index = index
        self._lexicon = lexicon.Lexicon((), ())
        self._learnt = -1  # the generation whose words are known
        self._learning = Lock()

    def find(self, query: Query, *, exact: bool = False) -> Found:
        """Answer *query*; words that nothing has are put right unless it is *exact*."""
        results = self._index.search(query)
        if exact or (results.total and not results.is_partial):
            return Found(results)
        corrected = self.words().correct(query.text, self._index.knows)[:LENGTH_MAX]
        if not corrected:
            return Found(results)
        instead = self._index.search(query._replace(text=corrected))
        if not instead.total:
            return Found(results)
        return Found(instead, corrected)

    def words(self) -> lexicon.Lexicon:
        """Return the words of the index, at most one commit's learning behind.

        Only the first caller waits; later ones get what is known meanwhile.
        """
        if self._learnt < 0:
            with self._learning:
                if self._learnt < 0:
                    self._learn()
        elif self._learnt != self._index.generation and not self._learning.locked():
            Thread(target=self._learn_again, name="search-words", daemon=True).start()
        return self._lexicon

    def _learn_again(self) -> None:
        if not self._learning.acquire(blocking=False):
            return
        try:
            self._learn()
        except Exception:  # the words of before still serve
            log.exception("the words of the search index cannot be learnt")
        finally:
            self._learning.release()

    def _learn(self) -> None:
        generation = self._index.generation
        self._lexicon = lexicon.learn(self._index)
        self._learnt = generation
