"""Fee schedules with rules by API and page: previewed, published, shown, charged."""

from tests.flows.market import location
from tests.programs import buy, pay_in, program, sun

__all__ = ["program", "sun"]
LINE = "dataset, book, CNY, *, 1.00, 2.00, 5.00, 1000.00: 2.00"


def test_a_schedule_with_rules_is_previewed_published_and_charged(program, sun, visit):
    pay_in(program, "buyer", 10_000)
    program("buyer").made("/orders", buy(sun))
    admin, rate = program("admin"), {"bps": 100, "fixed": 200, "minimum": 500}
    rate |= {"tiers": [{"up_to": 100_000, "bps": 200}]}
    rule = {"currency": "CNY", "kind": "dataset", "origin": "book", "rate": rate}
    wanted = {"trade_bps": 300, "rules": [rule]}
    (line,) = admin.made("/staff/fees/preview", wanted)["data"]
    assert (line["kind"], line["origin"], line["trades"]) == ("dataset", "book", 1)
    assert (line["value"], line["charged"], line["would_be"]) == (1_200, 30, 500)
    bad = wanted | {"rules": [rule | {"currency": None}]}
    assert admin.post("/staff/fees", bad).json["code"] == "wrong_order"
    made = admin.made("/staff/fees", wanted)
    assert made["rules"] == program("").read("/fees")["rules"]
    assert made["rules"][0]["rate"] == rate
    program("buyer").made("/orders", buy(sun))
    assert program("vendor").read("/trades")["data"][0]["fee"] == 500
    assert LINE in visit("admin").get("/staff/fees").text
    assert "¥5.00" in visit("").get("/help/fees").text


def test_the_page_previews_and_publishes_what_was_typed(program, sun, visit):
    pay_in(program, "buyer", 10_000)
    program("buyer").made("/orders", buy(sun))
    admin = visit("admin")
    typed = {"rate": "3", "rules": LINE, "key": "fees-by-page"}
    page = admin.post("/staff/fees/preview", **typed)
    assert page.status_code == 200
    assert "¥5.00" in page.text
    assert LINE in page.text, "what was typed stays"
    wrong = admin.post("/staff/fees", **(typed | {"rules": "a, b"}), confirm="1")
    assert wrong.status_code == 422
    location(admin.post("/staff/fees", **typed, confirm="1"))
    (rule,) = program("").read("/fees")["rules"]
    assert rule["rate"]["minimum"] == 500
