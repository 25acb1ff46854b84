"""The index in PostgreSQL: parts that never change, read by any number of processes.

Each commit adds a part: the facts of its listings as columns, the postings of its
terms as arrays, and the ids that older parts no longer count for. Small parts are
joined as they grow many. Ranking is that of every engine and happens in the reading
process, which keeps the columns (about 60 bytes a listing) and the postings that were
asked for: counting facets over a `tsvector` costs a visit to every matching row,
seconds at a million listings.
"""

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from threading import Lock
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool

from listings.search import ranking
from listings.search.answer import View, answer, document
from listings.search.entry import Entry
from listings.search.gathering import gather
from listings.search.index import IndexBusy
from listings.search.parts import (
    FORGET_TEXTS,
    LOCK,
    READ_BEGINNING,
    READ_GENERATION,
    READ_POSITION,
    READ_POSTINGS,
    READ_SIZES,
    READ_TEXTS,
    READ_TURNS,
    READ_VIEW,
    REMOVE,
    RETIRE,
    SCHEMA,
    STEP,
    Stored,
    join_small,
    storable,
    stored_part,
    write,
    write_texts,
)
from listings.search.query import Clause, Query, check, parse
from listings.search.results import Results
from listings.search.shelf import (
    Postings,
    Shelf,
    Source,
    Texts,
    Turns,
)

PART_MAX = 200_000  # listings gathered in memory by a rebuild: about 500 MB
RETIRED_S = 60  # after it, nobody still reads a part that was joined
SCAN_MAX = 400  # terms looked at for one beginning
WAIT_MS = 5_000  # for another process that is writing
POOL = 8  # connections: searches of one process take turns, writes are one
LAST = "\U0010ffff"  # sorts after every term

NO_TEXTS = Texts(("", "", ""), ("", "", ""))


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
                db.exec_driver_sql(SCHEMA)

    @property
    def position(self) -> int:
        """Return the last change of the catalogue that the index shows."""
        with self._engine.connect() as db:
            return int(db.scalar(READ_POSITION) or 0)

    @property
    def generation(self) -> int:
        """Return a number that grows with every commit."""
        with self._engine.connect() as db:
            return int(db.scalar(READ_GENERATION) or 0)

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
                db.execute(FORGET_TEXTS, {"ids": gone})
                write(db, prepared, np.array(gone, np.int64))
                write_texts(db, prepared)
                join_small(db)
            db.execute(REMOVE, {"seconds": RETIRED_S})
            db.execute(STEP, {"position": position})

    def rebuild(self, entries: Iterable[Entry], position: int = 0) -> int:
        """Replace everything by *entries*; return how many."""
        documents = map(document, entries)
        number = 0
        with self._engine.begin() as db:
            _locked(db)
            old = [row.part for row in db.execute(READ_SIZES)]
            db.execute(text("DELETE FROM search.texts"))
            db.execute(RETIRE, {"parts": old})
            while size := len(
                (batch := gather(islice(documents, PART_MAX))).columns.ids
            ):
                write(db, batch, batch.columns.ids)
                write_texts(db, batch)
                number += size
            db.execute(STEP, {"position": position})
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
            if db.scalar(READ_GENERATION) == view.generation:
                return view
            with self._reading:
                generation, numbers = db.execute(READ_VIEW).one()
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
            stored = stored_part(db, number)
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
                iter(read(READ_POSTINGS, term=storable(term))), (b"", b"")
            )
            return Postings(
                np.frombuffer(numbers, np.uint32), np.frombuffer(weights, np.float32)
            )

        def turns(term: str) -> Turns:
            found = read(READ_TURNS, term=storable(term))
            numbers, counts, places = next(iter(found), (b"", b"", b""))
            return Turns(
                np.frombuffer(numbers, np.uint32),
                np.frombuffer(counts, np.uint16),
                np.frombuffer(places, np.uint16),
            )

        def begin(beginning: str) -> list[str]:
            low = storable(beginning)
            asked = {"low": low, "high": low + LAST, "scan": SCAN_MAX}
            return [row.term for row in read(READ_BEGINNING, **asked)]

        def texts(numbers: Sequence[int]) -> list[Texts]:
            ids = stored.columns.ids[list(numbers)].tolist()
            found = {
                id_: Texts(tuple(json.loads(zh)), tuple(json.loads(en)))
                for id_, zh, en in read(READ_TEXTS, ids=ids)
            }
            return [found.get(id_, NO_TEXTS) for id_ in ids]  # one may be gone by now

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


def _locked(db: Connection) -> int:
    """Keep other writers out until the end of the transaction; return the position."""
    try:
        return int(db.scalar(LOCK) or 0)
    except OperationalError:
        raise IndexBusy from None
