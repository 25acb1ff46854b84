"""Recipes: from the few words behind a column to its believable values.

A recipe is a verb and its words, e.g. ``level 46 spread=.06 noise=.03 day=office:.12
dec=1``: a level that differs a little between things, breathes with office hours and
is rounded to one decimal. `brew` reads a recipe once and returns what makes the
values. Everything is drawn from the generator that is passed in, so that the same
seed gives the same rows. These are made-up data, not money: floats are welcome.
"""

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from marketplace.demo.places import Place

Value = str | int | float | bool
STEPS = {
    "quarter": timedelta(minutes=15),
    "hour": timedelta(hours=1),
    "six_hours": timedelta(hours=6),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=30),
}
_SHAPES: dict[str, Callable[[float], float]] = {
    # hour of the day → between about -1 and 1
    "office": lambda hour: 1.0 if 8 <= hour < 19 else -0.8,
    "rush": lambda hour: (
        1.6 * math.exp(-((hour - 8) ** 2) / 3)
        + 1.5 * math.exp(-((hour - 18) ** 2) / 4)
        - 0.55
    ),
    "sun": lambda hour: (
        max(-1.0, math.sin((hour - 6) / 12 * math.pi)) if 6 <= hour <= 18 else -1.0
    ),
    "night": lambda hour: -math.cos((hour - 14) / 12 * math.pi),
}
_ALTERNATIVES = re.compile(r"\[([^\]]*)\]")
_REFERENCE = re.compile(r"\{(\w+)\}")


class Thing(NamedTuple):
    """One of the things that the rows are about: a machine, a city, a firm."""

    number: int  # from 0
    place: Place
    lon: float
    lat: float


class Spot(NamedTuple):
    """Where in the table a value is needed."""

    thing: Thing
    period: int
    periods: int
    row: int
    at: datetime
    step: str


Maker = Callable[[Spot, dict[str, Value]], Value]


class Recipe(NamedTuple):
    """A column's JSON type, whether it needs other columns first, and its maker."""

    type: str
    derived: bool
    make: Maker


def brew(text: str, random: Random) -> Recipe:
    """Return the recipe that *text* spells."""
    verb, _, words = text.partition(" ")
    return _VERBS[verb](words, random)


def alternatives(text: str) -> list[str]:
    """Return the words that a recipe chooses among, each once; none if it does not."""
    verb, _, words = text.partition(" ")
    if verb == "grade":
        steps = words.partition(" ")[2].split("|")
        return [step.partition(":")[2] for step in steps]
    if verb in {"one", "pick", "cycle"}:
        choices = list(dict.fromkeys(_choices(words)))
        return [str(word) for word in choices] if _type_of(choices) == "string" else []
    return []


def _options(words: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words.split() if "=" in word)


def _choices(words: str) -> list[Value]:
    """Return the alternatives of ``a*3|b``, each as often as it weighs."""
    found: list[Value] = []
    for word in words.split("|"):
        name, _, weight = word.partition("*")
        found += [_scalar(name)] * int(weight or 1)
    return found


def _scalar(word: str) -> Value:
    try:
        return float(word) if "." in word else int(word)
    except ValueError:
        return word


def _type_of(values: list[Value]) -> str:
    if all(isinstance(value, int) for value in values):
        return "integer"
    return (
        "number"
        if all(isinstance(value, int | float) for value in values)
        else "string"
    )


def _key(words: str, _random: Random) -> Recipe:
    prefix = words.rstrip("0")
    width = len(words) - len(prefix)
    return Recipe(
        "string", False, lambda spot, _: f"{prefix}{spot.thing.number + 1:0{width}}"
    )


def _row(words: str, _random: Random) -> Recipe:
    prefix = words.rstrip("0")
    width = len(words) - len(prefix)
    return Recipe("string", False, lambda spot, _: f"{prefix}{spot.row + 1:0{width}}")


def written(at: datetime, step: str) -> str:
    """Return *at* as finely as *step* asks: a month, a date, or a time."""
    if step == "month":
        return f"{at:%Y-%m}"
    return f"{at:%Y-%m-%d}" if step in ("day", "week") else at.isoformat()


def _time(words: str, _random: Random) -> Recipe:
    """Return the verb for the time; a word puts each thing that many days earlier."""
    apart = timedelta(days=int(words or 0))
    return Recipe(
        "time",
        False,
        lambda spot, _: written(spot.at - apart * spot.thing.number, spot.step),
    )


def _one(words: str, random: Random) -> Recipe:
    choices, drawn = _choices(words), {}

    def make(spot: Spot, _: dict[str, Value]) -> Value:
        index = spot.thing.number
        if index not in drawn:
            drawn[index] = random.choice(choices)
        return drawn[index]

    return Recipe(_type_of(choices), False, make)


def _cycle(words: str, _random: Random) -> Recipe:
    choices = _choices(words)
    return Recipe(
        _type_of(choices),
        False,
        lambda spot, _: choices[spot.thing.number % len(choices)],
    )


def _pick(words: str, random: Random) -> Recipe:
    choices = _choices(words)
    return Recipe(_type_of(choices), False, lambda _spot, _: random.choice(choices))


def _flag(words: str, random: Random) -> Recipe:
    share = float(words)
    return Recipe("boolean", False, lambda _spot, _: random.random() < share)


def _code(words: str, random: Random) -> Recipe:
    digits = int(words)
    return Recipe(
        "string", False, lambda _spot, _: f"{random.getrandbits(4 * digits):0{digits}x}"
    )


def _count(words: str, random: Random) -> Recipe:
    mean = float(words)

    def make(_spot: Spot, _: dict[str, Value]) -> Value:
        # Knuth's method: multiply uniforms until they fall below e^-mean.
        floor, product, drawn = math.exp(-mean), random.random(), 0
        while product > floor:
            product *= random.random()
            drawn += 1
        return drawn

    return Recipe("integer", False, make)


class _Level:
    """A level per thing, seasons on top, a slow walk and a little noise."""

    def __init__(self, words: str, random: Random) -> None:
        options = _options(words)
        self._random = random
        self._bases = [float(base) for base in options.get("at", "").split("|") if base]
        self._base = 0.0 if self._bases else float(words.split(maxsplit=1)[0])
        self._spread, self._noise, self._walk, self._trend, self._week = (
            float(options.get(name, 0))
            for name in ("spread", "noise", "walk", "trend", "week")
        )
        amount, _, month = options.get("year", "0@1").partition("@")
        self._year, self._month = float(amount), float(month)
        shape, _, amount = options.get("day", "office:0").partition(":")
        self._shape, self._day = _SHAPES[shape], float(amount)
        self.bounds = _Bounds(options)
        self._state: dict[int, tuple[float, float]] = {}

    def __call__(self, spot: Spot, _: dict[str, Value]) -> Value:
        base, walked = self._walked(spot.thing.number)
        season = 1.0 + self._trend * spot.period / spot.periods
        if self._year:
            day = spot.at.timetuple().tm_yday / 365 - (self._month - 0.5) / 12
            season += self._year * math.cos(2 * math.pi * day)
        if self._day:
            season += self._day * self._shape(spot.at.hour + spot.at.minute / 60)
        if self._week and spot.at.weekday() >= 5:
            season += self._week
        noise = self._random.gauss(0, self._noise) if self._noise else 0.0
        return self.bounds.of(base * math.exp(walked + noise) * season)

    def _walked(self, thing: int) -> tuple[float, float]:
        state = self._state.get(thing)
        if state is None:
            base = self._bases[thing % len(self._bases)] if self._bases else self._base
            state = (base * math.exp(self._random.gauss(0, self._spread)), 0.0)
        elif self._walk:
            # Drawn back by two per cent a step, so that no series runs away.
            state = (state[0], 0.98 * state[1] + self._random.gauss(0, self._walk))
        self._state[thing] = state
        return state


class _Bounds:
    """Decimals and limits of a number; ``dec=0`` and below make it an integer."""

    def __init__(self, options: dict[str, str]) -> None:
        self.decimals = int(options.get("dec", 2))
        self._low = float(options["lo"]) if "lo" in options else -math.inf
        self._high = float(options["hi"]) if "hi" in options else math.inf
        self.type = "number" if self.decimals > 0 else "integer"

    def of(self, value: float) -> Value:
        value = round(min(max(value, self._low), self._high), self.decimals)
        return value if self.decimals > 0 else int(value)


def _level(words: str, random: Random) -> Recipe:
    level = _Level(words, random)
    return Recipe(level.bounds.type, False, level)


def _of(words: str, random: Random) -> Recipe:
    column, factor = words.split()[:2]
    scale = float(factor.removeprefix("x"))
    options = _options(words)
    noise, plus = float(options.get("noise", 0)), float(options.get("plus", 0))
    shape, _, amount = options.get("day", "office:0").partition(":")
    bounds = _Bounds(options)

    def make(spot: Spot, row: dict[str, Value]) -> Value:
        hour = spot.at.hour + spot.at.minute / 60
        season = 1 + float(amount) * _SHAPES[shape](hour)
        now = scale * season * (1 + random.gauss(0, noise))
        return bounds.of(float(row[column]) * now + plus)

    return Recipe(bounds.type, True, make)


def _beyond(words: str, random: Random, sign: int) -> Recipe:
    first, second, width, *_ = words.split()
    bounds, outer = _Bounds(_options(words)), max if sign > 0 else min

    def make(_spot: Spot, row: dict[str, Value]) -> Value:
        edge = outer(float(row[first]), float(row[second]))
        return bounds.of(edge * (1 + sign * abs(random.gauss(0, float(width)))))

    return Recipe(bounds.type, True, make)


def _prior(words: str, _random: Random) -> Recipe:
    column, bounds = words.split(maxsplit=1)[0], _Bounds(_options(words))
    last: dict[int, Value] = {}

    def make(spot: Spot, row: dict[str, Value]) -> Value:
        now = row[column]
        before = last.get(spot.thing.number, now)
        last[spot.thing.number] = now
        return before

    return Recipe(bounds.type, True, make)


def _grade(words: str, _random: Random) -> Recipe:
    column, _, steps = words.partition(" ")
    limits = [step.split(":") for step in steps.split("|")]

    def make(_spot: Spot, row: dict[str, Value]) -> Value:
        value = float(row[column])
        return next(
            name for limit, name in limits if not limit or value <= float(limit)
        )

    return Recipe("string", True, make)


def _say(words: str, random: Random) -> Recipe:
    def make(_spot: Spot, row: dict[str, Value]) -> Value:
        told = _ALTERNATIVES.sub(lambda m: random.choice(m[1].split("|")), words)
        return _REFERENCE.sub(lambda m: str(row[m[1]]), told)

    return Recipe("string", True, make)


def _place(take: Callable[[Thing], Any], kind: str) -> Callable[[str, Random], Recipe]:
    return lambda _words, _random: Recipe(kind, False, lambda spot, _: take(spot.thing))


def _coordinate(take: Callable[[Thing], float]) -> Callable[[str, Random], Recipe]:
    """Return the verb for a coordinate; a word makes it drift, degrees a period."""

    def verb(words: str, _random: Random) -> Recipe:
        drift = float(words or 0)

        def make(spot: Spot, _: dict[str, Value]) -> Value:
            ahead = spot.period - 0.8 * spot.periods if drift else 0.0
            return round(take(spot.thing) + drift * ahead, 5)

        return Recipe("number", False, make)

    return verb


_VERBS: dict[str, Callable[[str, Random], Recipe]] = {
    "key": _key,
    "row": _row,
    "time": _time,
    "city": _place(lambda thing: thing.place.city, "string"),
    "province": _place(lambda thing: thing.place.province, "string"),
    "lon": _coordinate(lambda thing: thing.lon),
    "lat": _coordinate(lambda thing: thing.lat),
    "one": _one,
    "cycle": _cycle,
    "pick": _pick,
    "flag": _flag,
    "code": _code,
    "count": _count,
    "level": _level,
    "of": _of,
    "above": lambda words, random: _beyond(words, random, 1),
    "below": lambda words, random: _beyond(words, random, -1),
    "prior": _prior,
    "grade": _grade,
    "say": _say,
}
