"""Mandates by pages, by the API, and by the Model Context Protocol."""

import re

import pytest
from sqlalchemy import event, select

from marketplace.members import colleagues, keys, users
from marketplace.members.tables import users as table
from marketplace.trading import mandate_reads
from marketplace.trading.mandating import EndMandate
from settlement import clock, ids
from tests.flows.market import location
from tests.programs import Program, buy, pay_in, program, sun
from tests.visitors import PASSWORD

__all__ = ["program", "sun"]


@pytest.fixture
def second(parts, people):
    """A colleague of the buyer who may approve."""
    member, hashed = people["buyer"].member, parts.passwords.hash(PASSWORD)
    with parts.writes.begin() as db:
        number = users.add(
            db, member, "second@buyer.example", "second", hashed, ["approver"]
        )
        people["second"] = users.get(db, number)
    return people["second"]


def bounds(sun, **changed):
    return {
        "name": "Sun for the model",
        "currency": "CNY",
        "price_max": 1_200,
        "daily_max": 3_000,
        "unique": False,
        "instruments": [sun.instrument],
        "purposes": ["internal_analysis"],
        "until_us": clock.now_us() + 30 * clock.DAY_US,
    } | changed


def called(app, secret, name, **arguments):
    """Call a tool of the Model Context Protocol; whether it was refused, and why."""
    params = {"name": name, "arguments": arguments}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    headers = {"Authorization": f"Bearer {secret}"}
    answer = app.test_client().post("/api/mcp", json=asked, headers=headers)
    result = answer.json["result"]
    return result["isError"], result["structuredContent"]


def test_an_agent_orders_within_its_mandate_by_whatever_way(app, program, sun, parts):
    pay_in(program, "buyer", 50_000)
    buyer = program("buyer")
    soon_us = clock.now_us() + 20 * clock.DAY_US  # before the right that it buys ends
    given = buyer.made("/mandates", bounds(sun, until_us=soon_us))
    key = given["secret"]
    agent = Program(app.test_client(), {"Authorization": f"Bearer {key}"})
    assert agent.read("/mandate")["left"] == 3_000
    assert not called(app, key, "place_order", **buy(sun))[0]
    refused, why = called(app, key, "place_order", **buy(sun, quantity=2))
    assert (refused, why["code"], why["left"]) == (True, "over_budget", 1_800)
    dear = buy(sun, price=1_300)
    assert agent.post("/orders", dear).json["code"] == "outside_mandate"
    basket = {"orders": [buy(sun, price=5, time_in_force="GTC")] * 2}
    assert agent.post("/baskets", basket).status_code == 200
    told = agent.read("/mandate")
    assert (told["today"], told["waits"], told["left"]) == (1_200, 10, 1_790)
    outside = {
        "/payouts": {"currency": "CNY", "amount": 100, "destination": "a"},
        "/mandates": bounds(sun),
        "/orders/cancel": {},
    }
    for path, body in outside.items():
        assert agent.post(path, body).status_code == 403, path
    (right,) = agent.read("/entitlements")["data"]
    there = f"/entitlements/{right['id']}/sharings"
    shared = agent.made(there)["profile"]["expirationTime"]
    until = clock.moment(soon_us).strftime("%Y-%m-%dT%H:%M")
    assert shared[:16] <= until  # it opens nothing beyond its mandate
    theirs = f"/sharings/{buyer.made(there)['id']}"
    assert agent.post(f"{theirs}/rotations").status_code == 404
    assert agent.delete(theirs).status_code == 404
    mine = buyer.made("/orders", buy(sun, price=4, time_in_force="GTC"))["order"]
    assert agent.post(f"/orders/{mine}/cancel").status_code == 404
    begun_us = clock.now_us()
    ended = buyer.made(f"/mandates/{given['id']}/end")
    assert clock.now_us() - begun_us < clock.SECOND_US
    assert (ended["cancelled"], ended["state"], ended["left"]) == (2, "ended", 0)
    assert agent.post("/orders", buy(sun)).status_code == 401
    gone = app.test_client().post("/api/mcp", json={}, headers=agent.headers)
    assert gone.status_code == 401
    assert [o["id"] for o in buyer.read("/orders", which="live")["data"]] == [mine]
    assert [m["id"] for m in buyer.read("/mandates")["data"]] == [given["id"]]
    assert buyer.get("/mandate").status_code == 404
    other = program("other").get(f"/mandates/{given['id']}")
    assert other.status_code == 404


def test_a_mandate_that_the_market_refuses_leaves_no_agent(program, sun, parts):
    buyer = program("buyer")
    with parts.reads.connect() as db:
        before = len(db.execute(select(table.c.id)).all())
    for wrong in ({"until_us": 1}, {"instruments": [ids.encode("instrument", 9)]}):
        assert buyer.post("/mandates", bounds(sun, **wrong)).status_code in (404, 422)
    alone = buyer.post("/mandates", bounds(sun, approval_above=1))
    assert alone.json["code"] == "nobody_approves"
    with parts.reads.connect() as db:
        assert len(db.execute(select(table.c.id)).all()) == before


def test_above_the_threshold_of_a_mandate_another_than_its_giver_approves(
    app, program, second, sun, visit
):
    pay_in(program, "buyer", 50_000)
    given = program("buyer").made("/mandates", bounds(sun, approval_above=1_000))
    key = given["secret"]
    refused, why = called(app, key, "place_order", **buy(sun), idempotency_key="k")
    assert (refused, why["code"]) == (True, "approval_awaited")
    page = f"/approvals/{why['approval']}"
    assert visit("buyer").post(f"{page}/approve").status_code == 403  # gave it
    assert location(visit("second").post(f"{page}/approve")) == page
    refused, told = called(app, key, "get_approval", approval=why["approval"])
    assert (refused, told["state"]) == (False, "sent")
    refused, placed = called(app, key, "place_order", **buy(sun), idempotency_key="k")
    assert (refused, placed["order"]) == (False, told["result"])
    _, why = called(app, key, "place_order", **buy(sun), idempotency_key="l")
    program("buyer").made(f"/mandates/{given['id']}/end")
    late = visit("second").post(f"/approvals/{why['approval']}/approve")
    assert late.status_code == 409  # the agent is gone


def test_mandates_and_budgets_are_given_watched_and_ended_by_pages(
    program, second, sun, visit, parts, people
):
    with parts.writes.begin() as db:
        hashed = parts.passwords.hash(PASSWORD)
        about = "co@buyer.example", "co", hashed, ["owner"]
        number = users.add(db, people["buyer"].member, *about)
        people["second_owner"] = users.get(db, number)
    pay_in(program, "buyer", 50_000)
    owner = visit("buyer")
    assert "robot" in owner.get("/mandates/").text
    form = {
        "name": "Sun",
        "currency": "CNY",
        "daily_max": "30",
        "price_max": "12.00",
        "symbols": "sun, SUN",
        "purposes": ["internal_analysis"],
        "until": f"{clock.moment(clock.now_us() + 5 * clock.DAY_US):%Y-%m-%d}",
    }
    for wrong in (
        {"daily_max": "x"},
        {"symbols": "MOON"},
        {"until": "2020-01-01"},
        {"name": ""},
    ):
        assert owner.post("/mandates/new", **form | wrong).status_code == 422, wrong
    made = owner.post("/mandates/new", **form)
    assert made.status_code == 201
    assert "dbk_" in made.text
    page = re.search(r"/mandates/mdt_\w+", made.text)[0]
    assert "dbk_" not in owner.get(page).text  # shown once
    assert "SUN" in owner.get(page).text
    assert visit("other").get(page).status_code == 404
    assert location(owner.post(f"{page}/end")) == page
    assert location(owner.post(f"{page}/end")) == page  # nothing is left to end
    user = ids.encode("user", second.id)
    budget = location(owner.post("/mandates/new", **form, holder=user))
    assert page in owner.get("/mandates/").text
    assert budget in owner.get("/mandates/").text
    assert owner.post("/mandates/new", **form, holder=user).status_code == 409
    assert visit("second").post(f"{budget}/end").status_code == 403  # only an owner
    own = ids.encode("user", people["buyer"].id)
    bounding = location(visit("second_owner").post("/mandates/new", **form, holder=own))
    clerk = {"name": "C", "email": "c@buyer.example", "roles": ["buyer"]}
    for path, sent in (
        ("/account/users", clerk),
        (f"/account/users/{user}/password", {}),
        (f"/account/users/{user}/let-in", {}),
    ):
        assert owner.post(path, **sent).status_code == 403, path  # no way round it
    location(visit("second_owner").post(f"{bounding}/end"))
    assert owner.post(f"/account/users/{user}/password").status_code == 200
    assert location(owner.post(f"{budget}/end")) == budget
    stranger = ids.encode("user", 1)
    assert owner.post("/mandates/new", **form, holder=stranger).status_code == 404


def test_agents_take_no_seats_of_the_members_users(program, sun, parts, monkeypatch):
    owner = program("buyer")
    with parts.reads.connect() as db:
        me = users.get(db, ids.decode("user", owner.read("/me")["user"]))
        seats = len(users.of_member(db, me.member))
    monkeypatch.setattr(colleagues, "USERS_MAX", seats + 1)
    for _ in range(3):
        owner.made("/mandates", bounds(sun))
    hashed = parts.passwords.hash(PASSWORD)
    with parts.writes.begin() as db:
        wanted = ("new@buyer.example", "New", ["buyer"], hashed)
        assert colleagues.invite(db, me, *wanted)


def test_a_page_of_mandates_is_one_question_and_finds_the_orders_by_their_user(
    app, program, sun, parts
):
    pay_in(program, "buyer", 50_000)
    for price in (5, 7):
        key = program("buyer").made("/mandates", bounds(sun))["secret"]
        agent = Program(app.test_client(), {"Authorization": f"Bearer {key}"})
        agent.made("/orders", buy(sun, price=price, time_in_force="GTC"))
    asked = []

    def note(_db, _cursor, statement, values, *_):
        asked.append((statement, values))

    with parts.reads.connect() as db:
        rows = mandate_reads.of_member(db, 2).rows
        event.listen(db, "before_cursor_execute", note)
        stands = mandate_reads.lefts(db, rows, clock.now_us())
        ((statement, values),) = asked
        assert sorted(left.waits for left in stands.values()) == [5, 7]
        if db.dialect.name == "sqlite":
            plan = db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            assert "ix_orders_user" in str(plan.all())


def test_a_key_ends_with_the_mandate_and_what_is_left_of_an_agent_can_be_ended(
    app, program, sun, parts
):
    buyer = program("buyer")
    given = buyer.made("/mandates", bounds(sun))
    agent = Program(app.test_client(), {"Authorization": f"Bearer {given['secret']}"})
    assert agent.get("/mandate").status_code == 200
    number = ids.decode("mandate", given["id"])
    me = buyer.read("/me")
    by, member = ids.decode("user", me["user"]), ids.decode("member", me["member"])
    parts.gateway.submit(EndMandate(by, member, number))  # and no more than that
    assert agent.get("/mandate").status_code == 401
    assert buyer.made(f"/mandates/{given['id']}/end")["cancelled"] == 0
    with parts.reads.connect() as db:
        holder = mandate_reads.one(db, number, member).holder
        assert users.is_disabled(db, holder)
        assert holder not in {key.user for key in keys.of_member(db, member)}
