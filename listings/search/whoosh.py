"""The index on disk: Whoosh keeps the postings and the texts; ranking is our own."""

import json
import logging
import warnings
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from secrets import token_hex
from threading import Lock
from typing import Any

import numpy as np

from listings.search import ranking
from listings.search.answer import View, answer, document
from listings.search.entry import Entry, Occurrence
from listings.search.index import IndexBusy
from listings.search.query import Clause, Query, check, parse
from listings.search.results import Results
from listings.search.shelf import (
    Array,
    Facts,
    Postings,
    Shelf,
    Source,
    Texts,
    Turns,
    columns_of,
)

with warnings.catch_warnings():  # Whoosh 2.7.4 has invalid escapes in its strings
    warnings.simplefilter("ignore")
    from whoosh import columns, fields, formats, index, writing
    from whoosh.codec.whoosh3 import W3Codec, W3FieldWriter, W3Segment
    from whoosh.reading import TermNotFound

SCHEME = "whoosh:"
POSITION = "position"  # the name of a file
TERMS, FACTS, TEXTS = "terms", "facts", "texts"  # the fields of a document
POOL_MB = 256  # postings gathered in memory before they are sorted on disk
SCAN_MAX = 400  # terms looked at for one beginning
WAIT_S = 5.0  # for another process that is writing
log = logging.getLogger(__name__)


class Terms(fields.FieldType):
    """A field that takes occurrences ready-made: Whoosh analyses nothing."""

    def __init__(self) -> None:
        """Index each term with a weight and turns; keep no other statistics."""
        super().__init__(formats.Format(), analyzer=None)

    def index(
        self, value: Mapping[str, Occurrence], **_: object
    ) -> Iterator[tuple[bytes, int, float, bytes]]:
        """Yield term, frequency, weight and turns, as the writer wants them."""
        for term, (weight, turns) in value.items():
            yield term.encode(), len(turns), weight, turns.tobytes()


class FieldWriter(W3FieldWriter):
    """Whoosh's own, but it does not look on the disk for lengths that we do not keep.

    It did for every posting: a third of the time of building an index.
    """

    def add_postings(self, schema: Any, _lengths: object, items: Any) -> None:
        """Write *items* in order."""
        super().add_postings(schema, None, items)


class Codec(W3Codec):
    """Whoosh's own, but two processes never give two segments one name.

    Its names come from `random`, which a seed or a fork repeats.
    """

    def field_writer(self, storage: Any, segment: Any) -> FieldWriter:
        """Return the writer of the postings."""
        return FieldWriter(self, storage, segment)

    def new_segment(self, _storage: object, indexname: str) -> Any:
        """Return a segment with a name that nobody can guess or repeat."""
        return W3Segment(self, indexname, segid=token_hex(8))


def _schema() -> Any:
    return fields.Schema(
        terms=Terms(),
        facts=fields.COLUMN(columns.VarBytesColumn()),
        texts=fields.STORED(),
    )


def open_index(url: str) -> "WhooshIndex":
    """Return the index that *url* names, such as ``whoosh:/var/lib/databourse/search``.

    A directory that is empty or holds no readable index becomes an empty index at
    position 0, which the projection then fills.
    """
    assert url.startswith(SCHEME), url
    return WhooshIndex(Path(url.removeprefix(SCHEME)))


class WhooshIndex:
    """The index in a directory (see `listings.search.index.Index`)."""

    def __init__(self, directory: Path) -> None:
        """Open the index in *directory*, or make an empty one there."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds pickles
        self.directory = directory
        self._writing = Lock()
        self._reading = Lock()  # Whoosh's files have one place to read from
        self._view = View(-1, ())
        self._shelves: dict[str, Shelf] = {}  # by the name of the segment
        try:
            self._files = index.open_dir(str(directory))
            self._refresh()
        except index.EmptyIndexError:
            self._files = self._start_again()
        except Exception as failure:  # noqa: BLE001 - a torn pickle may raise anything
            reason = type(failure).__name__
            log.warning("the search index is unreadable (%s): starting again", reason)
            self._files = self._start_again()

    @property
    def generation(self) -> int:
        """Return a number that grows with every commit."""
        return int(self._files.latest_generation())

    @property
    def position(self) -> int:
        """Return the last change of the catalogue that the index shows."""
        try:
            return int((self.directory / POSITION).read_text())
        except FileNotFoundError:
            return 0

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

    def close(self) -> None:
        """Give back the files."""
        self._files.close()

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
        entries = {entry.id: entry for entry in upserts}
        prepared = [_fields(entry) for entry in entries.values()]
        with self._writing, self._writer() as writer:
            if position is not None and self.position >= position:
                writer.cancel()
                return
            self._delete(writer, {*entries, *deletes})
            for document in prepared:
                writer.add_document(**document)
            writer.commit()
            self._remember(position)

    def rebuild(self, entries: Iterable[Entry], position: int = 0) -> int:
        """Replace everything by *entries*; return how many.

        Searches see the old index until the new one is whole.
        """
        number = 0
        with self._writing, self._writer() as writer:
            for entry in entries:
                writer.add_document(**_fields(entry))
                number += 1
            self._remember(min(position, self.position))  # a crash repeats changes
            writer.commit(mergetype=writing.CLEAR)
            self._remember(position)
        return number

    def clear(self) -> None:
        """Forget everything, the position too."""
        self.rebuild(())

    def _start_again(self) -> Any:
        """Return an empty index; whatever was here cannot be read."""
        (self.directory / POSITION).unlink(missing_ok=True)
        for pattern in ("_MAIN_*.toc", "MAIN_*"):
            for file in self.directory.glob(pattern):
                file.unlink()
        return index.create_in(str(self.directory), _schema())

    @contextmanager
    def _writer(self) -> Iterator[Any]:
        """Give the one writer; a failure leaves the index as it was."""
        try:
            writer = self._files.writer(codec=Codec(), timeout=WAIT_S, limitmb=POOL_MB)
        except index.LockError:
            raise IndexBusy from None
        try:
            yield writer
        except BaseException:
            if not writer.is_closed:
                writer.cancel()
            raise

    def _delete(self, writer: Any, ids: set[int]) -> None:
        wanted = np.array(sorted(ids), np.int64)
        first = 0
        for part in self._refresh().parts:
            for number in part.shelf.numbers_of(wanted):
                writer.delete_document(first + int(number))
            first += part.shelf.size

    def _remember(self, position: int | None) -> None:
        """Write *position* down, after what it stands for is on the disk."""
        if position is None:
            return
        new = self.directory / f"{POSITION}.new"
        new.write_text(str(position))
        new.replace(self.directory / POSITION)

    def _refresh(self) -> View:
        """Return a view of the newest commit; read only segments not read yet."""
        view = self._view
        newest = self._files.latest_generation()
        if newest == view.generation:
            return view
        with self._reading:
            if self._view is not view:  # another thread was faster
                return self._view
            shelves, alive = {}, []
            reader = self._files.reader()
            for leaf, _ in reader.leaf_readers() if reader.doc_count_all() else ():
                name = leaf.segment().segment_id()
                shelves[name] = self._shelves.get(name) or _shelf(leaf)
                alive.append(_alive(leaf))
            pairs = list(zip(shelves.values(), alive, strict=True))
            self._shelves = shelves
            self._view = View(newest, ranking.parts(pairs))
            return self._view


def _fields(entry: Entry) -> dict[str, Any]:
    """Return the fields of *entry* as the schema wants them."""
    terms, facts, texts = document(entry)
    return {TERMS: terms, FACTS: json.dumps(facts).encode(), TEXTS: tuple(texts)}


def _shelf(leaf: Any) -> Shelf:
    """Return the memory of one segment of Whoosh's."""
    column = leaf.column_reader(FACTS)
    facts = []
    for number in range(leaf.doc_count_all()):
        id_, listed_us, price, length, facets, zh, en = json.loads(column[number])
        facts.append(Facts(id_, listed_us, price, length, tuple(facets), zh, en))

    def postings(term: str) -> Postings:
        return Postings(*_read(leaf, term)[:2])

    def turns(term: str) -> Turns:
        numbers, _, turns = _read(leaf, term)
        counts = np.array([len(each) // 2 for each in turns], np.int64)
        return Turns(numbers, counts, np.frombuffer(b"".join(turns), np.uint16))

    def begin(beginning: str) -> list[str]:
        return _beginning(leaf, beginning)

    def texts(numbers: Sequence[int]) -> list[Texts]:
        return [Texts(*leaf.stored_fields(number)[TEXTS]) for number in numbers]

    return Shelf(columns_of(facts), Source(postings, turns, begin, texts))


def _read(leaf: Any, term: str) -> tuple[Array, Array, list[bytes]]:
    """Return all postings of *term*, block by block: numbers, weights, turns.

    Whoosh's public way gives them one by one, ten times slower: time that a query of
    twenty frequent words must not take.
    """
    numbers, weights = array("I"), array("f")
    turns: list[bytes] = []
    with suppress(TermNotFound):
        matcher = leaf.postings(TERMS, term)
        blocks = getattr(matcher, "child", matcher)  # those deleted since are cut later
        blocks.reset()
        while blocks.is_active():
            blocks.id(), blocks.weight(), blocks.value()  # decode the block
            numbers.extend(blocks._ids)  # noqa: SLF001
            weights.extend(blocks._weights)  # noqa: SLF001
            turns.extend(blocks._values)  # noqa: SLF001
            blocks._next_block()  # noqa: SLF001
    return np.frombuffer(numbers, np.uint32), np.frombuffer(weights, np.float32), turns


def _beginning(leaf: Any, beginning: str) -> list[str]:
    """Return terms that start with *beginning*, of the first SCAN_MAX; frequent first.

    By the alphabet alone "sta" would stand for "stability" and never for "statistics".
    """
    start = beginning.encode()
    found = []
    for (name, term), facts in islice(leaf.iter_from(TERMS, beginning), SCAN_MAX):
        if name != TERMS or not term.startswith(start):
            break
        found.append((-facts.doc_frequency(), term.decode()))
    return [term for _, term in sorted(found)]


def _alive(leaf: Any) -> Array:
    alive = np.ones(leaf.doc_count_all(), bool)
    alive[list(leaf.segment().deleted_docs())] = False
    return alive
