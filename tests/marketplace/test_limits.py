"""How often somebody may ask: by user, by key and by address, each for itself."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask

from marketplace.app import create_app
from marketplace.config import Config
from marketplace.limits import TooManyTries, count
from marketplace.services import EXTENSION
from tests.visitors import Visitor


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """The application with a limit of five requests a minute."""
    app = create_app(replace(config, rate_limits=True, rate_limit="5 per minute"))
    app.add_url_rule("/t", "t", lambda: "")
    app.add_url_rule("/api/v1/t", "a", lambda: "")
    yield app
    app.extensions[EXTENSION].close()


def _statuses(visitor: Visitor, path: str, **options: object) -> list[int]:
    return [visitor.get(path, **options).status_code for _ in range(6)]


def test_one_visitor_at_the_limit_does_not_stop_another(
    visit: Callable[[str], Visitor], bearer: Callable[..., dict[str, str]]
) -> None:
    expected = [200] * 5 + [429]
    assert _statuses(visit("buyer"), "/t") == expected
    assert _statuses(visit("vendor"), "/t") == expected
    assert _statuses(visit(""), "/t") == expected
    key = bearer("buyer", "trade")
    assert _statuses(visit(""), "/api/v1/t", headers=key) == expected
    assert _statuses(visit(""), "/api/v1/t", headers=bearer("buyer")) == expected


def test_two_browsers_of_one_user_share_its_limit(
    visit: Callable[[str], Visitor],
) -> None:
    assert _statuses(visit("buyer"), "/t")[-1] == 429
    refused = visit("buyer").get("/t")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60


def test_health_and_assets_are_free(visit: Callable[[str], Visitor]) -> None:
    for path in ("/healthz", "/readyz"):
        assert _statuses(visit(""), path) == [200] * 6
    for _ in range(6):
        with visit("").get("/static/favicon.svg") as answer:
            assert answer.status_code == 200


def test_attempts_are_counted_for_each_name_and_refused_with_a_wait(
    app: Flask,
) -> None:
    with app.test_request_context("/"):
        for who in ("ann", "bob"):
            for _ in range(3):
                count("a try", who, "3 per minute; 10 per hour")
            with pytest.raises(TooManyTries) as refused:
                count("a try", who, "3 per minute; 10 per hour")
            assert 1 <= refused.value.retry_after_s <= 61
