"""The index in PostgreSQL: parts that never change, read by any number of processes.

Each commit adds a part: the facts of its listings as columns, the postings of its
terms as arrays, and the ids that older parts no longer count for. Small parts are
joined as they grow many. Ranking is that of every engine and happens in the reading
process, which keeps the columns (about 60 bytes a listing) and the postings that were
asked for: counting facets over a `tsvector` costs a visit to every matching row,
seconds at a million listings.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool

from listings.search import ranking
from listings.search.answer import View, answer, document
from listings.search.entry import Entry, Facet
from listings.search.gathering import Gathered, Posting, gather, joined
from listings.search.index import IndexBusy
from listings.search.query import Clause, Query, check, parse
from listings.search.results import Results
from listings.search.shelf import (
    Coded,
    Columns,
    Postings,
    Shelf,
    Source,
    Texts,
    Turns,
)

PART_MAX = 200_000  # listings gathered in memory by a rebuild: about 500 MB
PARTS_MAX = 12  # then the small ones are joined
RETIRED_S = 60  # after it, nobody still reads a part that was joined
SCAN_MAX = 400  # terms looked at for one beginning
WAIT_MS = 5_000  # for another process that is writing
POOL = 8  # connections: searches of one process take turns, writes are one
LAST = "\U0010ffff"  # sorts after every term

log = logging.getLogger(__name__)

# A schema of its own: the migrations do not see it, and it may be dropped at any time.
_SCHEMA = """
CREATE SCHEMA IF NOT EXISTS search;
CREATE TABLE IF NOT EXISTS search.state (
    id integer PRIMARY KEY CHECK (id = 1),
    position bigint NOT NULL,
    generation bigint NOT NULL
);
INSERT INTO search.state VALUES (1, 0, 0) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS search.parts (
    part bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    size integer NOT NULL,
    retired timestamptz,
    ids bytea NOT NULL,
    listed_us bytea NOT NULL,
    prices bytea NOT NULL,
    lengths bytea NOT NULL,
    codes bytea NOT NULL,
    names text NOT NULL,
    gone bytea NOT NULL
);
CREATE TABLE IF NOT EXISTS search.postings (
    part bigint NOT NULL REFERENCES search.parts ON DELETE CASCADE,
    term text COLLATE "C" NOT NULL,
    numbers bytea NOT NULL,
    weights bytea NOT NULL,
    counts bytea NOT NULL,
    turns bytea NOT NULL,
    PRIMARY KEY (part, term)
);
ALTER TABLE search.postings
    ALTER numbers SET STORAGE EXTERNAL, ALTER weights SET STORAGE EXTERNAL,
    ALTER counts SET STORAGE EXTERNAL, ALTER turns SET STORAGE EXTERNAL;
CREATE TABLE IF NOT EXISTS search.texts (
    id bigint PRIMARY KEY,
    zh text NOT NULL,
    en text NOT NULL
);
"""
_NO_TEXTS = Texts(("", "", ""), ("", "", ""))
_READ_VIEW = text(
    "SELECT generation, ARRAY(SELECT part FROM search.parts WHERE retired IS NULL"
    " ORDER BY part) FROM search.state"
)
_READ_GENERATION = text("SELECT generation FROM search.state")
_READ_POSITION = text("SELECT position FROM search.state")
_LOCK = text("SELECT position FROM search.state FOR UPDATE")
_STEP = text(
    "UPDATE search.state"
    " SET generation = generation + 1, position = coalesce(:position, position)"
)
_READ_PART = text(
    "SELECT ids, listed_us, prices, lengths, codes, names, gone"
    " FROM search.parts WHERE part = :part"
)
_READ_POSTINGS = text(
    "SELECT numbers, weights FROM search.postings WHERE part = :part AND term = :term"
)
_READ_TURNS = text(
    "SELECT numbers, counts, turns FROM search.postings"
    " WHERE part = :part AND term = :term"
)
_READ_BEGINNING = text(
    "SELECT term FROM (SELECT term, octet_length(numbers) AS size FROM search.postings"
    " WHERE part = :part AND term >= :low AND term < :high ORDER BY term LIMIT :scan)"
    " AS found ORDER BY size DESC, term"
)
_READ_TEXTS = text("SELECT id, zh, en FROM search.texts WHERE id = ANY(:ids)")
_READ_SIZES = text(
    "SELECT part, size FROM search.parts WHERE retired IS NULL ORDER BY part"
)
_READ_JOINED = text(
    "SELECT term, part, numbers, weights, counts, turns FROM search.postings"
    " WHERE part = ANY(:parts) ORDER BY term, part"
)
_WRITE_PART = text(
    "INSERT INTO search.parts"
    " (size, ids, listed_us, prices, lengths, codes, names, gone) VALUES"
    " (:size, :ids, :listed_us, :prices, :lengths, :codes, :names, :gone)"
    " RETURNING part"
)
_FORGET_TEXTS = text("DELETE FROM search.texts WHERE id = ANY(:ids)")
_RETIRE = text("UPDATE search.parts SET retired = now() WHERE part = ANY(:parts)")
_REMOVE = text(
    "DELETE FROM search.parts WHERE retired < now() - make_interval(secs => :seconds)"
)


class Stored(NamedTuple):
    """A part as it is stored: its facts, and the ids it takes out of older parts."""

    columns: Columns
    gone: Any


class PostgresIndex:
    """The index in a database (see `listings.search.index.Index`)."""

    def __init__(self, engine: Engine) -> None:
        """Use the index behind *engine*, or make an empty one there."""
        self._engine = engine
        self._reading = Lock()
        self._view = View(-1, ())
        self._shelves: dict[int, Shelf] = {}  # by part, ascending
        self._alive: dict[int, Any] = {}
        with engine.begin() as db:
            db.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('search'))")
            if db.scalar(text("SELECT to_regclass('search.texts')")) is None:
                db.exec_driver_sql(_SCHEMA)

    @property
    def position(self) -> int:
        """Return the last change of the catalogue that the index shows."""
        with self._engine.connect() as db:
            return int(db.scalar(_READ_POSITION) or 0)

    @property
    def generation(self) -> int:
        """Return a number that grows with every commit."""
        with self._engine.connect() as db:
            return int(db.scalar(_READ_GENERATION) or 0)

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

    def knows(self, term: str) -> bool:
        """Tell whether any text has *term*, which is one of `segment`'s."""
        clause, view = Clause(((term, 0),)), self._refresh()
        with self._reading:
            return any(len(p.shelf.matches(clause).numbers) for p in view.parts)

    def apply(
        self,
        upserts: Sequence[Entry],
        deletes: Sequence[int] = (),
        position: int | None = None,
    ) -> None:
        """Show *upserts*, forget *deletes*, remember *position*; one commit."""
        entries = {entry.id: entry for entry in upserts}
        prepared = gather(map(document, entries.values()))
        gone = sorted({*entries, *deletes})
        with self._engine.begin() as db:
            if position is not None and _locked(db) >= position:
                return
            if gone:
                db.execute(_FORGET_TEXTS, {"ids": gone})
                _write(db, prepared, np.array(gone, np.int64))
                _write_texts(db, prepared)
                _join_small(db)
            db.execute(_REMOVE, {"seconds": RETIRED_S})
            db.execute(_STEP, {"position": position})

    def rebuild(self, entries: Iterable[Entry], position: int = 0) -> int:
        """Replace everything by *entries*; return how many."""
        documents = map(document, entries)
        number = 0
        with self._engine.begin() as db:
            _locked(db)
            old = [row.part for row in db.execute(_READ_SIZES)]
            db.execute(text("DELETE FROM search.texts"))
            db.execute(_RETIRE, {"parts": old})
            while size := len(
                (batch := gather(islice(documents, PART_MAX))).columns.ids
            ):
                _write(db, batch, batch.columns.ids)
                _write_texts(db, batch)
                number += size
            db.execute(_STEP, {"position": position})
        return number

    def clear(self) -> None:
        """Forget everything, the position too."""
        self.rebuild(())

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def _refresh(self) -> View:
        """Return a view of the newest commit; read only parts not read yet."""
        view = self._view
        with self._engine.connect() as db:
            if db.scalar(_READ_GENERATION) == view.generation:
                return view
            with self._reading:
                generation, numbers = db.execute(_READ_VIEW).one()
                if generation > self._view.generation:
                    self._load(db, numbers)
                    pairs = [(self._shelves[n], self._alive[n]) for n in numbers]
                    self._view = View(generation, ranking.parts(pairs))
                return self._view

    def _load(self, db: Connection, numbers: Sequence[int]) -> None:
        """Read the parts that are new, and take out of older ones what they replace."""
        shelves = {n: self._shelves[n] for n in numbers if n in self._shelves}
        alive = {n: self._alive[n] for n in shelves}
        for number in numbers:
            if number in shelves:
                continue
            stored = _stored(db, number)
            for older, shelf in shelves.items():
                dead = shelf.numbers_of(stored.gone)
                if older < number and len(dead):
                    alive[older] = alive[older].copy()  # an older view still uses it
                    alive[older][dead] = False
            shelves[number] = Shelf(stored.columns, self._source(number, stored))
            alive[number] = np.ones(stored.columns.size, bool)
        self._shelves, self._alive = shelves, alive

    def _source(self, part: int, stored: Stored) -> Source:
        def read(query: Any, **asked: Any) -> Any:
            with self._engine.connect() as db:
                return db.execute(query, {"part": part, **asked}).all()

        def postings(term: str) -> Postings:
            (numbers, weights) = next(
                iter(read(_READ_POSTINGS, term=_storable(term))), (b"", b"")
            )
            return Postings(
                np.frombuffer(numbers, np.uint32), np.frombuffer(weights, np.float32)
            )

        def turns(term: str) -> Turns:
            found = read(_READ_TURNS, term=_storable(term))
            numbers, counts, places = next(iter(found), (b"", b"", b""))
            return Turns(
                np.frombuffer(numbers, np.uint32),
                np.frombuffer(counts, np.uint16),
                np.frombuffer(places, np.uint16),
            )

        def begin(beginning: str) -> list[str]:
            low = _storable(beginning)
            asked = {"low": low, "high": low + LAST, "scan": SCAN_MAX}
            return [row.term for row in read(_READ_BEGINNING, **asked)]

        def texts(numbers: Sequence[int]) -> list[Texts]:
            ids = stored.columns.ids[list(numbers)].tolist()
            found = {
                id_: Texts(tuple(json.loads(zh)), tuple(json.loads(en)))
                for id_, zh, en in read(_READ_TEXTS, ids=ids)
            }
            return [found.get(id_, _NO_TEXTS) for id_ in ids]  # one may be gone by now

        return Source(postings, turns, begin, texts)


def open_index(url: str) -> PostgresIndex:
    """Return the index in the database that *url* names."""
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        poolclass=QueuePool,
        pool_size=POOL,
        pool_recycle=600,
        connect_args={"options": f"-c lock_timeout={WAIT_MS} -c timezone=UTC"},
    )
    return PostgresIndex(engine)


def _storable(term: str) -> str:
    """Return *term* as PostgreSQL can hold it: no zero, no half of a pair."""
    return term.replace("\x00", "").encode("utf-8", "ignore").decode()


def _locked(db: Connection) -> int:
    """Keep other writers out until the end of the transaction; return the position."""
    try:
        return int(db.scalar(_LOCK) or 0)
    except OperationalError:
        raise IndexBusy from None


def _stored(db: Connection, part: int) -> Stored:
    row = db.execute(_READ_PART, {"part": part}).one()
    names = json.loads(row.names)
    codes = np.frombuffer(row.codes, np.int32).reshape(len(Facet), -1)
    columns = Columns(
        np.frombuffer(row.ids, np.int64),
        np.frombuffer(row.listed_us, np.int64),
        np.frombuffer(row.prices, np.int64),
        np.frombuffer(row.lengths, np.float32),
        {
            facet: Coded(values, code)
            for facet, values, code in zip(Facet, names["values"], codes, strict=True)
        },
        {code: (zh, en) for code, (zh, en) in names["vendors"].items()},
    )
    return Stored(columns, np.frombuffer(row.gone, np.int64))


def _write(db: Connection, gathered: Gathered, gone: Any) -> None:
    """Add a part that takes the ids *gone* out of all older parts."""
    columns = gathered.columns
    coded = [columns.facets[facet] for facet in Facet]
    values = [coded_.values for coded_ in coded]
    part = db.scalar(
        _WRITE_PART,
        {
            "size": columns.size,
            "ids": columns.ids.tobytes(),
            "listed_us": columns.listed_us.tobytes(),
            "prices": columns.prices.tobytes(),
            "lengths": columns.lengths.tobytes(),
            "codes": np.concatenate([coded_.codes for coded_ in coded]).tobytes(),
            "names": json.dumps({"values": values, "vendors": columns.vendors}),
            "gone": gone.tobytes(),
        },
    )
    rows = ((part, _storable(term), *posting) for term, posting in gathered.postings)
    _copy(db, "search.postings (part, term, numbers, weights, counts, turns)", rows)


def _write_texts(db: Connection, gathered: Gathered) -> None:
    def rows() -> Iterator[tuple[int, str, str]]:
        ids = gathered.columns.ids.tolist()
        for id_, texts in zip(ids, gathered.texts, strict=True):
            zh, en = (json.dumps(each, ensure_ascii=True) for each in texts)
            yield id_, zh, en

    _copy(db, "search.texts (id, zh, en)", rows())


def _copy(db: Connection, into: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Write *rows* by PostgreSQL's COPY in binary."""
    kinds = {"search.postings": ("int8", "text", *("bytea",) * 4)}
    types = kinds.get(into.split(" ", maxsplit=1)[0], ("int8", "text", "text"))
    raw: Any = db.connection.driver_connection
    command = f"COPY {into} FROM STDIN (FORMAT BINARY)"
    with raw.cursor() as cursor, cursor.copy(command) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _join_small(db: Connection) -> None:
    """Join the last parts if there are many: each at most as large as those after."""
    sizes = [(row.part, row.size) for row in db.execute(_READ_SIZES)]
    if len(sizes) <= PARTS_MAX:
        return
    parts: list[int] = []
    total = 0
    for part, size in reversed(sizes):
        if len(parts) > 1 and size > total:
            break
        parts.append(part)
        total += size
    parts.reverse()
    stored = [_stored(db, part) for part in parts]
    gone = [each.gone for each in stored]
    rows = db.execute(_READ_JOINED, {"parts": parts}).all()
    postings: list[tuple[str, int, Posting]] = [
        (row.term, parts.index(row.part), Posting(*row[2:])) for row in rows
    ]
    _write(
        db,
        joined([each.columns for each in stored], gone, postings),
        np.unique(np.concatenate(gone)),
    )
    db.execute(_RETIRE, {"parts": parts})
