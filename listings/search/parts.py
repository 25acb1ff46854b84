"""How the parts of an index lie in PostgreSQL: tables, statements, joining."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, text

from listings.search.entry import Facet
from listings.search.gathering import Gathered, Posting, joined
from listings.search.shelf import Array, Coded, Columns

PARTS_MAX = 12  # then the small ones are joined

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
READ_PART = text(
    "SELECT ids, listed_us, prices, lengths, codes, names, gone"
    " FROM search.parts WHERE part = :part"
)
READ_POSTINGS = text(
    "SELECT numbers, weights FROM search.postings WHERE part = :part AND term = :term"
)
READ_TURNS = text(
    "SELECT numbers, counts, turns FROM search.postings"
    " WHERE part = :part AND term = :term"
)
READ_BEGINNING = text(
    "SELECT term FROM (SELECT term, octet_length(numbers) AS size FROM search.postings"
    " WHERE part = :part AND term >= :low AND term < :high ORDER BY term LIMIT :scan)"
    " AS found ORDER BY size DESC, term"
)
READ_TEXTS = text("SELECT id, zh, en FROM search.texts WHERE id = ANY(:ids)")
READ_SIZES = text(
    "SELECT part, size FROM search.parts WHERE retired IS NULL ORDER BY part"
)
READ_JOINED = text(
    "SELECT term, part, numbers, weights, counts, turns FROM search.postings"
    " WHERE part = ANY(:parts) ORDER BY term, part"
)
WRITE_PART = text(
    "INSERT INTO search.parts"
    " (size, ids, listed_us, prices, lengths, codes, names, gone) VALUES"
    " (:size, :ids, :listed_us, :prices, :lengths, :codes, :names, :gone)"
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
    row = db.execute(READ_PART, {"part": part}).one()
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


def write(db: Connection, gathered: Gathered, gone: Any) -> None:
    """Add a part that takes the ids *gone* out of all older parts."""
    columns = gathered.columns
    coded = [columns.facets[facet] for facet in Facet]
    values = [coded_.values for coded_ in coded]
    part = db.scalar(
        WRITE_PART,
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
    rows = ((part, storable(term), *posting) for term, posting in gathered.postings)
    _copy(db, "search.postings (part, term, numbers, weights, counts, turns)", rows)


def write_texts(db: Connection, gathered: Gathered) -> None:
    """Write what the hits of a part show."""

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


def join_small(db: Connection) -> None:
    """Join the last parts if there are many: each at most as large as those after."""
    sizes = [(row.part, row.size) for row in db.execute(READ_SIZES)]
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
    stored = [stored_part(db, part) for part in parts]
    gone = [each.gone for each in stored]
    rows = db.execute(READ_JOINED, {"parts": parts}).all()
    postings: list[tuple[str, int, Posting]] = [
        (row.term, parts.index(row.part), Posting(*row[2:])) for row in rows
    ]
    write(
        db,
        joined([each.columns for each in stored], gone, postings),
        np.unique(np.concatenate(gone)),
    )
    db.execute(RETIRE, {"parts": parts})
