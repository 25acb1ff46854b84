"""Five factors say how a listing fits a demand, each with its points."""

import pytest

from listings.catalogue import Summary
from marketplace.community.demands import Demand
from marketplace.community.matching import FULL, HALF, NOTHING, WEIGHTS, score

PRODUCT = Summary(
    5, 1, "dataset", "registered", "listed", 1, "港口吞吐量", "Port throughput",
    "每日吞吐量", "Daily throughput", "transportation", "31", "daily", 1, 1,
)  # fmt: skip
DEMAND = Demand(
    1, 2, "port throughput", "", 9, "", "transportation", "", None, None, None,
    "public", False, "open", 1, None,
)  # fmt: skip


class Unit:
    """An instrument as far as matching looks at it."""

    id, currency_code, purposes = 7, "CNY", ("internal_analysis",)


def factors(**changed):
    """Return the points of a demand with some facts changed."""
    return score(DEMAND._replace(**changed), PRODUCT, [Unit()], {7: 100}, {7}).factors


def test_the_weights_make_a_hundred_and_points_are_weighted():
    assert sum(WEIGHTS.values()) == FULL
    fit = score(DEMAND, PRODUCT, [Unit()], {}, ())
    assert fit.points == 40 + 20 + 10 + 5 + 0


@pytest.mark.parametrize(
    ("changed", "name", "points"),
    [
        ({}, "words", FULL),
        ({"title": "port coffee"}, "words", HALF),
        ({"title": "吞吐量"}, "words", FULL),
        ({"title": "…"}, "words", NOTHING),
        ({"sector": ""}, "sector", HALF),
        ({"sector": "healthcare"}, "sector", NOTHING),
        ({"purpose": "internal_analysis"}, "purpose", FULL),
        ({"purpose": "model_training"}, "purpose", NOTHING),
        ({"budget": 100}, "budget", FULL),
        ({"budget": 100, "quantity": 2}, "budget", NOTHING),
        ({}, "budget", HALF),
        ({}, "sold", FULL),
    ],
)
def test_each_factor_is_judged_by_itself(changed, name, points):
    assert factors(**changed)[name] == points
