"""The words of DCAT-AP: namespaces, controlled vocabularies, and how to say a thing.

Authority tables of the Publications Office of the European Union (frequency,
data-theme): https://op.europa.eu/en/web/eu-vocabularies/authority-tables
"""

import re
from typing import Any
from urllib.parse import quote

from rdflib import (
    CSVW,
    DCTERMS,
    FOAF,
    ODRL2,
    QB,
    RDF,
    RDFS,
    SKOS,
    XSD,
    BNode,
    Graph,
    Literal,
    URIRef,
)
from rdflib import DCAT as D
from rdflib import Namespace as Space

OURS = "urn:databourse:"
SECTOR = f"{OURS}sector:"
REGION = f"{OURS}region:"
_AUTHORITY = "http://publications.europa.eu/resource/authority/"
FREQUENCY = f"{_AUTHORITY}frequency/"
THEME = f"{_AUTHORITY}data-theme/"
MEDIA_TYPE = "https://www.iana.org/assignments/media-types/"

FREQUENCIES = {
    "realtime": "UPDATE_CONT",
    "hourly": "HOURLY",
    "daily": "DAILY",
    "weekly": "WEEKLY",
    "monthly": "MONTHLY",
    "quarterly": "QUARTERLY",
    "yearly": "ANNUAL",
    "irregular": "IRREG",
    "never": "NEVER",
}
THEMES = {
    "industrial-manufacturing": "ECON",
    "modern-agriculture": "AGRI",
    "commerce-circulation": "ECON",
    "transportation": "TRAN",
    "financial-services": "ECON",
    "sci-tech-innovation": "TECH",
    "culture-tourism": "EDUC",
    "healthcare": "HEAL",
    "emergency-management": "REGI",
    "meteorological-services": "ENVI",
    "urban-governance": "GOVE",
    "green-low-carbon": "ENVI",
}
HYDRA = Space("http://www.w3.org/ns/hydra/core#")
SPDX = Space("http://spdx.org/rdf/terms#")
VCARD = Space("http://www.w3.org/2006/vcard/ns#")
SCHEMA = Space("https://schema.org/")
PREFIXES = {
    "dcat": str(D), "dct": str(DCTERMS), "foaf": str(FOAF), "odrl": str(ODRL2),
    "rdf": str(RDF), "rdfs": str(RDFS), "xsd": str(XSD), "hydra": str(HYDRA),
    "spdx": str(SPDX), "vcard": str(VCARD), "schema": str(SCHEMA),
    "dbx": OURS, "skos": str(SKOS), "csvw": str(CSVW), "qb": str(QB),
}  # fmt: skip
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NOT_IN_IRI = re.compile(r'[\x00-\x20<>"{}|\\^`]')


def words(text: str, language: str | None = None) -> Literal:
    """Return text without what XML cannot say; that goes beside it, see `beside`."""
    return Literal(_NOT_IN_XML.sub("", text.replace("\r", "\n")), language)


def iri(text: str) -> URIRef:
    """Return an address with the characters escaped that no IRI has (RFC 3987)."""
    return URIRef(_NOT_IN_IRI.sub(lambda found: quote(found[0]), text))


def typed(graph: Graph, it: Any, name: URIRef, value: Any, kind: URIRef) -> Any:
    """Say that *it* has a *value* of a *kind*; return the value."""
    graph.add((it, name, value))
    graph.add((value, RDF.type, kind))
    return value


def agent(graph: Graph, it: URIRef, name: URIRef, said: str, home: str) -> None:
    """Say who: a name and, where there is one, a home page."""
    found = typed(graph, it, name, BNode(), FOAF.Agent)
    graph.add((found, FOAF.name, words(said)))
    if home:
        graph.add((found, FOAF.homepage, iri(home)))


def both(graph: Graph, it: URIRef | BNode, name: URIRef, zh: str, en: str) -> None:
    """Say a text in the languages that there are."""
    for language, text in (("zh", zh), ("en", en)):
        if text:
            graph.add((it, name, words(text, language)))
