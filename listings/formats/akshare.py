"""AKShare: interfaces to Chinese financial data, as data services (a JSON document).

https://github.com/akfamily/akshare, ``akshare/data/interfaces.json``; sample output in
a second file of JSON lines. Its fields ``example`` and ``module`` hold code, which is
no text about a product and is left out. The catalogue is free; the data behind the
interfaces belongs to others, who are to be asked.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from listings import spdx
from listings.formats.classification import only
from listings.formats.entry import (
    Described,
    Found,
    Rejected,
    Stray,
    records,
    text_of,
)
from listings.formats.text import address, host, plain
from listings.products import Facts

NAME = "akshare-interfaces"
PREFIX = "AK"
CODE = {"example", "module"}
_KEPT = {"name", "desc", "limit_desc", "params", "outputs", *CODE}

_FINANCE = (
    "stock macro index fund futures option bond interest_rate fx qhkc_web"
    " stock_feature currency stock_fundamental dc qdii cal bank futures_derivative hf"
    " reits"
)
SECTOR_OF_CATEGORY = dict.fromkeys(_FINANCE.split(), "financial-services")
SECTOR_OF_NAME = {
    "air_": "green-low-carbon",
    "energy_carbon_": "green-low-carbon",
    "car_": "industrial-manufacturing",
    "business_value_": "culture-tourism",
    "movie_": "culture-tourism",
    "online_value_": "culture-tourism",
    "video_": "culture-tourism",
    "game_": "culture-tourism",
    "migration_": "transportation",
    "spot_corn_": "modern-agriculture",
    "spot_hog_": "modern-agriculture",
    "spot_mixed_feed_": "modern-agriculture",
    "spot_soybean_": "modern-agriculture",
    "spot_golden_": "financial-services",
    "spot_silver_": "financial-services",
    "spot_hist_sge": "financial-services",
    "spot_quotations_sge": "financial-services",
    "spot_symbol_table_sge": "financial-services",
    "crypto_": "financial-services",
    "article_": "financial-services",
    "fred_": "financial-services",
    "rv_": "financial-services",
    "volatility_": "financial-services",
    "sunrise_": "meteorological-services",
}
# Parts of an interface's name that say which country its data is of.
REGION_OF_WORD = {
    "china": "CN", "zh": "CN", "sse": "CN", "szse": "CN", "cffex": "CN", "shfe": "CN",
    "dce": "CN", "czce": "CN", "gfex": "CN", "ine": "CN", "csindex": "CN", "sge": "CN",
    "hk": "81", "us": "US", "usa": "US", "uk": "GB", "japan": "JP", "germany": "DE",
    "canada": "CA", "australia": "AU", "swiss": "CH",
}  # fmt: skip


def read(paths: Sequence[Path]) -> Iterator[Found]:
    """Yield the interfaces, each with its sample output where there is one."""
    samples: dict[str, list[dict[str, Any]]] = {}
    interfaces: list[tuple[str, Any]] = []
    for path in paths:
        for place, value in records(path):
            if isinstance(value, dict) and isinstance(value.get("interfaces"), list):
                interfaces += [
                    (f"{place}#{number}", item)
                    for number, item in enumerate(value["interfaces"], 1)
                ]
            elif isinstance(value, dict) and text_of(value, "sample_text"):
                samples.setdefault(text_of(value, "name"), []).append(value)
            else:
                bad = isinstance(value, ValueError)
                yield Rejected(place, str(value) if bad else "neither list nor sample")
    for place, item in interfaces:
        if not isinstance(item, dict) or not text_of(item, "name"):
            yield Rejected(place, "no name")
        else:
            yield _service(item, samples.pop(text_of(item, "name"), []))
    yield from (Stray(name, "a sample of no interface") for name in samples)


def _service(item: dict[str, Any], samples: list[dict[str, Any]]) -> Described:
    name, url = text_of(item, "name"), text_of(item, "url")
    said = plain(text_of(item, "desc"))
    limits = plain(text_of(item, "limit_desc"))
    columns = [*_columns(item, "params", "parameter"), *_columns(item, "outputs", "")]
    facts = Facts(
        "service",
        title_zh=said,
        title_en=name,
        summary_zh=limits,
        description_zh="\n\n".join(part for part in (said, limits) if part),
        keywords=(name, *filter(None, [text_of(item, "category")])),
        sector=_sector(item, name),
        region=only(REGION_OF_WORD.get(word) for word in name.split("_")),
        publisher=host(address(url)),
        source_url=address(url),
        dictionary=tuple(columns),
        sample=_sample(samples),
        extra={key: value for key, value in item.items() if key not in _KEPT},
    )
    raw = {key: value for key, value in item.items() if key not in CODE}
    raw["samples"] = samples
    return Described(name, raw, facts, spdx.not_stated(), "ask")


def _sector(item: dict[str, Any], name: str) -> str | None:
    by_name = (s for start, s in SECTOR_OF_NAME.items() if name.startswith(start))
    return next(by_name, SECTOR_OF_CATEGORY.get(text_of(item, "category")))


def _columns(item: dict[str, Any], field: str, role: str) -> Iterator[dict[str, str]]:
    """Yield parameters or results; a row of dashes means that there are none."""
    for part in item.get(field) or []:
        if not isinstance(part, dict):
            continue
        name, kind = text_of(part, "name"), text_of(part, "type")
        said = plain(text_of(part, "desc"))
        if {name, kind, said} <= {"-", ""}:
            continue
        yield {
            "name": name,
            "type": "" if kind == "-" else kind,
            "zh": "" if said == "-" else said,
            "en": "",
            "role": role or "result",
        }


def _sample(samples: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return sample output as the tables of text that they are."""
    texts = [text for sample in samples if (text := sample.get("sample_text"))]
    return {"text": "\n\n".join(texts)} if texts else None
