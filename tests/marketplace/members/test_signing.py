"""Signing in and out through the application, by browser and by key."""

import re
import statistics
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask, jsonify, request
from sqlalchemy import update

from marketplace.app import create_app
from marketplace.config import Config
from marketplace.members import keys, organisations, roles, signing, users, verification
from marketplace.members.tables import users as table
from marketplace.members.users import User
from marketplace.members.verification import MemberEvent
from marketplace.services import EXTENSION, Services
from settlement import clock
from tests.visitors import PASSWORD, Visitor, organisation

EMAIL = "buyer@buyer.example"
Visit = Callable[[str], Visitor]


def _who() -> dict[str, object]:
    user = signing.me()
    return {"id": user.id, "roles": sorted(user.roles), "key": user.key}


def _views(app: Flask) -> Flask:
    """Give *app* the thinnest views over `signing`, below a path of the tests' own."""

    def view(path: str, does: Callable[[], object]) -> None:
        def answer() -> object:
            does()
            return jsonify(_who())

        app.add_url_rule(path, path, answer, methods=["GET", "POST"])

    view("/t/who", _who)
    view("/api/v1/t/who", _who)
    view("/api/v1/t/trade", lambda: roles.require("buyer"))
    view(
        "/t/in",
        lambda: signing.sign_in(request.form["email"], request.form["password"]),
    )
    view("/t/out", signing.sign_out)
    view("/t/everywhere", signing.sign_out_everywhere)
    view(
        "/t/change",
        lambda: signing.change_password(request.form["old"], request.form["new"]),
    )
    view(
        "/t/up",
        lambda: signing.sign_up(
            organisation(9, vendor=True, buyer=False),
            request.form["email"],
            "New",
            request.form["password"],
        ),
    )
    for role in (*roles.STAFF, *roles.TRADING):
        view(f"/t/needs/{role}", lambda role=role: roles.require(role))
    return app


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    """The application with the views of these tests."""
    app = _views(create_app(config))
    yield app
    app.extensions[EXTENSION].close()


def _sign_in(visitor: Visitor, password: str = PASSWORD, email: str = EMAIL) -> int:
    return visitor.post("/t/in", email=email, password=password).status_code


def _signed_in(visitor: Visitor) -> bool:
    return bool(visitor.get("/t/who").json["id"] >= 0)


def test_signing_in_replaces_whatever_the_browser_brought(visit: Visit) -> None:
    visitor = visit("")
    with visitor.client.session_transaction() as session:
        session["planted"] = "by somebody else"
    assert _sign_in(visitor) == 200
    with visitor.client.session_transaction() as session:
        assert "planted" not in session
    assert _signed_in(visitor)


@pytest.mark.parametrize(
    ("email", "password"), [(EMAIL, "wrong"), ("nobody@nowhere.example", PASSWORD)]
)
def test_who_exists_is_not_told(visit: Visit, email: str, password: str) -> None:
    visitor = visit("")
    answers = [
        visitor.post("/t/in", email=email, password=password) for email in (email, "x")
    ]
    assert {answer.status_code for answer in answers} == {401}
    first, second = (re.sub(r'(value|nonce)="[^"]+"', "", a.text) for a in answers)
    assert first == second


def test_the_time_of_the_answer_does_not_tell_who_exists(
    parts: Services, people: dict[str, User]
) -> None:
    passwords = users.Passwords()  # with the real parameters, not the tests' fast ones
    with parts.writes.begin() as db:
        real = update(table).where(table.c.email == EMAIL)
        db.execute(real.values(password=passwords.hash(PASSWORD)))

    def took(email: str) -> float:
        began = clock.elapsed_s()
        with pytest.raises(users.WrongSignIn), parts.reads.connect() as db:
            users.find(db, email, passwords, "wrong")
        return clock.elapsed_s() - began

    known, unknown = zip(
        *((took(EMAIL), took("no@no.example")) for _ in range(5)), strict=True
    )
    assert people["buyer"].email == EMAIL
    assert 0.5 < statistics.median(known) / statistics.median(unknown) < 2


def test_signing_out_ends_the_session_on_the_server_too(
    app: Flask, visit: Visit
) -> None:
    visitor = visit("")
    _sign_in(visitor)
    stolen = visitor.client.get_cookie("session")
    assert stolen
    visitor.post("/t/out")
    assert not _signed_in(visitor)
    thief = app.test_client()
    thief.set_cookie("session", stolen.value)
    assert thief.get("/t/who").json["id"] < 0


def test_signing_out_everywhere_ends_all_sessions_of_that_user_only(
    visit: Visit,
) -> None:
    first, second, other = visit("buyer"), visit("buyer"), visit("vendor")
    second.post("/t/everywhere")
    assert [_signed_in(v) for v in (first, second, other)] == [False, False, True]


def test_a_new_password_ends_the_other_sessions_and_the_old_password(
    visit: Visit,
) -> None:
    here, elsewhere = visit("buyer"), visit("buyer")
    new = "another good sentence"
    assert here.post("/t/change", old="wrong", new=new).status_code == 401
    assert here.post("/t/change", old=PASSWORD, new="short").status_code == 422
    assert _signed_in(elsewhere)
    assert here.post("/t/change", old=PASSWORD, new=new).status_code == 200
    assert [_signed_in(v) for v in (here, elsewhere)] == [True, False]
    assert _sign_in(visit("")) == 401
    assert _sign_in(visit(""), new) == 200


def test_signing_up_signs_in_and_waits_for_verification(visit: Visit) -> None:
    visitor = visit("")
    answer = visitor.post("/t/up", email="new@new.example", password=PASSWORD)
    assert answer.json["roles"] == ["owner"]
    assert visitor.get("/t/needs/vendor").status_code == 403
    again = visit("").post("/t/up", email="more@new.example", password=PASSWORD)
    assert again.status_code == 422


def test_a_suspension_takes_effect_in_an_open_session(
    visit: Visit, parts: Services, people: dict[str, User]
) -> None:
    visitor = visit("buyer")
    assert visitor.get("/t/needs/buyer").status_code == 200
    with parts.writes.begin() as db:
        verification.decide(
            db, people["buyer"].member, MemberEvent.SUSPEND, None, "a complaint"
        )
    assert visitor.get("/t/needs/buyer").status_code == 403


@pytest.mark.parametrize("role", [*roles.STAFF, "vendor", "buyer"])
def test_each_role_opens_its_own_doors_only(visit: Visit, role: str) -> None:
    visitor = visit(role)
    opened = {
        other
        for other in (*roles.STAFF, *roles.TRADING)
        if visitor.post(f"/t/needs/{other}").status_code == 200
    }
    assert opened == {role}


def test_the_administrator_looks_at_every_staff_desk_but_does_nothing_there(
    visit: Visit,
) -> None:
    admin = visit("admin")
    for role in roles.STAFF:
        assert admin.get(f"/t/needs/{role}").status_code == 200
    assert admin.post("/t/needs/registrar").status_code == 403
    assert admin.get("/t/needs/buyer").status_code == 403


def test_nobody_is_sent_to_sign_in_and_back(visit: Visit) -> None:
    answer = visit("").get("/t/needs/buyer?a=1&b=2")
    assert answer.status_code == 303
    assert answer.location == "/signin?next=%2Ft%2Fneeds%2Fbuyer%3Fa%3D1%26b%3D2"


def test_the_api_takes_keys(
    app: Flask, bearer: Callable[..., dict[str, str]], people: dict[str, User]
) -> None:
    client = app.test_client()
    who = client.get("/api/v1/t/who", headers=bearer("buyer", "trade")).json
    assert (who["id"], who["roles"]) == (people["buyer"].id, ["buyer"])
    assert (
        client.get("/api/v1/t/trade", headers=bearer("buyer", "trade")).status_code
        == 200
    )
    assert client.get("/api/v1/t/trade", headers=bearer("buyer")).status_code == 403
    assert (
        client.post("/api/v1/t/trade", headers=bearer("buyer", "trade")).status_code
        == 200
    )


def test_the_api_takes_no_cookies(visit: Visit) -> None:
    visitor = visit("buyer")
    assert visitor.get("/api/v1/t/who").json["id"] < 0
    refused = visitor.get("/api/v1/t/trade")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert refused.json["type"] == "/problems/sign_in_needed"


def test_a_key_beside_a_cookie_counts_and_pages_take_no_keys(
    visit: Visit, bearer: Callable[..., dict[str, str]], people: dict[str, User]
) -> None:
    visitor, headers = visit("buyer"), bearer("vendor")
    assert (
        visitor.get("/api/v1/t/who", headers=headers).json["id"] == people["vendor"].id
    )
    assert visitor.get("/t/who", headers=headers).json["id"] == people["buyer"].id
    assert visit("").get("/t/who", headers=headers).json["id"] < 0


@pytest.mark.parametrize("key", ["", "nonsense", f"dbk_{'0' * 12}_{'A' * 43}"])
def test_a_bad_key_is_refused_even_where_none_is_needed(visit: Visit, key: str) -> None:
    answer = visit("").get("/api/v1/t/who", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 401
    assert answer.json["code"] == "bad_key"


def test_a_revoked_key_is_dead_at_once(
    app: Flask, parts: Services, people: dict[str, User]
) -> None:
    with parts.writes.begin() as db:
        made = keys.create(db, people["buyer"], "a key", ["trade"])
    headers = {"Authorization": f"Bearer {made.secret}"}
    client = app.test_client()
    assert client.get("/api/v1/t/who", headers=headers).status_code == 200
    with parts.writes.begin() as db:
        keys.revoke(db, people["buyer"].member, made.id)
    assert client.get("/api/v1/t/who", headers=headers).status_code == 401


def test_a_password_cannot_be_guessed_for_long(config: Config) -> None:
    app = _views(create_app(replace(config, rate_limits=True)))
    parts: Services = app.extensions[EXTENSION]
    with parts.writes.begin() as db:
        organisations.ensure_house(db)
        hashed = parts.passwords.hash(PASSWORD)
        users.sign_up(db, organisation(1, vendor=True, buyer=True), EMAIL, "A", hashed)
    visitor = Visitor(app.test_client(), None)
    answers = [_sign_in(visitor, f"guess {n}") for n in range(10)]
    assert set(answers) == {401}
    refused = visitor.post("/t/in", email=EMAIL.upper(), password=PASSWORD)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 24 * 3600
    unknown = [_sign_in(visitor, PASSWORD, "no@no.example") for _ in range(11)]
    assert unknown == [401] * 10 + [429]
    parts.close()
