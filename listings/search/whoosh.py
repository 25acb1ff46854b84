"""The index on disk: Whoosh keeps the postings and the texts; ranking is our own."""

import json
import logging
import warnings
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from secrets import token_hex
from threading import Lock
from typing import Any, NamedTuple

from listings.search import bitmap, ranking
from listings.search.entry import (
    EXCERPT_MAX,
    Entry,
    Facet,
    Occurrence,
    occurrences,
)
from listings.search.highlight import Marker, snippet, title
from listings.search.query import STOP, Clause, Query, check, parse
from listings.search.results import Count, Hit, Results, counts
from listings.search.shelf import Facts, Postings, Shelf, Texts
from settlement.errors import Refusal

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


@dataclass(eq=False)
class IndexBusy(Refusal):
    """Another process is writing the search index."""


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


class View(NamedTuple):
    """The index as of one commit; a search uses one view throughout."""

    generation: int
    shelves: Mapping[str, Shelf]  # by the name of the segment, in Whoosh's order
    parts: tuple[ranking.Part, ...]


def open_index(url: str) -> "Index":
    """Return the index that *url* names, such as ``whoosh:/var/lib/databourse/search``.

    A directory that is empty or holds no readable index becomes an empty index at
    position 0, which the projection then fills.
    """
    assert url.startswith(SCHEME), url
    return Index(Path(url.removeprefix(SCHEME)))


class Index:
    """A searchable projection of the catalogue; any thread may call anything.

    One process writes at a time; all others see its commits at their next search.
    """

    def __init__(self, directory: Path) -> None:
        """Open the index in *directory*, or make an empty one there."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds pickles
        self.directory = directory
        self._writing = Lock()
        self._reading = Lock()  # Whoosh's files have one place to read from
        self._view = View(-1, {}, ())
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
    def position(self) -> int:
        """Return the last change of the catalogue that the index shows."""
        try:
            return int((self.directory / POSITION).read_text())
        except FileNotFoundError:
            return 0

    def count(self) -> int:
        """Return the number of listings in the index."""
        return sum(part.alive.bit_count() for part in self._refresh().parts)

    def search(self, query: Query) -> Results:
        """Answer *query*; QueryTooLong, TooManyTerms and their like beyond limits."""
        check(query)
        clauses = parse(query.text)
        view = self._refresh()
        with self._reading:
            found = ranking.find(view.parts, query, clauses)
            texts = [
                view.parts[place.part].shelf.texts(place.number)
                for place in found.places
            ]
        marker = _marker(clauses)
        hits = [
            _hit(view.parts[place.part].shelf, place, text, query.language, marker)
            for place, text in zip(found.places, texts, strict=True)
        ]
        return Results(
            found.total,
            hits,
            _facets(view.parts, query, found),
            query.page,
            query.page_size,
            found.partial,
        )

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
        prepared = [_document(entry) for entry in entries.values()]
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
                writer.add_document(**_document(entry))
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
        first = 0
        for part in self._refresh().parts:
            known = part.shelf.number_of
            for number in [known[id_] for id_ in ids if id_ in known]:
                writer.delete_document(first + number)
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
                shelves[name] = view.shelves.get(name) or _shelf(leaf)
                alive.append(_alive(leaf))
            pairs = list(zip(shelves.values(), alive, strict=True))
            self._view = View(newest, shelves, ranking.parts(pairs))
            return self._view


def _document(entry: Entry) -> dict[str, Any]:
    """Return the fields of *entry* as the schema wants them."""
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
    return {TERMS: terms, FACTS: json.dumps(facts).encode(), TEXTS: (zh, en)}


def _shelf(leaf: Any) -> Shelf:
    """Return the memory of one segment of Whoosh's."""
    column = leaf.column_reader(FACTS)
    facts = []
    for number in range(leaf.doc_count_all()):
        id_, listed_us, price, length, facets, zh, en = json.loads(column[number])
        facts.append(Facts(id_, listed_us, price, length, tuple(facets), zh, en))

    def read(term: str) -> Postings:
        return _postings(leaf, term)

    def begin(beginning: str) -> list[str]:
        return _beginning(leaf, beginning)

    def texts(number: int) -> Texts:
        return Texts(*leaf.stored_fields(number)[TEXTS])

    return Shelf(facts, read, begin, texts)


def _postings(leaf: Any, term: str) -> Postings:
    """Return all postings of *term*, block by block.

    Whoosh's public way gives them one by one, ten times slower: time that a query of
    twenty frequent words must not take.
    """
    numbers, weights = array("I"), array("f")
    turns: list[bytes] = []
    try:
        matcher = leaf.postings(TERMS, term)
    except TermNotFound:
        return Postings(numbers, weights, turns)
    blocks = getattr(matcher, "child", matcher)  # those deleted since are cut later
    blocks.reset()
    while blocks.is_active():
        blocks.id(), blocks.weight(), blocks.value()  # decode the block
        numbers.extend(blocks._ids)  # noqa: SLF001
        weights.extend(blocks._weights)  # noqa: SLF001
        turns.extend(blocks._values)  # noqa: SLF001
        blocks._next_block()  # noqa: SLF001
    return Postings(numbers, weights, turns)


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


def _alive(leaf: Any) -> int:
    size = leaf.doc_count_all()
    return bitmap.full(size) & ~bitmap.of(leaf.segment().deleted_docs(), size)


def _hit(
    shelf: Shelf,
    place: ranking.Place,
    texts: Texts,
    language: str,
    marker: Marker,
) -> Hit:
    """Return what the page shows of a hit, in *language* where it has it."""
    first, second = (texts.zh, texts.en) if language == "zh" else (texts.en, texts.zh)
    return Hit(
        shelf.facts[place.number].id,
        place.score,
        title(first[0] or second[0], marker),
        snippet((*first[1:], *second[1:]), marker),
    )


def _facets(
    parts: Sequence[ranking.Part], query: Query, found: ranking.Found
) -> dict[Facet, tuple[Count, ...]]:
    names = {
        vendor: name for part in parts for vendor, name in part.shelf.vendors.items()
    }
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
        for term, _ in clause.terms
        if clause.required or term not in STOP
    }
    begins = tuple(
        term for clause in clauses if clause.is_prefix for term, _ in clause.terms
    )
    return Marker(terms, begins)
