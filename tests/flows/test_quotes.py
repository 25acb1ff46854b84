"""Requests for quotes: asked, quoted, countered, compared, taken; from both sides."""

import json
import re

import pytest
from sqlalchemy import func, select

from listings.search.projection import Projection
from marketplace.community.tables import notices
from marketplace.members import organisations
from marketplace.projection import changes_after
from settlement import clock
from settlement.ids import decode
from settlement.invariants import violations
from tests.flows.market import (
    headline,
    instrument,
    key_on,
    listed,
    location,
    ticket,
)
from tests.flows.market import pay_in as pay_in_by_page
from tests.programs import pay_in, program, sun

__all__ = ["program", "sun"]
PURPOSE = "internal_analysis"


def day(days: int = 9) -> str:
    """Return a day so many days from now."""
    at_us = clock.now_us() + days * clock.DAY_US
    return clock.moment(at_us).date().isoformat()


@pytest.fixture
def asked(program, sun):
    """A request of the buyer for the vendor's SUN, three units."""
    wanted = {
        "title": "Sun, three years",
        "instrument": sun.instrument,
        "quantity": 3,
        "audience": "chosen",
        "purpose": PURPOSE,
        "until_us": clock.now_us() + clock.DAY_US,
    }
    return program("buyer").made("/demands", wanted)


@pytest.fixture
def quote(program, sun, asked):
    """Return the body of a quote for it: three units at 10.00 yuan."""
    return {
        "instrument": sun.instrument,
        "member": asked["member"],
        "price": 1000,
        "quantity": 3,
        "expires_us": clock.now_us() + clock.DAY_US,
        "demand": asked["id"],
    }


def told(parts) -> list[tuple[str, str]]:
    """Return what kinds of notices lead where."""
    with parts.reads.connect() as db:
        rows = db.execute(select(notices.c.kind, notices.c.facts)).all()
    return [(row.kind, json.loads(row.facts).get("href", "")) for row in rows]


def test_a_request_is_quoted_countered_and_taken_and_everybody_is_told(
    program, asked, quote, parts
):
    vendor, buyer = program("vendor"), program("buyer")
    pay_in(program, "buyer", 10_000)
    demand = f"/demands/{asked['id']}"
    assert vendor.read("/demands", which="asked")["data"] == [asked]
    assert buyer.read("/demands", which="mine")["data"] == [asked]
    first = vendor.made("/offers", quote, Idempotency_Key="q")
    assert vendor.made("/offers", quote, Idempotency_Key="q") == first
    assert first["reason"] == "asked"
    assert buyer.read(f"{demand}/quotes")["data"] == [first]
    lower = {
        "price": 800,
        "quantity": 3,
        "expires_us": quote["expires_us"],
        "purpose": PURPOSE,
    }
    countered = buyer.made(f"/offers/{first['id']}/counter", lower)
    assert (countered["answers"], countered["maker"]) == (first["id"], asked["member"])
    (balance,) = buyer.read("/balances")["data"]
    assert (balance["free"], balance["held"]) == (7_600, 2_400)
    last = lower | {"price": 900, "purpose": ""}
    third = vendor.made(f"/offers/{countered['id']}/counter", last)
    assert buyer.read(f"{demand}/quotes")["data"] == [third]
    taken = buyer.made(f"/offers/{third['id']}/take", {"purpose": PURPOSE})
    trade = buyer.read(f"/trades/{taken['trade']}")
    assert (trade["price"], trade["quantity"]) == (900, 3)
    assert buyer.read(demand)["state"] == "closed"
    assert [kind for kind, _ in told(parts)] == [
        "quote_asked",
        "quoted",
        "countered",
        "countered",
        "offer_taken",
    ]
    with parts.reads.connect() as db:
        assert list(violations(db)) == []


def test_the_vendor_takes_a_buyers_offer_for_the_purpose_that_it_declared(
    program, sun, parts
):
    vendor, buyer = program("vendor"), program("buyer")
    pay_in(program, "buyer", 10_000)
    bid = {
        "instrument": sun.instrument,
        "member": vendor.read("/me")["member"],
        "price": 700,
        "quantity": 2,
        "expires_us": clock.now_us() + clock.DAY_US,
        "purpose": PURPOSE,
    }
    assert buyer.post("/offers", bid | {"purpose": ""}).status_code == 422
    assert buyer.post("/offers", bid | {"price": 10**6}).status_code == 402
    made = buyer.made("/offers", bid)
    assert buyer.post(f"/offers/{made['id']}/take", {}).status_code == 404
    taken = vendor.made(f"/offers/{made['id']}/take", {})
    contract = buyer.read(f"/trades/{taken['trade']}/contract")
    assert contract["purpose"] == PURPOSE
    assert ("bid_made", f"/quotes/{made['id']}") in told(parts)
    public = program("").read(f"/instruments/{sun.instrument}/trades")["data"]
    assert public == []


def test_who_is_not_asked_neither_reads_nor_answers(program, asked, quote):
    other = program("other")
    demand = f"/demands/{asked['id']}"
    assert other.get(demand).status_code == 404
    assert program("").get(demand).status_code == 404
    assert program("").read("/demands")["data"] == []
    assert other.get(f"{demand}/quotes").status_code == 404
    assert other.post("/offers", quote).status_code == 404
    vendor = program("vendor")
    unknown = vendor.post("/offers", quote | {"demand": "dmd_00000zz"})
    assert unknown.status_code == 404
    to_other = quote | {"member": other.read("/me")["member"]}
    assert vendor.post("/offers", to_other).status_code == 404
    made = vendor.made("/offers", quote)
    for step in ("counter", "decline", "withdraw", "take"):
        body = {"price": 1, "quantity": 1, "expires_us": quote["expires_us"]}
        path = f"/offers/{made['id']}/{step}"
        answer = other.post(path, {"counter": body, "take": {}}.get(step))
        assert answer.status_code == 404, step


def test_a_request_that_is_over_is_answered_no_more(program, asked, quote):
    program("buyer").made(f"/demands/{asked['id']}/close")
    refused = program("vendor").post("/offers", quote)
    assert (refused.status_code, refused.json["code"]) == (409, "illegal_move")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"audience": "chosen", "instrument": None}, "vendors"),
        ({"audience": "chosen", "vendors": ["mem_0000099"]}, "vendors"),
        ({"audience": "sector", "instrument": None}, "sector"),
        ({"instrument": "ins_00000zz"}, "instrument"),
    ],
)
def test_a_request_to_nobody_is_refused_at_its_field(program, asked, changed, field):
    wanted = {
        "title": "Sun",
        "instrument": asked["instrument"],
        "until_us": clock.now_us() + clock.DAY_US,
    }
    refused = program("buyer").post("/demands", wanted | changed)
    assert refused.status_code == 422
    assert field in refused.json["problems"]


def test_all_vendors_of_a_sector_are_asked(program, sun):
    wanted = {
        "title": "Any sun",
        "sector": "meteorological-services",
        "audience": "sector",
        "until_us": clock.now_us() + clock.DAY_US,
    }
    made = program("buyer").made("/demands", wanted)
    assert program("vendor").read("/demands", which="asked")["data"] == [made]
    assert program("other").read("/demands", which="asked")["data"] == []


def test_a_negotiation_by_pages_from_both_sides(visit, parts):
    vendor, buyer = visit("vendor"), visit("buyer")
    product = listed(vendor, visit("registrar"))
    unit = instrument(vendor, f"/vendor/products/{product}")
    pay_in_by_page(buyer, visit("settlement_officer"))
    form = buyer.get(f"/demands/new?instrument={unit}")
    assert f'value="{unit}"' in form.text
    wanted = {
        "title": "Ports",
        "instrument": unit,
        "quantity": "5",
        "budget": "450.00",
        "audience": "chosen",
        "until": day(),
    }
    unknown = buyer.post("/demands/new", **(wanted | {"vendors": "nobody"}))
    assert unknown.status_code == 422, headline(unknown)
    demand = location(buyer.post("/demands/new", **wanted))
    assert demand in vendor.get("/demands/asked").text
    assert visit("").get(demand).status_code == 404
    shown = vendor.get(demand)
    filled = {
        "instrument": unit,
        "price": "100.00",
        "quantity": "5",
        "until": day(),
        "note": "<i>with support</i>",
        "key": key_on(shown.text),
    }
    refused = vendor.post(f"{demand}/quotes", **(filled | {"price": "much"}))
    assert refused.status_code == 422
    quote = location(vendor.post(f"{demand}/quotes", **filled))
    assert "with support&lt;/i&gt;</textarea>" in vendor.get(quote).text  # to change
    table = buyer.get(demand).text
    assert quote in table
    assert "¥500.00" in table
    assert "&lt;i&gt;with support&lt;/i&gt;" in table
    lower = {
        "price": "80.00",
        "quantity": "5",
        "until": day(),
        "purpose": PURPOSE,
        "key": "c",
    }
    assert buyer.post(f"{quote}/counter", **lower).status_code == 422  # not accepted
    answer = location(buyer.post(f"{quote}/counter", accept="1", **lower))
    assert "¥400.00" in vendor.get(answer).text
    assert vendor.get("/vendor/offers").text.count(answer) == 1
    assert visit("other").get(answer).status_code == 404
    contract = location(vendor.post(f"{answer}/take", key="t"))
    page = buyer.get(contract).text
    assert "¥400.00" in page
    assert answer in page
    assert vendor.post(f"{answer}/take", key="u").status_code == 404


def test_an_offer_to_the_vendor_is_declined_or_withdrawn_by_pages(visit):
    vendor, buyer = visit("vendor"), visit("buyer")
    product = listed(vendor, visit("registrar"))
    unit = instrument(vendor, f"/vendor/products/{product}")
    pay_in_by_page(buyer, visit("settlement_officer"))
    path = f"/instruments/{unit}/offer"
    filled = {
        "price": "50.00",
        "quantity": "2",
        "until": day(),
        "purpose": PURPOSE,
        "accept": "1",
    }
    first = location(buyer.post(path, key=key_on(buyer.get(path).text), **filled))
    assert re.search("¥100.00", vendor.get(first).text)
    location(vendor.post(f"{first}/decline"))
    second = location(buyer.post(path, key="again", **filled))
    assert second in buyer.get("/orders/offers").text
    location(buyer.post(f"{second}/withdraw"))
    assert vendor.post(f"{second}/take", key="t").status_code == 404
    refused = buyer.post(path, key="more", **(filled | {"price": "9000.00"}))
    assert refused.status_code == 402


def test_a_price_that_rises_between_review_and_confirmation_does_not_hurt(visit):
    vendor, buyer = visit("vendor"), visit("buyer")
    product = listed(vendor, visit("registrar"))
    page = f"/vendor/products/{product}"
    pay_in_by_page(buyer, visit("settlement_officer"))
    fields = ticket(buyer, product)
    review = buyer.get(f"/listings/{product}/order", query_string=fields).text
    hidden = dict(re.findall(r'name="(quote|seen|key)" value="([^"]+)"', review))
    assert hidden["quote"].startswith("ord_")
    path = f"{page}/instruments/{instrument(vendor, page)}/price"
    location(vendor.post(path, price="150.00"))
    confirmed = fields | hidden | {"accept": "1"}
    order = location(buyer.post(f"/listings/{product}/order", **confirmed))
    assert "¥120.00" in buyer.get(order).text
    late = confirmed | {"quote": "ord_00000zz", "key": "late"}
    assert buyer.post(f"/listings/{product}/order", **late).status_code == 409


def test_a_demand_is_shown_what_fits_and_its_vendor_is_told(visit, parts):
    vendor, buyer = visit("vendor"), visit("buyer")
    product = listed(vendor, visit("registrar"))
    Projection(parts.reads, parts.index, changes_after).catch_up()
    wanted = {"title": "Port throughput", "until": day(), "audience": "public"}
    demand = location(buyer.post("/demands/new", **wanted))
    assert f"/listings/{product}" in buyer.get(demand).text
    assert f"/listings/{product}" not in visit("other").get(demand).text
    assert ("demand_fits", demand) in told(parts)


def test_changes_are_asked_for_and_answered_before_a_quote_is_taken(
    program, asked, quote, parts
):
    vendor, buyer = program("vendor"), program("buyer")
    pay_in(program, "buyer", 10_000)
    first = vendor.made("/offers", quote)
    path = f"/offers/{first['id']}"
    wish = {"topics": ["delivery", "price"], "text": "Support too; we have 27 yuan."}
    assert vendor.post(f"{path}/changes", wish).status_code == 404  # its own offer
    assert program("other").post(f"{path}/changes", wish).status_code == 404
    assert buyer.post(f"{path}/changes", wish | {"topics": []}).status_code == 422
    assert buyer.post(f"{path}/changes/keep", {}).status_code == 404  # nothing asked
    asked_for = buyer.made(f"{path}/changes", wish)["data"]
    assert asked_for[0]["topics"] == ["price", "delivery"]
    again = buyer.post(f"{path}/changes", wish)
    assert again.json["code"] == "changes_asked"
    assert buyer.read(path) == first  # it stays as firm as it was
    kept = vendor.made(f"{path}/changes/keep", {"reply": "No support."})["data"]
    assert kept[0]["reply"] == "No support."
    buyer.made(f"{path}/changes", wish)
    terms = {"price": 900, "quantity": 3, "expires_us": quote["expires_us"]}
    changed = vendor.made(f"{path}/counter", terms | {"note": "with support"})
    assert (changed["maker"], changed["answers"]) == (first["maker"], first["id"])
    answers = buyer.read(f"{path}/changes")["data"]
    assert [one["revised"] for one in answers] == [None, changed["id"]]
    over = buyer.post(f"{path}/changes", wish)
    assert over.json["code"] == "illegal_move"
    buyer.made(f"/offers/{changed['id']}/take", {"purpose": PURPOSE})
    kinds = [kind for kind, _ in told(parts)][2:]
    assert kinds == [
        *("changes_asked", "changes_refused", "changes_asked"),
        *("offer_revised", "offer_taken"),
    ]


def test_who_asks_without_a_name_is_told_to_the_vendor_that_gets_it_alone(
    program, visit, sun, parts
):
    vendor, buyer = program("vendor"), program("buyer")
    own = buyer.read("/me")["member"]
    pay_in(program, "buyer", 10_000)
    with parts.reads.connect() as db:
        before = db.scalar(select(func.coalesce(func.max(notices.c.id), 0)))
        secret = (own, *organisations.names(db, [decode("member", own)]).popitem()[1])
    later_us = clock.now_us() + clock.DAY_US
    wanted = {"title": "Sun", "instrument": sun.instrument, "until_us": later_us}
    hidden = buyer.made("/demands", wanted | {"anonymous": True})
    demand = f"/demands/{hidden['id']}"
    guesses = [own, program("other").read("/me")["member"]]
    terms = {"price": 900, "quantity": 3, "expires_us": later_us}
    body = terms | {"instrument": sun.instrument, "demand": hidden["id"]}
    refused = [vendor.post("/offers", body | {"member": one}) for one in guesses]
    assert [one.status_code for one in refused] == [422, 422]  # a guess tells nothing
    assert refused[0].json["problems"] == refused[1].json["problems"]
    first = vendor.made("/offers", body)
    path = f"/offers/{first['id']}"
    second = buyer.made(f"{path}/counter", terms | {"purpose": PURPOSE})
    path = f"/offers/{second['id']}"
    places = [
        *(("vendor", page) for page in (demand, "/demands/asked", "/vendor/offers")),
        *(("vendor", f"/quotes/{one['id']}") for one in (first, second)),
        *(("", page) for page in (demand, "/demands/")),
        *(("other", page) for page in (demand, "/demands/")),
    ]
    pages = [visit(who).get(page).text for who, page in places]
    calls = (path, demand, f"{demand}/quotes", f"{demand}/listings", "/offers")
    said = [str(vendor.read(call)) for call in calls]
    said += [str(vendor.read("/offers", which="made")), str(program("").read(demand))]
    with parts.reads.connect() as db:
        new = notices.c.id > before
        said += list(db.execute(select(notices.c.facts).where(new)).scalars())
    shown = "".join([*pages, *said])
    assert "not named" in shown
    for name in secret:
        assert name not in shown, name
    contract = visit("vendor").get(f"/contracts/new?offer={second['id']}")
    assert contract.status_code == 409
    vendor.made(f"{path}/take", {})
    for call in (path, f"/offers/{first['id']}", demand):
        assert vendor.read(call)["member"] == own
    assert secret[1] in visit("vendor").get(f"/quotes/{second['id']}").text
    for nobody in ("", "other"):
        assert program(nobody).read(demand)["member"] is None
