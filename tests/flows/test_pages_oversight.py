import re

import pytest

from settlement import statements
from tests.flows.market import buy, draft, headline, key_on, listed, location, pay_in
from tests.gates import check_by_page


@pytest.fixture
def held(visit) -> str:
    """The id of a right that the buyer bought."""
    product = listed(visit("vendor"), visit("registrar"))
    pay_in(visit("buyer"), visit("settlement_officer"))
    location(buy(visit("buyer"), product))
    return re.findall(r"/rights/(ent_\w+)", visit("buyer").get("/rights").text)[0]


def download(visit, right: str):
    """Fetch the first file that a right opens."""
    buyer = visit("buyer")
    page = buyer.get(f"/rights/{right}").text
    found = re.search(rf"/rights/{right}/files/fil_\w+", page)
    return buyer.post(found[0]) if found else None


def test_a_right_is_suspended_with_a_reason_that_its_holder_reads(visit, held):
    surveillance = visit("surveillance")
    page = f"/staff/rights/{held}"
    found = surveillance.get("/staff/rights", query_string={"entitlement": held})
    assert location_of(found) == page
    assert surveillance.post(f"{page}/suspend").status_code == 422
    assert download(visit, held).status_code == 200
    location(surveillance.post(f"{page}/suspend", reason="A <b>complaint</b>"))
    assert download(visit, held) is None
    for reader in (surveillance.get(page), visit("buyer").get(f"/rights/{held}")):
        assert "A &lt;b&gt;complaint" in reader.text
    assert "A &lt;b&gt;complaint" in surveillance.get("/staff/rights").text
    location(surveillance.post(f"{page}/restore"))
    assert download(visit, held).status_code == 200


def location_of(answer) -> str:
    """Return where a search led."""
    assert answer.status_code == 302, answer.status_code
    return answer.headers["Location"]


def test_a_revoked_right_is_gone_for_good(visit, held):
    page, admin = f"/staff/rights/{held}", visit("admin")
    location(admin.post(f"{page}/revoke", reason="Stolen data"))
    assert download(visit, held) is None
    assert admin.post(f"{page}/restore", reason="Sorry").status_code == 404
    assert "/revoke" not in admin.get(page).text


def test_only_surveillance_and_administrators_supervise_rights(visit, held):
    page = f"/staff/rights/{held}"
    for role in ("registrar", "settlement_officer", "statistician"):
        assert visit(role).get(page).status_code == 200
        assert f"{page}/suspend" not in visit(role).get(page).text
        refused = visit(role).post(f"{page}/suspend", reason="Mine")
        assert refused.status_code == 403
    for role in ("buyer", "vendor"):
        assert visit(role).get(page).status_code == 403
    odd = visit("admin").post(f"{page}/expire", reason="Now")
    assert odd.status_code == 404
    assert download(visit, held).status_code == 200


def test_an_id_that_is_no_rights_is_said_to_be_none(visit):
    for wrong in ("ent_0000099", "mem_0000001", "'; --"):
        query = {"entitlement": wrong}
        page = visit("admin").get(
            "/staff/rights", query_string=query, follow_redirects=True
        )
        assert page.status_code == 404


def test_a_members_page_shows_its_users_money_orders_and_rights(visit, people, held):
    registrar = visit("registrar")
    listing = registrar.get("/staff/members?state=verified").text
    pages = set(re.findall(r"/staff/members/mem_\w+", listing))
    (mine,) = [page for page in pages if "buyer@" in registrar.get(page).text]
    shown = registrar.get(mine).text
    assert f"/staff/rights/{held}" in shown
    assert re.search(r"<code>ord_\w+</code>", shown)
    assert "¥880.00" in shown
    assert f"/staff/rights/{held}" in registrar.get(f"{mine}/rights").text
    assert "ord_" in registrar.get(f"{mine}/orders").text
    assert visit("buyer").get(f"{mine}/orders").status_code == 403


def test_an_administrator_publishes_fees_once_however_often_the_form_is_sent(
    visit, parts
):
    admin = visit("admin")
    page = admin.get("/staff/fees").text
    sent = {"rate": "1.75", "confirm": "1", "key": key_on(page)}
    for _ in range(2):
        location(admin.post("/staff/fees", **sent))
    with parts.reads.connect() as db:
        assert statements.fees(db) == (2, 175, ())
    shown = admin.get("/staff/fees").text
    assert shown.count("1.75%") == 2
    assert "2.5%" in shown
    assert ">admin</td>" in shown
    assert "1.75%" in visit("").get("/help/fees").text
    changed = admin.post("/staff/fees", **(sent | {"rate": "9"}))
    assert changed.status_code == 422
    assert key_on(changed.text) != sent["key"]
    assert "9%" not in admin.get("/staff/fees").text


@pytest.mark.parametrize("rate", ["", "-1", "1.234", "51", "a", "1e1", "١", "0.5.1"])
def test_a_rate_that_is_none_is_refused_at_its_field(visit, parts, rate):
    admin = visit("admin")
    key = key_on(admin.get("/staff/fees").text)
    refused = admin.post("/staff/fees", rate=rate, confirm="1", key=key)
    assert refused.status_code == 422, headline(refused)
    assert "f-rate-problem" in refused.text
    with parts.reads.connect() as db:
        assert statements.fees(db).version == 1


def test_fees_need_a_confirmation_and_an_administrator(visit):
    admin = visit("admin")
    sent = {"rate": "1", "key": key_on(admin.get("/staff/fees").text)}
    assert admin.post("/staff/fees", **sent).status_code == 422
    officer = visit("settlement_officer")
    assert 'action="/staff/fees"' not in officer.get("/staff/fees").text
    assert officer.post("/staff/fees", **sent, confirm="1").status_code == 403


def test_an_objection_is_decided_on_the_desk(visit):
    vendor, registrar = visit("vendor"), visit("registrar")
    page = draft(vendor)
    desk = f"/staff/listings/{page.rpartition('/')[2]}"
    location(vendor.post(f"{page}/submit"))
    check_by_page(registrar, page.rpartition("/")[2])
    location(registrar.post(f"{desk}/approve"))
    location(registrar.post(f"{desk}/object", reason="Ours"))
    assert f"{desk}/uphold" in registrar.get(desk).text
    assert registrar.post(f"{desk}/dismiss").status_code == 422
    location(registrar.post(f"{desk}/dismiss", reason="Other data"))
    location(registrar.post(f"{desk}/object", reason="Still ours"))
    location(registrar.post(f"{desk}/uphold", reason="They proved it"))
    assert "They proved it" in vendor.get(page).text
    location(vendor.post(f"{page}/submit"))
