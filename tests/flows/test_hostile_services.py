"""A vendor, a buyer and a stranger who mean no good: what each of them cannot do."""

from itertools import count as endless
from types import SimpleNamespace

import pytest

from marketplace.members import users
from marketplace.metering import keys
from marketplace.metering.gate import FAILURES_MAX
from marketplace.metering.server import CALLER
from marketplace.trading import usage_tables as u
from marketplace.web.calls import _beginning
from settlement import ids
from tests import backends
from tests.called import (
    Caller,
    app,
    backend,
    backend_of_all,
    budget,
    caller,
    connect,
    count,
    market,
    parts,
    program,
    right,
    service,
    sold,
)
from tests.floor import proven

__all__ = [
    "app", "backend", "backend_of_all", "caller", "count", "market", "parts", "program",
    "right", "service",
]  # fmt: skip


def standing_of(app, right):
    return app.extensions[CALLER].gate._known[ids.decode("entitlement", right)]


@pytest.fixture
def by_record(app, program, backend):
    """Return who may spend 7 on records at 2 each."""
    entitlement = backends.buy(program, sold(program, "ROWS")[1])
    budget(program, entitlement, 7)
    return Caller(app, program, entitlement), entitlement


def test_an_answer_of_more_records_than_are_paid_for_is_not_given(
    app, program, by_record, count, parts
):
    caller, right = by_record
    refused = caller.get("/a?many=1000")
    assert (refused.status_code, refused.json["code"]) == (402, "budget_used_up")
    assert refused.json.get("data") is None
    assert standing_of(app, right).under_way == 0
    long = caller.get("/a?many=600000")
    assert (long.status_code, long.json["why"]) == (502, "too_long")
    assert caller.get("/a?many=3").status_code == 200
    count()
    tab = program("buyer").read(f"/entitlements/{right}/use")
    assert (tab["periods"][0]["records"], tab["periods"][0]["amount"]) == (3, 6)
    assert (tab["allowed"], tab["owed"]) == (1, 0)
    calls = program("buyer").read(f"/entitlements/{right}/calls")["data"]
    assert [call["why"] for call in calls] == ["", "too_long", "budget_used_up"]
    assert proven(parts.writes)


def test_a_plan_that_no_account_could_pay_is_not_put_on_the_market(program):
    unit = {
        "symbol": "TRAP", "licence": "internal", "term_days": 30, "mode": "per_record",
        "plan": {"tiers": [{"up_to": 1, "price": 0}, {"up_to": None, "price": 10**15}]},
    }  # fmt: skip
    vendor = program("vendor")
    product = vendor.made("/products", backends.SERVICE)["id"]
    answer = vendor.post(f"/products/{product}/instruments", unit)
    assert answer.status_code == 422
    assert "tiers" in answer.text


def test_what_is_owed_is_paid_before_the_next_call(app, program, by_record, parts):
    caller, right = by_record
    assert caller.get("/a?many=1").status_code == 200
    number = ids.decode("entitlement", right)
    with parts.writes.begin() as db:  # as if other processes had counted more
        db.execute(
            u.periods.insert().values(
                entitlement=number, period=0, fee_schedule=1, fee_rule=0, calls=1,
                hits=1, records=9, units=9, due=18, amount=7, fee=0,
            )
        )  # fmt: skip
    standing_of(app, right).facts = None
    refused = caller.get("/a?many=1")
    assert (refused.status_code, refused.json["code"]) == (402, "use_unpaid")
    assert refused.json["owed"] == 11


def test_what_rights_were_bought_under_is_not_taken_from_them(
    program, service, right, backend
):
    vendor, path = program("vendor"), f"/products/{service[0]}/endpoint"
    same = vendor.read(path)
    same.pop("changed_us")
    for field, worse in (("day_max", 1), ("second_max", 1), ("pointer", "/other")):
        answer = vendor.put(path, same | {field: worse})
        assert (answer.status_code, list(answer.json["problems"])) == (422, [field])
    assert vendor.put(path, same | {"day_max": 200_000}).status_code == 200
    assert vendor.put(path, same).status_code == 422  # what was given is not taken


def test_the_key_of_a_user_who_was_shut_out_is_refused(app, program, caller, right):
    parts = app.extensions["databourse"]
    number = ids.decode("entitlement", right)
    hashed = parts.passwords.hash("a pass phrase of some length")
    with parts.writes.begin() as db:
        first = backends.user_of(db, "buyer")
        member = users.get(db, first).member
        other = users.add(
            db, member, "second@buyer.example", "second", hashed, ["buyer"]
        )
        made = keys.create(db, parts.vault, users.get(db, other), number, "another")
    second = Caller(app, program, right)
    second.secret = made.secret
    assert caller.get("/a").status_code == second.get("/a").status_code == 200
    with parts.writes.begin() as db:
        users.set_disabled(db, first, disabled=True)
    for _ in range(2):
        standing_of(app, right).facts = None
        assert second.get("/a").status_code == 200
        assert caller.get("/a").status_code == 401


def test_keys_that_are_none_disturb_nobody(app, program, caller, right):
    assert caller.get("/a").status_code == 200
    gate = app.extensions[CALLER].gate
    before = standing_of(app, right).facts
    stranger = Caller(app, program, right)
    stranger.secret = "dbc_" + "0" * 12 + "_" + "A" * 43
    for _ in range(FAILURES_MAX):
        assert stranger.get("/a").status_code == 401
    assert stranger.get("/a").status_code == 429
    assert standing_of(app, right).facts is before
    assert caller.get("/a").status_code == 200  # from the same address
    stranger.root = "/api/services/" + ids.encode("entitlement", 999_999)
    stranger.get("/a")
    assert len(gate._known) == 1


def test_odd_answers_are_handed_on_and_close_their_connection(
    app, caller, by_record, backend
):
    odd = caller.get("/odd")
    assert (odd.status_code, odd.data) == (200, b"{}")
    rows, right = by_record
    assert rows.get("/deep").status_code == 200
    assert standing_of(app, right).under_way == 0


def test_what_breaks_here_gives_back_what_the_call_reserved(
    app, caller, right, monkeypatch
):
    assert caller.get("/a").status_code == 200
    here = app.extensions[CALLER]
    standing, (breaker,) = standing_of(app, right), here._breakers.values()

    def full(*_):
        raise OSError("no space left on the device")

    for broken, name in (
        (here.meter, "begin"),
        (here.meter, "end"),
        (here, "_headers"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(broken, name, full)
            assert caller.get("/a").status_code == 500
        assert (standing.under_way, breaker.under_way) == (0, 0)
    assert caller.get("/a").status_code == 200


def test_kept_answers_are_told_apart_by_language_and_by_address(
    app, program, service, right, backend
):
    connect(program, service[0], backend, cache_s=60)
    caller = Caller(app, program, right)
    assert caller.get("/a").status_code == 200
    known = standing_of(app, right)

    def asked(path, **headers):
        known.facts = known.facts._replace(keeps=True)
        before = len(backend.seen)
        assert caller.get(path, headers=headers).status_code == 200
        return len(backend.seen) - before

    assert [asked("/b"), asked("/b")] == [1, 0]
    assert asked("/b", **{"Accept-Language": "zh"}) == 1
    assert [asked("/b?vary=Databourse-Member") for _ in range(2)] == [1, 1]
    assert [asked("/b?vary=Accept-Language") for _ in range(2)] == [1, 0]
    moved = dict(known.facts.endpoint._mapping) | {"changed_us": 5}
    known.facts = known.facts._replace(endpoint=SimpleNamespace(**moved))
    assert asked("/b") == 1


def test_no_more_of_an_endless_answer_is_read_than_is_shown():
    read = []

    def pieces():
        try:
            for number in endless():
                read.append(number)
                yield b"x" * 1_000
        finally:
            read.append("closed")

    assert _beginning(pieces(), 16_000) == b"x" * 16_000
    assert read[-1] == "closed"
    assert len(read) == 17
    assert _beginning(iter((b"short",)), 16_000) == b"short"
