"""Metered use is paid past mandates: who is bounded has no part in it."""

import pytest

from marketplace.approvals import limits
from marketplace.metering import keys
from marketplace.trading.mandating import GiveMandate
from settlement import clock, ids
from tests.called import (
    app,
    backend,
    backend_of_all,
    market,
    parts,
    program,
    right,
    service,
)
from tests.programs import Program

__all__ = [
    "app", "backend", "backend_of_all", "market", "parts", "program", "right",
    "service",
]  # fmt: skip
SAID = {"period": 0, "units": 5, "statement": "Five calls of our branch."}


@pytest.fixture
def me(program):
    """The numbers of the buyer's user and member."""
    found = program("buyer").read("/me")
    return ids.decode("user", found["user"]), ids.decode("member", found["member"])


def test_an_agent_has_no_key_to_a_service_and_no_budget(app, program, right):
    buyer = program("buyer")
    wanted = {
        "name": "An agent",
        "currency": "CNY",
        "daily_max": 1_000,
        "until_us": clock.now_us() + clock.DAY_US,
    }
    secret = buyer.made("/mandates", wanted)["secret"]
    agent = Program(app.test_client(), {"Authorization": f"Bearer {secret}"})
    path = f"/entitlements/{right}"
    key = buyer.made(f"{path}/service-keys", {"name": "ours"})["id"]
    for answer in (
        agent.post(f"{path}/service-keys", {"name": "mine"}),
        agent.post(f"/service-keys/{key}/rotations"),
        agent.client.delete(f"/api/v1/service-keys/{key}", headers=agent.headers),
        agent.put(f"{path}/budget", {"amount": 5}),
        agent.post(f"{path}/declarations", SAID),
    ):
        assert (answer.status_code, answer.json["code"]) == (403, "outside_mandate")


def test_the_keys_of_who_is_bounded_call_nothing(program, parts, right, me):
    user, member = me
    program("buyer").made(f"/entitlements/{right}/service-keys", {"name": "ours"})
    number = ids.decode("entitlement", right)
    with parts.reads.connect() as db:
        assert keys.that_work(db, number, member)
    until_us = clock.now_us() + clock.DAY_US
    budget = GiveMandate(
        user, member, user, "a budget", False, 1, None, 1_000, None, None, False, (),
        (), until_us,
    )  # fmt: skip
    parts.gateway.submit(budget)
    with parts.reads.connect() as db:
        assert keys.that_work(db, number, member) == []


def test_a_budget_and_declared_use_above_the_limit_wait(program, parts, right, me):
    buyer, path = program("buyer"), f"/entitlements/{right}"
    buyer.put(f"{path}/budget", {"amount": 100})
    with parts.writes.begin() as db:
        limits.put(db, *me, 1, 20)
    waits = [
        buyer.put(f"{path}/budget", {"amount": 120}),
        buyer.post(f"{path}/declarations", SAID),
    ]
    assert [answer.json["code"] for answer in waits] == ["approval_awaited"] * 2
    told = {row["kind"]: row["amount"] for row in buyer.read("/approvals")["data"]}
    assert told == {"SetBudget": 120, "DeclareUse": 35}
    assert buyer.put(f"{path}/budget", {"amount": 20}).status_code == 200
