from datetime import datetime
from random import Random

import pytest

from marketplace.demo import recipes
from marketplace.demo.places import places
from marketplace.demo.recipes import Spot, Thing, brew

NOON = datetime(2026, 7, 15, 12)


def spot(thing=0, period=0, at=NOON, step="hour"):
    place = places("31")[0]
    return Spot(Thing(thing, place, place.lon, place.lat), period, 10, 0, at, step)


def value(recipe, where=None, row=None, seed=1):
    return brew(recipe, Random(seed)).make(where or spot(), row or {})


@pytest.mark.parametrize(
    ("recipe", "kind", "result"),
    [
        ("key MC-000", "string", "MC-001"),
        ("city", "string", "浦东新区"),
        ("time", "time", "2026-07-15T12:00:00"),
        ("cycle 甲|乙", "string", "甲"),
        ("one 3", "integer", 3),
        ("level 100 dec=1", "number", 100.0),
        ("level 100 dec=0", "integer", 100),
        ("level 300 dec=-2 hi=250", "integer", 200),
    ],
)
def test_a_recipe_makes_a_value_of_its_type(recipe, kind, result):
    assert brew(recipe, Random(1)).type == kind
    assert value(recipe) == result


def test_the_sun_shines_by_day_only():
    midnight = spot(at=NOON.replace(hour=0))
    assert value("level 100 day=sun:1 dec=0") == 200
    assert value("level 100 day=sun:1 dec=0", midnight) == 0


def test_weekends_and_seasons_move_a_level():
    saturday = spot(at=datetime(2026, 7, 18, 12))
    assert value("level 100 week=.3 dec=0", saturday) == 130
    january = spot(at=datetime(2026, 1, 15, 12))
    assert value("level 100 year=.5@7 dec=0") == pytest.approx(150, abs=1)
    assert value("level 100 year=.5@7 dec=0", january) == pytest.approx(50, abs=1)


def test_a_thing_keeps_its_own_level_and_choice():
    for recipe in ("level 100 spread=.5", "one a|b|c|d|e"):
        made = brew(recipe, Random(3))
        assert made.make(spot(4), {}) == made.make(spot(4, period=1), {})


def test_derived_columns_follow_what_they_are_derived_from():
    row = {"open": 10.0, "close": 12.0}
    assert value("of open x2 plus=1", row=row) == 21.0
    assert value("above open close .01", row=row) >= 12.0
    assert value("below open close .01", row=row) <= 10.0
    assert value("grade open 9:low|11:middle|:high", row=row) == "middle"
    assert value("say [x|y] {open}", row=row) in {"x 10.0", "y 10.0"}


def test_an_open_is_the_close_before_it():
    made = brew("prior close", Random(1))
    assert made.make(spot(), {"close": 1.0}) == 1.0
    assert made.make(spot(), {"close": 2.0}) == 1.0
    assert made.make(spot(1), {"close": 7.0}) == 7.0


def test_an_unknown_verb_is_a_mistake():
    with pytest.raises(KeyError):
        brew("guess 7", Random(1))


def test_what_a_recipe_chooses_among_is_known():
    assert recipes.alternatives("one 小麦*4|玉米*3|小麦") == ["小麦", "玉米"]
    grades = "grade temp 2.8:正常|4.5:关注|:预警"
    assert recipes.alternatives(grades) == ["正常", "关注", "预警"]
    for other in ("one 30|60*2", "level 46 dec=1", "time"):
        assert recipes.alternatives(other) == []
