"""The licence of a right is enforced by the policy that is exported."""

import json
import time
from types import SimpleNamespace

import pytest

from listings import standard
from listings.composer import compose
from listings.vocabulary import Name
from marketplace.delivery import licence
from marketplace.delivery.licence import NotLicensed

NOW = 1_800_000_000_000_000


def right(**changed):
    facts = {"id": 1, "holder": 2, "purpose": "internal_analysis", "deliveries": 0}
    facts |= {"from_us": NOW - 10, "until_us": NOW + 10, "deliveries_max": 3}
    return SimpleNamespace(**facts | changed)


def terms(found=standard.STANDARD[0], sha="a"):
    frozen = found._asdict() | {"sha256": found.sha256}
    frozen["terms"] = found.terms and found.terms._asdict()
    body = {"product": "prd_0000001", "transferable": False, "licence": frozen}
    return SimpleNamespace(sha256=f"{sha}{found.sha256}", body=json.dumps(body))


def test_what_the_licence_permits_is_delivered():
    licence.check(right(), terms(), "31", NOW)


@pytest.mark.parametrize(
    ("changed", "condition"),
    [
        ({"purpose": "model_training"}, "purpose"),
        ({"until_us": NOW}, "dateTime"),
        ({"deliveries": 4}, "count"),
    ],
)
def test_a_refusal_names_the_condition(changed, condition):
    with pytest.raises(NotLicensed) as refused:
        licence.check(right(**changed), terms(), "31", NOW)
    assert refused.value.rule == "permission"
    assert refused.value.condition == condition
    assert condition in refused.value.reason


def test_a_use_that_is_left_out_is_prohibited():
    with pytest.raises(NotLicensed) as refused:
        licence.check(right(), terms(), "31", NOW, "redistribute")
    assert refused.value.rule == "prohibition"


@pytest.mark.parametrize(
    ("territory", "region", "fits"),
    [
        ("31", "31", True),
        ("31", "310115", True),
        ("31", "32", False),
        ("CN", "32", True),
        ("CN", "FR", False),
        ("FR", "FR", True),
        ("31", "", True),
        ("world", "FR", True),
    ],
)
def test_the_holder_s_place_must_be_in_the_territory(territory, region, fits):
    within = standard.STANDARD[0].terms._replace(territory=territory)
    frozen = terms(compose("x", territory, Name("甲", "A"), within))
    if fits:
        licence.check(right(), frozen, region, NOW)
    else:
        with pytest.raises(NotLicensed, match="spatial"):
            licence.check(right(), frozen, region, NOW)


def test_a_text_that_nobody_has_read_into_facts_does_not_refuse():
    licence.check(right(), terms(standard.STANDARD[0]._replace(terms=None)), "", NOW)


def test_a_check_is_fast():
    frozen, held = terms(), right()
    licence.check(held, frozen, "31", NOW)
    best = 1.0
    for _ in range(5):
        began = time.thread_time()  # others may want the machine meanwhile
        for _ in range(200):
            licence.check(held, frozen, "31", NOW)
        best = min(best, (time.thread_time() - began) / 200)
    print(f"{best * 1e6:.0f} µs a check")
    assert best < 0.0002
