"""The access console and the vendor's page of a service, as browsers see them."""

import re

import pytest

from marketplace.members import sessions, users
from settlement import ids
from tests import backends
from tests.called import (
    app,
    backend,
    backend_of_all,
    count,
    market,
    parts,
    program,
    right,
    service,
)
from tests.visitors import Visitor

__all__ = [
    "app", "backend", "backend_of_all", "count", "market", "parts", "program", "right",
    "service",
]  # fmt: skip


@pytest.fixture
def visit(app, parts):
    def visit(role):
        client = app.test_client()
        with parts.writes.begin() as db:
            user = users.get(db, backends.user_of(db, role))
            token = sessions.start(db, user.id, "a test")
        with client.session_transaction() as session:
            session["_user_id"], session["_fresh"] = token, True
        client.set_cookie("language", "en")
        return Visitor(client, user)

    return visit


def test_a_buyer_makes_a_key_sets_a_budget_calls_and_sees_the_cost(
    app, visit, right, count, backend
):
    buyer = visit("buyer")
    page = f"/rights/{right}/service"
    assert "To the access console" in buyer.get(f"/rights/{right}").text
    assert "No key yet" in buyer.get(page).text
    made = buyer.post(f"{page}/keys", name="a shop", kind="secret")
    secret = re.search(r"dbc_[a-z0-9]{12}_[\w-]{43}", made.text)[0]
    assert secret not in buyer.get(page).text
    assert buyer.post(f"{page}/budget", amount="2.50").status_code == 303
    called = app.test_client().get(
        f"/api/services/{right}/companies/7",
        headers={"Authorization": f"Bearer {secret}"},
    )
    assert called.json == {"data": backends.ITEMS}
    count()
    shown = buyer.get(page).text
    assert "GET /companies/7" in shown
    assert "¥2.50" in shown
    tried = buyer.post(f"{page}/try", query="x")
    assert "58362" in tried.text
    assert len(backend.seen) == 1
    key = re.search(r"keys/(svk_\w+)/revoke", shown)[1]
    replaced = buyer.post(f"{page}/keys/{key}/rotate")
    assert re.search(r"dbc_[a-z0-9]{12}_[\w-]{43}", replaced.text)
    assert buyer.post(f"{page}/keys/{key}/revoke").status_code == 303
    refused = buyer.post(f"{page}/keys", name="", kind="secret", addresses="nowhere")
    assert refused.status_code == 422
    assert buyer.post(f"{page}/budget", amount="999999999").status_code == 402


def test_a_vendor_says_where_its_service_is_called_and_sees_who_does(
    app, visit, service, right, program, count
):
    vendor = visit("vendor")
    page = f"/vendor/products/{service[0]}/service"
    assert "Nobody has called" in vendor.get(page).text or "Company 2" in (
        vendor.get(page).text
    )
    form = {
        "url": "https://api.vendor.example/v3", "header": "X-Key", "secret": "s3cret",
        "wait_s": "5", "second_max": "90", "day_max": "999999", "cache_s": "0",
    }  # fmt: skip
    assert vendor.post(page, **form).status_code == 303
    shown = vendor.get(page).text
    assert "https://api.vendor.example/v3" in shown
    assert "s3cret" not in shown
    wrong = vendor.post(page, **(form | {"url": "ftp://x", "wait_s": "900"}))
    assert wrong.status_code == 422
    assert ids.decode("entitlement", right)
    assert visit("buyer").get(page).status_code == 403
