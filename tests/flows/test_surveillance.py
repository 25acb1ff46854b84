"""The surveillance desk: an alert, a case, notes, a decision by two persons."""

import pytest

from marketplace.surveillance.desk import Watch
from settlement import ids
from settlement.statistics.corrections import is_excluded
from tests.programs import buy, pay_in, program, sun

__all__ = ["program", "sun"]


@pytest.fixture
def trade(program, sun, visit, people, parts, tell):
    """A trade between two members of one owner, found by the desk and told."""
    member = ids.encode("member", people["buyer"].member)
    vendor = ids.encode("member", people["vendor"].member)
    noted = visit("surveillance").post(
        "/staff/surveillance/ties", member=member, other=vendor, reason="same address"
    )
    assert noted.status_code == 303
    pay_in(program, "buyer", 9000)
    program("buyer").made("/orders", buy(sun))
    assert tell() == 1
    watch = Watch(parts.reads, parts.writes)
    assert (watch.step(), watch.step()) == (1, 0)  # kept once
    return program("buyer").read("/trades")["data"][0]["id"]


def test_two_persons_take_a_trade_out_of_the_statistics(
    trade, program, sun, visit, parts, tell
):
    desk, admin = program("surveillance"), program("admin")
    (alert,) = desk.read("/staff/alerts", waiting=1)["data"]
    assert (alert["detector"], alert["evidence"]) == (
        "self_dealing",
        {"trades": [trade]},
    )
    assert trade in visit("surveillance").get("/staff/surveillance").text
    assert alert["id"] in visit("admin").get("/staff/surveillance/alerts.csv").text
    for other in ("buyer", "vendor"):
        assert program(other).get("/staff/alerts").status_code == 403
        assert visit(other).get("/staff/surveillance").status_code == 403

    unknown = {"title": "Nothing", "alerts": [ids.encode("alert", 99)]}
    assert desk.post("/staff/cases", unknown).status_code == 404
    case = desk.made("/staff/cases", {"title": "One owner", "alerts": [alert["id"]]})
    path = f"/staff/cases/{case['id']}"
    assert desk.read("/staff/alerts", waiting=1)["data"] == []
    desk.made(f"{path}/notes", {"text": "They share a telephone."})
    early = desk.post(f"{path}/decision", {"approve": True})
    assert (early.status_code, early.json["code"]) == (409, "case_closed")
    desk.made(f"{path}/proposal", {"proposal": "flag", "reason": "No market."})
    own = desk.post(f"{path}/decision", {"approve": True})
    assert (own.status_code, own.json["code"]) == (403, "own_work")

    page = f"/staff/surveillance/cases/{case['id']}"
    assert "They share a telephone." in visit("admin").get(page).text
    assert admin.made(f"{path}/decision", {"approve": True})["state"] == "flagged"
    with parts.reads.connect() as db:
        assert is_excluded(db, ids.decode("trade", trade))
    public = program("")
    assert public.read(f"/instruments/{sun.instrument}/trades")["data"] == []
    assert tell() == 0  # not told again
    assert program("buyer").read(f"/trades/{trade}")["state"]  # the record stays
    assert "已标记" in visit("admin").get(page).text


def test_the_pages_lead_from_an_alert_to_a_dismissed_case(trade, visit):
    first, second = visit("surveillance"), visit("admin")
    alert = ids.encode("alert", 1)
    refused = first.post("/staff/surveillance/cases", title="Nothing ticked")
    assert refused.status_code == 422
    opened = first.post("/staff/surveillance/cases", title="One owner", alert=alert)
    assert opened.status_code == 303
    page = opened.headers["Location"]
    assert trade in first.get(page).text
    steps = (
        ("notes", {"text": "Asked both."}),
        ("proposal", {"proposal": "dismiss", "reason": "They compete."}),
    )
    for step, typed in steps:
        assert first.post(f"{page}/{step}", **typed).status_code == 303
    assert first.post(f"{page}/decision", approve="yes").status_code == 403
    assert second.post(f"{page}/decision", approve="yes").status_code == 303
    assert "已驳回" in second.get(page).text
    rates = second.get("/staff/surveillance?which=all").text
    assert "同一实际控制人内部成交" in rates
