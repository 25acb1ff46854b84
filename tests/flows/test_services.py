"""A service is called with a key: counted once, charged by tier, within all limits."""

import hashlib
import time

from marketplace.metering import keys as signing
from marketplace.metering.gate import Gate
from marketplace.metering.nearing import Nearing
from marketplace.metering.server import CALLER
from marketplace.metering.tables import endpoints, signatures
from marketplace.services import EXTENSION
from settlement import clock, ids
from tests import backends
from tests.backends import SECRET
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


def used(program, entitlement):
    return program("buyer").read(f"/entitlements/{entitlement}/use")


def looked(app):
    """Let every standing be read afresh, as it is half a second later."""
    for known in app.extensions[CALLER].gate._known.values():
        known.facts = None


def test_a_call_goes_to_the_vendor_with_its_secret_and_comes_back(caller, backend):
    answer = caller.get("/companies/5?x=1%202", headers={"Cookie": "a=b"})
    assert answer.json == {"data": backends.ITEMS}
    assert backend.seen == [
        (answer.headers["Databourse-Call"], "/v2/companies/5?x=1%202")
    ]
    sent = backend.headers[0]
    assert sent["X-Api-Key"] == SECRET
    assert "Authorization" not in sent
    assert "Cookie" not in sent
    assert "Set-Cookie" not in answer.headers
    assert SECRET not in str(answer.headers)
    posted = caller.get("/q", "POST", data=b"{}", content_type="application/json")
    assert posted.json["sent"] == "{}"


def test_each_tier_charges_the_calls_inside_it_once(
    caller, program, right, count, parts, service
):
    for _ in range(6):
        assert caller.get("/a").status_code == 200
    assert count() == 6
    assert count() == 0
    tab = used(program, right)
    # one free, three at 10, two at 5
    assert (tab["periods"][0]["units"], tab["periods"][0]["amount"]) == (6, 40)
    assert tab["allowed"] == tab["held"] == 960
    calls = program("buyer").read(f"/entitlements/{right}/calls")["data"]
    theirs = program("vendor").read(f"/products/{service[0]}/calls")["data"]
    assert [c["call"] for c in calls] == [c["call"] for c in theirs]
    assert len(calls) == 6
    assert proven(parts.writes)
    moves = program("vendor").read("/transfers")["data"]
    assert [m["amount"] for m in moves if m["reason"] == "use"] == [40]


def test_what_the_service_fails_to_answer_is_not_counted(caller):
    for status, counted in ((200, 1), (404, 1), (500, 0), (429, 0)):
        answer = caller.get(f"/a?status={status}")
        assert answer.status_code == status
        assert answer.headers["Databourse-Counted"] == str(counted)


def test_a_call_without_an_answer_costs_nothing_and_is_on_record(
    caller, program, right, count
):
    answer = caller.get("/hang-up")
    assert (answer.status_code, answer.json["code"]) == (502, "service_failed")
    count()
    (call,) = program("buyer").read(f"/entitlements/{right}/calls")["data"]
    assert (call["status"], call["counted"]) == (None, False)
    assert call["call"] == answer.json["call"]
    assert used(program, right)["periods"] == []


def test_only_hits_are_charged_where_the_vendor_says_so(app, program, count, parts):
    right = backends.buy(program, sold(program, "HITS")[1])
    budget(program, right, 14)
    caller = Caller(app, program, right)
    assert [caller.get(p).status_code for p in ("/a", "/miss", "/b", "/c")] == [
        *(200, 200, 200, 402)
    ]
    count()
    period = used(program, right)["periods"][0]
    assert (period["calls"], period["hits"], period["amount"]) == (3, 2, 14)
    looked(app)
    assert caller.get("/d").json["code"] == "budget_used_up"
    assert proven(parts.writes)


def test_a_call_pack_ends_at_its_last_call(app, program, count, parts):
    right = backends.buy(program, sold(program, "PACK")[1], quantity=2)
    caller = Caller(app, program, right)
    assert [caller.get("/a").status_code for _ in range(3)] == [200] * 3
    count()
    looked(app)
    assert [caller.get("/a").status_code for _ in range(2)] == [200, 403]
    count()
    told = program("buyer").read(f"/entitlements/{right}")
    assert (told["deliveries"], told["deliveries_max"]) == (4, 4)
    assert proven(parts.writes)


def warned(program, parts):
    """Let the market tell what nears its end; the notices of the buyer about it."""
    Nearing(parts.reads, parts.writes).step()
    found = program("buyer").read("/notices")["data"]
    return [one["text"] for one in found if one["kind"].startswith("use_")]


def test_a_budget_is_told_of_once_at_each_line_and_again_after_a_top_up(
    app, program, count, parts
):
    right = backends.buy(program, sold(program, "HITS")[1])
    budget(program, right, 50)
    caller = Caller(app, program, right)
    told = []
    for calls in (5, 2):  # at 7 each: 35 and 49 of 50
        assert [caller.get("/a").status_code for _ in range(calls)] == [200] * calls
        count()
        told.append(warned(program, parts))
    assert [len(texts) for texts in told] == [0, 1]
    assert "100" in told[1][0]
    assert warned(program, parts) == told[1]
    budget(program, right, 7)
    looked(app)
    assert caller.get("/a").status_code == 200
    count()
    assert len(warned(program, parts)) == 2


def test_a_pack_is_told_of_at_its_lines(app, program, count, parts):
    right = backends.buy(program, sold(program, "PACK")[1], quantity=4)
    caller = Caller(app, program, right)
    for calls, told in ((6, []), (1, ["85"]), (1, ["100", "85"])):
        assert [caller.get("/a").status_code for _ in range(calls)] == [200] * calls
        count()
        looked(app)
        texts = warned(program, parts)
        assert [any(n in text for text in texts) for n in told] == [True] * len(told)
        assert len(texts) == len(told)


def test_limits_of_a_second_and_a_day_hold(app, program, backend, service):
    connect(program, service[0], backend, secret=SECRET, second_max=1000, day_max=3)
    right = backends.buy(program, service[1])
    budget(program, right, 1_000)
    caller = Caller(app, program, right)
    statuses = [caller.get("/a").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    refused = caller.get("/a")
    assert refused.json["within"] == "day"
    assert int(refused.headers["Retry-After"]) > 0


def test_what_ends_is_refused_at_once(app, program, caller, right, count):
    assert caller.get("/a").status_code == 200
    answer = program("buyer").delete(f"/service-keys/{caller.id}")
    assert answer.status_code == 204
    looked(app)
    refused = caller.get("/a")
    assert (refused.status_code, refused.json["code"]) == (401, "bad_service_key")
    other = Caller(app, program, right)
    assert other.get("/a").status_code == 200
    path = f"/staff/entitlements/{right}/decisions"
    program("surveillance").made(path, {"event": "suspend", "reason": "a complaint"})
    looked(app)
    assert other.get("/a").json["code"] == "right_ended"


def test_a_stream_ends_with_its_right(app, program, caller, right):
    pieces = caller.get("/stream").iter_encoded()
    assert next(pieces)
    path = f"/staff/entitlements/{right}/decisions"
    program("surveillance").made(path, {"event": "revoke", "reason": "a complaint"})
    begun_s = time.monotonic()
    rest = sum(map(len, pieces))
    assert time.monotonic() - begun_s < 2
    assert rest < 100_000


def test_a_replaced_key_goes_on_for_a_day(app, program, caller):
    path = f"/service-keys/{caller.id}/rotations"
    made = program("buyer").made(path)
    assert made["secret"] != caller.secret
    looked(app)
    assert caller.get("/a").status_code == 200
    caller.secret = made["secret"]
    assert caller.get("/a").status_code == 200


def test_a_signed_request_holds_once_and_only_as_it_was_signed(app, program, right):
    caller = Caller(app, program, right, kind="signed")
    prefix = "_".join(caller.secret.split("_")[:2])
    secret = caller.secret.removeprefix(prefix + "_")

    def sent(path, method="POST", body=b"{}", at_s=0, **more):
        stamp = str(clock.now_us() // clock.SECOND_US + at_s)
        made = signing.signature(secret, stamp, method, caller.root + path, body)
        headers = {
            "Databourse-Key": prefix,
            "Databourse-Timestamp": stamp,
            "Databourse-Signature": made,
        } | more
        return caller.client.open(
            caller.root + "/a?x=1", method="POST", headers=headers, data=b"{}"
        ).status_code

    assert sent("/a?x=1") == 200
    assert sent("/a?x=1", at_s=1) == 200
    assert sent("/a?x=1", at_s=1) == 401  # a second time
    parts = app.extensions[EXTENSION]
    gate = Gate(parts.reads, parts.writes, parts.vault)  # another process
    app.extensions[CALLER].gate = gate
    assert sent("/a?x=1", at_s=1) == 401
    assert sent("/a?x=1", at_s=2) == 200
    assert sent("/a?x=2") == 401
    assert sent("/a?x=1", method="GET") == 401
    assert sent("/a?x=1", body=b"{ }") == 401
    assert sent("/a?x=1", at_s=-900) == 401
    with parts.writes.begin() as db:
        assert len(db.execute(signatures.select()).all()) == 3
        signing.forget_signatures(db, clock.now_us() // clock.SECOND_US + 900)
        assert db.execute(signatures.select()).all() == []
    bearer = {"Authorization": f"Bearer {caller.secret}"}
    assert caller.client.get(caller.root + "/a", headers=bearer).status_code == 401


def test_a_key_is_bound_to_its_right_and_addresses(app, program, service, right):
    caller = Caller(app, program, right, addresses="203.0.113.0/24, 2001:db8::/32")
    inside = {"REMOTE_ADDR": "203.0.113.9"}
    assert caller.get("/a", environ_base=inside).status_code == 200
    refused = caller.get("/a")
    assert refused.json["code"] == "address_not_allowed"
    other = backends.buy(program, service[1])
    caller.root = f"/api/services/{other}"
    assert caller.get("/a", environ_base=inside).status_code == 401


def test_no_path_leads_beside_the_vendors_address(caller, backend):
    for path in ("/../admin", "/a/../../b", "/%2e%2e/admin", "/a\\..\\b", "/./a"):
        assert caller.get(path).status_code == 404
    assert backend.seen == []


def test_nothing_private_is_called_whatever_was_connected(
    app, program, service, caller, parts
):
    gate = app.extensions[CALLER]
    gate.forwarder.reachable = ()
    gate._parts.clear()
    answer = caller.get("/a")
    assert answer.status_code in (409, 502)
    local = {"url": "http://localhost/x", "header": "", "secret": ""}
    assert program("vendor").put(f"/products/{service[0]}/endpoint", local).json
    looked(app)
    answer = caller.get("/a")
    assert (answer.status_code, answer.json["why"]) == (502, "not_public")


def test_a_secret_is_not_sent_to_another_host(program, service):
    elsewhere = {"url": "https://evil.example/", "header": "X-Api-Key"}
    answer = program("vendor").put(f"/products/{service[0]}/endpoint", elsewhere)
    assert answer.status_code == 422
    assert "secret" in answer.json["problems"]


def test_a_service_that_fails_is_left_in_peace(caller, backend):
    for _ in range(5):
        assert caller.get("/a?status=503").status_code == 503
    before = len(backend.seen)
    answer = caller.get("/a")
    assert answer.json["code"] == "service_rests"
    assert int(answer.headers["Retry-After"]) > 0
    assert len(backend.seen) == before


def test_answers_are_repeated_only_where_the_licence_lets_them_be_kept(
    app, program, service, right, backend, count, parts
):
    connect(program, service[0], backend, cache_s=60)
    caller = Caller(app, program, right)
    first, second = caller.get("/a?q=1"), caller.get("/a?q=1")
    kept = (
        app.extensions[CALLER].gate._known[ids.decode("entitlement", right)].facts.keeps
    )
    assert second.json == first.json
    assert second.headers["Databourse-Repeated"] == str(int(kept))
    assert len(backend.seen) == 2 - int(kept)
    count()
    assert used(program, right)["periods"][0]["calls"] == 2
    assert proven(parts.writes)


def test_a_test_key_gets_the_sample_and_counts_nothing(
    app, program, right, backend, count
):
    caller = Caller(app, program, right, test=True)
    answer = caller.get("/anything")
    assert answer.json == [{"code": "58362"}]
    assert answer.headers["Databourse-Test"] == "sample"
    assert backend.seen == []
    count()
    assert used(program, right)["periods"] == []


def test_what_was_set_aside_comes_back(program, parts, right, count):
    free = program("buyer").read("/balances")["data"]
    tab = budget(program, right, 100)
    assert (tab["held"], tab["allowed"]) == (1_000, 100)
    refused = program("buyer").put(f"/entitlements/{right}/budget", {"amount": 10**9})
    assert refused.status_code == 402
    assert free


def test_use_beyond_the_meter_is_declared_and_charged(
    program, right, caller, count, parts
):
    caller.get("/a")
    count()
    said = {"period": 0, "units": 5, "statement": "Four calls of our branch."}
    path = f"/entitlements/{right}/declarations"
    assert program("buyer").made(path, said) == {"units": 4}
    assert program("buyer").post(path, said).status_code == 422
    late = said | {"period": 3, "units": 9}
    assert program("buyer").post(path, late).status_code == 409
    assert used(program, right)["periods"][0]["amount"] == 35
    assert proven(parts.writes)
    uses = program("buyer").read(f"/entitlements/{right}/uses")["data"]
    assert [use["statement"] for use in uses] == ["Four calls of our branch.", ""]


def test_how_a_service_answers_is_measured_from_its_calls(
    program, caller, service, count
):
    for path in ("/a", "/a", "/a?status=500"):
        caller.get(path)
    count()
    told = program("").read(f"/products/{service[0]}/health")
    assert (told["calls"], told["uptime_bps"]) == (3, 6_666)
    assert told["p50_us"] > 0


def test_nobody_else_sees_a_members_keys_use_and_calls(program, right, caller, service):
    other = program("other")
    for what in ("service-keys", "use", "uses", "calls"):
        assert other.get(f"/entitlements/{right}/{what}").status_code == 404
    assert other.delete(f"/service-keys/{caller.id}").status_code == 404
    assert other.get(f"/products/{service[0]}/endpoint").status_code == 404
    assert program("vendor").get(f"/entitlements/{right}/calls").status_code == 404


def test_the_secret_is_sealed_in_the_database(parts, service):
    with parts.reads.connect() as db:
        row = db.execute(endpoints.select()).first()
    assert SECRET not in str(row)
    assert hashlib.sha256(SECRET.encode()).hexdigest() not in str(row)
    assert parts.vault.unlock(row.sealed) == SECRET
