"""Tenders: sealed from everybody until the close, opened, scored, taken; or failed."""

import re

import pytest
import time_machine
from sqlalchemy import text, update

from marketplace.community.tables import sealed_bids
from marketplace.trading.commands import Tick
from marketplace.web.layout import ZONE_US
from settlement import clock
from settlement.invariants import violations
from tests.flows.market import headline, instrument, key_on, listed, location
from tests.flows.market import pay_in as pay_in_by_page
from tests.programs import pay_in, program, sun

__all__ = ["program", "sun"]
PURPOSE, SECRET = "internal_analysis", 98_765
TABLES = ("journal", "tender_bids", "sealed_bids", "offers", "notices")


@pytest.fixture
def called(program, sun):
    """A tender for one bidder at least; it closes in an hour."""
    wanted = {
        "title": "Sun",
        "until_us": clock.now_us() + clock.HOUR_US,
        "bidders_min": 1,
    }
    return program("buyer").made("/tenders", wanted)


def bid(sun, **changed):
    """Return the body of a bid."""
    wanted = {"instrument": sun.instrument, "price": SECRET, "quantity": 1}
    return wanted | {"note": "by two engineers"} | changed


def close(parts, until_us):
    """Return a moment after the close; the exchange has noticed it."""
    later = clock.moment(until_us + clock.SECOND_US)
    with time_machine.travel(later, tick=False):
        parts.gateway.submit(Tick())
    return time_machine.travel(later, tick=False)


def test_a_bid_is_read_by_nobody_before_the_close(program, called, sun, parts):
    vendor, path = program("vendor"), f"/demands/{called['id']}"
    sealed = vendor.made(f"{path}/bids", bid(sun), Idempotency_Key="once")
    assert re.fullmatch("[0-9a-f]{64}", sealed["commitment"])
    with parts.reads.connect() as db:
        for table in TABLES:
            stored = str(db.execute(text(f"SELECT * FROM {table}")).all())
            assert str(SECRET) not in stored, table
            assert "engineers" not in stored, table
    for who in ("buyer", "vendor"):
        state = program(who).read(f"{path}/tender")
        assert (state["state"], state["bids"], state["ranking"]) == ("open", 1, [])
        assert program(who).read(f"{path}/quotes")["data"] == []
    assert vendor.post(f"{path}/opening").status_code == 409


def test_bids_are_opened_scored_and_the_best_is_taken(program, called, sun, parts):
    vendor, buyer = program("vendor"), program("buyer")
    pay_in(program, "buyer", 200_000)
    path = f"/demands/{called['id']}"
    vendor.made(f"{path}/bids", bid(sun, price=1))
    vendor.made(f"{path}/bids", bid(sun))  # replaces it
    with close(parts, called["until_us"]):
        assert vendor.post(f"{path}/bids", bid(sun)).status_code == 409
        assert buyer.made(f"{path}/opening")["state"] == "opened"
        (offer,) = buyer.read(f"{path}/quotes")["data"]
        assert (offer["price"], offer["note"]) == (SECRET, "by two engineers")
        take = f"/offers/{offer['id']}/take"
        refused = buyer.post(take, {"purpose": PURPOSE})
        assert refused.json["code"] == "not_scored"
        points = {"technical": 80, "qualification": 60}
        score = f"/offers/{offer['id']}/score"
        assert vendor.put(score, points).status_code == 404
        assert buyer.put(score, points).status_code == 200
        (one,) = buyer.read(f"{path}/tender")["ranking"]
        assert (one["price"], one["points"]) == ("100.00", "80.00")
        assert vendor.read(f"{path}/tender")["ranking"] == []
        assert vendor.post(f"/offers/{offer['id']}/withdraw").status_code == 409
        buyer.made(take, {"purpose": PURPOSE})
        assert buyer.read(f"{path}/tender")["state"] == "awarded"
    with parts.reads.connect() as db:
        assert list(violations(db)) == []


def test_too_few_bidders_fail_it_and_nothing_is_shown(program, sun, parts):
    wanted = {"title": "Sun", "until_us": clock.now_us() + clock.HOUR_US}
    made = program("buyer").made("/tenders", wanted)
    path = f"/demands/{made['id']}"
    program("vendor").made(f"{path}/bids", bid(sun))
    with close(parts, made["until_us"]):
        state = program("buyer").read(f"{path}/tender")
        assert (state["state"], state["bidders_min"]) == ("failed", 3)
        assert program("buyer").post(f"{path}/opening").status_code == 404
        assert program("vendor").read(f"{path}/tender")["own"] == "returned"


def test_the_close_is_the_markets_not_that_of_a_slow_clock(program, called, sun, parts):
    path = f"/demands/{called['id']}"
    program("vendor").made(f"{path}/bids", bid(sun))
    assert program("other").post(f"{path}/opening").status_code == 404
    assert program("buyer").post(f"{path}/opening").json["code"] == "tender_over"
    close(parts, called["until_us"])  # and this process's clock is still before it
    assert program("buyer").made(f"{path}/opening")["state"] == "opened"
    assert program("vendor").read(f"{path}/tender")["own"] == "opened"


def test_a_bid_that_nobody_can_read_is_void(program, called, sun, parts):
    path = f"/demands/{called['id']}"
    program("vendor").made(f"{path}/bids", bid(sun))
    with parts.writes.begin() as db:
        db.execute(update(sealed_bids).values(body="spoilt"))
    with close(parts, called["until_us"]):
        assert program("buyer").made(f"{path}/opening")["state"] == "failed"
        assert program("vendor").read(f"{path}/tender")["own"] == "void"


def test_a_bid_sealed_again_under_its_key_is_the_same(program, called, sun):
    vendor, path = program("vendor"), f"/demands/{called['id']}/bids"
    first, again = (
        vendor.made(path, bid(sun), Idempotency_Key="once") for _ in range(2)
    )
    assert first == again
    assert vendor.made(path, bid(sun), Idempotency_Key="twice") != first
    reused = vendor.post(path, bid(sun, price=1), Idempotency_Key="once")
    assert reused.json["code"] == "key_reuse"


def test_nobody_delists_to_be_rid_of_a_bid_for_nothing(program, sun, parts):
    wanted = {
        "title": "Sun",
        "until_us": clock.now_us() + clock.HOUR_US,
        "bidders_min": 1,
        "budget": 10_000,
        "deposit": 200,
    }
    called = program("buyer").made("/tenders", wanted)
    pay_in(program, "vendor", 1_000)
    vendor, path = program("vendor"), f"/demands/{called['id']}"
    vendor.made(f"{path}/bids", bid(sun))
    product = sun.product
    away = f"/products/{product}/delist", {"reason": "rather not"}
    hidden = f"/products/{product}/visibility", {"visibility": "private"}
    with close(parts, called["until_us"]):
        for opened in (False, True):
            assert vendor.post(*away).json["code"] == "bid_stands"
            assert vendor.put(*hidden).json["code"] == "bid_stands"
            if not opened:
                program("buyer").made(f"{path}/opening")
        (offer,) = vendor.read(f"{path}/quotes")["data"]
        vendor.made(f"/offers/{offer['id']}/withdraw")
        assert vendor.read(f"{path}/tender")["bond"] == "forfeited"
        assert vendor.post(*away).status_code == 200
    with parts.reads.connect() as db:
        assert list(violations(db)) == []


def test_a_demand_under_tender_is_not_closed(program, visit, called):
    path = f"/demands/{called['id']}"
    assert program("buyer").post(f"{path}/close").json["code"] == "tender_runs"
    assert visit("buyer").post(f"{path}/close").status_code == 409
    assert program("buyer").read(path)["state"] == "open"


@pytest.mark.parametrize(
    ("who", "changed", "status"),
    [
        ("vendor", {"price": -1}, 422),
        ("vendor", {"instrument": "ins_00000zz"}, 404),
        ("other", {}, 422),
        ("buyer", {}, 403),
    ],
)
def test_a_bid_that_cannot_be_is_refused(program, called, sun, who, changed, status):
    answer = program(who).post(f"/demands/{called['id']}/bids", bid(sun, **changed))
    assert answer.status_code == status, answer.text


def test_a_tender_is_called_off_by_its_buyer_alone(program, called):
    path = f"/demands/{called['id']}"
    assert program("other").post(f"{path}/cancel").status_code == 404
    assert program("buyer").made(f"{path}/cancel")["state"] == "cancelled"
    odd = {"title": "Sun", "until_us": called["until_us"], "technical": 50}
    assert program("buyer").post("/tenders", odd).status_code == 422


def test_a_tender_by_pages_from_both_sides(visit, parts):
    vendor, buyer = visit("vendor"), visit("buyer")
    product = listed(vendor, visit("registrar"))
    unit = instrument(vendor, f"/vendor/products/{product}")
    pay_in_by_page(buyer, visit("settlement_officer"))
    day = clock.moment(clock.now_us() + ZONE_US).date().isoformat()
    wanted = {
        "title": "Ports",
        "until": day,
        "audience": "public",
        "sealed": "1",
        "bidders_min": "1",
        "technical": "40",
        "price": "30",
        "qualification": "40",
    }
    assert buyer.post("/demands/new", **wanted).status_code == 422
    demand = location(buyer.post("/demands/new", **(wanted | {"qualification": "30"})))
    filled = {"instrument": unit, "price": "77.00", "quantity": "1", "note": "soon"}
    sealed = vendor.post(
        f"{demand}/bids", key=key_on(vendor.get(demand).text), **filled
    )
    assert location(sealed) == demand, headline(sealed)
    for who in (buyer, vendor, visit("")):
        assert "77.00" not in who.get(demand).text
    with close(parts, clock.now_us() + 2 * clock.DAY_US):
        buyer = visit("buyer")  # the old session has ended
        assert location(buyer.post(f"{demand}/opening")) == demand
        page = buyer.get(demand).text
        assert "¥77.00" in page
        offer = re.search(r"/quotes/(off_\w+)", page)
        assert offer
        points = {"offer": offer[1], "technical": "90", "qualification": "70"}
        location(buyer.post(f"{demand}/scores", **points))
        assert "87.00" in buyer.get(demand).text  # 36 + 30 + 21
        assert "87.00" not in visit("vendor").get(demand).text
        refused = buyer.post(f"/quotes/{offer[1]}/decline")
        assert refused.status_code == 409
        taken = {"purpose": PURPOSE, "accept": "1", "key": "t"}
        location(buyer.post(f"/quotes/{offer[1]}/take", **taken))
