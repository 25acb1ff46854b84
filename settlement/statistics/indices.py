"""Indices: how prices and activity move, from one week to the next.

A link compares only instruments that traded in both weeks, so that a listing or a
delisting moves nothing by itself. Laspeyres weighs prices by the quantities of the week
before, Paasche by those of the week; Fisher is their geometric mean (ILO et al.,
"Consumer Price Index Manual", 2020, ch. 2 and 8). Links are chained from 1000. A week
without a common instrument carries the level on. Activity is turnover over that of the
first week.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

BASE = 1_000.0
PLACES = 2  # decimals of a level


class Constituent(NamedTuple):
    """One instrument in one week."""

    price: float  # minor units per unit of quantity
    quantity: int

    @property
    def value(self) -> float:
        """Return its turnover."""
        return self.price * self.quantity


Week = Mapping[int, Constituent]  # by instrument


class Link(NamedTuple):
    """What moved from one week to the next; None where nothing is in both."""

    laspeyres: float
    paasche: float
    common: int  # instruments

    @property
    def fisher(self) -> float:
        """Return the geometric mean of both."""
        return math.sqrt(self.laspeyres * self.paasche)


class Level(NamedTuple):
    """The indices at a week."""

    week: int
    laspeyres: float
    fisher: float
    activity: float
    common: int  # instruments in the link to the week before
    members: int  # that traded in the week


class Weight(NamedTuple):
    """A constituent of a week, with its share of the turnover."""

    instrument: int
    share: float
    price: float
    before: float | None  # its price in the week before


def link(before: Week, now: Week) -> Link | None:
    """Compare the instruments that traded in both weeks; None if there is none."""
    common = [each for each in now if each in before]
    if not common:
        return None
    old = sum(before[n].value for n in common)
    new = sum(now[n].value for n in common)
    by_old = sum(now[n].price * before[n].quantity for n in common)
    by_new = sum(before[n].price * now[n].quantity for n in common)
    return Link(by_old / old, new / by_new, len(common))


def chained(weeks: Mapping[int, Week]) -> list[Level]:
    """Return the levels of the weeks in their order, the first at BASE."""
    found: list[Level] = []
    laspeyres = fisher = BASE
    first: float | None = None
    before: Week | None = None
    for number in sorted(weeks):
        now = weeks[number]
        turnover = sum(each.value for each in now.values())
        first = first or turnover
        moved = link(before, now) if before is not None else None
        if moved is not None:
            laspeyres *= moved.laspeyres
            fisher *= moved.fisher
        found.append(
            Level(
                number,
                round(laspeyres, PLACES),
                round(fisher, PLACES),
                round(BASE * turnover / first, PLACES) if first else BASE,
                moved.common if moved else 0,
                len(now),
            )
        )
        before = now
    return found


def weights(before: Week, now: Week) -> list[Weight]:
    """Return the constituents of a week by share of its turnover, largest first."""
    whole = sum(each.value for each in now.values())
    found = [
        Weight(
            number,
            each.value / whole,
            each.price,
            before[number].price if number in before else None,
        )
        for number, each in now.items()
    ]
    return sorted(found, key=lambda one: (-one.share, one.instrument))


def weekly(
    rows: Iterable[Mapping[str, object]], by: Sequence[str] = ()
) -> dict[tuple[str, ...], dict[int, dict[int, Constituent]]]:
    """Return the weeks of each group of the answer to ``s15_constituents``."""
    found: defaultdict[tuple[str, ...], dict[int, dict[int, Constituent]]]
    found = defaultdict(dict)
    for row in rows:
        week, instrument, quantity = (
            row["begins_us"],
            row["instrument"],
            row["quantity"],
        )
        price = row["price"]
        assert isinstance(week, int)
        assert isinstance(instrument, int)
        assert isinstance(quantity, int)
        assert isinstance(price, float)
        key = tuple(str(row[name]) for name in by)
        there = found[key].setdefault(week, {})
        there[instrument] = Constituent(price, quantity)
    return dict(found)
