"""Where the rows of the demo's data happen: real cities, for believable maps."""

import csv
from functools import cache
from importlib.resources import files
from typing import NamedTuple

NATION = "CN"
NATION_MAX = 35  # cities that stand for the whole country


class Place(NamedTuple):
    """A city, or a district of a municipality, with its centre in degrees."""

    region: str  # first two digits of GB/T 2260
    province: str
    city: str
    lon: float
    lat: float


@cache
def _all() -> tuple[Place, ...]:
    text = files(__package__).joinpath("places.csv").read_text("utf-8")
    return tuple(
        Place(
            row["region"],
            row["province"],
            row["city"],
            float(row["lon"]),
            float(row["lat"]),
        )
        for row in csv.DictReader(text.splitlines())
    )


@cache
def places(region: str) -> tuple[Place, ...]:
    """Return the places of a province, or well-spread cities for the whole nation."""
    if region != NATION:
        return tuple(place for place in _all() if place.region == region)
    firsts: list[Place] = []
    seconds: list[Place] = []
    for place in _all():
        if place.city.endswith("区"):
            place = place._replace(city=place.province)  # noqa: PLW2901  the whole city
        seen = [known for known in firsts + seconds if known.region == place.region]
        if not seen:
            firsts.append(place)
        elif len(seen) == 1 and seen[0].city != place.city:
            seconds.append(place)
    return tuple((firsts + seconds)[:NATION_MAX])
