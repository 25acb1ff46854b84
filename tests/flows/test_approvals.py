"""What costs more than the member's limit waits for a second of its users."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import delete, select, update

from marketplace.approvals import desk, limits, sending
from marketplace.approvals.costs import COSTS
from marketplace.approvals.tables import approvals
from marketplace.members import colleagues, users
from marketplace.members.tables import handovers
from marketplace.trading.bidding import BidInContest
from marketplace.trading.commands import Line, PlaceBasket, PlaceOrder, ReplaceOrder
from marketplace.trading.drafting import SignContract
from marketplace.trading.pooling import JoinPool
from marketplace.trading.quoting import CounterOffer, OfferPrice, TakeOffer
from marketplace.trading.using import DeclareUse, SetBudget
from marketplace.trading.venue import UnknownInstrument
from settlement import clock
from settlement.errors import NotFound, OwnWork, Refusal
from settlement.ids import decode
from tests.flows.market import location
from tests.programs import awaited, buy, drafted, pay_in, pooled, program, sun
from tests.visitors import PASSWORD

__all__ = ["program", "sun"]
LIMIT = {"currency": "CNY", "amount": 1_000}  # SUN costs 1200


@pytest.fixture
def team(parts, people):
    """A second user of the buyer's member, who may approve, and a third who may not."""
    member, hashed = people["buyer"].member, parts.passwords.hash(PASSWORD)
    with parts.writes.begin() as db:
        for name, granted in (("second", ["approver"]), ("third", ["buyer"])):
            email = f"{name}@buyer.example"
            number = users.add(db, member, email, name, hashed, granted)
            people[name] = users.get(db, number)
    return people


@pytest.fixture
def bounded(team, parts, visit, program):
    """The buyer has money, and a limit of 10.00 yuan."""
    pay_in(program, "buyer", 50_000)
    answer = visit("buyer").post("/approvals/limits", currency="CNY", amount="10")
    assert location(answer) == "/approvals/"
    return team


def free(program):
    found = program("buyer").read("/balances")["data"]
    return next(b["free"] for b in found if b["currency"] == "CNY")


def test_an_order_above_the_limit_waits_and_goes_out_once_approved(
    bounded, program, sun, visit
):
    buyer = program("buyer")
    key = {"Idempotency-Key": "mine"}
    again = [buyer.post("/orders", buy(sun), **key) for _ in range(2)]
    assert [(a.status_code, a.json["code"]) for a in again] == [
        (409, "approval_awaited")
    ] * 2
    number = again[0].json["approval"]
    assert again[1].json["approval"] == number
    reused = buyer.post("/orders", buy(sun, quantity=2), **key)
    assert reused.json["code"] == "key_reuse"
    assert free(program) == 50_000
    (waiting,) = buyer.read("/approvals")["data"]
    assert (waiting["id"], waiting["amount"], waiting["state"]) == (
        *(number, 1_200),
        "waiting",
    )
    page = f"/approvals/{number}"
    own, other = visit("buyer"), visit("second")
    assert "SUN" in own.get(page).text
    for session in (own, visit("buyer")):  # two sessions are one person
        assert session.post(f"{page}/approve").status_code == 403
    assert visit("third").post(f"{page}/approve").status_code == 403
    assert visit("other").get(page).status_code == 404
    assert page in other.get("/approvals/").text
    assert location(other.post(f"{page}/approve")) == page
    assert free(program) == 50_000 - 1_200
    assert other.post(f"{page}/approve").status_code == 409
    done = buyer.post("/orders", buy(sun), **key)  # the key tells what it came to
    assert done.status_code == 201
    (told,) = buyer.read("/approvals", which="over")["data"]
    assert (told["state"], told["result"]) == ("sent", done.json["order"])
    assert done.json["order"] in own.get(page).text
    assert page in own.get("/approvals/history").text
    small = buy(sun, price=9, time_in_force="GTC")
    assert buyer.post("/orders", small).status_code == 201  # below the limit


def test_a_page_leads_to_the_request_and_not_to_a_refusal(bounded, sun, visit):
    fields = {
        "instrument": sun.instrument,
        "kind": "now",
        "quantity": "1",
        "price": "12.00",
        "purpose": "internal_analysis",
        "accept": "1",
        "key": "a",
    }
    answer = visit("buyer").post(f"/listings/{sun.product}/order", **fields)
    assert location(answer).startswith("/approvals/apr_")
    assert "审批" in visit("second").get("/notices").text


def test_no_way_of_buying_goes_round_the_limit(bounded, program, sun, visit):
    buyer, vendor = program("buyer"), program("vendor")
    group, contract = pooled(program, sun), drafted(program, sun)
    me = buyer.read("/me")["member"]
    offer = {
        "instrument": sun.instrument,
        "member": me,
        "price": 1_100,
        "quantity": 1,
        "reason": "need",
        "note": "for a pilot",
        "expires_us": clock.now_us() + clock.DAY_US,
    }
    made = vendor.made("/offers", offer)["id"]
    contest = {
        "instrument": sun.instrument,
        "kind": "first",
        "quantity": 1,
        "start": 1_000,
        "reserve": 1_000,
        "closes_us": clock.now_us() + clock.DAY_US,
    }
    auction = vendor.made("/contests", contest)["contest"]["id"]
    vendor_id = vendor.read("/me")["member"]
    purpose = {"purpose": "internal_analysis"}
    resting = buyer.made("/orders", buy(sun, price=5, time_in_force="GTC"))["order"]
    text = buyer.read(f"/contracts/{contract}")["sha256"]
    cheap = drafted(program, sun)
    market = [buy(sun, price=None)]
    ways = {
        "/baskets": {"orders": [buy(sun)] * 2},
        f"/orders/{resting}/replace": {"price": 1_150, "quantity": 1},
        f"/offers/{made}/take": purpose,
        f"/offers/{made}/counter": {
            "price": 1_050,
            "quantity": 1,
            "expires_us": offer["expires_us"],
            **purpose,
        },
        "/offers": {
            **{k: offer[k] for k in ("instrument", "price", "quantity", "expires_us")},
            "member": vendor_id,
            **purpose,
        },
        f"/groups/{group}/members": purpose,
        f"/contests/{auction}/bids": {"price": 1_010, **purpose},
    }
    for path, body in ways.items():
        answer = buyer.post(path, body)
        assert answer.json["code"] == "approval_awaited", (path, answer.json)
    assert buyer.post("/baskets", {"orders": market, "total_max": 1_001}).json[
        "code"
    ] == ("approval_awaited")
    for body in (market[0], {"orders": market}):
        path = "/baskets" if "orders" in body else "/orders"
        assert buyer.post(path, body).json["code"] == "price_needed"
    put = buyer.post(f"/contracts/{contract}/signature", {"sha256": text})
    assert put.status_code == 200  # it costs what the limit still lets through
    low = {**LIMIT, "amount": 999}
    assert location(
        visit("buyer").post("/approvals/limits", currency="CNY", amount="9.99")
    )
    text = buyer.read(f"/contracts/{cheap}")["sha256"]
    put = buyer.post(f"/contracts/{cheap}/signature", {"sha256": text})
    assert put.json["code"] == "approval_awaited", low
    waiting = buyer.read("/approvals")["data"]
    assert len(waiting) == len(ways) + 2
    second = visit("second")
    for row in waiting:  # each is shown, and carried out or refused by the market
        page = f"/approvals/{row['id']}"
        assert visit("buyer").get(page).status_code == 200
        assert second.post(f"{page}/approve").status_code in (303, 404, 409, 422), row
    over = buyer.read("/approvals", which="over")["data"]
    states = {row["kind"]: row["state"] for row in over}
    for kind in ("TakeOffer", "OfferPrice", "JoinPool", "BidInContest", "SignContract"):
        assert states[kind] in ("sent", "refused"), states
    assert states["TakeOffer"] == "refused"  # it was countered before
    assert [states[kind] for kind in ("CounterOffer", "JoinPool", "SignContract")] == [
        "sent"
    ] * 3


def test_a_higher_limit_waits_like_an_order(bounded, program, visit, parts):
    owner, second = visit("buyer"), visit("second")
    for amount in ("20", ""):
        page = location(owner.post("/approvals/limits", currency="CNY", amount=amount))
        assert owner.post(f"{page}/approve").status_code == 403
        with parts.reads.connect() as db:
            (bound,) = limits.of_member(db, bounded["buyer"].member).values()
        assert bound.amount == (1_000 if amount else 2_000)
        assert second.get(page).status_code == 200
        assert location(second.post(f"{page}/approve")) == page
    with parts.reads.connect() as db:
        assert limits.of_member(db, bounded["buyer"].member) == {}
    assert owner.post("/approvals/limits", currency="CNY", amount="x").status_code == (
        422
    )
    alone = visit("other").post("/approvals/limits", currency="CNY", amount="1")
    assert alone.status_code == 409  # nobody else could approve
    assert second.post("/approvals/limits", currency="CNY", amount="1").status_code == (
        403
    )


def test_a_request_is_turned_down_taken_back_refused_or_expires(
    bounded, program, sun, visit, parts, bearer
):
    buyer, second = program("buyer"), visit("second")
    headers = bearer("second", "approve")

    def ask(key, **more):
        asked = buyer.post("/orders", buy(sun, **more), **{"Idempotency-Key": key})
        return asked.json.get("approval"), asked.json["code"]

    first, _ = ask("a")
    answer = second.client.post(
        f"/api/v1/approvals/{first}/reject",
        json={"reason": "too dear"},
        headers=headers,
    )
    assert (answer.json["state"], answer.json["reason"]) == ("rejected", "too dear")
    assert ask("a")[1] == "approval_over"
    back, _ = ask("b")
    assert buyer.made(f"/approvals/{back}/withdraw")["state"] == "withdrawn"
    assert second.post(f"/approvals/{back}/withdraw").status_code == 404
    late, _ = ask("c")
    with parts.writes.begin() as db:
        past = update(approvals).where(approvals.c.id == decode("approval", late))
        db.execute(past.values(at_us=1, expires_us=2))
    assert second.post(f"/approvals/{late}/approve").status_code == 409
    assert buyer.read(f"/approvals/{late}")["state"] == "expired"
    assert ask("c")[1] == "approval_over"
    dear, _ = ask("d", quantity=100)  # nothing is held: the money may be lacking then
    answer = second.post(f"/approvals/{dear}/approve")
    assert answer.status_code == 402
    assert buyer.read(f"/approvals/{dear}")["state"] == "refused"
    assert second.get(f"/approvals/{dear}").status_code == 200
    assert free(program) == 50_000
    gone, _ = ask("e")
    with parts.writes.begin() as db:
        users.set_disabled(db, bounded["buyer"].id, disabled=True)
    assert second.post(f"/approvals/{gone}/approve").status_code == 409


def test_many_who_approve_at_once_send_it_once(bounded, program, sun, parts):
    number = decode("approval", awaited(parts, program, sun))
    crowd = 12
    barrier = Barrier(crowd)

    def approve(turn):
        by = bounded["second" if turn else "buyer"]
        barrier.wait()
        try:
            return sending.approve(parts, by, number)
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(crowd) as pool:
        answers = list(pool.map(approve, range(crowd)))
    assert isinstance(answers[0], OwnWork)
    assert free(program) == 50_000 - 1_200
    assert {type(a) for a in answers[1:]} <= {type(None), desk.ApprovalOver}
    with parts.reads.connect() as db:
        row = desk.one(db, number, bounded["buyer"].member)
    assert row.state == "sent"
    assert json.loads(row.body)[0] == bounded["buyer"].id


def test_nobody_approves_by_a_login_that_they_gave_to_a_colleague(
    bounded, program, sun, parts
):
    asker, second, third = (bounded[name] for name in ("buyer", "second", "third"))
    number = decode("approval", awaited(parts, program, sun))
    hashed = parts.passwords.hash(PASSWORD)

    def hand(*steps):
        with parts.writes.begin() as db:
            db.execute(delete(handovers))
            for step in steps:
                step(db)

    ways = (
        [lambda db: colleagues.renew(db, asker, second.id, hashed)],
        [lambda db: colleagues.let_in(db, asker, second.id)],
        [  # by the hand of another
            lambda db: colleagues.renew(db, asker, third.id, hashed),
            lambda db: colleagues.renew(db, third, second.id, hashed),
        ],
        [  # who has both logins
            lambda db: colleagues.renew(db, third, asker.id, hashed),
            lambda db: colleagues.renew(db, third, second.id, hashed),
        ],
    )
    for steps in ways:
        hand(*steps)
        with pytest.raises(desk.AskersHand):
            sending.approve(parts, second, number)
    about = "new@buyer.example", "New", ["approver"], hashed
    with parts.writes.begin() as db:
        new = users.get(db, colleagues.invite(db, asker, *about))
    with pytest.raises(desk.AskersHand):
        sending.approve(parts, new, number)
    hand(lambda db: colleagues.renew(db, second, asker.id, hashed))
    with pytest.raises(desk.AskersHand):  # nor what a login asks that they gave
        sending.approve(parts, second, number)
    with parts.writes.begin() as db:
        asked_us = db.scalar(select(approvals.c.at_us))
        db.execute(update(handovers).values(at_us=asked_us - desk.WAITS_US))
    sending.approve(parts, second, number)


def test_what_a_crash_left_approved_is_told_as_it_came_to_be(
    bounded, program, sun, parts, monkeypatch
):
    second, buyer = bounded["second"], program("buyer")
    keys, asked = ("sent", "never", "refused"), {}
    for key in keys:
        body = buy(sun, quantity=100 if key == "refused" else 1)
        answer = buyer.post("/orders", body, **{"Idempotency-Key": key})
        asked[key] = answer.json["approval"]

    def state(key):
        return buyer.read(f"/approvals/{asked[key]}")["state"]

    def crash(*_args, **_more):
        raise RuntimeError

    for key, at in (("sent", "finish"), ("refused", "finish"), ("never", "command_of")):
        with monkeypatch.context() as patched, pytest.raises(RuntimeError):
            patched.setattr(desk, at, crash)
            sending.approve(parts, second, decode("approval", asked[key]))
        assert state(key) == "approved"
    mender = sending.Mender(parts)
    assert mender.step() == 0  # it may be on its way still
    monkeypatch.setattr(sending, "MENDED_US", -clock.MINUTE_US)
    assert mender.step() == 2
    assert [state(key) for key in keys] == ["sent", "approved", "refused"]
    (order,) = buyer.read("/orders")["data"]
    assert buyer.read(f"/approvals/{asked['sent']}")["result"] == order["id"]
    with parts.writes.begin() as db:
        db.execute(update(approvals).values(at_us=1, expires_us=2))
    assert state("never") == "unsent"
    assert mender.step() == 1
    assert [state(key) for key in keys] == ["sent", "unsent", "refused"]


def test_what_the_records_do_not_have_yet_is_not_let_through(bounded, parts):
    member = bounded["buyer"].member
    unseen = (
        ReplaceOrder(2, member, 999, 1, 1),
        TakeOffer(2, member, 999, "analysis"),
        OfferPrice(2, member, 999, 1, 1, 1, "analysis", "need", 1),
        JoinPool(2, member, 999, "analysis"),
        BidInContest(2, member, 999, 1, "analysis"),
        SignContract(2, member, 999, ""),
        PlaceOrder(2, member, Line(999, "buy", 1, 1)),
        SetBudget(2, member, 999, 1),
        DeclareUse(2, member, 999, 0, 1, "more"),
    )
    assert {type(command) for command in unseen} | {PlaceBasket, CounterOffer} == {
        *COSTS
    }
    for command in unseen:
        with pytest.raises((NotFound, UnknownInstrument)):
            desk.check(parts.reads, parts.writes, command, "key")


def test_one_user_does_not_fill_the_desk(bounded, program, sun, monkeypatch, bearer):
    monkeypatch.setattr(desk, "USERS_WAITING_MAX", 2)
    buyer = program("buyer")
    codes = [buyer.post("/orders", buy(sun)).json["code"] for _ in range(3)]
    assert codes == [*["approval_awaited"] * 2, "too_many_approvals"]
    answer = buyer.client.post(
        "/api/v1/orders", json=buy(sun), headers=bearer("third", "trade")
    )
    assert answer.json["code"] == "approval_awaited"


def test_a_limit_is_lowered_by_one_statement_and_never_raised_by_it(bounded, parts):
    buyer = bounded["buyer"]
    with parts.writes.begin() as db:
        assert not limits.lower(db, buyer.id, buyer.member, 1, 1_001)
        assert limits.lower(db, buyer.id, buyer.member, 1, 900)
        assert limits.of_member(db, buyer.member)[1].amount == 900
        limits.put(db, buyer.id, buyer.member, 1, 5_000)
        assert limits.of_member(db, buyer.member)[1].amount == 5_000
