"""What the API does not take: odd numbers, unknown fields, broken JSON, others' ids."""

import json
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from settlement.tables import journal, payins
from tests.gates import list_by_api
from tests.programs import FACTS, V1, Program, buy, pay_in, program, sun

__all__ = ["program", "sun"]

ODD = ["-1", "1e400", '"1_0"', '"١"', '"1"', "1.0", "0.5", "true", "[]", "{}"]
ODD += [str(2**63), "9" * 4300, "-" + "9" * 4300]


def rows(parts, table):
    with parts.reads.connect() as db:
        return db.scalar(select(func.count()).select_from(table))


def raw(caller, path, body, **headers):
    return caller.client.post(
        V1 + path,
        data=body,
        headers=caller.headers | headers,
        content_type="application/json",
    )


def test_a_number_that_is_none_is_refused_before_any_write(program, sun, parts):
    buyer, before = program("buyer"), rows(parts, journal)
    odd = [(field, value) for field in ("quantity", "price") for value in ODD]
    for field, value in [*odd, ("quantity", "0"), ("quantity", "null")]:
        body = json.dumps(buy(sun) | {field: "HERE"}).replace('"HERE"', value)
        answer = raw(buyer, "/orders", body)
        assert answer.status_code == 422, (field, value[:20])
        assert answer.content_type == "application/problem+json"
        assert answer.json["code"] == "invalid"
        assert list(answer.json["problems"]) == [field]
    assert rows(parts, journal) == before


def test_an_order_worth_too_much_is_refused_before_money_is_looked_at(program, sun):
    huge = buy(sun, price=10**12, quantity=10**4, time_in_force="GTC")
    refused = program("buyer").post("/orders", huge)
    assert (refused.status_code, refused.json["code"]) == (422, "order_too_large")
    assert program("buyer").read("/orders") == {"data": [], "next": None}


def test_a_price_off_the_tick_or_a_quantity_off_the_lot_is_refused(program):
    vendor, registrar = program("vendor"), program("registrar")
    facts = {"kind": "dataset", "source_url": "https://example.org/"}
    product = vendor.made("/products", FACTS | facts)["id"]
    unit = {"symbol": "STEP", "licence": "internal", "mode": "seat"}
    unit |= {"tick": 5, "lot": 10}
    instrument = vendor.made(f"/products/{product}/instruments", unit)["id"]
    list_by_api(vendor, registrar, product)
    pay_in(program, "buyer", 9000)
    bid = {"instrument": instrument, "side": "buy", "purpose": "evaluation"}
    off_tick = program("buyer").post("/orders", bid | {"price": 7, "quantity": 10})
    assert (off_tick.status_code, off_tick.json["code"]) == (422, "off_tick")
    off_lot = program("buyer").post("/orders", bid | {"price": 5, "quantity": 7})
    assert (off_lot.status_code, off_lot.json["code"]) == (422, "off_lot")


DECIDED_BY_THE_MARKET = {
    "fee": 0,
    "currency": "JPY",
    "vendor": "mem_0000002",
    "status": "paid",
    "is_paid": True,
    "role": "admin",
    "member": "mem_0000001",
    "by": 1,
}


def test_what_the_market_decides_is_not_taken_from_a_body(program, sun, parts):
    buyer, before = program("buyer"), rows(parts, journal)
    payin = {"currency": "CNY", "amount": 1, "reference": "r"}
    for name, value in DECIDED_BY_THE_MARKET.items():
        more = {name: value}
        order = buyer.post("/orders", buy(sun) | more)
        assert (order.status_code, list(order.json["problems"])) == (422, [name])
        basket = buyer.post("/baskets", {"orders": [buy(sun), buy(sun) | more]})
        assert list(basket.json["problems"]) == [f"orders.1.{name}"]
        if name != "currency":
            assert list(buyer.post("/payins", payin | more).json["problems"]) == [name]
    assert rows(parts, journal) == before


def test_an_unknown_word_in_an_address_is_refused(program):
    answer = program("").get("/listings", query="sun")
    assert (answer.status_code, answer.json["code"]) == (422, "invalid")


BROKEN = (
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"price":1,"price":2}',
    b'{"orders":[{"price":1,"price":2}]}',
    b'{"price":NaN}',
    b'{"price":-Infinity}',
    b'{"purpose":"\\ud800"}',
    b'{"\\udfff":1}',
    b'["\\ud800"]',
    b'{"purpose":"\xff"}',
    b"\xef\xbb\xbf{}",
    b"{",
    b"'",
)


def test_what_is_no_json_is_400(program):
    for body in BROKEN:
        answer = raw(program("buyer"), "/orders", body)
        assert answer.status_code == 400, body[:30]
        assert answer.json["code"] == "bad_request"


def test_a_million_names_and_ten_megabytes_are_too_large(program):
    names = json.dumps(dict.fromkeys(map(str, range(10**6)))).encode()
    for body in (names, b'{"purpose":"' + b"x" * 10_000_000 + b'"}'):
        assert raw(program("buyer"), "/orders", body).status_code == 413


def test_what_says_that_it_is_something_else_is_415(program, sun):
    caller = program("buyer")
    answer = caller.client.post(
        f"{V1}/orders", data={"side": "buy"}, headers=caller.headers
    )
    assert answer.status_code == 415


def test_a_key_makes_fifty_attempts_one_order(app, program, sun, parts):
    pay_in(program, "buyer", 90_000)
    headers = program("buyer").headers

    def attempt(_):
        caller = Program(app.test_client(), headers)
        return caller.post("/orders", buy(sun), Idempotency_Key="fifty")

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(attempt, range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["order"] for answer in answers}) == 1
    assert len(program("buyer").read("/orders")["data"]) == 1
    assert program("buyer").read("/balances")["data"][0]["free"] == 88_800


def test_a_key_is_refused_for_another_body(program, sun):
    pay_in(program, "buyer", 90_000)
    buyer = program("buyer")
    first = buyer.made("/orders", buy(sun), Idempotency_Key="k")
    assert buyer.made("/orders", buy(sun), Idempotency_Key="k") == first
    other = buyer.post("/orders", buy(sun, quantity=2), Idempotency_Key="k")
    assert (other.status_code, other.json["code"]) == (422, "key_reuse")
    cancel = buyer.post("/orders/cancel", {}, Idempotency_Key="k")
    assert cancel.json["code"] == "key_reuse"
    assert len(buyer.read("/orders")["data"]) == 1


def test_a_key_belongs_to_one_member(program, sun):
    for role in ("buyer", "other"):
        pay_in(program, role, 90_000)
    first = program("buyer").made("/orders", buy(sun), Idempotency_Key="k")
    second = program("other").made("/orders", buy(sun), Idempotency_Key="k")
    assert first["order"] != second["order"]


def test_a_refusal_is_remembered_under_its_key(program, sun):
    buyer = program("buyer")
    for _ in range(2):
        refused = buyer.post("/orders", buy(sun), Idempotency_Key="poor")
        assert refused.status_code == 402
    pay_in(program, "buyer", 90_000)
    assert buyer.post("/orders", buy(sun), Idempotency_Key="poor").status_code == 402


def test_a_key_that_is_none_is_refused(program, sun):
    for key in ("", "x" * 256, "ключ".encode().decode("latin-1")):
        answer = program("buyer").post("/orders", buy(sun), Idempotency_Key=key)
        assert answer.status_code == 422, key


def test_the_ids_of_another_member_are_not_found(program, sun, parts):
    buyer, vendor, other = (program(role) for role in ("buyer", "vendor", "other"))
    pay_in(program, "buyer", 90_000)
    buyer.made("/orders", buy(sun))
    waiting = buyer.made("/orders", buy(sun, price=500, time_in_force="GTC"))["order"]
    trade = buyer.read("/trades")["data"][0]["id"]
    right = buyer.read("/entitlements")["data"][0]["id"]
    payin = buyer.read("/payins")["data"][0]["id"]
    out = {"currency": "CNY", "amount": 100, "destination": "a"}
    payout = buyer.made("/payouts", out)["id"]
    release = vendor.read(f"/products/{sun.product}")["releases"][0]["id"]
    before = rows(parts, journal)

    for path in (
        f"/orders/{waiting}",
        f"/trades/{trade}",
        f"/trades/{trade}/contract",
        f"/entitlements/{right}",
        f"/entitlements/{right}/files",
        f"/payins/{payin}",
        f"/payouts/{payout}",
        f"/products/{sun.product}",
        f"/releases/{release}",
    ):
        answer = other.get(path)
        assert (answer.status_code, answer.json["code"]) == (404, "not_found"), path
    for path, body in (
        (f"/entitlements/{right}/deliveries", {"file": sun.file}),
        (f"/products/{sun.product}/submit", None),
        (f"/products/{sun.product}/releases", {"label": "2"}),
        (f"/products/{sun.product}/delist", {"reason": "Mine."}),
        (f"/releases/{release}/finalise", None),
    ):
        assert other.post(path, body).status_code == 404, path
    price = f"/instruments/{sun.instrument}/price"
    assert other.put(price, {"price": 1}).status_code == 404
    assert other.delete(f"/files/{sun.file}").status_code == 404
    assert rows(parts, journal) == before

    for path, body in (
        (f"/orders/{waiting}/cancel", None),
        (f"/orders/{waiting}/reduce", {"quantity": 1}),
        (f"/payouts/{payout}/cancel", None),
    ):
        assert other.post(path, body).status_code == 404, path
    assert buyer.read(f"/orders/{waiting}")["state"] == "open"
    assert buyer.read(f"/payouts/{payout}")["state"] == "requested"
    assert other.read("/receipts", entitlement=right)["data"] == []
    for path in ("/orders", "/trades", "/entitlements", "/payins", "/transfers"):
        assert other.read(path) == {"data": [], "next": None}


def test_what_is_no_id_is_not_found(program):
    ids = ("1", "ord_", "ord_zzzzzzzzzzzzz", "ord_-1", "trd_0000001", "ord_%00")
    for order in ids:
        assert program("buyer").get(f"/orders/{order}").status_code == 404, order


def test_an_id_of_another_kind_in_a_body_is_named(program, sun):
    wrong = program("buyer").post("/orders", buy(sun, instrument=sun.product))
    assert list(wrong.json["problems"]) == ["instrument"]


def test_each_desk_is_for_its_roles(program, sun):
    buyer, vendor = program("buyer"), program("vendor")
    assert buyer.post("/products", {"kind": "dataset"}).status_code == 403
    assert buyer.get("/staff/members").status_code == 403
    assert buyer.get("/staff/trial-balance").status_code == 403
    decision = {"event": "suspend", "reason": "r"}
    path = f"/staff/products/{sun.product}/decisions"
    assert vendor.post(path, decision).status_code == 403
    assert program("surveillance").post(path, decision).status_code == 403
    assert program("registrar").post("/orders", buy(sun)).status_code == 403
    assert program("admin").get("/staff/payins").status_code == 200


def test_a_key_that_may_only_read_does_nothing_else(app, bearer, program, sun):
    reader = Program(app.test_client(), bearer("buyer"))
    assert reader.read("/me")["roles"] == []
    assert reader.read("/orders") == {"data": [], "next": None}
    assert reader.post("/orders", buy(sun)).status_code == 403
    assert reader.post("/payins", {}).status_code == 403


def test_who_has_no_key_or_a_wrong_one_is_told_how_to_come_in(app, program):
    answer = program("").get("/orders")
    assert (answer.status_code, answer.json["code"]) == (401, "sign_in_needed")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    wrong = Program(app.test_client(), {"Authorization": "Bearer dbk_x_y"})
    assert wrong.get("/orders").json["code"] == "bad_key"


def test_a_browsers_session_counts_for_nothing(visit):
    buyer = visit("buyer")
    assert buyer.get("/account").status_code == 200
    assert buyer.get(f"{V1}/me").status_code == 401
    assert buyer.client.post(f"{V1}/orders", json={}).status_code == 401


def test_another_method_is_told_which_are_allowed(program):
    answer = program("buyer").client.patch(f"{V1}/orders")
    assert answer.status_code == 405
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))
    assert answer.content_type == "application/problem+json"


def test_lists_are_read_page_by_page(program, sun, parts):
    buyer = program("buyer")
    wanted = {"currency": "CNY", "amount": 5, "reference": "r"}
    made = [buyer.made("/payins", wanted)["id"] for _ in range(5)]
    found, cursor = [], None
    while True:
        query = {"cursor": cursor} if cursor else {}
        page = buyer.read("/payins", limit=2, **query)
        found += [payin["id"] for payin in page["data"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == made[::-1]
    assert rows(parts, payins) == 5


def test_a_cursor_is_signed_and_a_limit_has_a_limit(program):
    limits = [101, 0, "-1", "1_0", "1.0", "", "9" * 5000]
    cursors = ["", "5", "5.forged", "é\x00"]
    odd = [("limit", value) for value in limits]
    for name, value in odd + [("cursor", value) for value in cursors]:
        answer = program("buyer").get("/orders", **{name: value})
        assert (answer.status_code, list(answer.json["problems"])) == (422, [name])


def test_a_cursor_of_another_list_does_not_fit(program):
    buyer = program("buyer")
    wanted = {"currency": "CNY", "amount": 5, "reference": "r"}
    for _ in range(2):
        buyer.made("/payins", wanted)
    cursor = buyer.read("/payins", limit=1)["next"]
    assert buyer.get("/orders", cursor=cursor).status_code == 422


def test_nobody_confirms_or_approves_their_own(program, sun):
    officer, approver = program("settlement_officer"), program("settlement_approver")
    large = {"currency": "CNY", "amount": 10**12, "reference": "large"}
    payin = program("buyer").made("/payins", large)["id"]
    path = f"/staff/payins/{payin}/decisions"
    assert officer.made(path, {"event": "confirm"})["state"] == "pending"
    assert officer.post(path, {"event": "approve"}).status_code == 403
    assert approver.made(path, {"event": "approve"})["state"] == "succeeded"
