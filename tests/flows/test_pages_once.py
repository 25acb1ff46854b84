import re

from tests.flows.market import location, pay_in


def keys_on(page: str) -> list[str]:
    """Return the keys of the forms on the cash page: the pay-in's, the payout's."""
    found = re.findall(r'name="key" value="([^"]+)"', page)
    assert len(set(found)) == 2
    return found


def test_a_payin_that_is_sent_twice_is_announced_once(visit):
    buyer = visit("buyer")
    key, _ = keys_on(buyer.get("/cash").text)
    sent = {"currency": "CNY", "amount": "10", "reference": "A-1", "key": key}
    for _ in range(2):
        location(buyer.post("/cash/payins", **sent))
    assert len(re.findall(r"<code>pin_\w+", buyer.get("/cash").text)) == 1
    changed = buyer.post("/cash/payins", **(sent | {"amount": "11"}))
    assert changed.status_code == 422
    assert key not in keys_on(changed.text)
    another = sent | {"key": keys_on(changed.text)[0]}
    location(buyer.post("/cash/payins", **another))
    assert len(re.findall(r"<code>pin_\w+", buyer.get("/cash").text)) == 2


def test_a_payout_that_is_sent_twice_holds_the_money_once(visit):
    buyer = visit("buyer")
    pay_in(buyer, visit("settlement_officer"))
    _, key = keys_on(buyer.get("/cash").text)
    asked = {"payout_currency": "CNY", "payout_amount": "300", "destination": "Bank 1"}
    for _ in range(2):
        location(buyer.post("/cash/payouts", **asked, key=key))
    page = buyer.get("/cash").text
    assert "¥700.00" in page
    assert "¥400.00" not in page


def test_one_members_key_is_not_another_members(visit):
    key, _ = keys_on(visit("buyer").get("/cash").text)
    sent = {"currency": "CNY", "amount": "10", "reference": "A-1", "key": key}
    location(visit("buyer").post("/cash/payins", **sent))
    location(visit("other").post("/cash/payins", **(sent | {"amount": "12"})))
    assert "¥12.00" in visit("other").get("/cash").text
