"""The Registry of Open Data on AWS: data sets, and applications that use them.

https://github.com/awslabs/open-data-registry; one JSON object per line, with the key
names of its YAML files, and its ``Tools & Applications`` flattened in a second file.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from listings import spdx
from listings.formats.classification import only, sector_of
from listings.formats.entry import Described, Found, Rejected, records, text_of
from listings.formats.text import address, excerpt, one_line, party, plain
from listings.products import Facts
from listings.vocabulary import WORLD

NAME = "aws-open-data-registry"
PREFIX = "AWS"

# How often, by the whole text or by how it begins; other texts stay text.
UPDATES = {
    "never": r"never|no(t|t currently)?( being)? updated?s?|no( future)? updates.*"
    r"|not currently being updated|finalized|none|.*\bstatic dataset\b.*",
    "hourly": r"hourly.*|every hour.*",
    "daily": r"daily.*|every day.*|.*added daily|(four|4) times (each|a|per) day.*",
    "weekly": r"weekly.*|every week.*",
    "monthly": r"monthly.*|every month.*",
    "quarterly": r"quarterly.*|every (3|three) months",
    "yearly": r"annual(ly)?|yearly|every year|annual updates.*|updated annually",
    "irregular": r"as (needed|required|available)|periodically|infrequent.*|ad hoc"
    r"|occasional(ly)?|irregular(ly)?|new data is added as soon as it.{2,3}available",
}
_UPDATES = [(code, re.compile(rule, re.IGNORECASE)) for code, rule in UPDATES.items()]
REGION_OF = {
    "global": WORLD,
    "us": "US",
    "us-dc": "US",
    "canada": "CA",
    "ukraine": "UA",
}
# What says that the data itself costs nothing, besides a known open licence.
_FREE = re.compile(
    r"(?i)no restrictions? on the use|public domain|open to the public|free of charge"
    r"|free,? full,? and open|freely|openly available|free to use|without restriction"
    r"|available (for anyone to use|for free|on a free)|free basis|free for everyone"
    r"|us government work|publicly available|free and open|provided without license"
)
_NOT_FREE = re.compile(
    r"(?i)\bcommercial\]|by permission|approval|agreement|restricted"
)
_KEPT = {"Slug", "Name", "Description", "Tags"}


def read(paths: Sequence[Path]) -> Iterator[Found]:
    """Yield data sets and applications; the latter take the tags of their data set."""
    tags: dict[str, list[str]] = {}
    waiting: list[tuple[str, dict[str, Any]]] = []
    for path in paths:
        for place, value in records(path):
            if isinstance(value, dict) and "dataset_slug" in value:
                waiting.append((place, value))
            elif isinstance(value, dict) and text_of(value, "Slug"):
                tags[value["Slug"]] = _tags(value)
                yield _dataset(value)
            else:
                yield Rejected(place, _problem(value))
    for place, value in waiting:
        yield _application(place, value, tags.get(text_of(value, "dataset_slug"), []))


def _problem(value: Any) -> str:
    return str(value) if isinstance(value, ValueError) else "neither data set nor tool"


def _tags(value: dict[str, Any]) -> list[str]:
    return [tag for tag in value.get("Tags") or [] if isinstance(tag, str)]


def _dataset(value: dict[str, Any]) -> Found:
    if not text_of(value, "Name"):
        return Rejected(value["Slug"], "no name")
    tags, stated = _tags(value), text_of(value, "License")
    description = plain(text_of(value, "Description"))
    publisher = party(text_of(value, "ManagedBy"))
    facts = Facts(
        "dataset",
        title_en=one_line(plain(value["Name"])),
        summary_en=excerpt(description),
        description_en=description,
        keywords=tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip())),
        sector=sector_of(tags),
        region=only(REGION_OF.get(tag) for tag in tags),
        updates=updates_of(text_of(value, "UpdateFrequency")),
        publisher=publisher.name,
        publisher_url=publisher.url,
        source_url=address(text_of(value, "Documentation")),
        rights_note=_rights(value, stated),
        extra=_extra(value),
    )
    licence = spdx.of(stated)
    return Described(value["Slug"], value, facts, licence, _mode(value, stated))


def updates_of(text: str) -> str | None:
    """Return the code of an update frequency in words; None if none is certain."""
    words = one_line(plain(text)).strip(" .").lower()
    return next((code for code, rule in _UPDATES if rule.fullmatch(words)), None)


def _rights(value: dict[str, Any], stated: str) -> str:
    """Return what the entry says on rights, word by word, and that it is deprecated."""
    notice = plain(text_of(value, "DeprecatedNotice"))
    return "\n\n".join(part for part in (notice, plain(stated)) if part)


def _mode(value: dict[str, Any], stated: str) -> str:
    """Tell whether the data is free: an open licence or such words, open to anybody."""
    resources = [r for r in value.get("Resources") or [] if isinstance(r, dict)]
    controlled = any(r.get("ControlledAccess") for r in resources)
    words = _FREE.search(stated) and not _NOT_FREE.search(stated)
    return "free" if (spdx.identify(stated) or words) and not controlled else "ask"


def _extra(value: dict[str, Any]) -> dict[str, Any]:
    """Return what of an entry no field of ours holds, and what was rewritten."""
    extra = {key: item for key, item in value.items() if key not in _KEPT}
    stored = {
        "Name": one_line(plain(text_of(value, "Name"))),
        "Description": plain(text_of(value, "Description")),
    }
    original = {key: value.get(key) for key, text in stored.items()}
    changed = {key: text for key, text in original.items() if text != stored[key]}
    return extra | ({"original": changed} if changed else {})


def _application(place: str, value: dict[str, Any], tags: list[str]) -> Found:
    slug, title = (
        text_of(value, "dataset_slug"),
        one_line(plain(text_of(value, "Title"))),
    )
    if not slug or not title:
        return Rejected(place, "no title" if slug else "no data set")
    about = one_line(plain(text_of(value, "dataset_name"))) or slug
    writer, url = party(text_of(value, "AuthorName")), text_of(value, "AuthorURL")
    facts = Facts(
        "application",
        title_en=title,
        summary_zh=f"使用“{about}”数据的工具或应用。",
        summary_en=f"A tool or application that uses the data of “{about}”.",
        keywords=tuple(dict.fromkeys([about, *tags])),
        sector=sector_of(tags),
        region=only(REGION_OF.get(tag) for tag in tags),
        publisher=writer.name,
        publisher_url=url if url and address(url) == url else writer.url,
        source_url=address(text_of(value, "URL")),
        extra=value,
    )
    raw = {"tool": value, "tags": tags}
    return Described(f"{slug}/{title}", raw, facts, spdx.not_stated(), "ask")
