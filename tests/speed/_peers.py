"""The peers of search: SQLite FTS5, tantivy, and PostgreSQL's own full text.

Each gets the same terms, filters, counts of all facets and orders, as well as it can:
the texts are segmented by `segment`, joined by blanks, and not stemmed again.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import tantivy
from sqlalchemy import create_engine, text

from listings.search.entry import Entry, Facet, occurrences
from listings.search.query import Query, Sort, parse

FACETS = (Facet.KIND, Facet.SECTOR, Facet.REGION, Facet.LICENCE, Facet.PRICE)
FACETS = (*FACETS, Facet.UPDATES, Facet.VENDOR)
COLUMNS = ("price", "listed_us", *(f"f_{facet.value}" for facet in FACETS))
COPIED = 10_000  # rows in one statement


class Peer(Protocol):
    """What is asked the same questions."""

    def build(self, entries: Iterable[Entry]) -> None:
        """Take all *entries*."""
        ...

    def ask(self, query: Query) -> int:
        """Answer with 20 hits and all counts; the number of matches."""
        ...


def words(entry: Entry) -> str:
    """Return the terms of *entry*, each as often as it stands there."""
    found = []
    for term, (_, turns) in occurrences(entry).items():
        found += [f"t{term.encode().hex()}"] * len(turns)
    return " ".join(found)


def asked(query: Query) -> list[str]:
    """Return the terms that *query* requires; phrases as words."""
    return [
        f"t{term.encode().hex()}"
        for clause in parse(query.text)
        if clause.required
        for term, _ in clause.terms
    ]


def row(entry: Entry) -> tuple[Any, ...]:
    """Return the facts of *entry* in the order of COLUMNS."""
    facets = entry.facets()
    price = -1 if entry.price is None else entry.price
    return (price, entry.listed_us, *(facets[facet] for facet in FACETS))


def where(query: Query, but: Facet | None = None) -> tuple[str, list[str]]:
    """Return the filters of *query*, without the one of *but*, and their values."""
    parts, values = [], []
    for facet, chosen in query.filters.items():
        if facet is not but:
            parts.append(f" AND f_{facet.value} IN ({','.join('?' * len(chosen))})")
            values += sorted(chosen)
    return "".join(parts), values


ORDERS = {
    Sort.CHEAPEST: "price < 0, price, listed_us DESC",
    Sort.DEAREST: "price < 0, price DESC, listed_us DESC",
    Sort.NEWEST: "listed_us DESC",
}


class Fts5:
    """SQLite FTS5: one table of words, one of facts, joined by rowid."""

    def __init__(self, directory: Path) -> None:
        """Keep the database in *directory*."""
        self._db = sqlite3.connect(directory / "fts5.db")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("PRAGMA cache_size=-400000")

    def build(self, entries: Iterable[Entry]) -> None:
        """Take all *entries*."""
        self._db.execute("CREATE VIRTUAL TABLE w USING fts5(words, content='')")
        self._db.execute(
            f"CREATE TABLE f (id INTEGER PRIMARY KEY, {','.join(COLUMNS)})"
        )
        marks = ",".join("?" * (len(COLUMNS) + 1))
        for entry in entries:
            self._db.execute(
                "INSERT INTO w (rowid, words) VALUES (?, ?)", (entry.id, words(entry))
            )
            self._db.execute(f"INSERT INTO f VALUES ({marks})", (entry.id, *row(entry)))
        self._db.commit()

    def ask(self, query: Query) -> int:
        """Answer with 20 hits and all counts; the number of matches."""
        terms = asked(query)
        source, values = "f", []
        if terms:
            source = "f JOIN w ON w.rowid = f.id AND w.words MATCH ?"
            values = [" AND ".join(f'"{term}"' for term in terms)]
        filters, chosen = where(query)
        order = ORDERS.get(query.sort, "rank" if terms else "listed_us DESC")
        base = f"FROM {source} WHERE 1{filters}"
        self._db.execute(
            f"SELECT id {base} ORDER BY {order} LIMIT 20", values + chosen
        ).fetchall()
        for facet in FACETS:
            own, mine = where(query, facet)
            self._db.execute(
                f"SELECT f_{facet.value}, count(*) FROM {source} WHERE 1{own}"
                " GROUP BY 1",
                values + mine,
            ).fetchall()
        (total,) = self._db.execute(
            f"SELECT count(*) {base}", values + chosen
        ).fetchone()
        return int(total)


class FullText:
    """PostgreSQL's tsvector with GIN, ts_rank and GROUP BY."""

    def __init__(self, url: str) -> None:
        """Use the empty database at *url*."""
        self._engine = create_engine(url)

    def build(self, entries: Iterable[Entry]) -> None:
        """Take all *entries*."""
        with self._engine.begin() as db:
            columns = ",".join(
                f"{c} {'bigint' if c in COLUMNS[:2] else 'text'}" for c in COLUMNS
            )
            db.exec_driver_sql(
                f"CREATE TABLE t (id bigint PRIMARY KEY, words tsvector, {columns})"
            )
            raw: Any = db.connection.driver_connection
            with raw.cursor() as cursor, cursor.copy("COPY t FROM STDIN") as copy:
                for entry in entries:
                    copy.write_row((entry.id, _vector(entry), *row(entry)))
            db.exec_driver_sql("SET LOCAL maintenance_work_mem = '512MB'")
            db.exec_driver_sql("CREATE INDEX ON t USING gin (words)")
        with self._engine.connect() as db:
            db.exec_driver_sql("ANALYZE t")
            db.commit()

    def ask(self, query: Query) -> int:
        """Answer with 20 hits and all counts; the number of matches."""
        terms = " & ".join(asked(query))
        match = "words @@ CAST(:terms AS tsquery)" if terms else "true"
        rank = (
            "ts_rank(words, CAST(:terms AS tsquery)) DESC"
            if terms
            else "listed_us DESC"
        )
        order = ORDERS.get(query.sort, rank)
        filters, values = self._filters(query)
        with self._engine.connect() as db:
            given = {"terms": terms, **values} if terms else values
            db.execute(
                text(
                    f"SELECT id FROM t WHERE {match}{filters} ORDER BY {order} LIMIT 20"
                ),
                given,
            ).all()
            for facet in FACETS:
                own, mine = self._filters(query, facet)
                given = {"terms": terms, **mine} if terms else mine
                db.execute(
                    text(
                        f"SELECT f_{facet.value}, count(*) FROM t WHERE {match}{own}"
                        " GROUP BY 1"
                    ),
                    given,
                ).all()
        return 0

    def _filters(
        self, query: Query, but: Facet | None = None
    ) -> tuple[str, dict[str, list[str]]]:
        chosen = {f: sorted(v) for f, v in query.filters.items() if f is not but}
        words = "".join(f" AND f_{f.value} = ANY(:{f.value})" for f in chosen)
        return words, {f.value: values for f, values in chosen.items()}


def _vector(entry: Entry) -> str:
    """Return the words of *entry* as a tsvector's text."""
    return " ".join(
        f"t{term.encode().hex()}:{','.join(map(str, [t + 1 for t in turns][:200]))}"
        for term, (_, turns) in occurrences(entry).items()
    )


SORTED = {Sort.NEWEST: "listed_us", Sort.CHEAPEST: "price", Sort.DEAREST: "price"}


def _counts(facets: Sequence[Facet]) -> dict[str, Any]:
    return {
        facet.value: {"terms": {"field": f"f_{facet.value}", "size": 100}}
        for facet in facets
    }


class Tantivy:
    """tantivy: facets by its terms aggregation over fast fields."""

    def __init__(self, directory: Path) -> None:
        """Keep the index in *directory*."""
        build = tantivy.SchemaBuilder()
        build.add_text_field("words", tokenizer_name="whitespace")
        build.add_integer_field("price", fast=True, indexed=True)
        build.add_integer_field("listed_us", fast=True)
        build.add_integer_field("id", stored=True, fast=True)
        for column in COLUMNS[2:]:
            build.add_text_field(column, tokenizer_name="raw", fast=True)
        (directory / "tantivy").mkdir()
        self._index = tantivy.Index(build.build(), path=str(directory / "tantivy"))

    def build(self, entries: Iterable[Entry]) -> None:
        """Take all *entries*."""
        writer = self._index.writer(400_000_000, 1)
        for entry in entries:
            document = tantivy.Document()
            document.add_text("words", words(entry))
            document.add_integer("id", entry.id)
            for column, value in zip(COLUMNS, row(entry), strict=True):
                if column in COLUMNS[:2]:
                    document.add_integer(column, value)
                else:
                    document.add_text(column, value)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._searcher = self._index.searcher()

    def ask(self, query: Query) -> int:
        """Answer with 20 hits and all counts; the number of matches."""
        found: Any = None
        for facet in (None, *query.filters):
            question = self._question(query, facet)
            counted = (
                [facet] if facet else [f for f in FACETS if f not in query.filters]
            )
            self._searcher.aggregate(question, _counts(counted))
            if facet is None:
                found = self._searcher.search(
                    question,
                    20,
                    count=True,
                    order_by_field=SORTED.get(query.sort),
                    order=tantivy.Order.Asc
                    if query.sort is Sort.CHEAPEST
                    else tantivy.Order.Desc,
                )
                for _, address in found.hits:
                    self._searcher.doc(address)
        return int(found.count)

    def _question(self, query: Query, but: Facet | None) -> Any:
        schema = self._index.schema
        must = tantivy.Occur.Must
        parts = [
            (must, tantivy.Query.term_query(schema, "words", term))
            for term in asked(query)
        ]
        for facet, values in query.filters.items():
            if facet is not but:
                field = f"f_{facet.value}"
                parts.append(
                    (must, tantivy.Query.term_set_query(schema, field, sorted(values)))
                )
        if not parts:
            return tantivy.Query.all_query()
        return tantivy.Query.boolean_query(parts)
