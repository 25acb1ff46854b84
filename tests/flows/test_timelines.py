"""Timelines: a member reads its own records; the desk those of anyone, and notes."""

import pytest
from sqlalchemy import insert

from marketplace.timelines.reading import page_of
from marketplace.timelines.tables import remarks
from settlement.ids import decode
from tests.programs import buy, pay_in, program, sun

__all__ = ["program", "sun"]


@pytest.fixture
def bought(program, sun):
    """One trade of one unit."""
    pay_in(program, "buyer", 10_000)
    return program("buyer").made("/orders", buy(sun))["trades"][0]["trade"]


def told(rows):
    return [(row["what"], row["id"], row["state"]) for row in rows["data"]]


def test_a_member_reads_what_is_on_record_of_it_and_of_nobody_else(
    program, sun, bought
):
    buyer = program("buyer")
    own = told(buyer.read("/records"))
    right = buyer.read("/entitlements")["data"][0]["id"]
    assert ("trade", bought, "settled") in own
    assert ("right", right, "active") in own
    assert [what for what, _, _ in own if what == "payin"] == ["payin"]
    others = told(program("other").read("/records"))
    assert not {what for what, _, _ in others} & {"trade", "right", "payin"}
    money = buyer.read("/records", topic="money")["data"]
    (payin,) = [row for row in money if row["what"] == "payin"]
    assert (payin["amount"], payin["currency"]) == (10_000, "CNY")


def test_pages_of_a_timeline_are_the_whole_without_gap_or_repetition(
    program, sun, bought
):
    buyer = program("buyer")
    for _ in range(3):
        buyer.made("/orders", buy(sun))
    whole = told(buyer.read("/records"))
    pieces, more = [], {}
    while more is not None:
        page = buyer.read("/records", limit=2, **more)
        pieces += told(page)
        more = {"cursor": page["next"]} if page["next"] else None
    assert pieces == whole


def test_what_shares_a_moment_is_told_in_pages_too(program, sun, parts):
    member = decode("member", program("buyer").read("/me")["member"])
    with parts.writes.begin() as db:
        rows = [
            {"id": n, "about": "member", "subject": member, "at_us": 10**15 * 2,
             "by_user": 1, "text": f"{n}"}
            for n in range(1, 131)
        ]  # fmt: skip
        db.execute(insert(remarks), rows)
    told, place = [], None
    with parts.reads.connect() as db:
        while True:
            page = page_of(db, "member", member, before=place, limit=50)
            assert len(page.rows) <= 50
            told += page.rows
            place = page.before
            if place is None:
                break
        assert told == page_of(db, "member", member, limit=1_000).rows
    assert [row.text for row in told[:130]] == [f"{n}" for n in range(1, 131)]


def test_the_desk_reads_member_product_and_trade_and_adds_remarks(program, sun, bought):
    desk, buyer = program("surveillance"), program("buyer")
    address = f"/staff/trades/{bought}/timeline"
    assert {what for what, _, _ in told(desk.read(address))} >= {
        "trade", "order", "right",
    }  # fmt: skip
    product = f"/staff/products/{sun.product}/timeline"
    assert {"drafted", "review", "registration", "admitted", "trade"} <= {
        what for what, _, _ in told(desk.read(product))
    }
    assert buyer.get(address).status_code == 403
    assert desk.post(address, {"text": ""}).status_code == 422
    assert desk.post(address, {"text": "Called both sides."}).status_code == 204
    (said,) = desk.read(address, topic="remarks")["data"]
    assert (said["what"], said["text"]) == ("remarks", "Called both sides.")
    assert "remarks" not in {what for what, _, _ in told(buyer.read("/records"))}
    assert desk.get("/staff/trades/trd_zzzzzzz/timeline").status_code == 404


def test_the_pages_show_it_in_both_languages(program, sun, bought, visit):
    desk, buyer = visit("surveillance"), visit("buyer")
    page = desk.get(f"/staff/trades/{bought}/timeline")
    assert page.status_code == 200
    assert "成交" in page.text
    address = f"/staff/trades/{bought}/timeline"
    assert desk.post(address, text="").status_code == 422
    assert desk.post(address, text="双方已联系。").status_code == 303
    assert "双方已联系。" in desk.get(address).text
    own = buyer.get("/records/", query_string={"topic": "money"}).text
    assert "入金" in own
    assert "双方已联系。" not in buyer.get("/records/").text


def test_a_member_learns_that_it_was_stopped_and_not_what_the_desk_wrote(program):
    buyer, desk = program("buyer"), program("surveillance")
    member = buyer.read("/me")["member"]
    why = {"member": member, "cancel": True, "reason": "Looks like wash trading."}
    assert desk.post("/staff/stops", why).status_code == 200
    (told,) = [r for r in buyer.read("/records")["data"] if r["what"] == "stop"]
    assert told["text"] is None
    there = f"/staff/members/{member}/timeline"
    (seen,) = [r for r in desk.read(there)["data"] if r["what"] == "stop"]
    assert seen["text"] == why["reason"]
