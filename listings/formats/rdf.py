"""RDF within limits: Turtle, RDF/XML and JSON-LD become a graph, offline.

rdflib reads them; it would fetch a context that is only named, read a file that an
entity names, and grow without end. Here nothing is fetched, and everything has a limit.
"""

from typing import Any

from rdflib import Graph
from rdflib.plugins.parsers.jsonld import to_rdf
from rdflib.plugins.parsers.notation3 import BadSyntax

from listings.formats.documents import (
    DocumentTooLarge,
    Malformed,
    json_of,
    refuse_doctype,
    text_of,
)
from settlement import clock

TRIPLES_MAX = 500_000  # of one document
PARSING_MAX_S = 30  # seconds
BASE = "http://document.invalid/"  # of relative addresses in a document without a base
MEDIA_TYPES = {
    "turtle": "text/turtle",
    "xml": "application/rdf+xml",
    "json-ld": "application/ld+json",
}


class _Bounded(Graph):
    """A graph that refuses to grow beyond its limits while it is filled."""

    def __init__(self) -> None:
        super().__init__(bind_namespaces="none")
        self._began_s = clock.elapsed_s()
        self._count = 0

    def add(self, triple: Any) -> "_Bounded":
        """Add a triple; DocumentTooLarge beyond TRIPLES_MAX or PARSING_MAX_S."""
        self._count += 1
        if self._count > TRIPLES_MAX:
            raise DocumentTooLarge("triples", TRIPLES_MAX)
        if not self._count % 1000 and clock.elapsed_s() - self._began_s > PARSING_MAX_S:
            raise DocumentTooLarge("seconds", PARSING_MAX_S)
        super().add(triple)
        return self


def parse(data: bytes, syntax: str) -> Graph:
    """Return the graph in *data* ("turtle", "xml" or "json-ld").

    Malformed names the line or field; DocumentTooLarge names the limit.
    """
    graph = _Bounded()
    if syntax == "xml":
        refuse_doctype(data)
    elif syntax == "json-ld":
        _refuse_remote(json_of(data), "@context")
    else:
        text_of(data)
    try:
        if syntax == "json-ld":  # rdflib's own way fills another graph, without limits
            to_rdf(json_of(data), graph, BASE)
        else:
            graph.parse(data=data, format=syntax, publicID=BASE)
    except (DocumentTooLarge, Malformed):
        raise
    except BadSyntax as error:
        problem = str(getattr(error, "_why", "not Turtle"))
        raise Malformed(f"line {error.lines + 1}", problem[:200]) from error
    except RecursionError as error:
        raise DocumentTooLarge("depth", 0) from error
    except Exception as error:  # rdflib's parsers raise whatever they stumble over
        raise Malformed(_line(error), str(error)[:200]) from error
    return graph


def _line(error: Exception) -> str:
    number = getattr(error, "getLineNumber", lambda: None)()
    return f"line {number}" if number else "document"


def _refuse_remote(value: Any, field: str) -> None:
    """Refuse contexts that are named by an address: they would have to be fetched."""
    if isinstance(value, dict):
        for name, item in value.items():
            named = name in {"@context", "@import"}
            for part in item if isinstance(item, list) else [item]:
                if named and isinstance(part, str):
                    problem = "a context must be in the document; none is fetched"
                    raise Malformed(f"{field}: {part[:100]}", problem)
            _refuse_remote(item, field)
    elif isinstance(value, list):
        for item in value:
            _refuse_remote(item, field)
