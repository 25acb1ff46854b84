"""Data services: called when it is time, counted as they answered, forgotten later."""

from math import ceil
from random import Random

import pytest
import time_machine

from listings import products
from listings.products import Facts
from listings.quality import availability
from listings.quality.availability import Call, Figures
from settlement import clock
from settlement.errors import Invalid

DAY_US = clock.DAY_US
URL = "https://a.example/health"
DOWN = Call(None, "no_answer", 5_000_000)


@pytest.fixture
def service(engine):
    with engine.begin() as db:
        return products.draft(db, 7, Facts("service", title_en="Rates"), by=5)


def _naive(calls):
    up = sorted(call.latency_us for call in calls if call.up)
    rank = lambda share: up[ceil(share * len(up) / 100) - 1] if up else None
    return Figures(len(calls), len(up), rank(50), rank(95))


def test_figures_are_those_of_a_naive_count_by_day_and_in_all(engine, service):
    random, now_us = Random(3), clock.now_us()
    made = [
        (
            service,
            now_us - number * 7 * clock.HOUR_US,
            random.choice(
                [
                    DOWN,
                    Call(503, "", random.randrange(9_000)),
                    *(Call(200, "", random.randrange(900_000)) for _ in range(6)),
                ]
            ),
        )
        for number in range(90)
    ]
    with engine.begin() as db:
        availability.measure(db, service, URL, 5)
        availability.record(db, made)
        found = availability.of_product(db, service)
    assert found.whole == _naive([call for _, _, call in made])
    by_day = {}
    for _, at_us, call in made:
        day = (at_us + availability.ZONE_US) // DAY_US * DAY_US - availability.ZONE_US
        by_day.setdefault(day, []).append(call)
    assert {day.at_us: day.figures for day in found.days} == {
        at_us: _naive(calls) for at_us, calls in by_day.items()
    }


def test_a_key_that_is_asked_for_is_up_and_a_failure_is_not():
    states = {status: Call(status, "", 1).up for status in (200, 301, 401, 429, 500)}
    assert states == {200: True, 301: True, 401: True, 429: True, 500: False}
    assert not DOWN.up


def test_nothing_is_called_twice_or_before_its_time(engine, service):
    with engine.begin() as db:
        availability.measure(db, service, URL, 5)
        assert availability.is_due(db)
        (claimed,) = availability.claim(db, 8)
        assert (claimed.product, claimed.url) == (service, URL)
        assert availability.claim(db, 8) == []
        assert not availability.is_due(db)
    later_us = clock.now_us() + availability.PAUSE_US
    with time_machine.travel(clock.moment(later_us)), engine.begin() as db:
        assert len(availability.claim(db, 8)) == 1
        availability.stop(db, service)
    later_us += availability.PAUSE_US
    with time_machine.travel(clock.moment(later_us)), engine.begin() as db:
        assert availability.claim(db, 8) == []


def test_another_address_wipes_nothing_and_what_is_old_is_forgotten(engine, service):
    now_us = clock.now_us()
    old_us = now_us - availability.KEPT_DAYS * DAY_US - 1
    with engine.begin() as db:
        availability.measure(db, service, URL, 5)
        availability.record(db, [(service, old_us, DOWN), (service, now_us, DOWN)])
        availability.stop(db, service)
        availability.measure(db, service, "https://b.example/", 5)
        assert availability.of_product(db, service).whole == Figures(1, 0, None, None)


def test_what_a_demo_made_up_never_mixes_with_what_was_measured(engine, service):
    with engine.begin() as db:
        availability.measure(db, service, URL, 0, source="demo")
        availability.record(db, [(service, clock.now_us(), Call(200, "", 5))])
        assert not availability.is_due(db)  # nobody calls the demo's addresses
        availability.measure(db, service, URL, 5)
        assert availability.of_product(db, service) is None


def test_only_services_are_called_and_only_so_many(engine, service, monkeypatch):
    monkeypatch.setattr(availability, "ADDRESSES_MAX", 1)
    with engine.begin() as db:
        dataset = products.draft(db, 7, Facts("dataset"), by=5)
        with pytest.raises(Invalid):
            availability.measure(db, dataset, URL, 5)
        availability.measure(db, service, URL, 5)
        availability.measure(db, service, URL, 5)  # its own place is not counted
        second = products.draft(db, 7, Facts("service"), by=5)
        with pytest.raises(Invalid):
            availability.measure(db, second, URL, 5)
