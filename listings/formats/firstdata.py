"""FirstData: a bilingual catalogue of authoritative data sources (one JSON document).

https://github.com/MLT-OSS/FirstData, schema v2: ``{"sources": [{id, name, …}]}``.
It names no licence and no price for what it describes.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from listings import spdx
from listings.formats.classification import country, division, sector_of
from listings.formats.entry import Described, Found, Rejected, records, text_of
from listings.formats.text import address, excerpt, plain
from listings.products import Facts
from listings.vocabulary import CHINA, WORLD

NAME = "firstdata"
PREFIX = "FD"
UPDATES = {
    "real-time": "realtime",
    "daily": "daily",
    "weekly": "weekly",
    "monthly": "monthly",
    "quarterly": "quarterly",
    "annual": "yearly",
    "irregular": "irregular",
}
# Words of the catalogue that say that access costs nothing.
OPEN_TAGS = {"open-data", "open-access", "free-access", "开放数据", "免费", "开放获取"}
_KEPT = {"id", "name", "description", "tags", "website", "data_url", "data_content"}


def read(paths: Sequence[Path]) -> Iterator[Found]:
    """Yield the sources in the files at *paths*."""
    for path in paths:
        for place, document in records(path):
            sources = document.get("sources") if isinstance(document, dict) else None
            if not isinstance(sources, list):
                yield Rejected(place, "no list of sources in this document")
                continue
            for number, source in enumerate(sources, 1):
                yield _entry(f"{place}#{number}", source)


def _entry(place: str, source: Any) -> Found:
    if not isinstance(source, dict) or not text_of(source, "id"):
        return Rejected(place, "no id")
    name, description = _both(source.get("name")), _both(source.get("description"))
    if not any(name):
        return Rejected(source["id"], "no name")
    tags = [tag for tag in source.get("tags") or [] if isinstance(tag, str)]
    domains = [d for d in source.get("domains") or [] if isinstance(d, str)]
    content = source.get("data_content")
    lists = content if isinstance(content, dict) else {}
    website, data_url = text_of(source, "website"), text_of(source, "data_url")
    facts = Facts(
        "dataset",
        title_zh=name[0],
        title_en=name[1],
        summary_zh=excerpt(description[0]),
        summary_en=excerpt(description[1]),
        description_zh=_described(description[0], lists.get("zh")),
        description_en=_described(description[1], lists.get("en")),
        keywords=tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip())),
        sector=sector_of(domains),
        region=_region(source, name[0]),
        updates=UPDATES.get(text_of(source, "update_frequency")),
        publisher=name[0] or name[1],
        publisher_url=address(website),
        source_url=address(data_url),
        extra=_extra(source, lists),
    )
    free = bool(OPEN_TAGS & {tag.lower() for tag in tags})
    mode = "free" if free else "ask"
    return Described(source["id"], source, facts, spdx.not_stated(), mode)


def _both(value: Any) -> tuple[str, str]:
    """Return the Chinese and the English text of a value in several languages."""
    texts = value if isinstance(value, dict) else {}
    return plain(text_of(texts, "zh")), plain(text_of(texts, "en"))


def _described(description: str, items: Any) -> str:
    """Return a description with the list of what the source contains below it."""
    lines = [f"- {plain(item)}" for item in items or [] if isinstance(item, str)]
    return "\n\n".join(part for part in (description, "\n".join(lines)) if part)


def _region(source: dict[str, Any], name_zh: str) -> str | None:
    scope, code = text_of(source, "geographic_scope"), text_of(source, "country")
    if scope == "global":
        return WORLD
    if scope == "subnational" and code == CHINA:
        return division(name_zh) or CHINA
    return country(code) if code else None


def _extra(source: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """Return what of a source no field of ours holds, and what was rewritten."""
    extra = {key: value for key, value in source.items() if key not in _KEPT}
    other = {key: value for key, value in content.items() if key not in {"zh", "en"}}
    if other:
        extra["data_content"] = other
    original = {
        field: source[field]
        for field in ("name", "description")
        if any(value != plain(value) for value in _texts(source.get(field)))
    }
    original |= {
        field: source[field]
        for field in ("website", "data_url")
        if source.get(field) and address(str(source[field])) != source[field]
    }
    return extra | ({"original": original} if original else {})


def _texts(value: Any) -> list[str]:
    texts = value.values() if isinstance(value, dict) else ()
    return [text for text in texts if isinstance(text, str)]
