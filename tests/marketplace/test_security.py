"""Headers, CSRF, limits of size, hosts and redirects."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask, request

from marketplace.app import create_app
from marketplace.config import FORM_MAX, Config
from marketplace.security import csp_nonce, safe_next
from marketplace.services import EXTENSION
from tests.visitors import Visitor

Visit = Callable[[str], Visitor]


@pytest.mark.parametrize("path", ["/", "/healthz", "/nowhere", "/api/v1/nowhere"])
def test_every_answer_carries_the_strict_headers(app: Flask, path: str) -> None:
    headers = app.test_client().get(path).headers
    policy = dict(
        part.strip().split(" ", 1)
        for part in headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == policy["style-src"] == "'self'"
    assert re.fullmatch(r"'self' 'nonce-[\w-]{20,}'", policy["script-src"])
    assert policy["object-src"] == policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def test_the_nonce_is_one_per_request_and_the_same_within_it(app: Flask) -> None:
    app.add_url_rule("/t", "t", lambda: f"{csp_nonce()} {csp_nonce()}")
    seen = set()
    for _ in range(3):
        answer = app.test_client().get("/t")
        one, two = answer.text.split()
        assert one == two
        assert f"'nonce-{one}'" in answer.headers["Content-Security-Policy"]
        seen.add(one)
    assert len(seen) == 3


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_form_without_its_token_is_refused(
    app: Flask, visit: Visit, method: str
) -> None:
    app.add_url_rule("/t", "t", lambda: "done", methods=[method.upper()])
    visitor = visit("buyer")
    send = getattr(visitor.client, method)
    assert send("/t").status_code == 400
    assert send("/t", data={"csrf_token": "forged"}).status_code == 400
    assert send("/t", data={"csrf_token": visitor.token()}).text == "done"
    assert send("/t", headers={"X-CSRFToken": visitor.token()}).text == "done"


def test_a_token_is_good_in_one_browser_only(app: Flask, visit: Visit) -> None:
    app.add_url_rule("/t", "t", lambda: "done", methods=["POST"])
    token = visit("buyer").token()
    other = visit("vendor").client
    with other.session_transaction() as session:
        session["csrf_token"] = "another one"
    assert other.post("/t", data={"csrf_token": token}).status_code == 400


def test_the_cookie_is_kept_from_scripts_and_other_sites(config: Config) -> None:
    for secure, name in ((False, "session"), (True, "__Host-session")):
        app = create_app(replace(config, secure_cookies=secure))
        app.add_url_rule(
            "/t", "t", lambda app=app: app.jinja_env.globals["csrf_token"]()
        )
        base = "https://localhost" if secure else "http://localhost"
        answer = app.test_client().get("/t", base_url=base)
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith(f"{name}=")
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert ("Secure" in cookie) is secure
        assert ("Strict-Transport-Security" in answer.headers) is secure
        app.extensions[EXTENSION].close()


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "a b", ""])
def test_only_our_own_host_names_are_answered(app: Flask, host: str) -> None:
    app.add_url_rule("/t", "t", lambda: request.host)
    answer = app.test_client().get("/t", headers={"Host": host})
    assert answer.status_code == 400
    if host:
        assert host not in answer.text


def test_forwarded_headers_of_strangers_are_not_believed(app: Flask) -> None:
    app.add_url_rule("/t", "t", lambda: f"{request.remote_addr} {request.url}")
    spoofed = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
    }
    answer = app.test_client().get("/t", headers=spoofed)
    assert answer.text == "127.0.0.1 http://localhost/t"


def test_one_proxy_of_ours_is_believed_when_it_is_configured(config: Config) -> None:
    app = create_app(replace(config, proxies=1))
    app.add_url_rule("/t", "t", lambda: f"{request.remote_addr} {request.scheme}")
    headers = {"X-Forwarded-For": "6.6.6.6, 7.7.7.7", "X-Forwarded-Proto": "https"}
    assert app.test_client().get("/t", headers=headers).text == "7.7.7.7 https"
    app.extensions[EXTENSION].close()


def test_a_form_that_is_too_large_is_refused(app: Flask, visit: Visit) -> None:
    app.add_url_rule("/t", "t", lambda: str(len(request.form)), methods=["POST"])
    app.add_url_rule("/api/t", "a", lambda: str(request.json), methods=["POST"])
    assert visit("").post("/t", a="x" * (FORM_MAX + 1)).status_code == 413
    body = b'"' + b"x" * FORM_MAX + b'"'
    json = visit("").client.post("/api/t", data=body, content_type="application/json")
    assert json.status_code == 413
    many = {f"f{n}": "1" for n in range(2_000)}
    sent = visit("").client.post("/t", data=many, content_type="multipart/form-data")
    assert sent.status_code == 413


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/orders",
        "/listings/prd_0000001?x=1&y=//z",
        "/市场",
        "/a:b",
        "/?next=http://a",
    ],
)
def test_a_path_of_this_site_may_be_returned_to(target: str) -> None:
    assert safe_next(target) == target


@pytest.mark.parametrize(
    "target",
    [None, "", "orders", "//evil.example", "///evil.example", "http://evil.example",
     "https:evil.example", "javascript:alert(1)", "/\\evil.example", "\\\\evil.example",
     "/\tevil.example", "/\n/evil.example", " //evil.example", "/a\\..\\\\b", "data:,x",
     "/\x00/evil.example", "/\u2028/evil.example"],
)  # fmt: skip
def test_nobody_is_sent_to_another_site(target: str | None) -> None:
    assert safe_next(target, "/home") == "/home"
