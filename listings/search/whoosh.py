"""The index on disk: Whoosh keeps the segments; ranking is our own.

Whoosh's are the table of contents that a commit replaces, the lock, the dictionary of
terms and the compressed texts. Its postings are lists of Python's objects, pickled:
15 ms to read a term that 30,000 listings have. Ours are arrays in a mapped file.
"""

import json
import logging
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from heapq import merge
from itertools import islice
from mmap import ACCESS_READ, mmap
from pathlib import Path
from secrets import token_hex
from struct import Struct
from threading import Lock
from typing import Any

import numpy as np

from listings.search import ranking
from listings.search.answer import View, document
from listings.search.entry import Entry
from listings.search.gathering import Gathered, Gathering, join, small
from listings.search.index import IndexBusy
from listings.search.packing import (
    NOTHING,
    Posting,
    packed_columns,
    postings_of,
    turns_of,
    unpacked_columns,
)
from listings.search.reader import Reader
from listings.search.shelf import Array, Postings, Shelf, Source, Texts, Turns

with warnings.catch_warnings():  # Whoosh 2.7.4 has invalid escapes in its strings
    warnings.simplefilter("ignore")
    from whoosh import columns, fields, index
    from whoosh.codec.whoosh3 import W3Codec, W3Segment
    from whoosh.filedb.filetables import OrderedHashReader, OrderedHashWriter
    from whoosh.filedb.structfile import BufferFile
    from whoosh.util.filelock import try_for

SCHEME = "whoosh:"
POSITION = "position"  # the name of a file
# The files of a segment: the dictionary, the postings, the facts and the texts.
TERMS, POSTINGS, FACTS, TEXTS = ".trm", ".pst", ".fct", ".txt"
PART_MAX = 200_000  # listings gathered in memory by a rebuild: about 200 MB
SCAN_MAX = 400  # terms looked at for one beginning
WAIT_S = 5.0  # for another process that is writing
TRIES = 10  # to open segments that another process has joined meanwhile
_PLACE = Struct("<QIIIII")  # where a posting begins, its parts' lengths, its listings
_TEXTS = columns.CompressedBytesColumn()
log = logging.getLogger(__name__)


class _Leaf:
    """The open files of one segment."""

    def __init__(self, storage: Any, segment: Any) -> None:
        """Map the files."""

        def file(ending: str) -> tuple[Any, int]:
            path = Path(storage.folder) / segment.make_filename(ending)
            with path.open("rb") as opened:
                size = path.stat().st_size
                if size != segment.sizes[ending]:
                    raise ValueError(path.name)
                mapped = mmap(opened.fileno(), 0, access=ACCESS_READ) if size else b""
            return BufferFile(memoryview(mapped)), size

        facts, length = file(FACTS)
        self.columns = unpacked_columns(bytes(facts.get(0, length)))
        self._terms = OrderedHashReader(*file(TERMS))
        self._postings, _ = file(POSTINGS)
        texts, length = file(TEXTS)
        self._texts = _TEXTS.reader(texts, 0, length, self.columns.size)
        source = Source(
            self._sizes, self._of_terms, self._turns, self._begin, self.texts
        )
        self.shelf = Shelf(self.columns, source)

    def all(self) -> Iterator[tuple[str, Posting]]:
        """Yield every term with its posting, by term."""
        for term, place in self._terms.items():
            yield term.decode(), self._posting(place)

    def texts(self, numbers: Sequence[int]) -> list[Texts]:
        """Return the texts of *numbers*."""
        return [Texts(*json.loads(self._texts[number])) for number in numbers]

    def _posting(self, place: bytes | None) -> Posting:
        if place is None:
            return NOTHING
        at, *lengths, _ = _PLACE.unpack(place)
        pieces = []
        for length in lengths:
            pieces.append(self._postings.get(at, length))
            at += length
        return Posting(*pieces)

    def _sizes(self, terms: Sequence[str]) -> list[int]:
        places = [self._terms.get(_key(term)) for term in terms]
        return [_PLACE.unpack(place)[-1] if place else 0 for place in places]

    def _of_terms(self, terms: Sequence[str]) -> list[Postings]:
        found = [self._posting(self._terms.get(_key(term))) for term in terms]
        return [postings_of(each.numbers, each.weights) for each in found]

    def _turns(self, terms: Sequence[str]) -> list[Turns]:
        found = [self._posting(self._terms.get(_key(term))) for term in terms]
        return [turns_of(each.numbers, each.counts, each.turns) for each in found]

    def _begin(self, beginning: str) -> list[str]:
        """Return terms that start with *beginning*, of the first SCAN_MAX.

        The frequent first: by the alphabet alone "sta" would stand for "stability" and
        never for "statistics".
        """
        start = _key(beginning)
        found = []
        for term, place in islice(self._terms.items_from(start), SCAN_MAX):
            if not term.startswith(start):
                break
            found.append((-_PLACE.unpack(place)[-1], term.decode()))
        return [term for _, term in sorted(found)]


def open_index(url: str) -> "WhooshIndex":
    """Return the index that *url* names, such as ``whoosh:/var/lib/databourse/search``.

    A directory that is empty or holds no readable index becomes an empty index at
    position 0, which the projection then fills.
    """
    assert url.startswith(SCHEME), url
    return WhooshIndex(Path(url.removeprefix(SCHEME)))


class WhooshIndex(Reader):
    """The index in a directory (see `listings.search.index.Index`)."""

    def __init__(self, directory: Path) -> None:
        """Open the index in *directory*, or make an empty one there."""
        super().__init__()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds pickles
        self.directory = directory
        self._writing = Lock()
        self._leaves: dict[str, _Leaf] = {}  # by the name of the segment
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
        made = [document(entry) for entry in entries.values()]
        gathering = Gathering()
        for each in made:
            gathering.add(each)
        with self._locked():
            if position is not None and self.position >= position:
                return
            toc = self._toc()
            gone = np.array(sorted({*entries, *deletes}), np.int64)
            for segment in toc.segments:
                shelf = self._leaf(segment).shelf
                for number in shelf.numbers_of(gone).tolist():
                    segment.delete_document(number)
            if made:
                texts = (each.texts for each in made)
                toc.segments.append(self._write(gathering.whole(), texts))
            self._join_small(toc)
            self._commit(toc)
            self._remember(position)

    def rebuild(self, entries: Iterable[Entry], position: int = 0) -> int:
        """Replace everything by *entries*; return how many.

        Searches see the old index until the new one is whole.
        """
        rest = iter(entries)
        number = 0
        with self._locked():
            toc = self._toc()
            toc.segments = []
            while True:
                gathering = Gathering()
                segment = self._segment()
                with self._texts(segment) as texts:
                    for entry in islice(rest, PART_MAX):
                        made = document(entry)
                        texts.add(len(gathering), _stored(made.texts))
                        gathering.add(made)
                if not len(gathering):
                    break
                self._write_terms(segment, gathering.whole())
                toc.segments.append(segment)
                number += len(gathering)
            self._remember(min(position, self.position))  # a crash repeats changes
            self._commit(toc)
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
        return index.create_in(str(self.directory), fields.Schema())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Be the one writer; IndexBusy if another process stays it."""
        with self._writing:
            lock = self._files.lock("WRITELOCK")
            if not try_for(lock.acquire, timeout=WAIT_S, delay=0.1):
                raise IndexBusy
            try:
                yield
            finally:
                lock.release()

    def _toc(self) -> Any:
        """Return the newest table of contents, not shared with anybody."""
        return index.TOC.read(self._files.storage, self._files.indexname)

    def _commit(self, toc: Any) -> None:
        """Make *toc* the newest, then remove what it no longer names."""
        storage, name = self._files.storage, self._files.indexname
        toc.generation += 1
        toc.write(storage, name)
        index.clean_files(storage, name, toc.generation, toc.segments)

    def _segment(self) -> Any:
        """Return a segment with a name that nobody can guess or repeat.

        Whoosh's names come from `random`, which a seed or a fork repeats.
        """
        return W3Segment(W3Codec(), self._files.indexname, segid=token_hex(8))

    @contextmanager
    def _texts(self, segment: Any) -> Iterator[Any]:
        """Give what takes the texts of *segment* by number."""
        with segment.create_file(self._files.storage, TEXTS) as file:
            column = _TEXTS.writer(file)
            yield column
            column.finish(0)  # every number has been given

    def _write(self, gathered: Gathered, texts: Iterable[Texts]) -> Any:
        """Return *gathered* and its *texts* as a new segment."""
        segment = self._segment()
        with self._texts(segment) as column:
            for number, each in enumerate(texts):
                column.add(number, _stored(each))
        self._write_terms(segment, gathered)
        return segment

    def _write_terms(self, segment: Any, gathered: Gathered) -> None:
        storage = self._files.storage
        segment.set_doc_count(gathered.columns.size)
        with segment.create_file(storage, FACTS) as facts:
            facts.write(packed_columns(gathered.columns))
        terms = OrderedHashWriter(segment.create_file(storage, TERMS))
        with segment.create_file(storage, POSTINGS) as file:
            at = 0
            for term, posting in gathered.postings:
                lengths = [len(piece) for piece in posting]
                having = lengths[1] and (lengths[1] - 1) // posting.weights[0]
                terms.add(_key(term), _PLACE.pack(at, *lengths, having))
                file.write(b"".join(posting))
                at += sum(lengths)
        terms.close()
        segment.sizes = {  # what is torn is not opened
            ending: storage.file_length(segment.make_filename(ending))
            for ending in (TERMS, POSTINGS, FACTS, TEXTS)
        }

    def _join_small(self, toc: Any) -> None:
        """Replace the last segments by one of their living listings if there are many.

        One without any living listing goes in any case.
        """
        segments = [each for each in toc.segments if each.doc_count()]
        first = len(segments) - small([each.doc_count_all() for each in segments])
        joined = segments[first:]
        if joined:
            leaves = [self._leaf(segment) for segment in joined]
            alive = [_alive(segment) for segment in joined]
            every = [
                [(term, at, posting) for term, posting in leaf.all()]
                for at, leaf in enumerate(leaves)
            ]
            columns_of_all = [leaf.columns for leaf in leaves]
            postings = merge(*every, key=lambda each: each[:2])
            texts = (
                text
                for leaf, keep in zip(leaves, alive, strict=True)
                for text in leaf.texts(np.flatnonzero(keep).tolist())
            )
            whole = join(columns_of_all, alive, postings)
            segments[first:] = [self._write(whole, texts)]
        toc.segments = segments

    def _remember(self, position: int | None) -> None:
        """Write *position* down, after what it stands for is on the disk."""
        if position is None:
            return
        new = self.directory / f"{POSITION}.new"
        new.write_text(str(position))
        new.replace(self.directory / POSITION)

    def _leaf(self, segment: Any) -> _Leaf:
        """Return the open files of *segment*."""
        name = segment.segment_id()
        return self._leaves.get(name) or _Leaf(self._files.storage, segment)

    def _refresh(self) -> View:
        """Return a view of the newest commit; read only segments not read yet."""
        view = self._view
        if self.generation == view.generation:
            return view
        with self._reading:
            if self._view is not view:  # another thread was faster
                return self._view
            toc, self._leaves = self._opened()
            shelves = [leaf.shelf for leaf in self._leaves.values()]
            alive = [_alive(segment) for segment in toc.segments]
            pairs = list(zip(shelves, alive, strict=True))
            self._view = View(toc.generation, ranking.parts(pairs))
            return self._view

    def _opened(self) -> tuple[Any, dict[str, _Leaf]]:
        """Return the newest table of contents and its segments.

        Another process may commit, or join segments, and remove their files in between.
        """
        for last in range(1 - TRIES, 1):
            seen = self.generation
            try:
                toc = self._toc()
                return toc, {s.segment_id(): self._leaf(s) for s in toc.segments}
            except FileNotFoundError:
                if not last or seen == self.generation:
                    raise
        raise AssertionError


def _stored(texts: Texts) -> bytes:
    return json.dumps(texts, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _key(term: str) -> bytes:
    return term.encode("utf-8", "surrogatepass")


def _alive(segment: Any) -> Array:
    alive = np.ones(segment.doc_count_all(), bool)
    alive[list(segment.deleted_docs())] = False
    return alive
