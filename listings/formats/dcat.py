"""DCAT 3 by the profile DCAT-AP 3: Turtle, RDF/XML and JSON-LD, in and out.

https://www.w3.org/TR/vocab-dcat-3/ and https://semiceu.github.io/DCAT-AP/releases/3.0.0/
A data set is a dcat:Dataset, a service a dcat:DataService, an application a
dcat:Resource. Prices and licences hang at the distribution as ODRL offers, and at the
one that is a table the columns of the dictionary (see `csvw`).
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rdflib import DCAT as D
from rdflib import DCTERMS, FOAF, ODRL2, RDF, RDFS, XSD, BNode, Graph, Literal, URIRef

from listings.formats import csvw, odrl, rdf
from listings.formats.dcat_terms import (
    FREQUENCIES,
    FREQUENCY,
    HYDRA,
    MEDIA_TYPE,
    OURS,
    PREFIXES,
    REGION,
    SCHEMA,
    SECTOR,
    SPDX,
    THEME,
    THEMES,
    VCARD,
    agent,
    both,
    iri,
    typed,
    words,
)
from listings.formats.description import (
    BESIDE,
    Catalogue,
    Description,
    Offer,
    beside,
    described,
    facts_in,
    language_of,
    licence_url,
    restored,
)
from listings.formats.entry import Found
from listings.formats.odrl import Contract
from listings.products import Facts
from listings.vocabulary import SECTORS, regions

CARRIED = URIRef(OURS + BESIDE)
TYPES = {"dataset": D.Dataset, "service": D.DataService, "application": D.Resource}
MEMBERS = {
    "dataset": D.dataset,
    "service": D.service,
    "application": URIRef(f"{D}resource"),
}
ENTRIES_MAX = 20_000  # of one document
_DATES = {4: XSD.gYear, 7: XSD.gYearMonth, 10: XSD.date}
_LITERALS = (DCTERMS.title, DCTERMS.description, DCTERMS.abstract, D.keyword)


# ── out ──


def write(description: Description, syntax: str = "turtle") -> bytes:
    """Return one listing as RDF in *syntax*: "turtle", "xml" or "json-ld"."""
    return _serialized(_with_what_remains([description]), syntax)


def write_catalogue(catalogue: Catalogue, syntax: str = "turtle") -> bytes:
    """Return a page of the catalogue, with Hydra links to the first and next page."""
    graph = _with_what_remains(catalogue.descriptions)
    whole, page = URIRef(catalogue.url), URIRef(catalogue.page)
    graph.add((whole, RDF.type, D.Catalog))
    for language, title in zip(("zh", "en"), catalogue.title, strict=True):
        graph.add((whole, DCTERMS.title, Literal(title, language)))
        graph.add((whole, DCTERMS.description, Literal(title, language)))
    agent(graph, whole, DCTERMS.publisher, catalogue.title[0], catalogue.url)
    for description in catalogue.descriptions:
        graph.add((whole, MEMBERS[description.facts.kind], URIRef(description.url)))
    graph.add((whole, HYDRA.view, page))
    graph.add((page, RDF.type, HYDRA.PartialCollectionView))
    graph.add((page, HYDRA.first, URIRef(catalogue.first)))
    if catalogue.next:
        graph.add((page, HYDRA.next, URIRef(catalogue.next)))
    return _serialized(graph, syntax)


def _serialized(graph: Graph, syntax: str) -> bytes:
    if syntax == "json-ld":
        return graph.serialize(format="json-ld", context=PREFIXES, encoding="utf-8")
    return graph.serialize(format=syntax, encoding="utf-8")


def _with_what_remains(descriptions: Sequence[Description]) -> Graph:
    """Return the graph of *descriptions*, each with what its words do not give back."""
    graph = Graph(bind_namespaces="none")
    for prefix, name in PREFIXES.items():
        graph.bind(prefix, name)
    for description in descriptions:
        subject = URIRef(description.url)
        _describe(graph, subject, description)
        read = facts_in(_entry(graph, subject))
        if remains := beside(description.facts, read):
            carried = Literal(json.dumps(remains, sort_keys=True), datatype=RDF.JSON)
            graph.add((subject, CARRIED, carried))
    odrl.add_to(graph, [rules for said in descriptions for rules in _rules(said)])
    return graph


def understood(said: Description) -> Facts:
    """Return the facts that the format's own words give back."""
    graph, subject = Graph(bind_namespaces="none"), URIRef(said.url)
    _describe(graph, subject, said)
    return facts_in(_entry(graph, subject))


def _describe(graph: Graph, it: URIRef, said: Description) -> None:
    facts = said.facts
    graph.add((it, RDF.type, TYPES[facts.kind]))
    if facts.kind == "application":
        graph.add((it, RDF.type, SCHEMA.SoftwareApplication))
    both(graph, it, DCTERMS.title, facts.title_zh, facts.title_en)
    both(graph, it, DCTERMS.abstract, facts.summary_zh, facts.summary_en)
    both(graph, it, DCTERMS.description, facts.description_zh, facts.description_en)
    if not (facts.description_zh or facts.description_en):  # the profile wants one
        text = words(said.about, language_of(said.about))
        graph.add((it, DCTERMS.description, text))
    for word in facts.keywords:
        graph.add((it, D.keyword, words(word, language_of(word))))
    _codes(graph, it, facts)
    _period(graph, it, facts)
    graph.add((it, DCTERMS.identifier, Literal(said.id)))
    graph.add((it, DCTERMS.issued, Literal(said.issued, datatype=XSD.dateTime)))
    graph.add((it, DCTERMS.modified, Literal(said.modified, datatype=XSD.dateTime)))
    page = URIRef(said.url)
    graph.add((it, D.landingPage, page))
    if facts.source_url:
        typed(graph, it, FOAF.page, iri(facts.source_url), FOAF.Document)
    name, home = facts.publisher or said.vendor.name, facts.publisher_url
    agent(graph, it, DCTERMS.publisher, name, home)
    contact = typed(graph, it, D.contactPoint, BNode(), VCARD.Organization)
    graph.add((contact, RDF.type, VCARD.Kind))
    graph.add((contact, VCARD.fn, words(said.vendor.name)))
    graph.add((contact, VCARD.hasURL, URIRef(said.vendor.url)))
    if facts.rights_note:
        note = typed(graph, it, DCTERMS.rights, BNode(), DCTERMS.RightsStatement)
        graph.add((note, RDFS.label, words(facts.rights_note)))
    if facts.kind == "service":
        graph.add((it, D.endpointURL, iri(facts.source_url or said.url)))
        _licensed(graph, it, said)
    elif facts.kind == "dataset":
        _distributions(graph, it, said)
    else:
        _licensed(graph, it, said)


def _codes(graph: Graph, it: URIRef, facts: Facts) -> None:
    """Say sector, region and frequency, each with its name in both languages."""
    if facts.sector:
        ours, name = URIRef(SECTOR + facts.sector), SECTORS[facts.sector]
        concept = URIRef(PREFIXES["skos"] + "Concept")
        typed(graph, it, D.theme, ours, concept)
        both(graph, ours, URIRef(PREFIXES["skos"] + "prefLabel"), name.zh, name.en)
        typed(graph, it, D.theme, URIRef(THEME + THEMES[facts.sector]), concept)
    if facts.region:
        place, name = URIRef(REGION + facts.region), regions()[facts.region]
        typed(graph, it, DCTERMS.spatial, place, DCTERMS.Location)
        both(graph, place, RDFS.label, name.zh, name.en)
    if facts.updates:
        often = URIRef(FREQUENCY + FREQUENCIES[facts.updates])
        typed(graph, it, DCTERMS.accrualPeriodicity, often, DCTERMS.Frequency)


def _period(graph: Graph, it: URIRef, facts: Facts) -> None:
    if not facts.coverage_from and not facts.coverage_until:
        return
    period = typed(graph, it, DCTERMS.temporal, BNode(), DCTERMS.PeriodOfTime)
    for name, day in (
        (D.startDate, facts.coverage_from),
        (D.endDate, facts.coverage_until),
    ):
        if day:
            graph.add((period, name, Literal(day, datatype=_DATES[len(day)])))


def _distributions(graph: Graph, it: URIRef, said: Description) -> None:
    """Say what is delivered: a distribution for each file, or one for the source."""
    for content in said.files:
        at = URIRef(f"{said.url}#{content.sha256[:16]}-{said.files.index(content)}")
        typed(graph, it, D.distribution, at, D.Distribution)
        graph.add((at, DCTERMS.title, words(content.name)))
        graph.add((at, D.accessURL, URIRef(said.url)))
        size = Literal(str(content.size), datatype=XSD.nonNegativeInteger)
        graph.add((at, D.byteSize, size))
        kind = URIRef(MEDIA_TYPE + content.media_type.partition(";")[0])
        typed(graph, at, D.mediaType, kind, DCTERMS.MediaType)
        check = typed(graph, at, SPDX.checksum, BNode(), SPDX.Checksum)
        graph.add((check, SPDX.algorithm, SPDX.checksumAlgorithm_sha256))
        digest = Literal(content.sha256, datatype=XSD.hexBinary, normalize=False)
        graph.add((check, SPDX.checksumValue, digest))
        if content == said.table:
            csvw.add_schema(graph, at, said.facts.dictionary)
        _licensed(graph, at, said)
    if not said.files:
        at = URIRef(f"{said.url}#distribution")
        typed(graph, it, D.distribution, at, D.Distribution)
        graph.add((at, D.accessURL, iri(said.facts.source_url or said.url)))
        csvw.add_schema(graph, at, said.facts.dictionary)
        _licensed(graph, at, said)


def _licensed(graph: Graph, at: URIRef, said: Description) -> None:
    """Hang the licence at *at* if there is one only, and every offer as a policy."""
    if len(said.licences) == 1:
        named = iri(licence_url(said.licences[0]))
        typed(graph, at, DCTERMS.license, named, DCTERMS.LicenseDocument)
    for offer in said.offers:
        policy = URIRef(f"{said.url}#offer-{offer.symbol}")
        graph.add((at, ODRL2.hasPolicy, policy))
        if (policy, RDF.type, ODRL2.Offer) not in graph:
            _policy(graph, policy, offer)


def _policy(graph: Graph, policy: URIRef, offer: Offer) -> None:
    """Say that there is an offer; its rules are added by `_rules`."""
    graph.add((policy, RDF.type, ODRL2.Offer))
    graph.add((policy, DCTERMS.identifier, Literal(offer.symbol)))
    named = iri(licence_url(offer.licence))
    typed(graph, policy, DCTERMS.license, named, DCTERMS.LicenseDocument)


def _rules(said: Description) -> Iterator[dict[str, Any]]:
    """Yield every offer with the rules of its licence: what is enforced here."""
    names = {
        odrl.name("product", said.id): said.url,
        odrl.name("member", said.vendor.id): said.vendor.url,
    }
    for offer in said.offers:
        contract = Contract(
            said.id,
            said.vendor.id,
            term_days=offer.term_days,
            deliveries_max=offer.deliveries_max,
            transferable=offer.transferable,
            price=None if offer.price is None else (offer.price, offer.currency),
        )
        url = f"{said.url}#offer-{offer.symbol}"
        policy = odrl.renamed(odrl.policy(offer.licence, contract), url)
        yield odrl.to_jsonld(odrl.called(policy, names), **{"@id": url})


# ── in ──


def read(data: bytes, syntax: str = "turtle") -> Iterator[Found]:
    """Yield the data sets, services and other resources that a document describes."""
    graph = rdf.parse(data, syntax)
    kinds = (*TYPES.values(), URIRef(f"{D}DatasetSeries"))
    subjects = {it for kind in kinds for it in graph.subjects(RDF.type, kind)}
    for it in sorted(subjects, key=str)[:ENTRIES_MAX]:
        yield _entry(graph, it)


def _entry(graph: Graph, it: Any) -> Found:
    kind = next(
        (kind for kind, named in TYPES.items() if (it, RDF.type, named) in graph),
        "dataset",
    )
    title = _languages(graph, it, DCTERMS.title)
    summary = _languages(graph, it, DCTERMS.abstract)
    text = _languages(graph, it, DCTERMS.description)
    publisher = graph.value(it, DCTERMS.publisher, any=True)
    period = graph.value(it, DCTERMS.temporal, any=True)
    page = _texts(graph, it, FOAF.page)
    home = str(graph.value(publisher, FOAF.homepage) or "") if publisher else ""
    facts = Facts(
        kind,
        *(*title, *summary, *text),
        keywords=tuple(sorted(_texts(graph, it, D.keyword))),
        sector=_code(graph, it, D.theme, SECTOR, SECTORS),
        region=_code(graph, it, DCTERMS.spatial, REGION, regions()),
        updates=_frequency(graph, it),
        publisher=str(graph.value(publisher, FOAF.name) or "") if publisher else "",
        publisher_url=home,
        source_url=page[0] if len(page) == 1 else "",
        coverage_from=_date(graph, period, D.startDate),
        coverage_until=_date(graph, period, D.endDate),
        dictionary=csvw.columns(graph, _places(graph, it)),
        rights_note=_rights(graph, it),
        extra=_unknown(graph, it),
    )
    identifier = _texts(graph, it, DCTERMS.identifier)
    place = identifier[0] if len(identifier) == 1 else str(it)
    found = described(place, _raw(graph, it), facts, _licence(graph, it))
    carried = graph.value(it, CARRIED)
    if carried is None:
        return found
    try:
        return restored(place, found, json.loads(str(carried)))
    except ValueError:
        return restored(place, found, "")


def _texts(graph: Graph, it: Any, name: URIRef) -> list[str]:
    return sorted(str(value) for value in graph.objects(it, name))


def _languages(graph: Graph, it: Any, name: URIRef) -> tuple[str, str]:
    """Return the Chinese and the English text; one without language is looked at."""
    found = {"zh": "", "en": ""}
    for value in sorted(graph.objects(it, name), key=str):
        tag = str(getattr(value, "language", None) or "").lower()[:2]
        language = tag if tag in found else language_of(str(value))
        if not found[language] or tag == language:
            found[language] = str(value)
    return found["zh"], found["en"]


def _code(
    graph: Graph, it: Any, name: URIRef, prefix: str, known: dict[str, Any]
) -> str | None:
    codes = [text.removeprefix(prefix) for text in _texts(graph, it, name)]
    return next((code for code in codes if code in known), None)


def _frequency(graph: Graph, it: Any) -> str | None:
    by_name = {FREQUENCY + term: code for code, term in FREQUENCIES.items()}
    said = _texts(graph, it, DCTERMS.accrualPeriodicity)
    return by_name.get(said[0]) if len(said) == 1 else None


def _date(graph: Graph, period: Any, name: URIRef) -> str | None:
    value = graph.value(period, name) if period is not None else None
    return None if value is None else str(value)[:10]


def _rights(graph: Graph, it: Any) -> str:
    notes = [
        graph.value(note, RDFS.label) for note in graph.objects(it, DCTERMS.rights)
    ]
    return "\n\n".join(str(note) for note in notes if note is not None)


def _places(graph: Graph, it: Any) -> list[Any]:
    """Return the entry and its distributions, in an order without chance."""
    return [it, *sorted(graph.objects(it, D.distribution), key=str)]


def _licence(graph: Graph, it: Any) -> str:
    """Return the one licence that the entry and its distributions name, or nothing."""
    places = _places(graph, it)
    named = {text for at in places for text in _texts(graph, at, DCTERMS.license)}
    return named.pop() if len(named) == 1 else ""


_KNOWN = {
    *(RDF.type, DCTERMS.title, DCTERMS.abstract, DCTERMS.description, D.keyword),
    *(DCTERMS.identifier, DCTERMS.rights, DCTERMS.temporal, DCTERMS.publisher, CARRIED),
}


def _unknown(graph: Graph, it: Any) -> dict[str, Any] | None:
    """Return what else is said of an entry, by the full names of the properties."""
    found: dict[str, list[Any]] = {}
    for name, value in _raw(graph, it):
        if URIRef(name) not in _KNOWN:
            found.setdefault(name, []).append(value)
    return found or None


def _raw(graph: Graph, it: Any, depth: int = 3) -> list[tuple[str, Any]]:
    """Return all that is said of *it*, in an order that does not depend on chance."""
    said = [
        (str(name), _said(graph, value, depth))
        for name, value in graph.predicate_objects(it)
    ]
    return sorted(said, key=lambda pair: json.dumps(pair, sort_keys=True))


def _said(graph: Graph, value: Any, depth: int) -> Any:
    """Return a value as text; what has no name of its own, as what is said of it."""
    is_named = not isinstance(value, BNode)
    if depth and csvw.is_list(graph, value):
        return [_said(graph, part, depth) for part in csvw.listed(graph, value)]
    if not depth or (is_named and (value, RDF.type, D.Distribution) not in graph):
        return str(value) if is_named else ""
    inner: dict[str, Any] = {"@id": str(value)} if is_named else {}
    for name, part in _raw(graph, value, depth - 1):
        inner.setdefault(name, []).append(part)
    return inner
