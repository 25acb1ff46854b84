"""Who asks without a name stays unnamed, whatever the vendor tries to find out."""

import pytest

from marketplace.pricing import tenders
from marketplace.pricing.quotes import NotWithThisBuyer
from marketplace.trading.commands import SetStanding
from marketplace.trading.quoting import CounterOffer
from settlement import clock
from settlement.ids import decode
from tests.flows.test_tenders import bid, close
from tests.programs import pay_in, program, sun

__all__ = ["program", "sun"]


@pytest.fixture
def asked(program, sun):
    """What the unnamed buyer posted, and the body of a quote for it."""
    until_us = clock.now_us() + clock.DAY_US
    wanted = {"title": "Sun", "until_us": until_us, "anonymous": True}
    demand = program("buyer").made("/demands", wanted)["id"]
    quote = {"instrument": sun.instrument, "demand": demand, "price": 900}
    return quote | {"quantity": 1, "expires_us": until_us}


def test_a_demand_with_a_name_keeps_it_beside_one_without(program, sun, asked):
    buyer, vendor = program("buyer"), program("vendor")
    named = buyer.made("/demands", {"title": "Sun", "until_us": asked["expires_us"]})
    body = asked | {"demand": named["id"], "member": named["member"]}
    quote = vendor.made("/offers", body)
    assert quote["member"] == named["member"]
    terms = {name: asked[name] for name in ("price", "quantity", "expires_us")}
    pay_in(program, "buyer", 1_000)
    wanted = terms | {"purpose": "internal_analysis"}
    buyer.made(f"/offers/{quote['id']}/counter", wanted)
    (told, *_) = vendor.read("/notices")["data"]
    assert told["kind"] == "countered"
    assert "not named" not in str(told)


def restrict(program, sun, *guests):
    vendor = program("vendor")
    for role in guests:
        member = program(role).read("/me")["member"]
        vendor.put(f"/products/{sun.product}/guests/{member}", {"days": 9})
    path = f"/products/{sun.product}/visibility"
    assert vendor.put(path, {"visibility": "request"}).status_code == 200


@pytest.mark.parametrize("guest", ["buyer", "other"])
def test_what_named_members_alone_may_buy_answers_nobody_unnamed(
    program, sun, asked, guest
):
    restrict(program, sun, guest)
    refused = program("vendor").post("/offers", asked)
    assert (refused.status_code, refused.json["code"]) == (409, "not_for_unnamed")
    same = {"title": "Sun", "anonymous": True, "until_us": asked["expires_us"]}
    known = program("buyer").post("/demands", same | {"instrument": sun.instrument})
    assert list(known.json["problems"]) == ["anonymous"]
    until_us = clock.now_us() + clock.HOUR_US
    wanted = {"title": "Sun", "until_us": until_us, "anonymous": True}
    tender = program("buyer").made("/tenders", wanted)["id"]
    refused = program("vendor").post(f"/demands/{tender}/bids", bid(sun))
    assert refused.json["code"] == "not_for_unnamed"


@pytest.mark.parametrize("guest", ["buyer", "other"])
def test_a_quote_ends_whoever_is_let_in_when_its_product_is_closed_to_others(
    program, sun, asked, guest
):
    quote = program("vendor").made("/offers", asked)["id"]
    restrict(program, sun, guest)
    assert program("vendor").read(f"/offers/{quote}")["state"] == "withdrawn"


@pytest.mark.parametrize("guest", ["buyer", "other"])
def test_a_sealed_bid_is_void_whoever_is_let_in_then(program, sun, parts, guest):
    until_us = clock.now_us() + clock.HOUR_US
    wanted = {"title": "Sun", "until_us": until_us, "anonymous": True}
    tender = program("buyer").made("/tenders", wanted | {"bidders_min": 1})["id"]
    program("vendor").made(f"/demands/{tender}/bids", bid(sun))
    restrict(program, sun, guest)
    with close(parts, until_us):
        program("vendor").made(f"/demands/{tender}/opening")
        state = program("vendor").read(f"/demands/{tender}/tender")
    assert (state["state"], state["own"]) == ("failed", "void")


def test_a_refusal_does_not_name_the_buyer(program, people, sun, asked, parts):
    vendor, buyer = people["vendor"], people["buyer"]
    quote = program("vendor").made("/offers", asked)["id"]
    parts.gateway.submit(SetStanding(1, buyer.member, verified=False))
    again = program("vendor").post("/offers", asked)
    assert again.json["code"] == "not_with_this_buyer"
    assert program("buyer").read("/me")["member"] not in again.text
    terms = 800, 1, "", asked["expires_us"]
    answer = CounterOffer(vendor.id, vendor.member, decode("offer", quote), *terms)
    with pytest.raises(NotWithThisBuyer):
        tenders.quotes.counter(parts, answer, None)


def test_a_lost_deposit_does_not_name_the_buyer_and_is_not_got_round(
    program, sun, parts
):
    vendor, buyer = program("vendor"), program("buyer")
    pay_in(program, "vendor", 10_000)
    until_us = clock.now_us() + clock.HOUR_US
    wanted = {"title": "Sun", "until_us": until_us, "anonymous": True}
    wanted |= {"bidders_min": 1, "budget": 100_000, "deposit": 2_000}
    tender = f"/demands/{buyer.made('/tenders', wanted)['id']}"
    vendor.made(f"{tender}/bids", bid(sun))
    with close(parts, until_us):
        vendor.made(f"{tender}/opening")
        (quote,) = vendor.read(f"{tender}/quotes")["data"]
        product = f"/products/{sun.product}"
        ways = (
            vendor.post(f"{product}/delist", {"reason": "no more"}),
            vendor.put(f"{product}/visibility", {"visibility": "private"}),
        )
        assert [way.json["code"] for way in ways] == ["bid_stands"] * 2
        vendor.made(f"/offers/{quote['id']}/withdraw")
        (lost, *_) = vendor.read("/transfers")["data"]
        own, other = (one.read("/me")["member"] for one in (vendor, buyer))
        assert (lost["reason"], lost["amount"]) == ("bond_lost", -2_000)
        assert lost["other"] == own
        (got,) = buyer.read("/transfers")["data"]
        assert (got["amount"], got["other"]) == (2_000, own)
        assert other not in str(vendor.read("/transfers"))
        assert vendor.post(f"{product}/delist", {"reason": "x"}).status_code == 200
