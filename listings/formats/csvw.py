"""A data dictionary as the schema of a table, in the words of CSV on the Web.

https://www.w3.org/TR/tabular-metadata/ : a column's title is what stands at its head,
its name the same as a name of variables; what it is called for readers is its label.
Values are codes of a list of SKOS concepts, which qb:codeList of the Data Cube
vocabulary names: https://www.w3.org/TR/vocab-data-cube/#dsd-cl
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

from rdflib import CSVW as C
from rdflib import DCTERMS, QB, RDF, RDFS, SKOS, BNode, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from listings.dictionary import wrong
from listings.formats.dcat_terms import OURS, SCHEMA, both, typed, words
from listings.formats.types import type_of

TYPE = URIRef(f"{OURS}type")  # as its vendor writes it
PERSONAL = URIRef(f"{OURS}personal")
_NOT_IN_NAME = re.compile(r"^_|[^A-Za-z0-9_]")


# ── out ──


def add_schema(
    graph: Graph, table: URIRef, columns: Iterable[Mapping[str, Any]]
) -> None:
    """Say which *columns* a table has, in their order; nothing where there are none."""
    made: list[Node] = [_column(graph, column) for column in columns]
    if made:
        schema = typed(graph, table, C.tableSchema, BNode(), C.Schema)
        graph.add((schema, C.column, Collection(graph, BNode(), made).uri))


def _column(graph: Graph, said: Mapping[str, Any]) -> BNode:
    it, name, written = BNode(), str(said["name"]), str(said.get("type") or "")
    datatype = URIRef(type_of(written).csvw)
    graph.add((it, RDF.type, C.Column))
    graph.add((it, C.name, Literal(_NOT_IN_NAME.sub(_escaped, name))))
    graph.add((it, C.title, words(name)))
    graph.add((it, C.datatype, datatype))
    both(graph, it, RDFS.label, str(said.get("zh", "")), str(said.get("en", "")))
    about = (str(said.get("about_zh") or ""), str(said.get("about_en") or ""))
    both(graph, it, DCTERMS.description, *about)
    if written != _local(datatype):
        graph.add((it, TYPE, words(written)))
    if said.get("unit"):
        graph.add((it, SCHEMA.unitText, words(str(said["unit"]))))
    if said.get("personal"):
        graph.add((it, PERSONAL, Literal(str(said["personal"]))))
    codes: list[Node] = [_concept(graph, code) for code in said.get("codes", ())]
    if codes:
        scheme = typed(graph, it, QB.codeList, BNode(), SKOS.OrderedCollection)
        graph.add((scheme, SKOS.memberList, Collection(graph, BNode(), codes).uri))
    return it


def _escaped(found: re.Match[str]) -> str:
    sign = found[0]
    return f"%{ord(sign):02X}" if ord(sign) < 128 else quote(sign)


def _concept(graph: Graph, code: Mapping[str, Any]) -> BNode:
    it = BNode()
    graph.add((it, RDF.type, SKOS.Concept))
    graph.add((it, SKOS.notation, words(str(code["code"]))))
    both(graph, it, SKOS.prefLabel, str(code.get("zh", "")), str(code.get("en", "")))
    return it


# ── in ──


def columns(graph: Graph, tables: Iterable[Any]) -> tuple[dict[str, Any], ...]:
    """Return the columns of the first of *tables* whose schema says any."""
    for table in tables:
        for schema in graph.objects(table, C.tableSchema):
            read = [_read(graph, column) for column in members(graph, schema, C.column)]
            if found := tuple(column for column in read if column["name"]):
                return found
    return ()


def members(graph: Graph, it: Any, name: URIRef) -> Iterator[Any]:
    """Yield the values of a property: those of a list, or, without one, each."""
    for value in sorted(graph.objects(it, name), key=str):
        if is_list(graph, value):
            yield from listed(graph, value)
        else:
            yield value


def is_list(graph: Graph, value: Any) -> bool:
    """Tell whether a value is the head of an RDF list that has members."""
    return (value, RDF.first, None) in graph


def listed(graph: Graph, head: Any) -> list[Any]:
    """Return the members of an RDF list, each cell once: a list may bite its tail."""
    found, seen = [], set[Any]()
    while head is not None and head not in seen:
        seen.add(head)
        if (value := graph.value(head, RDF.first, any=True)) is not None:
            found.append(value)
        head = graph.value(head, RDF.rest, any=True)
    return found


def _read(graph: Graph, it: Any) -> dict[str, Any]:
    titles = _texts(graph, it, C.title)
    heads = [str(t) for t in titles if getattr(t, "language", None) is None]
    named = unquote(_text(graph, it, C.name)) or next(map(str, titles), "")
    labels = _said(graph, it, RDFS.label) or _said(graph, it, C.title)
    datatype = graph.value(it, C.datatype, any=True)
    base = graph.value(datatype, C.base, any=True) or datatype
    written = graph.value(it, TYPE, any=True)
    about = _said(graph, it, DCTERMS.description)
    codes = [
        read
        for scheme in graph.objects(it, QB.codeList)
        for concept in _concepts(graph, scheme)
        if (read := _code(graph, concept))["code"]
    ]
    own = {
        **{f"about_{language}": said for language, said in about.items()},
        "unit": _text(graph, it, SCHEMA.unitText),
        "personal": _text(graph, it, PERSONAL),
        "codes": codes,
    }
    said = {name: value for name, value in own.items() if value}
    return {
        "name": heads[0] if heads else named,
        "type": _local(base) if written is None else str(written),
        "zh": labels.get("zh", ""),
        "en": labels.get("en", ""),
    } | ({} if any(wrong([said | {"name": "x"}])) else said)


def _concepts(graph: Graph, scheme: Any) -> list[Any]:
    """Return the concepts of a list in its order; of a scheme, by their notation."""
    if found := list(members(graph, scheme, SKOS.memberList)):
        return found
    there = {
        *graph.objects(scheme, SKOS.member),
        *graph.objects(scheme, SKOS.hasTopConcept),
        *graph.subjects(SKOS.inScheme, scheme),
        *graph.subjects(SKOS.topConceptOf, scheme),
    }
    return sorted(there, key=lambda concept: _code(graph, concept)["code"])


def _code(graph: Graph, concept: Any) -> dict[str, str]:
    notation = _text(graph, concept, SKOS.notation)
    named = "" if isinstance(concept, BNode) else _local(concept)
    return {"code": notation or named} | _said(graph, concept, SKOS.prefLabel)


def _said(graph: Graph, it: Any, name: URIRef) -> dict[str, str]:
    """Return the texts that are said to be Chinese or English, by language."""
    found: dict[str, str] = {}
    for value in sorted(graph.objects(it, name), key=str):
        tag = str(getattr(value, "language", None) or "").lower()[:2]
        if tag in {"zh", "en"}:
            found.setdefault(tag, str(value))
    return found


def _texts(graph: Graph, it: Any, name: URIRef) -> list[Any]:
    """Return the values, first those that are in no language."""
    return sorted(
        graph.objects(it, name),
        key=lambda value: (getattr(value, "language", None) is not None, str(value)),
    )


def _text(graph: Graph, it: Any, name: URIRef) -> str:
    return next(map(str, _texts(graph, it, name)), "")


def _local(name: Any) -> str:
    """Return the last word of a name; of nothing, nothing."""
    if name is None or isinstance(name, BNode):
        return ""
    return re.split(r"[#/:]", str(name).rstrip("#/:"))[-1]
