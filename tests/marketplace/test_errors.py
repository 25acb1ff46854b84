"""Refusals and HTTP errors: problem documents for programs, pages for people."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask, abort
from jinja2 import DictLoader
from sqlalchemy import text

from marketplace.services import EXTENSION, Services
from marketplace.statuses import STATUS, status_of
from settlement import store
from settlement.errors import (
    Busy,
    ExchangeHalted,
    InsufficientBalance,
    Invalid,
    NotFound,
    Refusal,
)
from tests.visitors import Visitor


def _raise(error: Exception) -> Callable[[], str]:
    def view() -> str:
        raise error

    return view


def test_a_refusal_is_a_problem_document_under_the_api(app: Flask) -> None:
    app.add_url_rule(
        "/api/v1/t",
        "t",
        _raise(InsufficientBalance("CNY", needed=1100, available=1000)),
    )
    answer = app.test_client().get("/api/v1/t")
    assert answer.status_code == 402
    assert answer.content_type == "application/problem+json"
    assert answer.json == {
        "type": "/problems/insufficient_balance",
        "code": "insufficient_balance",
        "title": answer.json["title"],
        "status": 402,
        "asset": "CNY",
        "needed": 1100,
        "available": 1000,
    }


def test_a_refusal_is_a_page_elsewhere(app: Flask) -> None:
    app.add_url_rule("/t", "t", _raise(NotFound("order", "<script>alert(1)</script>")))
    answer = app.test_client().get("/t")
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"
    assert "<h1" in answer.text
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize("path", ["/t", "/api/v1/t"])
@pytest.mark.parametrize("error", [Busy(7), ExchangeHalted()])
def test_who_must_wait_is_told_how_long(app: Flask, path: str, error: Refusal) -> None:
    app.add_url_rule(path, "t", _raise(error))
    answer = app.test_client().get(path)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) in {7, 30}


@pytest.mark.parametrize("path", ["/t", "/api/v1/t"])
def test_a_wrong_method_is_told_the_right_ones(app: Flask, path: str) -> None:
    app.add_url_rule(path, "t", lambda: "", methods=["GET"])
    answer = app.test_client().delete(path)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("path", ["/t", "/api/v1/t"])
def test_a_mistake_of_ours_tells_nothing_of_itself(app: Flask, path: str) -> None:
    app.add_url_rule(path, "t", _raise(KeyError("a secret")))
    answer = app.test_client().get(path)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("code", [400, 403, 404, 409, 410, 413, 415, 422, 429, 501])
@pytest.mark.parametrize("path", ["/t", "/api/v1/t"])
def test_every_http_error_is_answered_in_its_form(
    app: Flask, path: str, code: int
) -> None:
    app.add_url_rule(path, "t", lambda: abort(code))
    answer = app.test_client().get(path)
    assert answer.status_code == code
    expected = "application/problem+json" if path.startswith("/api") else "text/html"
    assert answer.mimetype == expected


def test_a_redirect_stays_a_redirect(app: Flask) -> None:
    app.add_url_rule("/t/", "t", lambda: "there")
    assert app.test_client().get("/t", follow_redirects=True).text == "there"


def test_every_refusal_has_a_status_that_blames_the_right_side() -> None:
    for refusal in Refusal.known.values():
        instance = refusal.__new__(refusal)
        assert 400 <= status_of(instance) <= 503
    assert status_of(Invalid({})) == 422
    assert all(issubclass(kind, Refusal) for kind in STATUS)


@pytest.mark.parametrize("path", ["/orders", "/api/v1/t"])
def test_without_its_database_the_exchange_says_so(
    app: Flask, visit: Callable[[str], Visitor], parts: Services, path: str
) -> None:
    def ask() -> str:
        with parts.reads.connect() as db:
            return str(db.execute(text("SELECT * FROM nowhere")))

    app.add_url_rule("/api/v1/t", "t", ask)
    visitor = visit("buyer")
    gone = store.connect("sqlite:////nowhere/at/all.db")
    app.extensions[EXTENSION] = replace(parts, reads=gone)
    answer = visitor.get(path)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "sqlite" not in answer.text.lower()
    gone.dispose()


def test_an_error_page_that_fails_is_replaced_by_a_bare_one(app: Flask) -> None:
    app.jinja_env.cache = None
    app.jinja_loader = DictLoader({"errors/refusal.html": "{{ 1 / 0 }}"})
    answer = app.test_client().get("/nowhere")
    assert answer.status_code == 404
    assert "<h1>" in answer.text
