"""Search quality never falls: judged queries over the real catalogues.

By default over what is judged and a sample of the rest; `make full` takes everything.
"""

import pytest

from tests.quality.catalogues import directory
from tests.quality.search import ALL, baseline, judgments, measure, summary

ALL_TOLERANCE, CATEGORY_TOLERANCE = 0.005, 0.03


def test_the_judgments_are_many_and_of_every_kind():
    judged = list(judgments())
    assert len(judged) >= 150
    assert len({each.text for each in judged}) == len(judged)
    assert all(set(each.grades.values()) <= {1, 2, 3} for each in judged)


def test_no_category_is_answered_worse_than_before(full: bool):
    catalogues = directory()
    if catalogues is None:
        pytest.skip("needs the real catalogues: set DATABOURSE_CATALOGUES")
    before = baseline(full=full)
    now = summary(measure(catalogues, full=full))
    assert now.keys() == before.keys()
    for category, means in before.items():
        tolerance = ALL_TOLERANCE if category == ALL else CATEGORY_TOLERANCE
        for measured in ("ndcg@10", "recall@50"):
            least = means[measured] - tolerance
            assert now[category][measured] >= least, (category, measured)
