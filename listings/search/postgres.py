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
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool

from listings.search import ranking
from listings.search.answer import View, document
from listings.search.entry import Entry
from listings.search.gathering import Gathering
from listings.search.index import IndexBusy
from listings.search.packing import postings_of, turns_of
from listings.search.parts import (
    DROP,
    FORGET_TEXTS,
    IS_READY,
    LOCK,
    READ_BEGINNING,
    READ_GENERATION,
    READ_LENGTHS,
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
    join_small,
    read,
    storable,
    stored_part,
    write,
    write_texts,
)
from listings.search.reader import Reader
from listings.search.shelf import Array, Postings, Shelf, Source, Texts, Turns

PART_MAX = 500_000  # listings gathered in memory by a rebuild: about 500 MB
BATCH = 1_000  # texts written at a time
RETIRED_S = 60  # after it, nobody still reads a part that was joined
SCAN_MAX = 400  # terms looked at for one beginning
WAIT_MS = 5_000  # for another process that is writing
POOL = 8  # connections: searches of one process take turns, writes are one
LAST = "\U0010ffff"  # sorts after every term

NO_TEXTS = Texts(("", "", ""), ("", "", ""))
NO_POSTINGS = postings_of(b"", b"")
NO_TURNS = turns_of(b"", b"", b"")


class PostgresIndex(Reader):
    """The index in a database (see `listings.search.index.Index`)."""

    def __init__(self, engine: Engine) -> None:
        """Use the index behind *engine*, or make an empty one there."""
        super().__init__()
        self._engine = engine
        # One statement each: no transaction, no two more ways to the server and back.
        self._reads = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._shelves: dict[int, Shelf] = {}  # by part, ascending
        self._alive: dict[int, Any] = {}
        with engine.begin() as db:
            db.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('search'))")
            if not db.scalar(IS_READY):
                db.execute(DROP)
                db.exec_driver_sql(SCHEMA)

    @property
    def position(self) -> int:
        """Return the last change of the catalogue that the index shows."""
        with self._reads.connect() as db:
            return int(db.scalar(READ_POSITION) or 0)

    @property
    def generation(self) -> int:
        """Return a number that grows with every commit."""
        with self._reads.connect() as db:
            return int(db.scalar(READ_GENERATION) or 0)

    def apply(
        self,
        upserts: Sequence[Entry],
        deletes: Sequence[int] = (),
        position: int | None = None,
    ) -> None:
        """Show *upserts*, forget *deletes*, remember *position*; one commit."""
        entries = {entry.id: entry for entry in upserts}
        gathering = Gathering()
        texts = list(_gathered(gathering, entries.values()))
        gone = sorted({*entries, *deletes})
        with self._engine.begin() as db:
            if position is not None and _locked(db) >= position:
                return
            if gone:
                db.execute(FORGET_TEXTS, {"ids": gone})
                write(db, gathering.whole(), np.array(gone, np.int64))
                write_texts(db, texts)
                join_small(db)
            db.execute(REMOVE, {"seconds": RETIRED_S})
            db.execute(STEP, {"position": position})

    def rebuild(self, entries: Iterable[Entry], position: int = 0) -> int:
        """Replace everything by *entries*; return how many."""
        rest = iter(entries)
        number = 0
        with self._engine.begin() as db:
            _locked(db)
            old = [row.part for row in db.execute(READ_SIZES)]
            db.execute(text("DELETE FROM search.texts"))
            db.execute(RETIRE, {"parts": old})
            while True:
                gathering = Gathering()
                part = islice(rest, PART_MAX)
                while batch := list(_gathered(gathering, islice(part, BATCH))):
                    write_texts(db, batch)
                if not len(gathering):
                    break
                whole = gathering.whole()
                write(db, whole, whole.columns.ids)
                number += len(gathering)
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
        if self.generation == view.generation:
            return view
        with self._engine.connect() as db, self._reading:
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
            shelves[number] = Shelf(
                stored.columns, self._source(number, stored.columns.ids)
            )
            alive[number] = np.ones(stored.columns.size, bool)
        self._shelves, self._alive = shelves, alive

    def _source(self, part: int, ids: Array) -> Source:
        def of_each(question: str, terms: Sequence[str]) -> list[Any]:
            words = [storable(term) for term in terms]
            found = {
                term: row for term, *row in self._read(question, part=part, terms=words)
            }
            return [found.get(word) for word in words]

        def sizes(terms: Sequence[str]) -> list[int]:
            found = of_each(READ_LENGTHS, terms)
            return [row[0] if row else 0 for row in found]

        def postings(terms: Sequence[str]) -> list[Postings]:
            found = of_each(READ_POSTINGS, terms)
            return [postings_of(*row) if row else NO_POSTINGS for row in found]

        def turns(terms: Sequence[str]) -> list[Turns]:
            found = of_each(READ_TURNS, terms)
            return [turns_of(*row) if row else NO_TURNS for row in found]

        def begin(beginning: str) -> list[str]:
            low = storable(beginning)
            asked = {"part": part, "low": low, "high": low + LAST, "scan": SCAN_MAX}
            return [term for (term,) in self._read(READ_BEGINNING, **asked)]

        def texts(numbers: Sequence[int]) -> list[Texts]:
            asked = ids[list(numbers)].tolist()
            found = {
                id_: Texts(tuple(json.loads(zh)), tuple(json.loads(en)))
                for id_, zh, en in self._read(READ_TEXTS, ids=asked)
            }
            return [found.get(id_, NO_TEXTS) for id_ in asked]  # one may be gone by now

        return Source(sizes, postings, turns, begin, texts)

    def _read(self, question: str, **asked: Any) -> list[Any]:
        with self._reads.connect() as db:
            return read(db, question, **asked)


def _gathered(
    gathering: Gathering, entries: Iterable[Entry]
) -> Iterable[tuple[int, Texts]]:
    """Yield the id and texts of each of *entries* once *gathering* has it."""
    for entry in entries:
        made = document(entry)
        gathering.add(made)
        yield entry.id, made.texts


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
