"""OpenAPI: the description of a data service, in and out.

https://spec.openapis.org/oas/v3.1.0 . The vendor's own document is kept as it is; what
the exchange adds is its server and `x-databourse`. Without one, the data dictionary
says what goes in and what comes out. Swagger 2.0 is read too.
"""

import json
from collections.abc import Iterator
from typing import Any

from listings.dictionary import COLUMNS_MAX
from listings.formats.description import (
    BESIDE,
    CannotCarry,
    Description,
    beside,
    described,
    facts_in,
    in_both,
    restored,
)
from listings.formats.documents import (
    Malformed,
    json_of,
    objects,
    text,
    texts,
    yaml_of,
)
from listings.formats.entry import Found
from listings.formats.text import excerpt, plain
from listings.formats.types import type_of
from listings.products import Facts, is_address

OWN = "openapi"  # where `extra` keeps the vendor's document
OURS = f"x-{BESIDE}"
_METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")


def write(description: Description) -> bytes:
    """Return the description of a service; CannotCarry for all other products."""
    if description.facts.kind != "service":
        raise CannotCarry
    made = _served(description)
    made[OURS] = {
        "id": description.id,
        "url": description.url,
        "facts": beside(description.facts, understood(description)),
    }
    return json.dumps(made, ensure_ascii=False, indent=1).encode()


def _served(said: Description) -> dict[str, Any]:
    """Return the vendor's own document, or one of ours, with the exchange's server."""
    own = (said.facts.extra or {}).get(OWN)
    made = dict(own) if isinstance(own, dict) else _document(said)
    if "openapi" in made:
        server = {"url": said.url, "description": "Databourse"}
        made["servers"] = [*objects(made.get("servers")), server]
    return made


def _document(said: Description) -> dict[str, Any]:
    asked = [c for c in said.facts.dictionary if c.get("role") == "parameter"]
    answered = [c for c in said.facts.dictionary if c.get("role") != "parameter"]
    results = {str(column["name"]): _schema(column) for column in answered}
    info: dict[str, Any] = {
        "title": said.title,
        "version": said.release or "1.0.0",
        "description": said.about,
    }
    if said.facts.publisher:
        info["contact"] = {"name": said.facts.publisher}
        if said.facts.publisher_url:
            info["contact"]["url"] = said.facts.publisher_url
    ok = {
        "description": "OK",
        "content": {
            "application/json": {
                "schema": {
                    "type": "array",
                    "items": {"type": "object", "properties": results},
                }
            }
        },
    }
    operation = {
        "operationId": "query",
        "summary": said.title,
        "parameters": [
            {
                "name": name,
                "in": "query",
                "description": _meaning(column),
                "schema": {"type": type_of(column.get("type")).openapi},
            }
            for name, column in {str(c["name"]): c for c in asked}.items()
        ],
        "responses": {"200": ok},
    }
    made: dict[str, Any] = {"openapi": "3.1.0", "info": info}
    if said.facts.source_url:
        made["externalDocs"] = {"url": said.facts.source_url}
    return made | {"paths": {"/": {"get": operation}}}


def _schema(column: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"type": type_of(column.get("type")).openapi}
    said = _meaning(column)
    codes = [str(code["code"]) for code in column.get("codes", ())]
    if codes and made["type"] == "string":
        made["enum"] = codes
    return made | ({"description": said} if said else {})


def _meaning(column: dict[str, Any]) -> str:
    return str(column.get("zh") or column.get("en") or "")


def _without_ours(made: dict[str, Any]) -> dict[str, Any]:
    """Return a document as it was before the exchange added its server and words."""
    kept = {name: value for name, value in made.items() if name != OURS}
    if "openapi" in kept and "servers" in kept:
        kept["servers"] = objects(kept["servers"])[:-1]
        if not kept["servers"]:
            del kept["servers"]
    return kept


def understood(said: Description) -> Facts:
    """Return the facts that the format's own words give back."""
    return facts_in(_entry("", _without_ours(_served(said))))


def read(data: bytes) -> Iterator[Found]:
    """Yield the service that a document (JSON or YAML) describes."""
    value = json_of(data) if data.lstrip()[:1] == b"{" else yaml_of(data)
    if not isinstance(value, dict) or not ({"openapi", "swagger"} & value.keys()):
        raise Malformed("line 1", "neither openapi nor swagger")
    ours = value.get(OURS)
    if isinstance(ours, dict):
        place = text(ours.get("id")) or "#1"
        yield restored(place, _entry(place, _without_ours(value)), ours.get("facts"))
    else:
        title = text(next(iter(objects(value.get("info"))), {}).get("title"))
        yield _entry(title[:200] or "#1", value)


def _entry(place: str, value: dict[str, Any]) -> Found:
    info = next(iter(objects(value.get("info"))), {})
    about = plain(text(info.get("description")))
    contact = next(iter(objects(info.get("contact"))), {})
    docs = next(iter(objects(value.get("externalDocs"))), {})
    names = [text(tag.get("name")) for tag in objects(value.get("tags"))]
    licence = next(iter(objects(info.get("license"))), {})
    facts = Facts(
        "service",
        *in_both(text(info.get("title"))),
        *in_both(excerpt(about)),
        *in_both(about),
        keywords=tuple(dict.fromkeys(name for name in names if name)),
        publisher=text(contact.get("name")),
        publisher_url=_address(text(contact.get("url"))),
        source_url=_address(text(docs.get("url"))),
        dictionary=tuple(_columns(value)[:COLUMNS_MAX]),
        extra={OWN: value},
    )
    stated = text(licence.get("url")) or text(licence.get("name"))
    return described(place, value, facts, stated)


def _columns(value: dict[str, Any]) -> list[dict[str, str]]:
    """Return the parameters and, one level deep, the results, each name once."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for path in objects(list(value.get("paths", {}).values()) if _has(value) else []):
        for operation in (path[m] for m in _METHODS if isinstance(path.get(m), dict)):
            for one in objects(operation.get("parameters")):
                name = text(one.get("name"))
                schema = next(iter(objects(one.get("schema"))), one)
                if name:
                    said = text(one.get("description"))
                    column = _column(name, schema, said, "parameter")
                    found.setdefault((name, "parameter"), column)
            for name, schema in _results(operation).items():
                said = text(schema.get("description"))
                column = _column(name, schema, said, "result")
                found.setdefault((name, "result"), column)
    return list(found.values())


def _has(value: dict[str, Any]) -> bool:
    return isinstance(value.get("paths"), dict)


def _results(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the properties that the successful answer's schema names itself."""
    answers = next(iter(objects(operation.get("responses"))), {})
    ok = next(iter(objects(answers.get("200"))), {})
    content = next(iter(objects(ok.get("content"))), {})
    media = next(iter(objects(content.get("application/json"))), {})
    schema = next(iter(objects(media.get("schema") or ok.get("schema"))), {})
    schema = next(iter(objects(schema.get("items"))), schema)
    inner = next(iter(objects(schema.get("properties"))), {})
    return {str(n): v for n, v in inner.items() if isinstance(v, dict) and str(n)}


def _column(name: str, schema: dict[str, Any], said: str, role: str) -> dict[str, str]:
    zh, en = in_both(said)
    kind = " ".join(texts(schema.get("type")))
    return {"name": name, "type": kind, "zh": zh, "en": en, "role": role}


def _address(said: str) -> str:
    return said if is_address(said) else ""
