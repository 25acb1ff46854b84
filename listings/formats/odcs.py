"""Open Data Contract Standard 3.1 (Bitol): a contract as YAML, in and out.

https://bitol-io.github.io/open-data-contract-standard/v3.1.0/ : servers, schema, price,
service level, roles.
"""

from collections.abc import Iterator
from typing import Any

import yaml

from listings.dictionary import OWN, wrong
from listings.formats.description import (
    BESIDE,
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
from listings.formats.documents import Malformed, objects, text, texts, yaml_of
from listings.formats.entry import Found, Rejected
from listings.formats.types import type_of
from listings.products import Facts
from listings.vocabulary import SECTORS, UPDATES

VERSION = "v3.1.0"
_KNOWN = {
    *("apiVersion", "kind", "id", "name", "version", "status", "domain", "tags"),
    *("description", "servers", "schema", "price", "slaProperties", "roles"),
    *("customProperties", "contractCreatedTs", "dataProduct"),
}


def write(description: Description) -> bytes:
    """Return one listing as a data contract."""
    made = _document(description)
    if remains := beside(description.facts, understood(description)):
        carried = {"property": BESIDE, "value": remains}
        made["customProperties"] = [*made.get("customProperties", []), carried]
    written: str = yaml.dump(
        made, Dumper=_Written, allow_unicode=True, sort_keys=False, width=88
    )
    return written.encode()


class _Written(yaml.SafeDumper):
    """YAML without aliases, which readers of contracts need not follow."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (the name is YAML's)
        """Write everything out."""
        return True


_Written.add_representer(
    tuple, lambda dumper, value: dumper.represent_list(list(value))
)


def _document(said: Description) -> dict[str, Any]:
    facts = said.facts
    limits = " ".join(licence_url(licence) for licence in said.licences)
    about = {
        "purpose": said.about,
        "limitations": facts.rights_note,
        "usage": limits,
    }
    made: dict[str, Any] = {
        "apiVersion": VERSION,
        "kind": "DataContract",
        "id": said.id,
        "name": said.title,
        "version": said.release or "1.0.0",
        "status": "active",
        "dataProduct": facts.title_en if facts.title_zh else "",
        "domain": facts.sector or "",
        "tags": list(facts.keywords),
        "description": {name: value for name, value in about.items() if value},
        "servers": _servers(said),
        "schema": _schema(said),
        "price": _price(said),
        "slaProperties": _levels(said),
        "roles": [
            {
                "role": offer.symbol,
                "access": "read",
                "description": offer.licence.title_zh or offer.licence.title_en,
            }
            for offer in said.offers
        ],
        "customProperties": _offers(said),
        "contractCreatedTs": said.issued,
    }
    return {name: value for name, value in made.items() if value not in ("", [], {})}


def _servers(said: Description) -> list[dict[str, str]]:
    at = said.facts.source_url or said.url
    kind = {"server": "exchange", "type": "custom", "location": said.url}
    if said.facts.kind == "service":
        kind = {"server": "exchange", "type": "api", "location": at}
    return [kind]


def _schema(said: Description) -> list[dict[str, Any]]:
    columns = said.facts.dictionary
    if not columns:
        return []
    return [
        {
            "name": slug(said.id),
            "physicalType": "table",
            "description": said.title,
            "properties": [_property(column) for column in columns],
        }
    ]


def _property(column: dict[str, Any]) -> dict[str, Any]:
    """Return a column; what the standard has no word for as custom properties."""
    about = str(column.get("about_en") or column.get("about_zh") or "")
    name_en = str(column.get("en") or "")
    own = {name: column[name] for name in OWN if name in column}
    if about:
        own["en"] = name_en
    codes = [str(code["code"]) for code in column.get("codes", ())]
    valid = {"metric": "invalidValues", "mustBe": 0}
    made = {
        "name": str(column["name"]),
        "businessName": str(column.get("zh") or ""),
        "logicalType": type_of(column.get("type")).odcs,
        "physicalType": str(column.get("type") or ""),
        "description": about or name_en,
        "classification": str(column.get("personal") or ""),
        "quality": [valid | {"arguments": {"validValues": codes}}] if codes else [],
        "customProperties": [
            {"property": name, "value": value} for name, value in own.items()
        ],
    }
    return {name: value for name, value in made.items() if value}


def _price(said: Description) -> dict[str, Any]:
    """Return the first price that is posted: a contract has one."""
    for offer in said.offers:
        if offer.price is not None:
            return {
                "priceAmount": float(offer.price),
                "priceCurrency": offer.currency,
                "priceUnit": offer.mode,
            }
    return {}


def _levels(said: Description) -> list[dict[str, Any]]:
    facts = said.facts
    made: list[dict[str, Any]] = []
    if facts.updates:
        made.append({"property": "frequency", "value": facts.updates})
    if facts.coverage_from or facts.coverage_until:
        period = f"{facts.coverage_from or ''}/{facts.coverage_until or ''}"
        made.append({"property": "coverage", "value": period})
    return made


def _offers(said: Description) -> list[dict[str, Any]]:
    """Return every offer exactly, decimals as text."""
    offers = [
        {
            "symbol": offer.symbol,
            "mode": offer.mode,
            "currency": offer.currency,
            "price": offer.price,
            "termDays": offer.term_days,
            "licence": licence_url(offer.licence),
        }
        for offer in said.offers
    ]
    return [{"property": "offers", "value": offers}] if offers else []


def understood(said: Description) -> Facts:
    """Return the facts that the format's own words give back."""
    return facts_in(_entry("", _document(said)))


def read(data: bytes) -> Iterator[Found]:
    """Yield the contract in a YAML document; Malformed if it is no contract."""
    value = yaml_of(data)
    if not isinstance(value, dict):
        raise Malformed("line 1", "not a data contract")
    place = text(value.get("id")) or "#1"
    if value.get("kind") != "DataContract":
        yield Rejected(place, "kind: not DataContract")
        return
    named = objects(value.get("customProperties"))
    carried = next((p.get("value") for p in named if p.get("property") == BESIDE), None)
    yield restored(place, _entry(place, value), carried)


def _entry(place: str, item: dict[str, Any]) -> Found:
    about = next(iter(objects(item.get("description"))), {})
    levels = {
        text(level.get("property")): text(level.get("value"))
        for level in objects(item.get("slaProperties"))
    }
    tables = objects(item.get("schema"))
    servers = objects(item.get("servers"))
    started, _, ended = levels.get("coverage", "").partition("/")
    sector, updates = text(item.get("domain")), levels.get("frequency", "")
    custom = [
        one
        for one in objects(item.get("customProperties"))
        if one.get("property") != BESIDE
    ]
    kept = {
        name: value
        for name, value in (("customProperties", custom), ("price", item.get("price")))
        if value
    }
    kept |= {"tables": tables[1:]} if len(tables) > 1 else {}
    kept |= {"servers": servers, "roles": item.get("roles")}
    facts = Facts(
        "service" if any(s.get("type") == "api" for s in servers) else "dataset",
        *_titles(item),
        *("", ""),
        *in_both(text(about.get("purpose"))),
        keywords=tuple(dict.fromkeys(texts(item.get("tags")))),
        sector=sector if sector in SECTORS else None,
        updates=updates if updates in UPDATES else None,
        coverage_from=started[:10] or None,
        coverage_until=ended[:10] or None,
        rights_note=text(about.get("limitations")),
        dictionary=_columns(tables[0]) if tables else (),
        extra=(keep(_KNOWN, item) or {}) | kept | _beyond(about, sector, levels),
    )
    return described(place, item, facts, text(about.get("usage")))


def _beyond(
    about: dict[str, Any], sector: str, levels: dict[str, str]
) -> dict[str, Any]:
    """Return what we have no code for."""
    kept: dict[str, Any] = {}
    if about.keys() - {"purpose", "limitations", "usage"}:
        kept["description"] = about
    if sector and sector not in SECTORS:
        kept["domain"] = sector
    unknown = {k: v for k, v in levels.items() if k not in {"frequency", "coverage"}}
    if levels.get("frequency", "") not in {"", *UPDATES}:
        unknown["frequency"] = levels["frequency"]
    return kept | ({"slaProperties": unknown} if unknown else {})


def _titles(item: dict[str, Any]) -> tuple[str, str]:
    name, other = text(item.get("name")), text(item.get("dataProduct"))
    zh, en = in_both(name or other)
    return (zh, other) if zh and name and other else (zh, en)


def _columns(table: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "name": name,
            "type": text(column.get("physicalType")) or text(column.get("logicalType")),
            "zh": text(column.get("businessName")),
            "en": text(column.get("description")),
        }
        | _own(column)
        for column in objects(table.get("properties"))
        if (name := text(column.get("name")))
    )


def _own(column: dict[str, Any]) -> dict[str, Any]:
    """Return what only our words say of a column, as far as it can be kept."""
    said = {
        str(one["property"]): one.get("value")
        for one in objects(column.get("customProperties"))
        if one.get("property") in {"en", *OWN}
    }
    return {} if any(wrong([said | {"name": "x"}])) else said
