"""CKAN: a package as its API shows it (JSON), in and out.

https://docs.ckan.org/en/2.11/api/ ; what has no word there goes into `extras`.
"""

import json
from collections.abc import Iterator
from typing import Any

from listings.formats.description import (
    BESIDE,
    Catalogue,
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
from listings.formats.entry import Found
from listings.formats.text import excerpt, plain
from listings.products import Facts, is_address
from listings.vocabulary import CLASSES, SECTORS, UPDATES, regions

TAG_MAX = 100  # characters
_KNOWN = {
    *("id", "name", "title", "notes", "url", "author", "tags", "groups", "extras"),
    *("license_id", "license_title", "license_url", "type", "organization", "version"),
    *("metadata_created", "metadata_modified", "state", "private", "owner_org"),
    *("num_resources", "num_tags", "isopen", "relationships_as_object"),
    *("relationships_as_subject", "maintainer", "creator_user_id"),
}
_CODES = {"updates": UPDATES, "region": {}, "class": CLASSES}
_DAYS = ("coverage_from", "coverage_until")


def write(description: Description) -> bytes:
    """Return one listing as a package."""
    return json.dumps(package(description), ensure_ascii=False, indent=1).encode()


def write_catalogue(catalogue: Catalogue) -> bytes:
    """Return a page of the catalogue as a list of packages."""
    made = [package(description) for description in catalogue.descriptions]
    return json.dumps(made, ensure_ascii=False, indent=1).encode()


def package(said: Description) -> dict[str, Any]:
    """Return one listing as the dictionary that ``package_show`` answers."""
    made = _document(said)
    if remains := beside(said.facts, understood(said)):
        carried = json.dumps(remains, ensure_ascii=False, sort_keys=True)
        made["extras"].append({"key": BESIDE, "value": carried})
    return made


def _document(said: Description) -> dict[str, Any]:
    facts = said.facts
    words = [word for word in facts.keywords if len(word) <= TAG_MAX]
    named = said.licences[0] if len(said.licences) == 1 else None
    extras = {
        "class": facts.kind,
        "updates": facts.updates,
        "region": facts.region,
        "coverage_from": facts.coverage_from,
        "coverage_until": facts.coverage_until,
        "listing": said.url,
    }
    return {
        "id": said.id,
        "name": slug(said.id),
        "type": "dataset",
        "state": "active",
        "private": False,
        "title": said.title,
        "notes": said.about,
        "url": facts.source_url,
        "version": said.release,
        "author": facts.publisher or said.vendor.name,
        "maintainer": said.vendor.name,
        "license_id": (named.spdx or named.code) if named else "notspecified",
        "license_title": (named.title_zh or named.title_en) if named else "",
        "license_url": licence_url(named) if named else "",
        "isopen": bool(named and named.spdx),
        "metadata_created": said.issued.rstrip("Z"),
        "metadata_modified": said.modified.rstrip("Z"),
        "owner_org": said.vendor.id,
        "organization": organisation(said.vendor.id, said.vendor.name),
        "groups": [group(facts.sector)] if facts.sector else [],
        "tags": [tag(word) for word in words],
        "num_tags": len(words),
        "resources": _resources(said),
        "num_resources": len(said.files) or 1,
        "extras": [{"key": k, "value": v} for k, v in extras.items() if v],
    }


def organisation(number: str, name: str) -> dict[str, Any]:
    """Return a member as an organisation of CKAN's."""
    return {
        "id": number,
        "name": slug(number),
        "title": name,
        "type": "organization",
        "is_organization": True,
        "state": "active",
    }


def group(sector: str) -> dict[str, Any]:
    """Return a sector as a group of CKAN's."""
    name = SECTORS[sector]
    title = f"{name.zh} {name.en}"
    return {"id": sector, "name": sector, "title": title, "display_name": title}


def tag(word: str) -> dict[str, Any]:
    """Return a keyword as a tag of CKAN's."""
    return {"id": word, "name": word, "display_name": word, "state": "active"}


def _resources(said: Description) -> list[dict[str, Any]]:
    files = [
        {
            "id": f"{slug(said.id)}-{number}",
            "package_id": said.id,
            "position": number,
            "name": content.name,
            "url": said.url,
            "format": content.name.rpartition(".")[2].upper(),
            "mimetype": content.media_type,
            "size": content.size,
            "hash": f"sha256:{content.sha256}",
            "state": "active",
        }
        for number, content in enumerate(said.files)
    ]
    url = said.facts.source_url or said.url
    alone = {"id": f"{slug(said.id)}-0", "package_id": said.id, "position": 0}
    return files or [alone | {"name": said.title, "url": url, "state": "active"}]


def understood(said: Description) -> Facts:
    """Return the facts that the format's own words give back."""
    return facts_in(_entry("", _document(said)))


def read(data: bytes) -> Iterator[Found]:
    """Yield what packages describe: one, a list, or what the API answered."""
    value = json_of(data)
    if isinstance(value, dict) and isinstance(value.get("result"), list | dict):
        value = value["result"]
    if isinstance(value, dict) and isinstance(value.get("results"), list):
        value = value["results"]
    for number, item in enumerate(objects(value), 1):
        place = text(item.get("id")) or text(item.get("name")) or f"#{number}"
        extras = _extras(item)
        carried: Any = None
        if BESIDE in extras:
            try:
                carried = json.loads(extras[BESIDE])
            except ValueError:
                carried = ""
        yield restored(place, _entry(place, item), carried)


def _extras(item: dict[str, Any]) -> dict[str, str]:
    return {
        text(one.get("key")): text(one.get("value"))
        for one in objects(item.get("extras"))
    }


def _entry(place: str, item: dict[str, Any]) -> Found:
    extras = _extras(item)
    known = {name: extras.get(name, "") for name in (*_CODES, *_DAYS)}
    about = plain(text(item.get("notes")))
    sectors = [text(one.get("name")) for one in objects(item.get("groups"))]
    sector = next((name for name in sectors if name in SECTORS), None)
    url = text(item.get("url"))
    others = {
        k: v for k, v in extras.items() if k not in {*known, BESIDE, "listing"} and v
    }
    kept: dict[str, Any] = {"extras": others} if others else {}
    kept |= {"groups": sectors} if sectors and sector is None else {}
    owner = next(iter(objects(item.get("organization"))), {})
    facts = Facts(
        known["class"] if known["class"] in CLASSES else "dataset",
        *in_both(plain(text(item.get("title")) or text(item.get("name")))),
        *in_both(excerpt(about)),
        *in_both(about),
        keywords=tuple(dict.fromkeys(_tags(item))),
        sector=sector,
        region=known["region"] if known["region"] in regions() else None,
        updates=known["updates"] if known["updates"] in UPDATES else None,
        publisher=text(item.get("author")) or text(owner.get("title")),
        source_url=url if is_address(url) else "",
        coverage_from=known["coverage_from"] or None,
        coverage_until=known["coverage_until"] or None,
        extra=(keep(_KNOWN, item) or {}) | kept or None,
    )
    stated = text(item.get("license_url")) or text(item.get("license_title"))
    code = text(item.get("license_id"))
    is_stated = code not in {"", "notspecified"}
    return described(place, item, facts, stated or (code if is_stated else ""))


def _tags(item: dict[str, Any]) -> list[str]:
    named = [text(one.get("name")) for one in objects(item.get("tags"))]
    return [word for word in (named or texts(item.get("tags"))) if word]
