"""Documents: Turtle or JSON-LD to triples, within limits, never over the network."""

import json
import logging
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import rdflib
from rdflib import BNode, Graph, URIRef
from rdflib.exceptions import ParserError
from rdflib.plugins.stores.memory import Memory
from rdflib.term import Node

from listings.odrl.policy import BYTES_MAX, JSON_DEPTH_MAX, TRIPLES_MAX, Malformed
from listings.odrl.words import CONTEXT

# What was written is kept as it was: a day's zone, INF, digits behind the point.
rdflib.NORMALIZE_LITERALS = False
# RFC 2606: nobody will ever answer there.
BASE = "http://document.invalid/"
_OURS = {
    CONTEXT,
    CONTEXT.replace("http:", "https:"),
    "http://www.w3.org/ns/odrl/2/odrl.jsonld",
    "https://www.w3.org/ns/odrl/2/odrl.jsonld",
}
_LINE = re.compile(r"line (\d+)", re.IGNORECASE)


class TooManyTriplesError(ParserError):
    """A document says more than TRIPLES_MAX things."""


class _Bounded(Memory):
    """Holds at most TRIPLES_MAX triples, however few bytes they were written in."""

    left = TRIPLES_MAX

    def add(self, triple: Any, context: Any, quoted: bool = False) -> None:
        self.left -= 1
        if self.left < 0:
            raise TooManyTriplesError(f"more than {TRIPLES_MAX} triples")
        super().add(triple, context, quoted)


def read(content: bytes, document: str) -> Graph:
    """Return the triples of *content*: JSON-LD if it begins so, else Turtle.

    Malformed says what *document* (policy, request, state) it is and the line.
    """
    if len(content) > BYTES_MAX:
        raise Malformed(document, None, "", f"more than {BYTES_MAX} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Malformed(document, line, "", "it is not UTF-8") from error
    graph = Graph(store=_Bounded())
    if text.lstrip()[:1] in {"{", "["}:
        kind, text = "json-ld", json.dumps(_json(text, document))
    else:
        kind = "turtle"
    quiet = logging.getLogger("rdflib.term")
    level = quiet.level
    quiet.setLevel(logging.CRITICAL)  # ill-formed literals are ours to refuse
    try:
        graph.parse(data=text, format=kind, publicID=BASE)
    except RecursionError as error:
        raise Malformed(document, None, "", "it is nested too deeply") from error
    except Exception as error:  # rdflib raises whatever its parsers stumble on
        raise Malformed(document, _line(error), "", _reason(error)) from error
    finally:
        quiet.setLevel(level)
    return graph


def _line(error: Exception) -> int | None:
    lines = getattr(error, "lines", None)
    if isinstance(lines, int):
        return lines + 1
    found = _LINE.search(str(error))
    return int(found[1]) if found else None


def _reason(error: Exception) -> str:
    why = getattr(error, "_why", None) or str(error) or type(error).__name__
    return " ".join(str(why).split())[:200]


def _json(text: str, document: str) -> Any:
    """Return the JSON with our own copy in place of the contexts that it names."""
    try:
        value = json.loads(text)
        return _offline(value, document, 0)
    except json.JSONDecodeError as error:
        raise Malformed(document, error.lineno, "", error.msg) from error
    except RecursionError as error:
        raise Malformed(document, None, "", "it is nested too deeply") from error
    except ValueError as error:  # such as an integer of a million digits
        raise Malformed(document, None, "", str(error)[:200]) from error


def _offline(value: Any, document: str, depth: int) -> Any:
    if depth > JSON_DEPTH_MAX:
        reason = f"nested more than {JSON_DEPTH_MAX} deep"
        raise Malformed(document, None, "", reason)
    if isinstance(value, list):
        return [_offline(item, document, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if "@import" in value:
        raise Malformed(document, None, "@import", "contexts are not fetched")
    return {
        key: _local(item, document, depth + 1)
        if key == "@context"
        else _offline(item, document, depth + 1)
        for key, item in value.items()
    }


def _local(named: Any, document: str, depth: int) -> Any:
    """Return a context without addresses: ours by its name, others are refused."""
    if isinstance(named, list):
        return [_local(item, document, depth + 1) for item in named]
    if isinstance(named, str):
        if named in _OURS:
            return context()
        reason = f"only {CONTEXT} is known; contexts are not fetched"
        raise Malformed(document, None, named[:200], reason)
    return _offline(named, document, depth)


@cache
def context() -> Any:
    """Return the JSON-LD context of ODRL that is shipped with this package."""
    text = files("listings.odrl").joinpath("context.jsonld").read_text("utf-8")
    return json.loads(text)["@context"]


def line_of(content: bytes, node: Node) -> int | None:
    """Return the first line of *content* that names *node*, as people write it."""
    if isinstance(node, BNode) or not isinstance(node, URIRef):
        return None
    tail = re.split(r"[/#:]", str(node))[-1]
    names = [str(node), f":{tail}", f'"{tail}"']
    lines = content.decode("utf-8", "replace").splitlines()
    for name in names:
        for number, line in enumerate(lines, 1):
            if tail and name in line:
                return number
    return None


def relations_in(graph: Graph) -> Iterator[tuple[str, str, str]]:
    """Yield (family, narrower, wider) of parts, kinds and actions that *graph* tells.

    Parts: odrl:partOf, dct:isPartOf and dct:hasPart; kinds: rdf:type and
    rdfs:subClassOf; actions: odrl:includedIn; skos:broader and owl:sameAs are both
    parts and kinds, as concepts of a thesaurus are used either way.
    """
    for subject, predicate, thing in graph:
        for family, turned in _RELATIONS.get(str(predicate), ()):
            one, other = (thing, subject) if turned else (subject, thing)
            yield family, str(one), str(other)


_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_SKOS = "http://www.w3.org/2004/02/skos/core#"
_OWL = "http://www.w3.org/2002/07/owl#"
_RELATIONS: dict[str, tuple[tuple[str, bool], ...]] = {
    "http://www.w3.org/ns/odrl/2/partOf": (("parts", False),),
    "http://purl.org/dc/terms/isPartOf": (("parts", False),),
    "http://purl.org/dc/terms/hasPart": (("parts", True),),
    f"{_RDF}type": (("kinds", False),),
    f"{_RDFS}subClassOf": (("kinds", False),),
    f"{_SKOS}broader": (("parts", False), ("kinds", False)),
    f"{_SKOS}broaderTransitive": (("parts", False), ("kinds", False)),
    f"{_SKOS}narrower": (("parts", True), ("kinds", True)),
    f"{_OWL}sameAs": (
        ("parts", False),
        ("parts", True),
        ("kinds", False),
        ("kinds", True),
    ),
    "http://www.w3.org/ns/odrl/2/includedIn": (("actions", False),),
}
