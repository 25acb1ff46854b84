"""Duties: dated tasks that follow from the terms and the dates of a right."""

import pytest

from listings.duties import REPORTS_MAX, Task, tasks
from listings.licences import Terms

DAY = 86_400_000_000
TERMS = Terms(("access",), ("evaluation",))


def dated(terms, ends=None, now=0):
    return [(t.kind, t.number, t.due_us // DAY) for t in tasks(terms, 0, ends, now)]


def test_terms_without_duties_ask_nothing():
    assert dated(TERMS, 10 * DAY) == []
    assert dated(None, 10 * DAY) == []


def test_the_source_is_to_be_named_within_a_month():
    assert dated(TERMS._replace(attribution=True)) == [("attribute", 1, 30)]


def test_reports_are_told_up_to_the_next_one():
    terms = TERMS._replace(report_days=10)
    assert dated(terms, now=25 * DAY) == [
        ("report", 1, 10),
        ("report", 2, 20),
        ("report", 3, 30),
    ]


def test_the_last_report_is_due_at_the_end():
    terms = TERMS._replace(report_days=10)
    found = dated(terms, ends=25 * DAY, now=90 * DAY)
    assert found[-1] == ("report", 3, 25)


def test_reports_have_a_limit():
    assert len(dated(TERMS._replace(report_days=1), now=10**6 * DAY)) == REPORTS_MAX


def test_data_is_deleted_some_days_after_the_end_if_there_is_one():
    terms = TERMS._replace(retention="delete", delete_days=7)
    assert dated(terms) == []
    assert dated(terms, ends=20 * DAY) == [("delete", 1, 27)]


@pytest.mark.parametrize(
    ("now", "done", "state"),
    [
        (0, False, "later"),
        (10 * DAY, False, "soon"),
        (20 * DAY, False, "overdue"),
        (99 * DAY, True, "done"),
    ],
)
def test_a_task_has_a_state(now, done, state):
    assert Task("delete", 1, 20 * DAY).state(now, done=done) == state
