"""The formats: what each is called, where it stands, what writes and reads it.

This table makes the menus, the addresses, the alternate links, the help page, and the
tests of every format.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from listings.formats import (
    ckan,
    croissant,
    datapackage,
    dcat,
    odcs,
    openapi,
    schema_org,
)
from listings.formats.description import Catalogue, Content, Description, Vendor, beside
from listings.formats.entry import Found
from listings.marking import N_
from listings.products import Facts
from listings.registration import declaration

JSON_LD = "application/ld+json"


class Format(NamedTuple):
    """One format of descriptions."""

    suffix: str  # of addresses and files; names it
    name: str
    media_type: str
    about: str  # for whom it is
    write: Callable[[Description], bytes]
    read: Callable[[bytes], Iterator[Found]]
    understood: Callable[[Description], Facts]  # what its own words give back
    write_catalogue: Callable[[Catalogue], bytes] | None = None
    specification: str = ""
    classes: tuple[str, ...] = ("dataset", "service", "application")


_DCAT = "https://semiceu.github.io/DCAT-AP/releases/3.0.0/"
_FOR_CATALOGUES = N_("For other catalogues and for linked data.")
FORMATS: tuple[Format, ...] = (
    Format(
        *("jsonld", "DCAT-AP 3 (JSON-LD)", JSON_LD, _FOR_CATALOGUES),
        partial(dcat.write, syntax="json-ld"),
        partial(dcat.read, syntax="json-ld"),
        dcat.understood,
        partial(dcat.write_catalogue, syntax="json-ld"),
        _DCAT,
    ),
    Format(
        *("ttl", "DCAT-AP 3 (Turtle)", "text/turtle", _FOR_CATALOGUES),
        partial(dcat.write, syntax="turtle"),
        partial(dcat.read, syntax="turtle"),
        dcat.understood,
        partial(dcat.write_catalogue, syntax="turtle"),
        _DCAT,
    ),
    Format(
        *("rdf", "DCAT-AP 3 (RDF/XML)", "application/rdf+xml", _FOR_CATALOGUES),
        partial(dcat.write, syntax="xml"),
        partial(dcat.read, syntax="xml"),
        dcat.understood,
        partial(dcat.write_catalogue, syntax="xml"),
        _DCAT,
    ),
    Format(
        *("schema.jsonld", "schema.org", JSON_LD),
        N_("For search engines; stands in every listing's page too."),
        schema_org.write,
        schema_org.read,
        schema_org.understood,
        schema_org.write_catalogue,
        "https://schema.org/Dataset",
    ),
    Format(
        *("croissant.json", "Croissant 1.0", JSON_LD),
        N_("For machine learning: files with checksums, columns as fields."),
        croissant.write,
        croissant.read,
        croissant.understood,
        None,
        "https://docs.mlcommons.org/croissant/docs/croissant-spec.html",
        ("dataset",),
    ),
    Format(
        *("datapackage.json", "Frictionless Data Package", "application/json"),
        N_("For programs that read and check tables."),
        datapackage.write,
        datapackage.read,
        datapackage.understood,
        None,
        "https://datapackage.org/",
    ),
    Format(
        *("odcs.yaml", "Open Data Contract (ODCS) 3.1", "application/yaml"),
        N_("For data contracts: schema, price, service level, roles."),
        odcs.write,
        odcs.read,
        odcs.understood,
        None,
        "https://bitol-io.github.io/open-data-contract-standard/",
    ),
    Format(
        *("openapi.json", "OpenAPI 3", "application/json"),
        N_("For programs that call a data service."),
        openapi.write,
        openapi.read,
        openapi.understood,
        None,
        "https://spec.openapis.org/oas/latest.html",
        ("service",),
    ),
    Format(
        *("ckan.json", "CKAN", "application/json"),
        N_("For open data portals; the same as its API shows."),
        ckan.write,
        ckan.read,
        ckan.understood,
        ckan.write_catalogue,
        "https://docs.ckan.org/en/2.11/api/",
    ),
)
BY_SUFFIX = {form.suffix: form for form in FORMATS}
# What an Accept header of a program that reads linked data chooses.
NEGOTIATED = {
    form.media_type: form
    for form in reversed(FORMATS)
    if form.suffix in ("ttl", "rdf", "jsonld")
}


def for_class(kind: str) -> tuple[Format, ...]:
    """Return the formats that can describe products of a class."""
    return tuple(form for form in FORMATS if kind in form.classes)


def for_catalogues() -> tuple[Format, ...]:
    """Return the formats that a whole catalogue can be in."""
    return tuple(form for form in FORMATS if form.write_catalogue)


def carried() -> dict[str, frozenset[str]]:
    """Return the facts that each format says in words that others know, by suffix."""
    found = {}
    for form in FORMATS:
        said = _PROBE._replace(facts=_PROBE.facts._replace(kind=form.classes[0]))
        read = form.understood(said)
        missed = beside(said.facts, read)
        found[form.suffix] = frozenset(Facts._fields) - missed.keys()
    return found


_PROBE = Description(
    "prd_0000001",
    "https://exchange.example/listings/prd_0000001",
    Facts(
        "dataset",
        *("港口吞吐量", "Port throughput", "每日一行。", "One row a day."),
        *("每个港口每日一行。", "One row for each port and day."),
        keywords=("port", "港口"),
        sector="transportation",
        region="31",
        updates="daily",
        publisher="港务局",
        publisher_url="https://port.example/",
        source_url="https://port.example/data",
        coverage_from="2020",
        coverage_until="2026-03",
        row_count=100,
        size_bytes=1000,
        dictionary=({"name": "day", "type": "date", "zh": "日期", "en": "Day"},),
        sample={"columns": ["day"], "rows": [["2026-01-01"]]},
        rights_note="仅供内部分析。",
        granularity="一站一时",
        documentation_url="https://docs.example/wind",
        support="data@example.org",
        extra={"note": "x"},
        source_route=next(iter(declaration.ROUTES)),
        source_statement="自行采集。",
        sensitivity=next(iter(declaration.SENSITIVITIES)),
        personal=next(iter(declaration.PERSONAL)),
        purpose="航运分析",
        scene="港口调度",
        rights={
            right: dict.fromkeys(declaration.CELLS, "x") for right in declaration.RIGHTS
        },
        industry="G",
    ),
    Vendor("mem_0000001", "港务局", "Port Authority", "https://exchange.example/1"),
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00Z",
    files=(Content("day.csv", 10, "0" * 64, "text/csv"),),
)
