"""What waits for a registrar is one registrar's at a time, and has a due day."""

from datetime import UTC, datetime

import pytest

from listings import admission
from listings.differences import texts_between
from listings.registration import checklist, waiting
from listings.steps import CLAIM_US, Actor, Claimed
from settlement import clock
from settlement.errors import IllegalMove, OwnWork
from tests.gates import prove

VENDOR = Actor(5, 7)
ONE, OTHER = Actor(901, 0), Actor(902, 0)


@pytest.fixture
def waits(engine, drafted):
    product = drafted()
    with engine.begin() as db:
        prove(db, product)
        with pytest.raises(IllegalMove):
            waiting.claim(db, product, ONE)  # its vendor works on it
        admission.submit(db, product, VENDOR)
    return product


def test_what_one_registrar_took_on_no_other_decides(engine, waits):
    passed = dict.fromkeys(checklist.LINES, ("pass", ""))
    with engine.begin() as db:
        waiting.claim(db, waits, ONE)
        assert waiting.standings(db, [waits])[waits].owner == ONE.id
        with pytest.raises(Claimed):
            waiting.claim(db, waits, OTHER)
        with pytest.raises(Claimed):
            waiting.release(db, waits, OTHER)
        with pytest.raises(Claimed):
            checklist.decide(db, waits, passed, OTHER)
        with pytest.raises(Claimed):
            admission.return_(db, waits, {"title_zh": "longer"}, OTHER)
        admission.return_(db, waits, {"title_zh": "longer"}, ONE)
        assert waiting.standings(db, [waits])[waits].owner is None


def test_a_claim_ends_when_it_is_given_back_or_old(engine, waits, monkeypatch):
    with engine.begin() as db:
        waiting.claim(db, waits, ONE)
        waiting.release(db, waits, ONE)
        waiting.claim(db, waits, OTHER)
        assert waiting.standings(db, [waits])[waits].owner == OTHER.id
        later_us = clock.now_us() + CLAIM_US + 1
        monkeypatch.setattr(clock, "now_us", lambda: later_us)
        assert waiting.standings(db, [waits])[waits].owner is None
        waiting.claim(db, waits, ONE)


def test_nobody_takes_on_a_product_of_their_own_member(engine, waits):
    with engine.begin() as db, pytest.raises(OwnWork):
        waiting.claim(db, waits, Actor(6, VENDOR.member))


def test_a_weekend_is_no_working_day():
    friday = clock.from_datetime(datetime(2026, 11, 27, 3, tzinfo=UTC))
    after = clock.moment(waiting.due_us(friday, 1))
    assert after == datetime(2026, 11, 30, 16, tzinfo=UTC)  # Monday's end in China


def test_the_time_of_a_review_is_measured_and_few_say_nothing(engine, drafted):
    with engine.begin() as db:
        assert waiting.measured(db) is None
    for number in range(waiting.MEASURED_LEAST):
        product = drafted(symbol=f"JSTMP-{number}")
        with engine.begin() as db:
            prove(db, product)
            admission.submit(db, product, VENDOR)
            assert waiting.ahead(db, product) == 0
            admission.return_(db, product, {"title_zh": "longer"}, ONE)
    with engine.begin() as db:
        found = waiting.measured(db)
    assert found is not None
    assert found.reviews == waiting.MEASURED_LEAST
    assert 0 <= found.median_us <= found.most_us < clock.HOUR_US


def test_only_the_fields_that_differ_are_shown_word_by_word():
    before = {"title_zh": "逐日气温", "scene": "", "purpose": "same"}
    after = {"title_zh": "逐时气温", "scene": "new", "purpose": "same"}
    title, scene = texts_between(before, after)
    assert [tuple(part) for part in title.parts] == [
        ("same", "逐"),
        ("removed", "日"),
        ("added", "时"),
        ("same", "气温"),
    ]
    assert (scene.heading, scene.change) == ("scene", "added")
