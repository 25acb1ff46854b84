"""Frictionless Data Package: datapackage.json with a table schema, in and out.

https://datapackage.org/standard/data-package/ (version 1 and 2; version 1 is written,
which readers of either take).
"""

import json
from collections.abc import Iterator
from typing import Any

from listings.dictionary import OWN, wrong
from listings.formats.description import (
    BESIDE,
    CannotCarry,
    Description,
    beside,
    described,
    facts_in,
    in_both,
    keep,
    licence_url,
    restored,
    slug,
)
from listings.formats.documents import json_of, objects, text, texts
from listings.formats.entry import Found, Rejected
from listings.formats.types import type_of
from listings.products import Facts, is_address
from listings.vocabulary import CLASSES

_KNOWN = {
    *("name", "id", "title", "description", "homepage", "version", "created"),
    *("keywords", "licenses", "contributors", "sources", "resources", "$schema"),
    *("profile", "class", BESIDE),
}


def write(description: Description) -> bytes:
    """Return a package; CannotCarry if there is neither file, sample nor column."""
    made = _document(description)
    if remains := beside(description.facts, understood(description)):
        made[BESIDE] = remains
    return json.dumps(made, ensure_ascii=False, indent=1).encode()


def _document(said: Description) -> dict[str, Any]:
    facts = said.facts
    publisher = {"title": facts.publisher or said.vendor.name, "role": "publisher"}
    if facts.publisher_url:
        publisher["path"] = facts.publisher_url
    vendor = {"title": said.vendor.name, "path": said.vendor.url, "role": "distributor"}
    source = {"title": facts.source_url, "path": facts.source_url}
    made: dict[str, Any] = {
        "profile": "data-package",
        "name": slug(said.id),
        "id": said.id,
        "class": facts.kind,
        "title": said.title,
        "description": said.about,
        "homepage": said.url,
        "version": said.release,
        "created": said.issued,
        "keywords": list(facts.keywords),
        "licenses": [
            {
                "name": licence.spdx or licence.code,
                "title": licence.title_zh or licence.title_en,
                "path": licence_url(licence),
            }
            for licence in said.licences
        ],
        "contributors": [publisher, vendor],
        "sources": [source] if facts.source_url else [],
        "resources": _resources(said),
    }
    for licence in made["licenses"]:
        if not licence["path"].startswith("http"):
            del licence["path"]
    return {name: value for name, value in made.items() if value not in ("", [])}


def _resources(said: Description) -> list[dict[str, Any]]:
    fields = [_field(column) for column in said.facts.dictionary]
    schema = {"schema": {"fields": fields}} if fields else {}
    tables = [c.name for c in said.files if c.media_type.startswith("text/csv")]
    made: list[dict[str, Any]] = [
        {
            "name": slug(content.name),
            "path": content.name,
            "format": content.name.rpartition(".")[2].lower(),
            "mediatype": content.media_type.partition(";")[0],
            "bytes": content.size,
            "hash": f"sha256:{content.sha256}",
        }
        | (schema if content.name in tables[:1] else {})
        for content in said.files
    ]
    if not made:
        made.append(_inline(said, fields))
    return made


def _inline(said: Description, fields: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the sample, or the columns alone, as a table inside the document."""
    sample = said.facts.sample or {}
    if sample.get("columns") and sample.get("rows"):
        return {"name": "sample", "data": [sample["columns"], *sample["rows"]]}
    if not fields:
        raise CannotCarry
    names = [field["name"] for field in fields]
    return {"name": "columns", "data": [names], "schema": {"fields": fields}}


def _field(column: dict[str, Any]) -> dict[str, Any]:
    """Return a column; what the standard has no word for under our own names."""
    about = str(column.get("about_en") or column.get("about_zh") or "")
    name_en = str(column.get("en") or "")
    kind = type_of(column.get("type")).datapackage
    codes = [str(code["code"]) for code in column.get("codes", ())]
    said = {
        "name": str(column["name"]),
        "type": kind,
        "title": str(column.get("zh") or ""),
        "description": about or name_en,
        "constraints": {"enum": codes} if codes and kind == "string" else {},
        "en": name_en if about else "",
        **{name: column.get(name) for name in OWN},
    }
    return {name: value for name, value in said.items() if value}


def understood(said: Description) -> Facts:
    """Return the facts that the format's own words give back."""
    return facts_in(_entry("", _document(said)))


def read(data: bytes) -> Iterator[Found]:
    """Yield what a package, or each of a list of packages, describes."""
    for number, item in enumerate(objects(json_of(data)), 1):
        place = text(item.get("id")) or text(item.get("name")) or f"#{number}"
        if "resources" not in item:
            yield Rejected(place, "resources: missing")
        else:
            yield restored(place, _entry(place, item), item.get(BESIDE))


def _entry(place: str, item: dict[str, Any]) -> Found:
    kind = text(item.get("class"))
    resources = objects(item.get("resources"))
    schemas = [s for r in resources for s in objects(r.get("schema"))]
    parties = {text(p.get("role")): p for p in objects(item.get("contributors"))}
    publisher = parties.get("publisher") or parties.get("author") or {}
    sources = [text(s.get("path")) for s in objects(item.get("sources"))]
    licences = [text(one.get("name")) for one in objects(item.get("licenses"))]
    beyond = keep(_KNOWN, item) or {}
    kept = [{k: v for k, v in r.items() if k != "schema"} for r in resources]
    facts = Facts(
        kind if kind in CLASSES else "dataset",
        *in_both(text(item.get("title")) or text(item.get("name"))),
        *("", ""),
        *in_both(text(item.get("description"))),
        keywords=tuple(dict.fromkeys(texts(item.get("keywords")))),
        publisher=text(publisher.get("title")),
        publisher_url=_address(text(publisher.get("path"))),
        source_url=_address(sources[0]) if len(sources) == 1 else "",
        dictionary=_columns(schemas[0]) if schemas else (),
        extra=beyond | {"resources": kept},
    )
    licence = licences[0] if len(licences) == 1 else ""
    return described(place, item, facts, licence)


def _columns(schema: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "name": name,
            "type": text(field.get("type")),
            "zh": text(field.get("title")),
            "en": text(field.get("description")),
        }
        | _own(field)
        for field in objects(schema.get("fields"))
        if (name := text(field.get("name")))
    )


def _own(field: dict[str, Any]) -> dict[str, Any]:
    """Return what only our words say of a column, as far as it can be kept."""
    said = {name: field[name] for name in ("en", *OWN) if name in field}
    return {} if any(wrong([said | {"name": "x"}])) else said


def _address(said: str) -> str:
    return said if is_address(said) else ""
