"""A vendor leaves: what the exchange keeps is served on, the rest is paid back."""

import time_machine
from hypothesis import given
from hypothesis import strategies as st

from marketplace.delivery.continuity import pro_rata, rights_of
from marketplace.members import verification
from marketplace.members.verification import MemberEvent
from settlement import clock
from settlement.invariants import violations
from tests.programs import buy, pay_in, program, put_on_market, sun
from tests.visitors import app, bearer, parts, people, visit

__all__ = ["app", "bearer", "parts", "people", "program", "sun", "visit"]


def leave(parts, people):
    with parts.writes.begin() as db:
        verification.decide(
            db,
            people["vendor"].member,
            MemberEvent.SUSPEND,
            people["registrar"],
            "It has left.",
        )
    verification.tell_market(parts.reads, parts.gateway)


def test_what_the_exchange_keeps_is_served_on(program, sun, parts, people, visit):
    pay_in(program, "buyer", 5_000)
    program("buyer").made("/orders", buy(sun))
    (right,) = program("buyer").read("/entitlements")["data"]
    desk = program("settlement_officer")
    back = f"/staff/entitlements/{right['id']}/continuity"
    early = desk.post(back, {"reason": "too early"})
    assert early.json["code"] == "vendor_stays"
    leave(parts, people)
    assert program("buyer").made(f"/entitlements/{right['id']}/sharings")["profile"]
    path = f"/entitlements/{right['id']}/deliveries"
    assert program("buyer").post(path, {"file": sun.file}).status_code == 200
    release = program("buyer").read(f"/entitlements/{right['id']}")["terms"]["release"]
    gone = program("vendor").post(f"/releases/{release['id']}/revoke", {"reason": "x"})
    assert gone.status_code == 403  # whoever left takes nothing away
    member = program("vendor").read("/me")["member"]
    found = desk.read(f"/staff/members/{member}/continuity")
    with parts.reads.connect() as db:
        vendor = people["vendor"].member
        page, older = rights_of(db, vendor, clock.now_us(), limit=1)
        assert ([one.kept for one in page], older) == ([True], None)
        assert rights_of(db, vendor, clock.now_us(), page[0].right.id) == ([], None)
    assert (found["left"], [one["kept"] for one in found["data"]]) == (True, [True])
    assert desk.post(back, {"reason": "no"}).json["code"] == "still_served"
    assert (
        "served on to the end"
        in visit("buyer")
        .get(f"/rights/{right['id']}", headers={"Accept-Language": "en"})
        .text
    )


def test_what_only_the_vendor_served_is_paid_back_by_two_persons(
    program, parts, people, visit
):
    sold = put_on_market(program, "AWAY", 1200)
    pay_in(program, "buyer", 5_000)
    trade = program("buyer").made("/orders", buy(sold))["trades"][0]["trade"]
    (right,) = program("buyer").read("/entitlements")["data"]
    # A cent given back before it leaves does not spare the vendor the rest.
    cent = {"amount": 1, "reason": "There you are."}
    asked = program("vendor").post(f"/trades/{trade}/refunds", cent).json["proposal"]
    yes = {"approve": True}
    program("settlement_approver").post(f"/staff/decisions/{asked}", yes)
    release = program("buyer").read(f"/entitlements/{right['id']}")["terms"]["release"]
    revoked = {"reason": "It was wrong."}
    program("vendor").made(f"/releases/{release['id']}/revoke", revoked)
    leave(parts, people)
    half = clock.moment(right["from_us"] + 15 * clock.DAY_US)
    with time_machine.travel(half, tick=False):
        officer = visit("settlement_officer")
        member = program("vendor").read("/me")["member"]
        there = f"/staff/members/{member}/continuity"
        assert "¥5.99" in officer.get(there).text
        officer.post(f"{there}/{right['id']}", reason="The vendor has left.")
        again = program("settlement_officer").post(
            f"/staff/entitlements/{right['id']}/continuity", {"reason": "once more"}
        )
        assert again.json["code"] == "nothing_to_return"
        (waits,) = program("settlement_officer").read("/staff/decisions")["data"]
        path = f"/staff/decisions/{waits['id']}"
        own = program("settlement_officer").post(path, {"approve": True})
        assert own.json["code"] == "own_work"
        done = program("settlement_approver").post(path, {"approve": True})
        assert done.status_code == 204, done.text
        left = program("settlement_officer").read(f"/staff/members/{member}/continuity")
        assert (left["data"], left["next"]) == ([], None)
    paid = program("buyer").read(f"/trades/{trade}/refunds")["data"]
    assert [one["amount"] for one in paid] == [1, 599]
    ended = program("buyer").read(f"/entitlements/{right['id']}")
    assert ended["state"] == "revoked", "it ends with the money"
    with parts.reads.connect() as db:
        assert list(violations(db)) == []


def test_what_was_sold_on_is_not_paid_back_to_who_sold_it():
    assert pro_rata(1_000, 0, 100, 50, (10, 10)) == 500
    assert pro_rata(1_000, 0, 100, 50, (1, 10)) == 50
    assert pro_rata(1_001, 0, 100, 50, (1, 10)) == 51


@given(st.integers(0, 10**12), st.integers(1, 10**6), st.integers(-10, 10**6 + 10))
def test_what_goes_back_is_the_time_left_rounded_up(
    paid: int, term: int, gone: int
) -> None:
    back = pro_rata(paid, 0, term, gone)
    left = min(max(0, term - gone), term)
    assert 0 <= back <= paid
    assert paid * left <= back * term < paid * left + term
