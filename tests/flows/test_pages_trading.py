import hashlib
import re

import pytest

from tests.flows.market import (
    CONTENT,
    buy,
    headline,
    key_on,
    listed,
    location,
    pay_in,
    ticket,
)


@pytest.fixture
def product(visit):
    return listed(visit("vendor"), visit("registrar"))


@pytest.fixture
def buyer(visit, product):
    pay_in(visit("buyer"), visit("settlement_officer"))
    return visit("buyer")


def test_a_buyer_reads_what_will_happen_confirms_and_downloads(buyer, product):
    answer = buyer.get(
        f"/listings/{product}/order", query_string=ticket(buyer, product, quantity="2")
    )
    promise = re.search(r'<p class="promise">(.*?)</p>', answer.text, re.DOTALL)[1]
    assert "¥240.00" in promise
    order = location(buy(buyer, product, quantity="2"))
    assert "badge state state--good" in buyer.get(order).text
    right = re.search(r"/rights/ent_\w+", buyer.get("/rights").text)[0]
    file = re.search(rf"{right}/files/fil_\w+", buyer.get(right).text)[0]
    delivered = buyer.post(file)
    assert delivered.data == CONTENT
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert delivered.headers["X-Content-SHA256"] == digest
    assert "attachment" in delivered.headers["Content-Disposition"]
    assert buyer.get(right).text.count(digest) >= 2  # the file, and its receipt
    assert "¥760.00" in buyer.get("/cash").text


def test_a_link_cannot_use_up_a_delivery(buyer, product):
    location(buy(buyer, product))
    right = re.search(r"/rights/ent_\w+", buyer.get("/rights").text)[0]
    file = re.search(rf"{right}/files/fil_\w+", buyer.get(right).text)[0]
    assert buyer.get(file).status_code == 405


def test_an_order_confirmed_twice_happens_once(buyer, product):
    fields = ticket(buyer, product)
    page = buyer.get(f"/listings/{product}/order", query_string=fields).text
    confirmed = fields | {"accept": "1", "key": key_on(page)}
    first = buyer.post(f"/listings/{product}/order", **confirmed)
    again = buyer.post(f"/listings/{product}/order", **confirmed)
    assert location(first) == location(again)
    assert "¥880.00" in buyer.get("/cash").text


def test_the_licence_must_be_accepted(buyer, product):
    fields = ticket(buyer, product) | {"key": "k"}
    refused = buyer.post(f"/listings/{product}/order", **fields)
    assert refused.status_code == 422
    assert 'id="f-accept-problem"' in refused.text
    assert "¥1,000.00" in buyer.get("/cash").text


def test_a_bid_waits_and_can_be_reduced_and_cancelled(buyer, product):
    order = location(buy(buyer, product, kind="bid", price="100.00", quantity="5"))
    order = order.partition("?")[0]
    assert "¥500.00" in buyer.get("/cash").text  # free; as much is held
    location(buyer.post(f"{order}/reduce", quantity="2"))
    assert "¥700.00" in buyer.get("/cash").text
    location(buyer.post(f"{order}/cancel"))
    assert "¥1,000.00" in buyer.get("/cash").text
    assert buyer.post(f"{order}/cancel").status_code >= 400


def test_what_cannot_be_paid_is_refused_on_the_same_page(buyer, product):
    refused = buy(buyer, product, quantity="9")
    assert refused.status_code == 402
    assert "refusal__title" in refused.text
    assert "¥1,080.00" in refused.text  # what is needed
    assert key_on(refused.text)


WRONG = (
    ("quantity", "0"),
    ("quantity", "-1"),
    ("quantity", "٣"),
    ("quantity", "9" * 30),
    ("price", "1.234"),
    ("price", "1e3"),
    ("price", ""),
    ("kind", "give"),
    ("purpose", ""),
    ("purpose", "world_domination"),
    ("instrument", "ins_zzzzzzz'"),
    ("until", "tomorrow"),
)


def test_a_wrong_ticket_is_explained_at_its_field(buyer, product):
    for field, value in WRONG:
        fields = ticket(buyer, product, kind="bid") | {field: value}
        refused = buyer.get(f"/listings/{product}/order", query_string=fields)
        assert refused.status_code == 422, (field, value, headline(refused))
        assert "refusal__title" in refused.text


def test_visitors_and_sellers_without_role_are_sent_away(visit, product):
    nobody = visit("")
    assert nobody.get(f"/listings/{product}").status_code == 200
    away = nobody.get(f"/listings/{product}/order")
    assert "/signin" in location(away)
    assert visit("registrar").get(f"/listings/{product}/order").status_code == 403


def test_nobody_sees_the_orders_and_rights_of_another_member(visit, buyer, product):
    order = location(buy(buyer, product)).partition("?")[0]
    trade = re.search(r"/orders/trades/trd_\w+", buyer.get(order).text)[0]
    right = re.search(r"/rights/ent_\w+", buyer.get("/rights").text)[0]
    for address in (order, trade, right):
        assert buyer.get(address).status_code == 200
        assert visit("other").get(address).status_code == 404


def test_the_contract_shows_both_parties_and_the_frozen_terms(visit, buyer, product):
    order = location(buy(buyer, product))
    trade = re.search(r"/orders/trades/trd_\w+", buyer.get(order).text)[0]
    bought, sold = buyer.get(trade).text, visit("vendor").get(trade).text
    assert "¥3.00" in sold  # the fee, which only the seller sees
    assert "¥3.00" not in bought
    assert "SHA-256" in bought


def test_a_vendor_cannot_buy_its_own_product_but_offers_it(visit, product):
    vendor = visit("vendor")
    page = vendor.get(f"/listings/{product}").text
    assert 'value="offer"' in page
    assert 'value="now"' not in page
    fields = ticket(vendor, product, kind="offer", price="90.00", quantity="3")
    shown = vendor.get(f"/listings/{product}/order", query_string=fields)
    assert shown.status_code == 200
    order = location(
        vendor.post(f"/listings/{product}/order", key=key_on(shown.text), **fields)
    )
    assert "state--wait" in vendor.get(order).text
    assert "¥90.00" in vendor.get(f"/listings/{product}/book").text
