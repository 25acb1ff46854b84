import re

import pytest

from marketplace.members import colleagues, keys
from settlement.ids import encode
from tests.flows.market import location

CLERK = {"name": "Clerk", "email": "clerk@other.example", "roles": ["buyer"]}


@pytest.fixture
def clerk(visit) -> tuple[str, str]:
    """The address of a colleague's steps, and the first password."""
    answer = visit("other").post("/account/users", **CLERK)
    assert answer.status_code == 201
    password = re.search(r'class="secret">([^<]+)<', answer.text)[1]
    user = re.findall(r"/account/users/usr_\w+", answer.text)[-1]
    return user, password


def sign_in(visit, password: str):
    """Sign a new browser in as the clerk; the browser and the answer."""
    browser = visit("")
    sent = {"email": CLERK["email"], "password": password}
    return browser, browser.post("/signin", **sent)


def test_a_colleague_signs_in_with_the_password_that_is_shown_once(visit, clerk):
    _, password = clerk
    browser, answer = sign_in(visit, password)
    location(answer)
    assert browser.get("/cash").status_code == 200
    assert browser.get("/vendor").status_code == 403
    assert browser.get("/account/users").status_code == 403
    assert password not in visit("other").get("/account/users").text


def test_who_is_shut_out_is_out_at_once_and_comes_back_without_the_old_session(
    visit, clerk
):
    user, password = clerk
    browser, _ = sign_in(visit, password)
    owner = visit("other")
    location(owner.post(f"{user}/shut-out"))
    assert browser.get("/cash").status_code in {302, 303, 401}
    assert sign_in(visit, password)[1].status_code >= 400
    location(owner.post(f"{user}/let-in"))
    assert browser.get("/cash").status_code in {302, 303, 401}
    location(sign_in(visit, password)[1])


def test_an_owner_signs_a_colleague_out_everywhere(visit, clerk):
    user, password = clerk
    browsers = [sign_in(visit, password)[0] for _ in range(2)]
    location(visit("other").post(f"{user}/signout"))
    assert all(browser.get("/cash").status_code != 200 for browser in browsers)
    location(sign_in(visit, password)[1])


def test_a_forgotten_password_is_replaced(visit, clerk):
    user, password = clerk
    browser, _ = sign_in(visit, password)
    answer = visit("other").post(f"{user}/password")
    another = re.search(r'class="secret">([^<]+)<', answer.text)[1]
    assert browser.get("/cash").status_code != 200
    assert sign_in(visit, password)[1].status_code >= 400
    location(sign_in(visit, another)[1])


def test_only_an_owner_reaches_the_users_and_only_of_its_own_member(
    visit, people, clerk
):
    user, _ = clerk
    for step in ("shut-out", "let-in", "signout", "password"):
        assert visit("buyer").post(f"{user}/{step}").status_code == 404
        assert visit("").post(f"{user}/{step}").status_code in {302, 303, 401}
        assert visit("registrar").post(f"{user}/{step}").status_code == 403
    mine = f"/account/users/{encode('user', people['other'].id)}"
    refused = visit("other").post(f"{mine}/shut-out")
    assert refused.status_code >= 400
    assert visit("other").get("/account").status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("roles", ["registrar"]),
        ("roles", ["admin", "buyer"]),
        ("roles", []),
        ("email", "buyer@buyer.example"),
        ("email", "nobody"),
        ("name", ""),
    ],
)
def test_what_is_wrong_is_said_at_its_field(visit, field, value):
    refused = visit("other").post("/account/users", **(CLERK | {field: value}))
    assert refused.status_code == 422
    assert f"f-{field}-problem" in refused.text
    assert "secret" not in refused.text


def test_a_member_cannot_give_a_role_that_it_has_not_itself(visit):
    wanted = CLERK | {"roles": ["vendor"]}
    assert visit("buyer").post("/account/users", **wanted).status_code == 422
    assert 'value="vendor"' not in visit("buyer").get("/account/users").text


def test_a_member_has_only_so_many_users(visit, monkeypatch):
    monkeypatch.setattr(colleagues, "USERS_MAX", 1)
    refused = visit("other").post("/account/users", **CLERK)
    assert refused.status_code >= 400
    assert "clerk" not in visit("other").get("/account/users").text


def test_keys_of_who_is_shut_out_are_refused(visit, parts, app, clerk):
    user, password = clerk
    with parts.reads.connect() as db:
        found = colleagues.users.find(db, CLERK["email"], parts.passwords, password)
    with parts.writes.begin() as db:
        key = keys.create(db, found, "a program", ["trade"])
    bearer = {"Authorization": f"Bearer {key.secret}"}
    asked = lambda: app.test_client().get("/api/v1/me", headers=bearer).status_code
    assert asked() == 200
    location(visit("other").post(f"{user}/shut-out"))
    assert asked() == 401
