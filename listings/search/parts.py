"""How the parts of an index lie in PostgreSQL: tables, statements, joining."""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, text

from listings.search.gathering import Gathered, join, small
from listings.search.packing import Posting, packed_columns, unpacked_columns
from listings.search.shelf import Array, Columns, Texts

# A schema of its own: the migrations do not see it, and it may be dropped at any time.
SCHEMA = """
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
    facts bytea NOT NULL,
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
ALTER TABLE search.parts ALTER facts SET STORAGE EXTERNAL;
ALTER TABLE search.postings
    ALTER numbers SET STORAGE EXTERNAL, ALTER weights SET STORAGE EXTERNAL,
    ALTER counts SET STORAGE EXTERNAL, ALTER turns SET STORAGE EXTERNAL;
CREATE TABLE IF NOT EXISTS search.texts (
    id bigint PRIMARY KEY,
    zh text NOT NULL,
    en text NOT NULL
);
"""
# One of an older make is dropped, and the projection fills the new one.
IS_READY = text(
    "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'search'"
    " AND table_name = 'parts' AND column_name = 'facts'"
)
DROP = text("DROP SCHEMA IF EXISTS search CASCADE")
READ_VIEW = text(
    "SELECT generation, ARRAY(SELECT part FROM search.parts WHERE retired IS NULL"
    " ORDER BY part) FROM search.state"
)
READ_GENERATION = text("SELECT generation FROM search.state")
READ_POSITION = text("SELECT position FROM search.state")
LOCK = text("SELECT position FROM search.state FOR UPDATE")
STEP = text(
    "UPDATE search.state"
    " SET generation = generation + 1, position = coalesce(:position, position)"
)
# Questions of `read`, in psycopg's own words.
READ_PART = "SELECT facts, gone FROM search.parts WHERE part = %(part)s"
READ_POSTINGS = (
    "SELECT term, numbers, weights FROM search.postings"
    " WHERE part = %(part)s AND term = ANY(%(terms)s)"
)
# A byte for each listing, but for weights beyond 255; the bytes are not read.
READ_LENGTHS = (
    "SELECT term, octet_length(weights) FROM search.postings"
    " WHERE part = %(part)s AND term = ANY(%(terms)s)"
)
READ_TURNS = (
    "SELECT term, numbers, counts, turns FROM search.postings"
    " WHERE part = %(part)s AND term = ANY(%(terms)s)"
)
READ_BEGINNING = (
    "SELECT term FROM (SELECT term, octet_length(numbers) AS size FROM search.postings"
    " WHERE part = %(part)s AND term >= %(low)s AND term < %(high)s"
    " ORDER BY term LIMIT %(scan)s) AS found ORDER BY size DESC, term"
)
READ_TEXTS = "SELECT id, zh, en FROM search.texts WHERE id = ANY(%(ids)s)"
READ_SIZES = text(
    "SELECT part, size FROM search.parts WHERE retired IS NULL ORDER BY part"
)
READ_JOINED = text(
    "SELECT term, part, numbers, weights, counts, turns FROM search.postings"
    " WHERE part = ANY(:parts) ORDER BY term, part"
)
WRITE_PART = text(
    "INSERT INTO search.parts (size, facts, gone) VALUES (:size, :facts, :gone)"
    " RETURNING part"
)
FORGET_TEXTS = text("DELETE FROM search.texts WHERE id = ANY(:ids)")
RETIRE = text("UPDATE search.parts SET retired = now() WHERE part = ANY(:parts)")
REMOVE = text(
    "DELETE FROM search.parts WHERE retired < now() - make_interval(secs => :seconds)"
)


class Stored(NamedTuple):
    """A part as it is stored: its facts, and the ids it takes out of older parts."""

    columns: Columns
    gone: Array


def storable(term: str) -> str:
    """Return *term* as PostgreSQL can hold it: no zero, no half of a pair."""
    return term.replace("\x00", "").encode("utf-8", "ignore").decode()


def stored_part(db: Connection, part: int) -> Stored:
    """Return a part as it is stored."""
    ((facts, gone),) = read(db, READ_PART, part=part)
    return Stored(unpacked_columns(facts), np.frombuffer(gone, np.int64))


def read(db: Connection, question: str, **asked: Any) -> list[Any]:
    """Return the rows of *question*, bytes as bytes: as text they are twice as long."""
    raw: Any = db.connection.driver_connection
    with raw.cursor(binary=True) as cursor:
        cursor.execute(question, asked)
        found: list[Any] = cursor.fetchall()
        return found


def write(db: Connection, gathered: Gathered, gone: Any) -> None:
    """Add a part that takes the ids *gone* out of all older parts."""
    facts = packed_columns(gathered.columns)
    values = {"size": gathered.columns.size, "facts": facts, "gone": gone.tobytes()}
    part = db.scalar(WRITE_PART, values)
    rows = ((part, storable(term), *posting) for term, posting in gathered.postings)
    into = "search.postings (part, term, numbers, weights, counts, turns)"
    _copy(db, into, ("int8", "text", *("bytea",) * 4), rows)


def write_texts(db: Connection, texts: Iterable[tuple[int, Texts]]) -> None:
    """Write what hits show, by the id of the listing."""
    rows = ((id_, json.dumps(zh), json.dumps(en)) for id_, (zh, en) in texts)
    _copy(db, "search.texts (id, zh, en)", ("int8", "text", "text"), rows)


def _copy(
    db: Connection, into: str, types: tuple[str, ...], rows: Iterable[Any]
) -> None:
    """Write *rows* by PostgreSQL's COPY in binary."""
    raw: Any = db.connection.driver_connection
    command = f"COPY {into} FROM STDIN (FORMAT BINARY)"
    with raw.cursor() as cursor, cursor.copy(command) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def join_small(db: Connection) -> None:
    """Join the last parts if there are many."""
    sizes = [(row.part, row.size) for row in db.execute(READ_SIZES)]
    parts = [part for part, _ in sizes[len(sizes) - small([n for _, n in sizes]) :]]
    if not parts:
        return
    stored = [stored_part(db, part) for part in parts]
    gone = [each.gone for each in stored]
    kept = [
        ~np.isin(each.columns.ids, np.concatenate([*gone[at + 1 :], gone[-1][:0]]))
        for at, each in enumerate(stored)
    ]
    postings: list[tuple[str, int, Posting]] = [
        (row.term, parts.index(row.part), Posting(*row[2:]))
        for row in db.execute(READ_JOINED, {"parts": parts})
    ]
    whole = join([each.columns for each in stored], kept, postings)
    write(db, whole, np.unique(np.concatenate(gone)))
    db.execute(RETIRE, {"parts": parts})
