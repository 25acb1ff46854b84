"""A product's whole way by the API: drafted, admitted, bought, delivered, paid out."""

import hashlib

from sqlalchemy import update

from listings.tables import instruments
from tests.gates import prove_by_api
from tests.programs import CONTENT, FACTS, buy, pay_in, program, sun, upload

__all__ = ["program", "sun"]


def test_a_product_goes_from_the_draft_to_the_download(program, sun):
    buyer, vendor = program("buyer"), program("vendor")
    pay_in(program, "buyer", 5000)
    placed = buyer.post("/orders", buy(sun))
    assert placed.status_code == 201
    order = placed.json["order"]
    assert placed.headers["Location"] == f"/api/v1/orders/{order}"
    assert placed.json["state"] == "filled"
    (fill,) = placed.json["trades"]
    assert (fill["price"], fill["quantity"]) == (1200, 1)

    (right,) = buyer.read("/entitlements")["data"]
    assert (right["trade"], right["state"]) == (fill["trade"], "active")
    path = f"/entitlements/{right['id']}"
    (file,) = buyer.read(f"{path}/files")["data"]
    assert file["id"] == sun.file
    sent = buyer.post(f"{path}/deliveries", {"file": sun.file})
    assert sent.data == CONTENT
    assert sent.headers["X-Content-SHA256"] == hashlib.sha256(CONTENT).hexdigest()
    (receipt,) = buyer.read("/receipts")["data"]
    assert receipt["id"] == sent.headers["X-Receipt"]
    assert buyer.read(path)["deliveries"] == 1

    (line,) = vendor.read("/income")["data"]
    assert (line["gross"], line["fee"], line["net"]) == (1200, 30, 1170)
    money = {"currency": "CNY", "instrument": None, "held": 0, "escrow": 0}
    assert vendor.read("/balances")["data"][0] == money | {"free": 1170}
    assert buyer.read("/balances")["data"][0] == money | {"free": 3800}


def test_a_trade_is_shown_to_both_sides_with_its_frozen_contract(program, sun):
    pay_in(program, "buyer", 5000)
    order = program("buyer").made("/orders", buy(sun))["order"]
    (bought,) = program("buyer").read("/trades")["data"]
    (sold,) = program("vendor").read("/trades")["data"]
    assert (bought["id"], bought["side"]) == (sold["id"], "buy")
    assert sold["side"] == "sell"
    assert bought["order"] == order != sold["order"]
    contract = program("buyer").read(f"/trades/{bought['id']}/contract")
    assert contract["purpose"] == "internal_analysis"
    assert contract["terms"]["product"] == sun.product
    assert contract["terms"]["licence"]["text_zh"]
    assert program("vendor").read(f"/trades/{bought['id']}/contract") == contract


def test_the_public_sees_book_trades_candles_and_the_listing(program, sun, tell):
    public = program("")
    book = public.read(f"/instruments/{sun.instrument}/book")
    assert book["offers"] == [
        {"price": 1200, "quantity": 0, "orders": 1, "evergreen": 1}
    ]
    pay_in(program, "buyer", 5000)
    program("buyer").made("/orders", buy(sun))
    assert public.read(f"/instruments/{sun.instrument}/trades")["data"] == []
    assert tell() == 1
    (seen,) = public.read(f"/instruments/{sun.instrument}/trades")["data"]
    assert (seen["price"], seen["taker"]) == (1200, "buy")
    assert not {"buyer", "seller", "fee", "buy_order"} & seen.keys()
    (candle,) = public.read(f"/instruments/{sun.instrument}/candles")["data"]
    assert (candle["open"], candle["volume"]) == (1200, 1)
    assert public.read("/symbols/sun")["last"] == 1200
    listing = public.read(f"/listings/{sun.product}")
    assert listing["title_en"] == FACTS["title_en"]
    assert listing["releases"][0]["files"][0]["sha256"]
    assert listing["instruments"][0]["posted"] == 1200
    glance = public.read("/market")
    assert (glance["trades"], glance["turnover"][0]["value"]) == (1, 1200)


def test_a_listing_is_not_sent_again_to_who_has_it(program, sun):
    public = program("")
    path = f"/api/v1/listings/{sun.product}"
    etag = public.client.get(path).headers["ETag"]
    again = public.client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    program("vendor").put(f"/instruments/{sun.instrument}/price", {"price": 1300})
    changed = public.client.get(path, headers={"If-None-Match": etag})
    assert changed.status_code == 200


def test_a_new_posted_price_takes_the_place_of_the_old_one(program, sun):
    vendor = program("vendor")
    path = f"/instruments/{sun.instrument}"
    assert vendor.put(f"{path}/price", {"price": 900}).json["placed"]["state"] == "open"
    (level,) = vendor.read(f"{path}/book")["offers"]
    assert level["price"] == 900
    assert len(vendor.read("/orders", which="live")["data"]) == 1


def test_an_order_cannot_raise_a_posted_price_without_notice(program, sun, parts):
    with parts.writes.begin() as db:
        db.execute(update(instruments).values(mode="per_term"))
    vendor, tag = program("vendor"), {"instrument": sun.instrument, "side": "sell"}
    tag |= {"price": 1200, "quantity": 1, "evergreen": True}
    first = vendor.made("/orders", tag, Idempotency_Key="tag")
    higher = tag | {"price": 1300}
    answers = [
        vendor.post("/orders", higher),
        vendor.post("/baskets", {"orders": [tag, higher]}),
    ]
    for refused in answers:
        assert (refused.status_code, refused.json["code"]) == (422, "notice_needed")
        facts = {"posted": 1200, "price": 1300, "notice_days": 30}
        assert refused.json.items() >= facts.items()
    assert len(vendor.read("/orders")["data"]) == 2  # nothing of the basket
    vendor.made("/orders", tag | {"price": 1100})
    # What was done under a key is answered again, though it would now be a rise.
    assert vendor.made("/orders", tag, Idempotency_Key="tag") == first
    announced = vendor.put(f"/instruments/{sun.instrument}/price", {"price": 1300})
    assert announced.json["announced"]["before"] == 1100


def test_bids_wait_are_reduced_and_cancelled(program, sun):
    buyer = program("buyer")
    pay_in(program, "buyer", 6000)
    bid = buy(sun, price=500, quantity=4, time_in_force="GTC")
    order = buyer.made("/orders", bid)["order"]
    assert buyer.read("/balances")["data"][0]["held"] == 2000
    assert buyer.made(f"/orders/{order}/reduce", {"quantity": 1}) == {"remaining": 3}
    assert buyer.made(f"/orders/{order}/cancel") == {"cancelled": 3}
    assert buyer.read(f"/orders/{order}")["state"] == "cancelled"
    assert buyer.post(f"/orders/{order}/cancel").status_code in (404, 409)
    for _ in range(3):
        buyer.made("/orders", bid)
    assert buyer.made("/orders/cancel") == {"orders": 3}
    assert buyer.read("/orders", which="live") == {"data": [], "next": None}
    reasons = {move["reason"] for move in buyer.read("/transfers")["data"]}
    assert reasons == {"hold", "release", "payin"}


def test_a_basket_takes_each_order_by_itself(program, sun):
    pay_in(program, "buyer", 2000)
    lines = [buy(sun), buy(sun), buy(sun, quantity=2, purpose="redistribution")]
    first, second, third = program("buyer").made("/baskets", {"orders": lines})[
        "orders"
    ]
    assert first["placed"]["state"] == "filled"
    assert first["refused"] is None
    assert second["placed"] is None
    assert second["refused"]["code"] == "insufficient_balance"
    assert second["refused"]["facts"] == {
        "asset": "CNY",
        "needed": 1200,
        "available": 800,
    }
    assert third["refused"]["code"] == "purpose_not_permitted"


def test_money_comes_in_and_goes_out_by_two_persons(program, sun):
    buyer, officer = program("buyer"), program("settlement_officer")
    approver = program("settlement_approver")
    payin = pay_in(program, "buyer", 9000)
    assert buyer.read(f"/payins/{payin}")["state"] == "succeeded"
    out = {"currency": "CNY", "amount": 4000, "destination": "account 1"}
    first, second = (buyer.made("/payouts", out)["id"] for _ in range(2))
    assert buyer.post("/payouts", out).status_code == 402
    assert buyer.made(f"/payouts/{first}/cancel")["state"] == "cancelled"
    (waiting,) = officer.read("/staff/payouts")["data"]
    assert waiting["id"] == second
    path = f"/staff/payouts/{second}/decisions"
    assert officer.post(path, {"event": "approve"}).status_code == 403
    assert approver.made(path, {"event": "approve"})["state"] == "approved"
    assert officer.made(path, {"event": "pay"})["state"] == "paid"
    assert officer.post(path, {"event": "pay"}).status_code in (404, 409)
    (total,) = officer.read("/staff/trial-balance")["data"]
    assert (total["currency"], total["free"], total["total"]) == ("CNY", 5000, 0)


def test_a_right_that_is_suspended_or_revoked_delivers_nothing(program, sun):
    buyer, surveillance = program("buyer"), program("surveillance")
    pay_in(program, "buyer", 5000)
    buyer.made("/orders", buy(sun))
    right = buyer.read("/entitlements")["data"][0]["id"]
    path, decisions = f"/entitlements/{right}", f"/staff/entitlements/{right}/decisions"
    file, complaint = {"file": sun.file}, {"event": "suspend", "reason": "a complaint"}
    once = {"Idempotency_Key": "once"}
    assert surveillance.post(decisions, {"event": "suspend"}).status_code == 422
    sent = buyer.post(f"{path}/deliveries", file, **once)
    again = buyer.post(f"{path}/deliveries", file, **once)
    assert sent.headers["X-Receipt"] == again.headers["X-Receipt"]
    assert surveillance.made(decisions, complaint)["state"] == "suspended"
    assert buyer.read(path)["measures"][0]["reason"] == "a complaint"
    refused = buyer.post(f"{path}/deliveries", file, **once)
    assert (refused.status_code, refused.json["code"]) == (403, "right_ended")
    assert surveillance.made(decisions, {"event": "restore"})["state"] == "active"
    assert buyer.post(f"{path}/deliveries", file).status_code == 200
    assert surveillance.made(decisions, complaint | {"event": "revoke"})["state"] == (
        "revoked"
    )
    for headers in ({}, once):
        refused = buyer.post(f"{path}/deliveries", file, **headers)
        assert refused.status_code == 403
    assert len(buyer.read("/receipts", entitlement=right)["data"]) == 2


def test_later_buyers_get_the_new_release_and_earlier_ones_keep_theirs(program, sun):
    buyer, vendor = program("buyer"), program("vendor")
    pay_in(program, "buyer", 5000)
    buyer.made("/orders", buy(sun))
    release = vendor.made(f"/products/{sun.product}/releases", {"label": "2.0"})["id"]
    newer = upload(vendor, release, "hours-2.csv")
    vendor.made(f"/releases/{release}/finalise")
    buyer.made("/orders", buy(sun))
    later, earlier = buyer.read("/entitlements")["data"]
    for right, file in ((earlier, sun.file), (later, newer)):
        path = f"/entitlements/{right['id']}/files"
        assert [found["id"] for found in buyer.read(path)["data"]] == [file]
    path = f"/entitlements/{earlier['id']}/deliveries"
    assert buyer.post(path, {"file": newer}).status_code == 404


def test_a_suspended_listing_stops_trading_and_a_delisted_one_ends(program, sun):
    registrar, buyer = program("registrar"), program("buyer")
    pay_in(program, "buyer", 5000)
    decisions = f"/staff/products/{sun.product}/decisions"
    registrar.made(decisions, {"event": "suspend", "reason": "A complaint."})
    assert buyer.post("/orders", buy(sun)).json["code"] == "instrument_closed"
    registrar.made(decisions, {"event": "resume"})
    assert buyer.post("/orders", buy(sun)).status_code == 201
    vendor = program("vendor")
    ended = vendor.made(f"/products/{sun.product}/delist", {"reason": "No more data."})
    assert ended["listing_state"] == "delisted"
    assert buyer.post("/orders", buy(sun)).json["code"] == "instrument_closed"
    assert buyer.read(f"/listings/{sun.product}")["state"] == "delisted"
    assert vendor.read("/orders", which="live")["data"] == []


def test_a_product_is_returned_edited_and_submitted_again(program):
    vendor, registrar = program("vendor"), program("registrar")
    product = vendor.made("/products", {"kind": "dataset"})
    path = f"/products/{product['id']}"
    refused = vendor.post(f"{path}/submit")
    assert refused.status_code == 422
    assert {"sector", "keywords", "instruments"} <= refused.json["problems"].keys()
    facts = FACTS | {"source_url": "https://example.org/sun"}
    edited = vendor.put(path, facts | {"version": product["version"]})
    assert edited.json["facts"]["title_en"] == FACTS["title_en"]
    stale = vendor.put(path, facts | {"version": product["version"]})
    assert (stale.status_code, stale.json["code"]) == (409, "edited_meanwhile")
    unit = {"symbol": "MOON", "licence": "internal", "mode": "whole"}
    vendor.made(f"{path}/instruments", unit)
    prove_by_api(vendor, product["id"])
    assert vendor.made(f"{path}/submit")["state"] == "in_review"
    (queued,) = registrar.read("/staff/products", state="in_review")["data"]
    assert queued["id"] == product["id"]
    remarks = {"title_en": "Too long."}
    decisions = f"/staff/products/{product['id']}/decisions"
    registrar.made(decisions, {"event": "return", "remarks": remarks})
    returned = vendor.read(path)
    assert returned["state"] == "returned"
    assert returned["reviews"][0]["reasons"] == remarks
    assert vendor.get(f"/listings/{product['id']}").status_code == 404


def test_a_member_is_suspended_and_restored(program, sun):
    registrar, buyer = program("registrar"), program("buyer")
    member = buyer.read("/me")["member"]
    decisions = f"/staff/members/{member}/decisions"
    assert registrar.post(decisions, {"event": "suspend"}).status_code == 422
    why = {"event": "suspend", "reason": "An inquiry."}
    assert registrar.made(decisions, why)["state"] == "suspended"
    assert buyer.post("/orders", buy(sun)).status_code == 403
    assert registrar.made(decisions, {"event": "restore"})["state"] == "verified"
    assert buyer.post("/orders", buy(sun)).status_code == 402
    case = registrar.read(f"/staff/members/{member}")
    assert [step["event"] for step in case["history"]][-2:] == ["suspend", "restore"]
    assert registrar.read("/staff/members", state="verified", limit=1)["next"]


def test_a_fee_schedule_counts_for_the_trades_after_it(program, sun):
    admin = program("admin")
    assert program("").read("/fees") == {"version": 1, "trade_bps": 250, "rules": []}
    published = admin.post("/staff/fees", {"trade_bps": 100})
    assert published.json == {"version": 2, "trade_bps": 100, "rules": []}
    pay_in(program, "buyer", 5000)
    program("buyer").made("/orders", buy(sun))
    assert program("vendor").read("/income")["data"][0]["fee"] == 12
    (trade,) = admin.read("/staff/trades")["data"]
    assert trade["fee"] == 12
    assert program("registrar").post("/staff/fees", {"trade_bps": 1}).status_code == 403
