import re

import pytest

from marketplace.trading import sales
from tests.flows.market import buy, headline, listed, location, pay_in, ticket


@pytest.fixture
def product(visit) -> str:
    product = listed(visit("vendor"), visit("registrar"))
    pay_in(visit("buyer"), visit("settlement_officer"))
    return product


def bid(visit, product: str, price: str, quantity: str = "1"):
    """Let the buyer bid."""
    fields = {"kind": "bid", "price": price, "quantity": quantity}
    return buy(visit("buyer"), product, **fields)


def test_a_vendor_sees_every_bid_and_sells_to_one(visit, product):
    vendor = visit("vendor")
    assert "Sell to this bid" not in vendor.get("/vendor/bids").text
    location(bid(visit, product, "90.00", "2"))
    location(bid(visit, product, "95.50"))
    page = vendor.get("/vendor/bids").text
    assert "¥180.00" in page
    assert "buyer@" not in page
    assert "Company 2" not in page
    (link,) = [
        found.replace("&amp;", "&")
        for found in re.findall(r'href="(/listings/[^"]+/order\?[^"]+)"', page)
        if "95.50" in found
    ]
    review = vendor.get(link)
    assert review.status_code == 200, headline(review)
    hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', review.text))
    kept = ("instrument", "kind", "quantity", "price", "key")
    sent = {name: hidden[name] for name in kept}
    location(vendor.post(f"/listings/{product}/order", **sent))
    left = vendor.get("/vendor/bids").text
    assert "¥95.50" not in left
    assert "¥180.00" in left
    assert "¥95.50" in vendor.get("/vendor").text


def test_a_vendor_sees_who_holds_rights_to_its_products(visit, product):
    assert "ent_" not in visit("vendor").get("/vendor/buyers").text
    location(buy(visit("buyer"), product))
    page = visit("vendor").get("/vendor/buyers").text
    assert re.search(r"<code>ent_\w+</code>", page)
    assert "第2公司" in page
    assert "ent_" not in visit("other").get("/vendor/buyers").text


def test_the_desk_is_the_vendors_alone(visit, product):
    location(bid(visit, product, "90.00"))
    for page in ("bids", "buyers"):
        assert visit("buyer").get(f"/vendor/{page}").status_code == 403
    assert "¥90.00" not in visit("other").get("/vendor/bids").text
    assert ticket(visit("buyer"), product)


def test_bids_come_in_pages_and_each_once(visit, parts, people, product):
    for price in ("80.00", "81.00", "82.00"):
        location(bid(visit, product, price))
    seen, before = [], None
    with parts.reads.connect() as db:
        while True:
            page = sales.bids_on(db, people["vendor"].member, before, limit=2)
            seen += [row.price for row in page.rows]
            before = page.before
            if before is None:
                break
    assert seen == [8200, 8100, 8000]


def test_programs_read_the_same(visit, app, bearer, product):
    location(bid(visit, product, "90.00", "2"))
    location(buy(visit("buyer"), product))
    client, vendor = app.test_client(), bearer("vendor", "vendor")
    (waiting,) = client.get("/api/v1/sales/bids", headers=vendor).json["data"]
    assert (waiting["price"], waiting["total"]) == (9000, 18000)
    assert "member" not in waiting
    sold = client.get("/api/v1/sales/entitlements", headers=vendor).json["data"]
    assert [right["state"] for right in sold] == ["active"]
    buyer = bearer("buyer", "trade")
    assert client.get("/api/v1/sales/bids", headers=buyer).status_code == 403
