"""What a buyer of a demo product downloads: files, true to their dictionary."""

import csv
import json
from collections.abc import Iterable
from datetime import datetime
from io import StringIO
from typing import Any, NamedTuple

from marketplace.demo.products import HONEST_EN, HONEST_ZH, Product
from marketplace.demo.recipes import alternatives
from marketplace.demo.report import report
from marketplace.demo.rows import Field, Row, coverage, fields, rows

SAMPLE_ROWS = 5
RESPONSE_ROWS = 20
_JSON_TYPES = {
    "month": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
}


class Payload(NamedTuple):
    """One file of a release."""

    name: str
    body: bytes


class Goods(NamedTuple):
    """A product's files, its row count and the first rows as a safe sample."""

    files: tuple[Payload, ...]
    row_count: int
    sample: tuple[Row, ...]
    coverage: tuple[str, str]  # first and last day of the rows, ISO dates


def goods(product: Product, seed: int, until: datetime) -> Goods:
    """Return what *product* delivers, the same bytes for the same seed and day."""
    if product.kind == "service":
        until = until.replace(hour=12)  # an answer at noon shows more than one at night
    made = list(rows(product, seed, until))
    return Goods(
        _PACK[product.kind](product, made),
        len(made),
        tuple(made[:SAMPLE_ROWS]),
        _coverage(product, made, until),
    )


def _coverage(product: Product, made: list[Row], until: datetime) -> tuple[str, str]:
    for name, kind, _, _ in fields(product):
        if kind in ("date", "datetime"):
            days = [str(row[name])[:10] for row in made]
            return min(days), max(days)
    return coverage(product, until)


def _json(value: Any, *, indent: int | None = 1) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=indent).encode()


# How a column's name ends → the unit of its values.
UNITS = {
    "pct": "%",
    "c": "°C",
    "kg": "kg",
    "t": "t",
    "ms": "m/s",
    "min": "min",
    "kwh": "kW·h",
    "mwh": "MW·h",
    "kw": "kW",
    "cny": "CNY",
    "mm": "mm",
    "cm": "cm",
    "km": "km",
    "kmh": "km/h",
    "hpa": "hPa",
    "mpa": "MPa",
    "ppm": "ppm",
    "h": "h",
    "teu": "TEU",
    "rpm": "r/min",
    "kn": "kn",
    "days": "d",
    "weeks": "w",
}


def dictionary(product: Product) -> list[dict[str, Any]]:
    """Return the data dictionary as JSON, with unit and codes where there are any."""
    made = []
    recipes = {column.name: column.recipe for column in product.columns}
    for name, kind, zh, en in fields(product):
        unit = UNITS.get(name.rpartition("_")[2]) if "_" in name else None
        codes = [{"code": word} for word in alternatives(recipes[name])]
        column: dict[str, Any] = {"name": name, "type": kind, "zh": zh, "en": en}
        own: dict[str, Any] = {"unit": unit, "codes": codes}
        made.append(column | {key: value for key, value in own.items() if value})
    return made


def _dataset(product: Product, made: list[Row]) -> tuple[Payload, ...]:
    stem = product.code.lower()
    body = _FORMATS[product.format](product, made)
    about = {
        "name": stem,
        "title": {"zh": product.title[0], "en": product.title[1]},
        "notice": {"zh": HONEST_ZH, "en": HONEST_EN},
        "rows": len(made),
        "columns": dictionary(product),
    }
    return (
        Payload(f"{stem}.{product.format}", body),
        Payload("dictionary.json", _json(about)),
    )


def _csv(product: Product, made: list[Row]) -> bytes:
    text = StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(product)])
    writer.writeheader()
    writer.writerows(made)
    return text.getvalue().encode()


def _jsonl(_product: Product, made: Iterable[Row]) -> bytes:
    lines = (json.dumps(row, ensure_ascii=False) for row in made)
    return ("\n".join(lines) + "\n").encode()


def _geojson(_product: Product, made: Iterable[Row]) -> bytes:
    """Return the rows as points; the properties repeat every column (RFC 7946)."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
            "properties": row,
        }
        for row in made
    ]
    collection = {"type": "FeatureCollection", "features": features}
    return _json(collection, indent=None)


def _service(product: Product, made: list[Row]) -> tuple[Payload, ...]:
    shown = made[:RESPONSE_ROWS]
    samples = {"items": shown, "total": len(made), "notice": HONEST_EN}
    return (
        Payload("openapi.json", _json(openapi(product, shown))),
        Payload("samples.json", _json(samples)),
    )


def _schema(field: Field) -> dict[str, str]:
    kind = _JSON_TYPES.get(field.type, {"type": field.type})
    return {**kind, "title": field.zh, "description": field.en}


def openapi(product: Product, shown: list[Row]) -> dict[str, Any]:
    """Return an OpenAPI 3.1 description of the service, with examples from its rows."""
    described = fields(product)
    texts = [field for field in described if field.type == "string"][:2]
    parameters: list[dict[str, Any]] = [
        {
            "name": field.name,
            "in": "query",
            "required": index == 0,
            "description": f"{field.zh} · {field.en}",
            "schema": {"type": "string"},
            "example": shown[0][field.name],
        }
        for index, field in enumerate(texts)
    ]
    limit = {"type": "integer", "minimum": 1, "maximum": 100, "default": RESPONSE_ROWS}
    parameters.append({"name": "limit", "in": "query", "schema": limit})
    record = {
        "type": "object",
        "required": [field.name for field in described],
        "properties": {field.name: _schema(field) for field in described},
    }
    items = {"type": "array", "items": {"$ref": "#/components/schemas/Record"}}
    answer = {
        "description": "结果 · Records",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["items", "total"],
                    "properties": {"items": items, "total": {"type": "integer"}},
                },
                "example": {"items": shown[:2], "total": 2},
            }
        },
    }
    refused = {"description": "密钥无效或调用包已用尽 · No key, or no calls left"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{product.title[0]} · {product.title[1]}",
            "summary": product.summary[1],
            "description": "\n\n".join(product.description),
            "version": "1.0.0",
        },
        "servers": [{"url": "https://api.example.com/v1"}],
        "security": [{"key": []}],
        "paths": {
            f"/{product.code.lower()}": {
                "get": {
                    "operationId": f"query_{product.code.lower()}",
                    "summary": product.title[1],
                    "parameters": parameters,
                    "responses": {"200": answer, "401": refused, "429": refused},
                }
            }
        },
        "components": {
            "schemas": {"Record": record},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _application(product: Product, made: list[Row]) -> tuple[Payload, ...]:
    numbers = {
        "title": {"zh": product.title[0], "en": product.title[1]},
        "notice": {"zh": HONEST_ZH, "en": HONEST_EN},
        "columns": dictionary(product),
        "rows": made,
    }
    page = report(product, fields(product), made)
    return (
        Payload("report.html", page.encode()),
        Payload("report.json", _json(numbers)),
    )


_FORMATS = {"csv": _csv, "jsonl": _jsonl, "geojson": _geojson}
_PACK = {"dataset": _dataset, "service": _service, "application": _application}
