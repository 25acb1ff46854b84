"""Croissant 1.0: data sets for machine learning, as JSON-LD, in and out.

https://docs.mlcommons.org/croissant/docs/croissant-spec.html (MLCommons). Files come
with their SHA-256, columns as the fields of one record set. A column whose values the
dictionary knows as codes refers to an enumeration: a record set of those codes.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from listings.dictionary import wrong
from listings.formats import schema_org
from listings.formats.description import (
    BESIDE,
    TABLES,
    CannotCarry,
    Description,
    beside,
    facts_in,
    in_both,
    restored,
    slug,
)
from listings.formats.documents import json_of, objects, text, texts
from listings.formats.entry import Described, Found, Rejected
from listings.formats.types import type_of
from listings.products import Facts

CONFORMS = "http://mlcommons.org/croissant/1.0"
LABELS = ("zh", "en")  # what a code means, in each language
# The context of the specification, written out, and our one name.
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    BESIDE: {"@id": "urn:databourse:databourse", "@type": "@json"},
}
_TERMS = (
    "citeAs column equivalentProperty extract field fileProperty fileObject fileSet"
    " format includes isLiveDataset jsonPath key md5 parentField path recordSet"
    " references regex repeated replace samplingRate separator source subField"
    " transform"
)
CONTEXT |= {name: f"cr:{name}" for name in _TERMS.split()}


def write(description: Description) -> bytes:
    """Return a data set as Croissant; CannotCarry for services and applications."""
    if description.facts.kind != "dataset":
        raise CannotCarry
    made = _document(description)
    if remains := beside(description.facts, understood(description)):
        made[BESIDE] = remains
    return json.dumps(made, ensure_ascii=False, indent=1).encode()


def _document(said: Description) -> dict[str, Any]:
    made = schema_org.summary(said)
    for name in ("variableMeasured", "distribution", "offers", "@id"):
        made.pop(name, None)
    made |= {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS,
        "name": slug(said.facts.title_en) if said.facts.title_en else said.id,
        "alternateName": [t for t in (said.facts.title_zh, said.facts.title_en) if t],
        "version": said.release or "1.0.0",
        "isLiveDataset": said.facts.updates not in (None, "never"),
        "citeAs": f"{said.vendor.name}: {said.title}. {said.url}",
        "distribution": _files(said),
        "recordSet": _records(said),
    }
    return {name: value for name, value in made.items() if value != []}


def _files(said: Description) -> list[dict[str, Any]]:
    return [
        {
            "@type": "cr:FileObject",
            "@id": content.name,
            "name": content.name,
            "contentUrl": said.url,
            "contentSize": f"{content.size} B",
            "encodingFormat": content.media_type.partition(";")[0],
            "sha256": content.sha256,
        }
        for content in said.files
    ]


def _records(said: Description) -> list[dict[str, Any]]:
    """Return the columns of the dictionary as fields of the first table delivered.

    Enumerations of their codes come after it.
    """
    source = said.table
    if source is None or not source.media_type.startswith(TABLES):
        return []
    names = {str(column["name"]): column for column in said.facts.dictionary}
    if not names:
        return []
    fields = [_field(column, source.name) for column in names.values()]
    record_set = {"@type": "cr:RecordSet", "@id": "records", "name": "records"}
    coded = [column for column in names.values() if column.get("codes")]
    return [record_set | {"field": fields}, *map(_enumeration, coded)]


def _field(column: dict[str, Any], source: str) -> dict[str, Any]:
    name = str(column["name"])
    made = {
        "@type": "cr:Field",
        "@id": f"records/{name}",
        "name": name,
        "description": str(column.get("en") or column.get("zh") or name),
        "dataType": type_of(column.get("type")).croissant,
        "source": {"fileObject": {"@id": source}, "extract": {"column": name}},
    }
    if column.get("codes"):
        made["references"] = {"field": {"@id": f"codes/{name}/code"}}
    return made


def _enumeration(column: dict[str, Any]) -> dict[str, Any]:
    """Return the codes of a column, each with what it means where that is said."""
    at, codes = f"codes/{column['name']}", column["codes"]
    parts = ("code", *(n for n in LABELS if any(code.get(n) for code in codes)))
    kinds = {"code": type_of(column.get("type")).croissant}
    return {
        "@type": "cr:RecordSet",
        "@id": at,
        "name": at,
        "dataType": "sc:Enumeration",
        "key": {"@id": f"{at}/code"},
        "field": [
            {"@type": "cr:Field", "@id": f"{at}/{part}", "name": part}
            | {"dataType": kinds.get(part, "sc:Text")}
            for part in parts
        ],
        "data": [
            {f"{at}/{part}": str(code.get(part) or "") for part in parts}
            for code in codes
        ],
    }


def understood(said: Description) -> Facts:
    """Return the facts that the format's own words give back."""
    return facts_in(_entry("", _document(said)))


def read(data: bytes) -> Iterator[Found]:
    """Yield the data set of a Croissant document."""
    for number, item in enumerate(objects(json_of(data)), 1):
        place = text(item.get("identifier")) or text(item.get("@id")) or f"#{number}"
        yield restored(place, _entry(place, item), item.get(BESIDE))


def _entry(place: str, item: dict[str, Any]) -> Found:
    others = item.get("alternateName")
    titles = others if isinstance(others, list) and others else item.get("name")
    plain = item | {"@type": "Dataset", "name": titles, "alternateName": None}
    found = schema_org.entry(place, plain)
    if isinstance(found, Rejected) or not isinstance(found, Described):
        return found
    tables = objects(item.get("recordSet"))
    codes = {
        _name(field): known
        for records in tables
        if _is_enumeration(records) and (known := _codes(records))
        for field in objects(records.get("field"))
    }
    columns = [
        column
        for records in tables
        if not _is_enumeration(records)
        for column in _columns(records, codes)
    ]
    facts = found.facts._replace(dictionary=tuple(columns))
    return found._replace(raw=item, facts=facts)


def _is_enumeration(records: dict[str, Any]) -> bool:
    kinds = texts(records.get("dataType"))
    return any(re.split(r"[:/]", kind)[-1] == "Enumeration" for kind in kinds)


def _codes(records: dict[str, Any]) -> list[dict[str, str]]:
    """Return the codes of an enumeration; none where one cannot be kept.

    What a code means is in the fields of our names, else in the first other one.
    """
    names = {_name(field): _local(field) for field in objects(records.get("field"))}
    key = _name(next(iter(objects(records.get("key"))), {}))
    if key not in names:
        key = next(iter(names), "")
    labels = [name for name in names if name != key]
    found = []
    for row in objects(records.get("data")):
        said = {name: text(row.get(name, row.get(names[name]))) for name in names}
        meant = {names[n]: said[n] for n in labels if names[n] in LABELS}
        if not meant and labels:
            meant = dict(zip(LABELS, in_both(said[labels[0]]), strict=True))
        code = {"code": said.get(key, "")} | meant
        found.append({part: value for part, value in code.items() if value})
    return [] if any(wrong([{"name": "x", "codes": found}])) else found


def _name(item: dict[str, Any]) -> str:
    return text(item.get("@id")) or text(item.get("name"))


def _local(field: dict[str, Any]) -> str:
    return (text(field.get("name")) or text(field.get("@id"))).rpartition("/")[2]


def _columns(
    records: dict[str, Any], codes: dict[str, list[dict[str, str]]]
) -> Iterator[dict[str, Any]]:
    for field in objects(records.get("field")):
        name = text(field.get("name"))
        kind = field.get("dataType")
        kind = kind[0] if isinstance(kind, list) and kind else kind
        refers = next(iter(objects(field.get("references"))), {})
        refers = next(iter(objects(refers.get("field"))), refers)
        known = codes.get(_name(refers))
        if name:
            yield {
                "name": name,
                "type": text(kind).rpartition(":")[2],
                "zh": "",
                "en": text(field.get("description")),
            } | ({"codes": known} if known else {})
