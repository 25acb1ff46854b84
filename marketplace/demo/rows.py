"""The rows of a demo product: its recipes carried out, period by period."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from marketplace.demo.places import places
from marketplace.demo.products import Product
from marketplace.demo.recipes import STEPS, Recipe, Spot, Thing, Value, brew

Row = dict[str, Value]


class Field(NamedTuple):
    """A column of the data dictionary: name, type and what it means."""

    name: str
    type: str  # string, integer, number, boolean, month, date or datetime
    zh: str
    en: str


def fields(product: Product) -> list[Field]:
    """Return the data dictionary of *product*, in the order of its columns."""
    finest = {"month": "month", "week": "date", "day": "date"}
    moment = finest.get(product.shape.step, "datetime")
    return [
        Field(name, moment if kind == "time" else kind, zh, en)
        for name, zh, en, recipe in product.columns
        for kind in (brew(recipe, Random(0)).type,)
    ]


def rows(product: Product, seed: int, until: datetime) -> Iterator[Row]:
    """Yield the rows of *product* up to *until*, the same for the same seed."""
    random = Random(f"{seed}/{product.code}")
    things = [_thing(product, index, random) for index in range(product.shape.things)]
    recipes = [(column.name, brew(column.recipe, random)) for column in product.columns]
    recipes.sort(key=lambda named: named[1].derived)  # stable: derived ones come last
    names = [column.name for column in product.columns]
    for row, spot in enumerate(_spots(product, things, until)):
        made = _row(recipes, spot._replace(row=row))
        yield {name: made[name] for name in names}


def coverage(product: Product, until: datetime) -> tuple[str, str]:
    """Return the first and the last day on which the rows' periods begin, ISO dates."""
    _, periods, step = product.shape
    first, last = _back(until, step, periods), _back(until, step, 1)
    return f"{first:%Y-%m-%d}", f"{last:%Y-%m-%d}"


def _thing(product: Product, index: int, random: Random) -> Thing:
    found = places(product.region)
    place = found[index % len(found)]
    return Thing(
        index,
        place,
        round(place.lon + random.gauss(0, 0.04), 5),
        round(place.lat + random.gauss(0, 0.03), 5),
    )


def _spots(product: Product, things: list[Thing], until: datetime) -> Iterator[Spot]:
    periods, step = product.shape.periods, product.shape.step
    for period in range(periods):
        at = _back(until, step, periods - period)
        for thing in things:
            yield Spot(thing, period, periods, 0, at, step)


def _back(until: datetime, step: str, count: int) -> datetime:
    """Return the beginning of the period *count* steps before *until*."""
    if step == "week":
        until -= timedelta(days=until.weekday())  # weeks begin on Mondays
    if step != "month":
        return until - STEPS[step] * count
    months = until.year * 12 + until.month - 1 - count
    return until.replace(year=months // 12, month=months % 12 + 1, day=1)


def _row(recipes: list[tuple[str, Recipe]], spot: Spot) -> Row:
    made: Row = {}
    for name, recipe in recipes:
        made[name] = recipe.make(spot, made)
    return made
