"""Croissant 1.0: data sets for machine learning, as JSON-LD, in and out.

https://docs.mlcommons.org/croissant/docs/croissant-spec.html (MLCommons). Files come
with their SHA-256, columns as the fields of one record set.
"""

import json
from collections.abc import Iterator
from typing import Any

from listings.formats import schema_org
from listings.formats.description import (
    BESIDE,
    CannotCarry,
    Description,
    beside,
    facts_in,
    restored,
    slug,
)
from listings.formats.documents import json_of, objects, text
from listings.formats.entry import Described, Found, Rejected
from listings.formats.types import type_of
from listings.products import Facts

CONFORMS = "http://mlcommons.org/croissant/1.0"
TABULAR = ("text/csv", "application/vnd.apache.parquet", "application/x-parquet")
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
    """Return the columns of the dictionary as fields of the first table delivered."""
    source = next((f for f in said.files if f.media_type.startswith(TABULAR)), None)
    if source is None:
        return []
    names = {str(column["name"]): column for column in said.facts.dictionary}
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"records/{name}",
            "name": name,
            "description": str(column.get("en") or column.get("zh") or name),
            "dataType": type_of(column.get("type")).croissant,
            "source": {
                "fileObject": {"@id": source.name},
                "extract": {"column": name},
            },
        }
        for name, column in names.items()
    ]
    if not fields:
        return []
    record_set = {"@type": "cr:RecordSet", "@id": "records", "name": "records"}
    return [record_set | {"field": fields}]


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
    columns = [
        column
        for records in objects(item.get("recordSet"))
        for column in _columns(records)
    ]
    facts = found.facts._replace(dictionary=tuple(columns))
    return found._replace(raw=item, facts=facts)


def _columns(records: dict[str, Any]) -> Iterator[dict[str, str]]:
    for field in objects(records.get("field")):
        name = text(field.get("name"))
        kind = field.get("dataType")
        kind = kind[0] if isinstance(kind, list) and kind else kind
        if name:
            yield {
                "name": name,
                "type": text(kind).rpartition(":")[2],
                "zh": "",
                "en": text(field.get("description")),
            }
