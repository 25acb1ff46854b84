"""Personal prices by the API: offered, seen by the two alone, withdrawn, taken once."""

import json

import pytest
from sqlalchemy import select

from marketplace.community.tables import notices
from settlement import clock
from tests.programs import pay_in, program, sun

__all__ = ["program", "sun"]


@pytest.fixture
def offer(program, sun):
    """Return the body of an offer to the buyer: two units at 9.00 yuan."""
    return {
        "instrument": sun.instrument,
        "member": program("buyer").read("/me")["member"],
        "price": 900,
        "quantity": 2,
        "reason": "need",
        "note": "A school.",
        "expires_us": clock.now_us() + clock.DAY_US,
    }


def test_an_offer_is_seen_by_both_and_taken_once(program, offer, parts):
    vendor, buyer = program("vendor"), program("buyer")
    answer = vendor.post("/offers", offer, Idempotency_Key="one")
    assert answer.status_code == 201, answer.text
    made = answer.json
    assert answer.headers["Location"] == f"/api/v1/offers/{made['id']}"
    seen = offer | {"state": "open", "trade": None, "demand": None, "answers": None}
    assert made.items() >= seen.items()
    assert vendor.made("/offers", offer, Idempotency_Key="one") == made
    assert vendor.read("/offers", which="made")["data"] == [made]
    assert vendor.read("/offers")["data"] == []
    assert buyer.read("/offers")["data"] == [made]
    with parts.reads.connect() as db:
        told = db.scalars(select(notices.c.facts)).all()
    assert [json.loads(facts)["href"] for facts in told] == [f"/quotes/{made['id']}"]

    take, why = f"/offers/{made['id']}/take", {"purpose": "internal_analysis"}
    assert buyer.post(take, why).status_code == 402
    pay_in(program, "buyer", 5000)
    assert buyer.post(take, {"purpose": "fun"}).status_code == 422
    taken = buyer.made(take, why, Idempotency_Key="take")
    assert buyer.made(take, why, Idempotency_Key="take") == taken
    assert buyer.post(take, why).status_code == 404
    after = buyer.read(f"/offers/{made['id']}")
    assert (after["state"], after["trade"]) == ("taken", taken["trade"])
    trade = buyer.read(f"/trades/{taken['trade']}")
    assert (trade["price"], trade["value"], trade["order"]) == (900, 1800, None)


def test_a_negotiated_trade_names_no_order_to_the_staff(program, offer):
    pay_in(program, "buyer", 5000)
    made = program("vendor").made("/offers", offer)
    why = {"purpose": "internal_analysis"}
    program("buyer").made(f"/offers/{made['id']}/take", why)
    (trade,) = program("surveillance").read("/staff/trades")["data"]
    assert (trade["buy_order"], trade["sell_order"]) == (None, None)
    assert trade["origin"] == "negotiated"


def test_a_withdrawn_offer_is_taken_by_nobody(program, offer):
    vendor, buyer = program("vendor"), program("buyer")
    path = f"/offers/{vendor.made('/offers', offer)['id']}"
    assert buyer.post(f"{path}/withdraw").status_code == 404
    assert vendor.made(f"{path}/withdraw")["state"] == "withdrawn"
    assert vendor.post(f"{path}/withdraw").status_code == 404
    why = {"purpose": "internal_analysis"}
    assert buyer.post(f"{path}/take", why).status_code == 404


def test_others_neither_see_nor_take_nor_withdraw_it(program, offer):
    path = f"/offers/{program('vendor').made('/offers', offer)['id']}"
    other = program("other")
    assert other.get(path).status_code == 404
    assert other.read("/offers")["data"] == []
    why = {"purpose": "internal_analysis"}
    assert other.post(f"{path}/take", why).status_code == 404
    assert program("").get("/offers").status_code == 401


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"note": " "}, 422, "reason_needed"),
        ({"note": ""}, 422, "reason_needed"),
        ({"reason": "friends"}, 422, "invalid"),
        ({"price": -1}, 422, "invalid"),
        ({"quantity": 0}, 422, "invalid"),
        ({"expires_us": 1}, 422, "already_expired"),
        ({"instrument": "ins_00000zz"}, 404, "unknown_instrument"),
        ({"vendor": "mem_0000001"}, 422, "invalid"),
    ],
)
def test_what_cannot_be_offered_is_refused(program, offer, changed, status, code):
    refused = program("vendor").post("/offers", offer | changed)
    assert (refused.status_code, refused.json["code"]) == (status, code)
    assert program("vendor").read("/offers", which="made")["data"] == []


def test_only_the_vendor_of_an_instrument_offers_it(program, offer):
    assert program("buyer").post("/offers", offer).status_code == 404
