"""Public, on request, private: every way in obeys one gate."""

import re

import pytest

from listings import catalogue
from marketplace import admission
from marketplace.community import access, notices
from marketplace.trading.commands import Line, PlaceOrder
from settlement import ids
from settlement.errors import Refusal
from tests.flows.market import begun, buy, listed, location, pay_in

ANSWERS = {"who": "Desk A", "use_case": "Plan berths.", "purpose": "internal_analysis"}


@pytest.fixture
def market(visit):
    """A listed product with a price, and everybody's browser."""
    people = {role: visit(role) for role in ("vendor", "buyer", "other", "registrar")}
    people["nobody"] = visit("")
    people["product"] = listed(people["vendor"], people["registrar"])
    pay_in(people["buyer"], visit("settlement_officer"))
    return people


def restrict(market, visibility):
    page = f"/vendor/products/{market['product']}/access"
    location(market["vendor"].post(page, visibility=visibility))


def unit_of(parts, product):
    with parts.reads.connect() as db:
        return catalogue.instruments_of(db, ids.decode("product", product))[0]


def order(parts, people, role, product):
    """Send an order straight to the door; the code of its refusal, or None."""
    user, unit = people[role], unit_of(parts, product)
    line = Line(unit.id, "buy", 12_000, 1, "IOC", purpose="internal_analysis")
    try:
        parts.gateway.submit(PlaceOrder(user.id, user.member, line))
    except Refusal as refusal:
        return refusal.code
    return None


def addresses(parts, product):
    """Every public address that would say that a product is there."""
    unit = unit_of(parts, product)
    number = ids.encode("instrument", unit.id)
    api = f"/api/v1/instruments/{number}"
    return [
        f"/listings/{product}",
        f"/listings/{product}/book",
        f"/instruments/{number}",
        f"/statistics/candles?symbol={unit.symbol}",
        f"/statistics/candles.csv?symbol={unit.symbol}",
        f"/api/v1/listings/{product}",
        api,
        f"{api}/book",
        f"{api}/trades",
        f"{api}/candles",
        f"/api/v1/symbols/{unit.symbol}",
        f"/api/v1/statistics/candles?instrument={number}",
        f"/listings/{product}.ttl",
        f"/listings/{product}.jsonld",
        f"/listings/{product}/odrl.ttl",
        f"/api/v1/listings/{product}/odrl",
        f"/api/v1/listings/{product}/quality",
        f"/api/3/action/package_show?id={product}",
    ]


def test_a_private_product_exists_for_named_members_only(market, parts, people):
    restrict(market, "private")
    for address in addresses(parts, market["product"]):
        for who in ("nobody", "buyer", "other"):
            assert market[who].get(address).status_code == 404, (who, address)
        # Its vendor still reads it; downloads describe only what everybody may see.
        page = re.fullmatch(r"/listings/\w+(/book)?", address)
        if page is not None:
            assert market["vendor"].get(address).status_code == 200, address
    assert market["product"] not in market["nobody"].get("/").text
    with parts.reads.connect() as db:
        number = ids.decode("product", market["product"])
        assert catalogue.changes_after(db, 0, 10)[-1].entry is None
        assert not catalogue.newest(db)
        assert not catalogue.counts(db)
        assert not catalogue.summaries(db, [number])
    assert order(parts, people, "buyer", market["product"]) == "unknown_instrument"


def test_no_list_and_no_download_names_a_private_product(market, parts):
    unit = unit_of(parts, market["product"])
    with parts.reads.connect() as db:
        title = catalogue.listing(db, unit.product).title_en
    restrict(market, "private")
    for address in (
        "/",
        "/market",
        "/publicity",
        "/catalogue.ttl",
        "/catalogue.jsonld",
        f"/compare?id={market['product']}",
        "/api/3/action/package_list",
        f"/api/3/action/package_search?q={unit.symbol}",
        f"/api/v1/completions?q={title[:6]}",
        f"/api/v1/listings?q={unit.symbol}",
        f"/api/v1/compare?id={market['product']}",
        "/api/v1/market",
    ):
        for who in ("nobody", "buyer"):
            text = market[who].get(address).text
            assert title not in text, (who, address)
            assert unit.symbol not in text.replace(f"q={unit.symbol}", ""), address


def test_a_named_member_sees_and_trades_a_private_product(market, parts, people):
    restrict(market, "private")
    guests = f"/vendor/products/{market['product']}/guests"
    buyer = ids.encode("member", people["buyer"].member)
    location(market["vendor"].post(guests, member=buyer, days="30"))
    assert market["buyer"].get(f"/listings/{market['product']}").status_code == 200
    assert market["product"] in market["buyer"].get("/access").text
    assert buy(market["buyer"], market["product"]).status_code == 303
    location(market["vendor"].post(f"{guests}/{buyer}/remove"))
    assert market["buyer"].get(f"/listings/{market['product']}").status_code == 404
    assert order(parts, people, "buyer", market["product"]) == "unknown_instrument"
    with parts.reads.connect() as db:
        told = notices.of_member(db, people["buyer"].member)
    assert [notice.kind for notice in told] == ["access_ended", "invited"]


def test_who_holds_a_right_is_let_in_when_a_product_becomes_private(market):
    assert buy(market["buyer"], market["product"]).status_code == 303
    restrict(market, "private")
    assert market["buyer"].get(f"/listings/{market['product']}").status_code == 200


def test_orders_of_who_is_not_let_in_end(market, parts, people):
    waiting = buy(market["buyer"], market["product"], kind="bid", price="100.00")
    page = location(waiting)
    restrict(market, "request")
    assert "已撤单" in market["buyer"].get(page).text
    assert order(parts, people, "buyer", market["product"]) == "not_admitted"


def test_access_is_asked_for_with_a_questionnaire_and_answered(market, parts, people):
    restrict(market, "request")
    listing = f"/listings/{market['product']}"
    assert 'name="use_case"' in market["buyer"].get(listing).text
    assert 'name="quantity"' not in market["buyer"].get(listing).text
    long = market["buyer"].post(
        f"{listing}/request", **ANSWERS | {"use_case": "x" * 501}
    )
    assert long.status_code == 422
    location(market["buyer"].post(f"{listing}/request", **ANSWERS))
    again = market["buyer"].post(f"{listing}/request", **ANSWERS)
    assert again.status_code == 422
    inbox = market["vendor"].get("/vendor/requests").text
    assert "Plan berths." in inbox
    request = ids.encode("request", 1)
    stolen = market["other"].post(f"/vendor/requests/{request}/approve")
    assert stolen.status_code == 404
    location(market["vendor"].post(f"/vendor/requests/{request}/approve", days="90"))
    assert buy(market["buyer"], market["product"]).status_code == 303
    twice = market["vendor"].post(f"/vendor/requests/{request}/decline", reason="no")
    assert twice.status_code == 409
    with parts.reads.connect() as db:
        assert notices.unread(db, people["vendor"].member) == 1
        assert notices.unread(db, people["buyer"].member) == 1


def test_a_request_is_declined_with_a_reason_or_taken_back(market, parts):
    restrict(market, "request")
    listing = f"/listings/{market['product']}"
    location(market["buyer"].post(f"{listing}/request", **ANSWERS))
    request = ids.encode("request", 1)
    decline = f"/vendor/requests/{request}/decline"
    assert market["vendor"].post(decline).status_code == 422
    location(market["vendor"].post(decline, reason="<b>not you</b>"))
    assert "&lt;b&gt;not you&lt;/b&gt;" in market["buyer"].get("/access").text
    location(market["buyer"].post(f"{listing}/request", **ANSWERS))
    other = f"/access/{ids.encode('request', 2)}/withdraw"
    assert market["other"].post(other).status_code == 404
    location(market["buyer"].post(other))


def test_access_for_a_time_ends_by_itself(market, parts, people, monkeypatch):
    restrict(market, "private")
    guests = f"/vendor/products/{market['product']}/guests"
    buyer = ids.encode("member", people["buyer"].member)
    location(market["vendor"].post(guests, member=buyer, days="1"))
    now_us = access.clock.now_us() + 2 * access.clock.DAY_US
    monkeypatch.setattr("settlement.clock.now_us", lambda: now_us)
    with parts.writes.begin() as db:
        assert access.is_over(db)
        assert access.lapse(db) == 1
        assert not access.is_over(db)
    number = ids.decode("product", market["product"])
    admission.tell_market(parts, number, people["vendor"].id)
    assert order(parts, people, "buyer", market["product"]) == "unknown_instrument"


def test_a_request_without_an_answer_ends_after_its_time(market, parts, monkeypatch):
    restrict(market, "request")
    listing = f"/listings/{market['product']}"
    location(market["buyer"].post(f"{listing}/request", **ANSWERS))
    now_us = access.clock.now_us() + (access.ANSWER_DAYS + 1) * access.clock.DAY_US
    monkeypatch.setattr("settlement.clock.now_us", lambda: now_us)
    with parts.writes.begin() as db:
        assert access.lapse(db) == 1
        (row,) = access.asked_by(db, market["buyer"].user.member)
    assert row.state == "expired"


def test_a_draft_cannot_be_asked_for(market, parts, people):
    page = begun(market["vendor"], kind="dataset")
    product = page.rpartition("/")[2]
    location(market["vendor"].post(f"{page}/access", visibility="request"))
    asked = market["buyer"].post(f"/listings/{product}/request", **ANSWERS)
    assert asked.status_code == 404
    assert (
        market["other"].post(f"{page}/access", visibility="public").status_code == 404
    )


def test_the_api_says_and_sets_who_may_trade(market, parts, people, bearer, app):
    client, product = app.test_client(), market["product"]
    vendor, buyer = bearer("vendor", "vendor", "read"), bearer("buyer", "trade", "read")
    path = f"/api/v1/products/{product}/visibility"
    wanted = {"visibility": "request"}
    assert client.put(path, json=wanted, headers=vendor).status_code == 200
    assert client.put(path, json=wanted, headers=buyer).status_code == 403
    unit = ids.encode("instrument", unit_of(parts, product).id)
    line = {
        "instrument": unit,
        "side": "buy",
        "price": 12_000,
        "quantity": 1,
        "purpose": "internal_analysis",
    }
    refused = client.post("/api/v1/orders", json=line, headers=buyer)
    assert (refused.status_code, refused.json["code"]) == (403, "not_admitted")
    asked = client.post(
        f"/api/v1/listings/{product}/access-requests", json=ANSWERS, headers=buyer
    )
    assert asked.status_code == 201
    request = f"/api/v1/access-requests/{asked.json['id']}"
    assert client.get(request, headers=buyer).json["state"] == "open"
    assert client.get(request, headers=bearer("other", "trade")).status_code == 404
    inbox = client.get("/api/v1/access-requests/inbox", headers=vendor).json
    assert [row["id"] for row in inbox["data"]] == [asked.json["id"]]
    approved = client.post(f"{request}/approve", json={"days": 30}, headers=vendor)
    assert approved.json["state"] == "approved"
    placed = client.post("/api/v1/orders", json=line, headers=buyer)
    assert placed.status_code == 201
    told = client.get("/api/v1/notices", headers=buyer | {"Accept-Language": "en"}).json
    assert told["data"][0]["text"] == "You may trade Port throughput now."
    notice = told["data"][0]["id"]
    stolen = client.post(f"/api/v1/notices/{notice}/read", headers=vendor)
    assert stolen.status_code == 404
    read = client.post(f"/api/v1/notices/{notice}/read", headers=buyer)
    assert read.status_code == 204


def test_the_bell_counts_until_the_notices_are_read(market):
    restrict(market, "request")
    listing = f"/listings/{market['product']}"
    location(market["buyer"].post(f"{listing}/request", **ANSWERS))
    assert "bell__count" in market["vendor"].get("/").text
    page = market["vendor"].get("/notices/").text
    assert "news__item--new" in page
    location(market["vendor"].post(f"/notices/{ids.encode('notice', 1)}"))
    assert "bell__count" not in market["vendor"].get("/").text
    assert (
        market["buyer"].post(f"/notices/{ids.encode('notice', 1)}").status_code == 404
    )
    location(market["vendor"].post("/notices/read", until="1"))
    assert market["nobody"].get("/notices/").status_code == 303
