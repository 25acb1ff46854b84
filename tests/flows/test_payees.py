"""Where payouts go: a change waits, is told, and asks for the password again."""

import pytest
from sqlalchemy import update

from marketplace.members.tables import sessions
from marketplace.payments import payees
from marketplace.payments.tables import payout_accounts
from settlement import clock
from tests.flows.market import location, pay_in
from tests.programs import program
from tests.visitors import PASSWORD

__all__ = ["program"]
OLD = {"holder": "第2公司", "number": "6222 0001", "bank": "BANK-A"}
NEW = OLD | {"number": "6222 9999", "bank": "BANK-B"}
ASKED = {"payout_currency": "CNY", "payout_amount": "1.00"}


@pytest.fixture
def buyer(visit):
    """A buyer with money."""
    buyer = visit("buyer")
    pay_in(buyer, visit("settlement_officer"))
    return buyer


def grow_old(parts):
    """Let every sign-in be an hour ago."""
    hour = clock.now_us() - clock.HOUR_US
    with parts.writes.begin() as db:
        db.execute(update(sessions).values(proved_us=hour))


def test_a_changed_account_counts_after_its_delay(buyer, parts, program):
    location(buyer.post("/cash/payout-account", **OLD))
    page = buyer.get("/cash").text
    assert "6222 0001" in page
    location(buyer.post("/cash/payouts", **ASKED))
    location(buyer.post("/cash/payout-account", **NEW))
    elsewhere = buyer.post("/cash/payouts", **ASKED, destination="6222 9999")
    location(elsewhere)  # the page sends to the account that counts, whatever is typed
    paid = program("buyer").read("/payouts")["data"]
    assert {payout["destination"][:9] for payout in paid} == {"6222 0001"}
    wrong = {"currency": "CNY", "amount": 1, "destination": "6222 9999"}
    refused = program("buyer").post("/payouts", wrong)
    assert refused.json["code"] == "not_the_payout_account"
    assert "9999" in buyer.get("/notices").text
    with parts.writes.begin() as db:
        db.execute(update(payout_accounts).values(set_us=1, usable_us=1))
    with parts.reads.connect() as db:
        assert payees.current(db, buyer.user.member).number == "6222 9999"


def test_a_change_that_waits_can_be_stopped(buyer, parts):
    location(buyer.post("/cash/payout-account", **OLD))
    location(buyer.post("/cash/payout-account", **NEW))
    assert "6222 9999" in buyer.get("/cash").text
    location(buyer.post("/cash/payout-account/stop"))
    assert "6222 9999" not in buyer.get("/cash").text
    with parts.reads.connect() as db:
        assert payees.pending(db, buyer.user.member) is None
    assert buyer.post("/cash/payout-account", **OLD | {"bank": ""}).status_code == 422


def test_outgoing_steps_ask_for_the_password_again(buyer, visit, parts):
    officer = visit("settlement_officer")
    grow_old(parts)
    for who, step, fields in (
        (buyer, "/cash/payout-account", OLD),
        (buyer, "/cash/payouts", ASKED | {"destination": "x"}),
        (officer, "/staff/money/payin/pin_0000001/confirm", {}),
        (officer, "/staff/reconciliation/breaks/brk_0000001/propose", {}),
    ):
        there = location(who.post(step, **fields))
        assert there.startswith("/account/prove")
    assert buyer.post("/account/prove", password="wrong").status_code == 401
    there = location(buyer.post("/account/prove", password=PASSWORD, next="/cash"))
    assert there == "/cash"
    location(buyer.post("/cash/payout-account", **OLD))
    assert location(officer.post("/staff/money/payin/pin_0000001/confirm")).startswith(
        "/account/prove"
    )
