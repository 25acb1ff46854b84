"""schema.org Dataset, WebAPI and SoftwareApplication as JSON-LD, in and out.

https://schema.org/Dataset and what Google Dataset Search asks for:
https://developers.google.com/search/docs/appearance/structured-data/dataset
The context is written out, so that nobody has to fetch it.
"""

import json
from collections.abc import Iterator
from typing import Any

from listings.dictionary import UNIT_MAX, wrong
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
)
from listings.formats.documents import json_of, objects, text, texts
from listings.formats.entry import Found, Rejected
from listings.formats.text import excerpt
from listings.products import Facts, is_address
from listings.vocabulary import SECTORS, regions

VOCABULARY = "https://schema.org/"
DESCRIPTION_MAX = 5_000  # characters that search engines read
TYPES = {
    "dataset": "Dataset",
    "service": "WebAPI",
    "application": "SoftwareApplication",
}
_KNOWN = {
    *("@context", "@type", "@id", "identifier", "name", "alternateName"),
    *("description", "abstract", "keywords", "license", "about", "spatialCoverage"),
    *("temporalCoverage", "sameAs", "isAccessibleForFree", BESIDE),
}


def write(description: Description) -> bytes:
    """Return one listing as a JSON-LD document."""
    return _dump(document(description))


def write_catalogue(catalogue: Catalogue) -> bytes:
    """Return a page of the catalogue as a schema.org DataCatalog."""
    return _dump(
        {
            "@context": {"@vocab": VOCABULARY},
            "@type": "DataCatalog",
            "@id": catalogue.url,
            "name": list(catalogue.title),
            "dataset": [document(entry) for entry in catalogue.descriptions],
        }
    )


def document(said: Description) -> dict[str, Any]:
    """Return one listing as JSON-LD, with what schema.org has no words for."""
    made = summary(said)
    remains = beside(said.facts, understood(said))
    return made | ({BESIDE: remains} if remains else {})


def summary(said: Description, longest: int | None = None) -> dict[str, Any]:
    """Return what schema.org itself says of a listing, for the head of its page.

    With *longest*, the description ends after so many characters.
    """
    facts = said.facts
    titles = [t for t in (facts.title_zh, facts.title_en) if t]
    made: dict[str, Any] = {
        "@context": {"@vocab": VOCABULARY},
        "@type": TYPES[facts.kind],
        "@id": said.url,
        "identifier": said.id,
        "url": said.url,
        "name": said.title,
        "alternateName": titles[1] if len(titles) == 2 else None,
        "description": excerpt(said.about, longest) if longest else said.about,
        "abstract": facts.summary_zh or facts.summary_en,
        "keywords": list(facts.keywords),
        "license": [licence_url(licence) for licence in said.licences],
        "isAccessibleForFree": bool(said.offers)
        and all(offer.is_free for offer in said.offers),
        "creator": _party(facts.publisher or said.vendor.name, facts.publisher_url),
        "provider": _party(said.vendor.name, said.vendor.url),
        "datePublished": said.issued,
        "dateModified": said.modified,
        "version": said.release,
        "sameAs": facts.source_url,
        "about": SECTORS[facts.sector].zh if facts.sector else "",
        "spatialCoverage": regions()[facts.region].zh if facts.region else "",
        "temporalCoverage": _period(facts),
        "distribution": _files(said),
        "offers": [_offer(said, number) for number in range(len(said.offers))],
    }
    if facts.kind == "dataset":
        made["variableMeasured"] = [_variable(column) for column in facts.dictionary]
    return {name: value for name, value in made.items() if value not in ("", None, [])}


def _party(name: str, url: str) -> dict[str, Any]:
    made = {"@type": "Organization", "name": name}
    return made | ({"url": url} if url else {})


def _period(facts: Facts) -> str:
    if not facts.coverage_from and not facts.coverage_until:
        return ""
    return f"{facts.coverage_from or '..'}/{facts.coverage_until or '..'}"


def _files(said: Description) -> list[dict[str, Any]]:
    return [
        {
            "@type": "DataDownload",
            "name": content.name,
            "contentUrl": said.url,
            "encodingFormat": content.media_type,
            "contentSize": f"{content.size} B",
            "sha256": content.sha256,
        }
        for content in said.files
    ]


def _offer(said: Description, number: int) -> dict[str, Any]:
    offer = said.offers[number]
    made: dict[str, Any] = {"@type": "Offer", "sku": offer.symbol, "url": said.url}
    price = "0" if offer.is_free and offer.price is None else offer.price
    if price is not None:
        made |= {"price": price, "priceCurrency": offer.currency}
    return made


def _variable(column: dict[str, Any]) -> dict[str, Any]:
    said = str(column.get("zh") or column.get("en") or "")
    codes = [
        {
            "@type": "CategoryCode",
            "codeValue": str(code["code"]),
            "name": str(code.get("zh") or code.get("en") or ""),
        }
        for code in column.get("codes", ())
    ]
    made = {
        "@type": "PropertyValue",
        "name": str(column["name"]),
        "description": said,
        "unitText": str(column.get("unit") or ""),
        "valueReference": codes,
    }
    return {name: value for name, value in made.items() if value}


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


def understood(said: Description) -> Facts:
    """Return the facts that the format's own words give back."""
    return facts_in(entry("", summary(said)))


def read(data: bytes) -> Iterator[Found]:
    """Yield the data sets in a document: one, a list, a graph, or a catalogue."""
    for number, item in enumerate(_entries(json_of(data)), 1):
        place = text(item.get("identifier")) or text(item.get("@id")) or f"#{number}"
        yield restored(place, entry(place, item), item.get(BESIDE))


def _entries(value: Any) -> list[dict[str, Any]]:
    found = []
    for item in objects(value):
        if "@graph" in item or "DataCatalog" in texts(item.get("@type")):
            found += objects(item.get("@graph") or item.get("dataset"))
        else:
            found.append(item)
    return found


def entry(place: str, item: dict[str, Any]) -> Found:
    """Return the entry that an object describes; Rejected if it is of another type."""
    names = [name.rpartition(":")[2] for name in texts(item.get("@type"))]
    kinds = {named.lower(): kind for kind, named in TYPES.items()}
    kind = next((k for n in names if (k := kinds.get(n.lower()))), None)
    if kind is None:
        return Rejected(place, f"@type: {', '.join(names) or 'none'}")
    titles = [*texts(item.get("name")), *texts(item.get("alternateName"))]
    zh, en = _languages(titles)
    about = _languages(texts(item.get("description")))
    short = _languages(texts(item.get("abstract")))
    same = texts(item.get("sameAs"))
    started, _, ended = text(item.get("temporalCoverage")).partition("/")
    publisher = next(iter(objects(item.get("creator") or item.get("publisher"))), {})
    facts = Facts(
        kind,
        *(zh, en, *short, *about),
        keywords=tuple(_words(item.get("keywords"))),
        sector=_code(SECTORS, item.get("about")),
        region=_code(regions(), item.get("spatialCoverage")),
        publisher=text(publisher.get("name")),
        publisher_url=_address(publisher.get("url")),
        source_url=same[0] if len(same) == 1 and is_address(same[0]) else "",
        coverage_from=_day(started),
        coverage_until=_day(ended),
        dictionary=_columns(item.get("variableMeasured")),
        extra=keep(_KNOWN, item),
    )
    licences = texts(item.get("license"))
    licence = licences[0] if len(licences) == 1 else ""
    return described(
        place, item, facts, licence, item.get("isAccessibleForFree") is True
    )


def _languages(said: list[str]) -> tuple[str, str]:
    """Return the first Chinese and the first other text."""
    pairs = [in_both(text_of) for text_of in said]
    zh = next((zh for zh, _ in pairs if zh), "")
    return zh, next((en for _, en in pairs if en), "")


def _words(value: Any) -> list[str]:
    said = texts(value)
    found = said[0].split(",") if len(said) == 1 and isinstance(value, str) else said
    return list(dict.fromkeys(word.strip() for word in found if word.strip()))


def _code(names: dict[str, Any], value: Any) -> str | None:
    said = text(value)
    return next((code for code, name in names.items() if said in name), None)


def _day(said: str) -> str | None:
    return said[:10] if said and said != ".." else None


def _address(value: Any) -> str:
    said = text(value)
    return said if is_address(said) else ""


def _columns(value: Any) -> tuple[dict[str, Any], ...]:
    found: list[dict[str, Any]] = []
    for item in objects(value) or [{"name": said} for said in texts(value)]:
        if name := text(item.get("name")):
            zh, en = in_both(text(item.get("description")))
            column = {"name": name, "type": "", "zh": zh, "en": en}
            unit = text(item.get("unitText"))[:UNIT_MAX]
            own = {"unit": unit, "codes": _code_list(item.get("valueReference"))}
            found.append(column | {k: v for k, v in own.items() if v})
    return tuple(found)


def _code_list(value: Any) -> list[dict[str, str]]:
    """Return the codes that a variable's values are; none where one cannot be kept."""
    codes = []
    for item in objects(value):
        zh, en = in_both(text(item.get("name")))
        said = {"code": text(item.get("codeValue")), "zh": zh, "en": en}
        codes.append({k: v for k, v in said.items() if v})
    return [] if any(wrong([{"name": "x", "codes": codes}])) else codes
