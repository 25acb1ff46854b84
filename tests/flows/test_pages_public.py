import re

import pytest

from listings.search.entry import Entry
from marketplace.web.vocabulary import MACHINES
from settlement import ids
from tests.flows.market import FACTS, begun, buy, listed, location, pay_in
from tests.visitors import PASSWORD, credit_code

PAGES = (
    "/",
    "/market",
    "/statistics",
    "/statistics/candles",
    "/statistics/s14_concentration",
    "/help",
    "/help/glossary",
    "/help/states",
    "/help/fees",
    "/help/market-data",
    "/help/formats",
    "/signin",
    "/signup",
)
ODD = (
    "a" * 300,
    "x " * 40,
    '"' * 50,
    "*?[a TO z]",
    "\x00",
    "<script>alert(1)</script>",
)
SIGN_UP = {
    "kind": "company",
    "name_en": "New Company",
    "region": "31",
    "trades": "buyer",
    "name": "Ann",
    "email": "ann@new.example",
    "password": PASSWORD,
}


@pytest.mark.parametrize(("language", "code"), [("zh", "zh-Hans"), ("en", "en")])
def test_every_public_page_stands_with_an_empty_market(visit, language, code):
    for page in PAGES:
        answer = visit("").get(page, headers={"Accept-Language": language})
        assert answer.status_code == 200, page
        assert answer.text.count("<h1") == 1, page
        assert f'<html lang="{code}"' in answer.text, page


def test_every_desk_of_a_new_member_says_what_to_do(visit):
    for page in ("/orders", "/orders/trades", "/rights", "/cash"):
        assert 'class="empty"' in visit("buyer").get(page).text, page


def test_pages_carry_no_inline_styles_and_no_script_without_nonce(visit):
    product = listed(visit("vendor"), visit("registrar"))
    for page in (*PAGES, f"/listings/{product}"):
        text = visit("").get(page).text
        assert not re.search(r"<[^>]+\sstyle=", text), page
        for tag in re.findall(r"<script[^>]*>", text):
            assert "src=" in tag or "nonce=" in tag, page
        assert not re.search(r"\son\w+=", text), page


def test_a_visitor_chooses_the_language_and_stays_where_they_are(visit):
    nobody = visit("")
    there = nobody.post("/language/en", next="/market?q=x")
    assert location(there) == "/market?q=x"
    assert '<html lang="en"' in nobody.get("/").text
    elsewhere = nobody.post("/language/zh", next="//evil.example/")
    assert location(elsewhere) == "/"
    assert '<html lang="zh-Hans"' in nobody.get("/").text


def test_after_a_refused_form_the_language_changes_where_it_was(visit):
    vendor = visit("vendor")
    refused = vendor.post("/vendor/products/new", kind="nonsense")
    assert refused.status_code == 422
    assert 'name="next" value="/vendor/products/new"' in refused.text
    page = begun(vendor, **FACTS)
    form = {"csrf_token": vendor.token(), "label": "1"}
    for came_from, there in (
        (f"http://localhost{page}?x=3", f"{page}?x=3"),
        ("http://evil.example/vendor/", "/"),
    ):
        answer = vendor.client.post(
            f"{page}/releases", data=form, headers={"Referer": came_from}
        )
        assert answer.status_code == 422
        assert f'name="next" value="{there}"' in answer.text


def test_a_new_organisation_joins_and_waits_for_its_verification(visit):
    nobody = visit("")
    form = SIGN_UP | {"credit_code": credit_code(77)}
    assert location(nobody.post("/signup", **form)) == "/account"
    assert "state--wait" in nobody.get("/account").text
    assert "New Company" in visit("registrar").get("/staff/members").text


def test_a_sign_up_names_every_wrong_field(visit):
    form = SIGN_UP | {"credit_code": "91310000MA1FL4T64X", "region": "??"}
    refused = visit("").post("/signup", **form)
    assert refused.status_code == 422
    for field in ("credit_code", "region"):
        assert f'id="f-{field}-problem"' in refused.text
    assert 'value="New Company"' in refused.text
    assert PASSWORD not in refused.text


def test_signing_in_leads_back_and_a_wrong_password_is_said_once(visit, people):
    nobody = visit("")
    form = {"email": "buyer@buyer.example", "next": "/orders"}
    wrong = nobody.post("/signin", **form, password="not the password")
    assert wrong.status_code == 401
    assert 'value="buyer@buyer.example"' in wrong.text
    right = nobody.post("/signin", **form, password=PASSWORD)
    assert location(right) == "/orders"
    location(nobody.post("/signout"))
    assert "/signin" in location(nobody.get("/orders"))


def test_a_key_is_shown_once_and_can_be_revoked(visit):
    buyer = visit("buyer")
    made = buyer.post("/account/keys", name="A robot", scopes="read")
    assert made.status_code == 201
    assert re.search(r"dbk_[0-9a-f]{12}_[\w-]{43}", made.text)
    page = buyer.get("/account").text
    assert "A robot" in page
    assert not re.search(r"dbk_[0-9a-f]{12}_[\w-]{43}", page)
    location(buyer.post(re.search(r"/account/keys/key_\w+/revoke", page)[0]))
    assert "A robot" not in buyer.get("/account").text


def test_search_shows_facets_chips_and_marks_what_matches(visit, parts):
    product = listed(visit("vendor"), visit("registrar"))
    number = ids.decode("product", product)
    parts.index.apply(
        [Entry(number, "港口吞吐量", "Port throughput", 1, kind="dataset", sector="x")],
        [],
    )
    text = visit("").get("/market?q=港口&kind=dataset").text
    assert "<mark>港口</mark>" in text
    assert 'class="chip"' in text
    assert f"/listings/{product}" in text
    nothing = visit("").get("/market?q=港口&kind=service").text
    assert 'class="empty"' in nothing


def test_odd_queries_are_answered(visit):
    for query in ODD:
        answer = visit("").get("/market", query_string={"q": query})
        assert answer.status_code in {200, 400, 422}, query
        assert "<script>alert(1)" not in answer.text
        assert answer.text.count("<h1") == 1


def test_odd_pages_are_refused_kindly(visit):
    for page in ("0", "-1", "101", "x", "9" * 30):
        answer = visit("").get("/market", query_string={"page": page})
        assert answer.status_code == 422, page
        assert answer.text.count("<h1") == 1


def test_an_odd_place_in_a_list_is_not_found(visit):
    for before in ("x", "-1", "9" * 30, "１"):
        answer = visit("buyer").get("/orders", query_string={"before": before})
        assert answer.status_code == 404, before


def test_an_unknown_page_says_so_in_the_same_frame(visit):
    answer = visit("").get("/nowhere")
    assert answer.status_code == 404
    assert "site-header" in answer.text


def test_every_state_of_the_code_is_drawn(visit):
    text = visit("").get("/help/states").text
    for machine in MACHINES:
        assert f'id="{machine.name}"' in text
    assert text.count("<rect") == sum(
        len({s for s, _ in m.moves} | set(m.moves.values())) for m in MACHINES
    )


def test_the_home_page_counts_what_was_traded(visit):
    product = listed(visit("vendor"), visit("registrar"))
    pay_in(visit("buyer"), visit("settlement_officer"))
    location(buy(visit("buyer"), product))
    text = visit("").get("/").text
    assert "¥120.00" in text
    assert f"/listings/{product}" in text
