"""Auctions by API and pages: opened, bid in, secrets kept, closed, paid, told."""

import re

import pytest
import time_machine
from sqlalchemy import select

from marketplace.community.tables import notices
from marketplace.pricing.hammer import Hammer
from marketplace.trading.commands import Tick
from settlement import clock, ids
from tests.flows.market import headline, key_on, location
from tests.programs import pay_in, program, sun

__all__ = ["program", "sun"]
PURPOSE = "internal_analysis"


@pytest.fixture
def contest(sun):
    """Return the body of an ascending auction that closes in an hour."""
    return {
        "instrument": sun.instrument,
        "kind": "ascending",
        "quantity": 2,
        "start": 1_000,
        "reserve": 1_500,
        "increment": 100,
        "closes_us": clock.now_us() + clock.HOUR_US,
        "extension_us": 0,
    }


def sealed(contest):
    """Return the body of the same auction with sealed bids."""
    return contest | {"kind": "first", "increment": 0}


def opened(program, body):
    """Open an auction; return its path."""
    return f"/contests/{program('vendor').made('/contests', body)['contest']['id']}"


def bid(program, who, path, price):
    """Bid; return the answer."""
    return program(who).post(f"{path}/bids", {"price": price, "purpose": PURPOSE})


def close(parts, contest):
    """Let the hour pass, and the exchange notice."""
    later_us = contest["closes_us"] + clock.SECOND_US
    with time_machine.travel(clock.moment(later_us), tick=False):
        parts.gateway.submit(Tick())
        return Hammer(parts.reads, parts.writes).step()


def told(parts):
    """Return the kinds of notices about auctions, with whom they are for."""
    with parts.reads.connect() as db:
        found = db.execute(select(notices.c.member, notices.c.kind)).all()
    return {(row.member, row.kind) for row in found if "contest" in row.kind}


def number_of(program, who):
    return ids.decode("member", program(who).read("/me")["member"])


def test_an_auction_is_opened_bid_in_closed_and_everybody_is_told(
    program, contest, parts
):
    for who in ("buyer", "other"):
        pay_in(program, who, 10_000)
    path = opened(program, contest)
    assert [row["id"] for row in program("").read("/contests")["data"]] == [path[10:]]
    assert bid(program, "buyer", path, 999).json["code"] == "bid_too_low"
    room = bid(program, "buyer", path, 1_000).json
    assert (room["leads"], room["best"], room["least"]) == (True, 1_000, 1_100)
    assert (room["reserve_met"], room["reserve"]) == (False, None)
    assert bid(program, "buyer", path, 1_200).json["code"] == "already_leading"
    assert bid(program, "other", path, 1_600).status_code == 200
    seen = program("").read(path)
    assert [(b["bidder"], b["price"], b["mine"]) for b in seen["bids"]] == [
        (2, 1_600, False),
        (1, 1_000, False),
    ]
    assert program("vendor").read(path)["reserve"] == 1_500
    assert close(parts, contest) == 1
    done = program("other").read(path)
    assert (done["contest"]["state"], done["contest"]["price"]) == ("sold", 1_600)
    assert done["winner"] == program("other").read("/me")["member"]
    assert program("buyer").read(path)["winner"] is None
    assert told(parts) == {
        (number_of(program, "other"), "contest_won"),
        (number_of(program, "vendor"), "contest_sold"),
        (number_of(program, "buyer"), "contest_lost"),
    }
    (trade,) = program("surveillance").read("/staff/trades")["data"]
    assert (trade["origin"], trade["buy_order"]) == ("contest", None)
    free = program("buyer").read("/balances")["data"]
    assert [b["free"] for b in free if b.get("currency") == "CNY"] == [10_000]


def test_sealed_bids_are_shown_to_nobody_before_the_close(program, contest, parts):
    for who in ("buyer", "other"):
        pay_in(program, who, 10_000)
    path = opened(program, sealed(contest))
    assert bid(program, "buyer", path, 3_111).status_code == 200
    assert bid(program, "other", path, 2_777).status_code == 200
    for who in ("", "vendor", "other", "surveillance", "registrar"):
        room = program(who).get(path)
        told = [part for part in room.text.split(",") if "_us" not in part]
        assert not any("3111" in part for part in told), who
        assert (room.json["bids"], room.json["bidders"]) == ([], None)
        assert (room.json["best"], room.json["reserve_met"]) == (None, None)
    assert program("buyer").read(path)["mine"]["price"] == 3_111
    listed = program("vendor").get("/contests").text.split(",")
    assert not any("3111" in part for part in listed if "_us" not in part)
    close(parts, sealed(contest))
    room = program("").read(path)
    assert [b["price"] for b in room["bids"]] == [3_111, 2_777]
    assert room["contest"]["price"] == 3_111


def test_a_bid_is_taken_once_however_often_it_is_sent(program, contest):
    pay_in(program, "buyer", 10_000)
    path, body = opened(program, contest), {"price": 1_000, "purpose": PURPOSE}
    buyer = program("buyer")
    for _ in range(2):
        assert buyer.made(f"{path}/bids", body, Idempotency_Key="b")["bidders"] == 1
    assert len(buyer.read(path)["bids"]) == 1


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"reserve": 999}, 422, "wrong_order"),
        ({"kind": "first"}, 422, "wrong_order"),
        ({"start": 0}, 422, "invalid"),
        ({"closes_us": 1}, 422, "wrong_order"),
        ({"winner": "mem_0000001"}, 422, "invalid"),
        ({"instrument": "ins_00000zz"}, 404, "unknown_instrument"),
    ],
)
def test_what_cannot_be_auctioned_is_refused(program, contest, changed, status, code):
    refused = program("vendor").post("/contests", contest | changed)
    assert (refused.status_code, refused.json["code"]) == (status, code)
    assert program("vendor").read("/contests", which="made")["data"] == []


def test_only_the_vendor_opens_and_withdraws_and_nobody_bids_for_itself(
    program, contest
):
    assert program("buyer").post("/contests", contest).status_code == 403
    assert program("other").post("/contests", contest).status_code == 404
    path = opened(program, contest)
    assert program("other").post(f"{path}/cancel").status_code == 404
    assert program("buyer").post(f"{path}/pay").status_code == 404
    assert bid(program, "buyer", path, 1_000).status_code == 402
    gone = program("vendor").made(f"{path}/cancel")
    assert gone["contest"]["state"] == "cancelled"
    assert bid(program, "buyer", path, 1_000).status_code == 404


def test_the_pages_open_a_room_take_a_bid_and_show_the_end(
    visit, program, contest, parts
):
    vendor, buyer = visit("vendor"), visit("buyer")
    pay_in(program, "buyer", 10_000)
    form = vendor.get("/contests/new")
    closes_us = clock.now_us() // clock.MINUTE_US * clock.MINUTE_US + clock.HOUR_US
    local = clock.moment(closes_us + 8 * clock.HOUR_US)
    fields = {
        "instrument": contest["instrument"],
        "kind": "ascending",
        "quantity": "1",
        "start": "10.00",
        "increment": "1.00",
        "closes": f"{local:%Y-%m-%dT%H:%M}",
        "extension": "5",
        "key": key_on(form.text),
    }
    refused = vendor.post("/contests/new", **(fields | {"increment": ""}))
    assert refused.status_code == 422, headline(refused)
    page = location(vendor.post("/contests/new", **fields))
    assert location(vendor.post("/contests/new", **fields)) == page
    assert page in visit("").get("/contests/").text
    assert page in vendor.get("/contests/selling").text
    shown = buyer.get(page)
    wanted = {"price": "12.00", "purpose": PURPOSE, "key": key_on(shown.text)}
    assert buyer.post(page, **wanted).status_code == 422  # the licence is not accepted
    assert location(buyer.post(page, **(wanted | {"accept": "1"}))) == page
    assert "12.00" in visit("").get(f"{page}/bids").text
    assert page in buyer.get("/contests/joined").text
    assert vendor.post(f"{page}/cancel").status_code == 409
    close(parts, {"closes_us": closes_us})
    ended = buyer.get(page).text
    assert re.search(r"/orders/trades/trd_\w+", ended)
    assert page in visit("").get("/contests/ended").text
