"""The products of the demo, as they are written in ``catalogue/*.toml``."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from settlement import money

HONEST_ZH = "说明：本产品为演示市场按程序生成的合成数据，不对应任何真实主体或事件。"
HONEST_EN = (
    "Note: synthetic data generated for the demonstration market; it stands for no"
    " real party or event."
)


class Column(NamedTuple):
    """One column of a data dictionary and the recipe that fills it."""

    name: str
    zh: str
    en: str
    recipe: str


class Shape(NamedTuple):
    """How many rows: things × periods, and how far apart the periods are."""

    things: int
    periods: int
    step: str


class Sold(NamedTuple):
    """One way in which a product is sold: licence, charging, price and limits."""

    licence: str
    mode: str
    currency: str
    price: int  # minor units
    term_days: int
    deliveries_max: int | None
    transferable: bool


class Product(NamedTuple):
    """One product of the demo; bilingual fields are (zh, en)."""

    code: str
    kind: str
    sector: str
    industry: str
    vendor: str
    region: str
    updates: str
    title: tuple[str, str]
    summary: tuple[str, str]
    description: tuple[str, str]
    keywords: tuple[str, ...]
    shape: Shape
    format: str
    columns: tuple[Column, ...]
    sold: tuple[Sold, ...]
    granularity: str = ""  # in both languages


@cache
def products() -> tuple[Product, ...]:
    """Return all products, sector by sector."""
    found: list[Product] = []
    folder = files(__package__).joinpath("catalogue")
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            sheet = tomllib.loads(file.read_text("utf-8"))
            found += [_product(entry, sheet) for entry in sheet["product"]]
    return tuple(found)


@cache
def staged() -> Mapping[str, Product]:
    """Return the products that never came to the market, by how far they came."""
    sheet = tomllib.loads(files(__package__).joinpath("stages.toml").read_text("utf-8"))
    return {entry["stage"]: _product(entry, entry) for entry in sheet["product"]}


def _product(entry: dict[str, Any], sheet: dict[str, Any]) -> Product:
    kind = entry["kind"]
    return Product(
        entry["code"],
        kind,
        sheet["sector"],
        entry.get("industry", sheet["industry"]),
        entry.get("vendor", sheet["vendor"]),
        entry["region"],
        entry["updates"],
        (entry["title"][0], entry["title"][1]),
        (entry["summary"][0], entry["summary"][1]),
        (
            f"{entry['description'][0]}\n\n{HONEST_ZH}",
            f"{entry['description'][1]}\n\n{HONEST_EN}",
        ),
        tuple(entry["keywords"]),
        Shape(*entry["shape"]),
        entry["format"] if kind == "dataset" else kind,
        tuple(Column(*column) for column in entry["columns"]),
        tuple(_sold(line) for line in entry["sold"]),
        entry.get("granularity", ""),
    )


def _sold(line: str) -> Sold:
    """Read ``licence mode currency price days [deliveries=N] [transferable]``."""
    licence, mode, currency, price, days, *rest = line.split()
    deliveries = [word.split("=")[1] for word in rest if word.startswith("deliveries=")]
    return Sold(
        licence,
        mode,
        currency,
        money.parse(price, currency),
        int(days),
        int(deliveries[0]) if deliveries else None,
        "transferable" in rest,
    )
