"""A member's program is told what happens: in order, signed, until it takes it."""

import json

import time_machine
from sqlalchemy import update

from marketplace.api.live.posting import SENDER
from marketplace.delivery import renewals
from marketplace.webhooks import endpoints, envelopes, queue
from marketplace.webhooks.tables import messages, webhooks
from settlement import clock
from settlement.ids import decode
from tests.hooks import config, hook, let_now, receiver, receiver_of_all, send
from tests.programs import buy, pay_in, program, sun, upload
from tests.visitors import app, bearer, parts, people, visit

__all__ = ["app", "bearer", "parts", "people", "program", "sun", "visit"]
__all__ += ["config", "receiver", "receiver_of_all", "send"]
EVERYTHING = sorted(endpoints.FAMILIES)


def told(receiver):
    return [json.loads(body) for _, _, body in receiver.came]


def kinds(receiver):
    prefix = envelopes.TYPE
    return [said["type"].removeprefix(prefix) for said in told(receiver)]


def test_a_trade_a_delivery_and_a_payin_are_told_in_the_order_of_the_journal(
    program, sun, receiver, send
):
    made = hook(program, receiver, *EVERYTHING)
    sold = hook(program, receiver, "trade", "delivery", role="vendor")
    pay_in(program, "buyer", 5_000)
    buyer = program("buyer")
    trade = buyer.made("/orders", buy(sun))["trades"][0]["trade"]
    right = buyer.read("/entitlements")["data"][0]["id"]
    path = f"/entitlements/{right}/deliveries"
    assert buyer.post(path, {"file": sun.file}).status_code == 200
    assert send() == 7
    by_buyer = [one for one in receiver.came if one[1]["webhook-id"].endswith("2")]
    said = [json.loads(body) for _, _, body in by_buyer]
    assert [one["type"].removeprefix(envelopes.TYPE) for one in said] == [
        "payin.created",
        "payin.pending",
        "payin.succeeded",
        "trade.made",
        "delivery.made",
    ]
    positions = [int(one["position"]) for one in said]
    assert positions == sorted(positions)
    bought = said[3]["data"]
    assert bought == buyer.read(f"/trades/{trade}")
    _, headers, body = by_buyer[3]
    stamp = int(headers["webhook-timestamp"])
    right_one = envelopes.signature(made["secret"], headers["webhook-id"], stamp, body)
    assert headers["webhook-signature"] == right_one
    assert abs(stamp - clock.now_us() // clock.SECOND_US) < 60
    sides = {one["data"]["side"] for one in told(receiver) if "side" in one["data"]}
    assert sides == {"buy", "sell"}
    assert send() == 0
    assert made["id"] != sold["id"]


def test_what_is_refused_comes_again_before_anything_later_and_under_its_id(
    program, sun, receiver, send, parts
):
    made = hook(program, receiver, "payin")
    receiver.answers += [500, 302]
    pay_in(program, "buyer", 5_000)
    assert send() == 0
    assert send() == 0  # it is not its time yet
    assert len(receiver.came) == 1
    read = program("buyer").read(f"/webhooks/{made['id']}")
    assert (read["tries"], read["state"]) == (1, "active")
    let_now(parts)
    assert send() == 0  # a redirect is not followed
    let_now(parts)
    assert send() == 3
    ids = receiver.ids()
    assert ids[0] == ids[1] == ids[2] != ids[3]
    log = program("buyer").read(f"/webhooks/{made['id']}/messages")["data"]
    assert [(one["state"], one["tries"], one["status"]) for one in log] == [
        ("delivered", 1, 204),
        ("delivered", 1, 204),
        ("delivered", 3, 204),
    ]


def test_a_webhook_that_fails_for_three_days_is_switched_off_with_a_notice(
    program, receiver, send, parts, visit
):
    made = hook(program, receiver, "payin")
    pay_in(program, "buyer", 5_000)
    receiver.answers += [503, 503]
    send()
    with parts.writes.begin() as db:
        since = clock.now_us() - queue.END_US
        db.execute(update(webhooks).values(next_us=0, failing_us=since))
    send()
    buyer = program("buyer")
    assert buyer.read(f"/webhooks/{made['id']}")["state"] == "disabled"
    notice = buyer.read("/notices")["data"][0]
    assert notice["kind"] == "webhook_disabled"
    assert notice["href"] == f"/account/webhooks/{made['id']}"
    page = visit("buyer").get(notice["href"])
    assert "已停用" in page.text
    send()
    assert len(receiver.came) == 2
    buyer.made(f"/webhooks/{made['id']}/switch", {"on": True})
    assert send() == 3  # nothing was lost


def test_an_address_that_is_gone_is_switched_off_at_once(program, receiver, send):
    made = hook(program, receiver, "payin")
    receiver.answers.append(410)
    pay_in(program, "buyer", 5_000)
    send()
    assert program("buyer").read(f"/webhooks/{made['id']}")["state"] == "disabled"


def test_replay_tells_the_same_again_from_a_position_on(program, receiver, send):
    made = hook(program, receiver, "payin")
    for amount in (5_000, 6_000):
        pay_in(program, "buyer", amount)
    send()
    first = receiver.ids()
    positions = [int(one["position"]) for one in told(receiver)]
    path = f"/webhooks/{made['id']}/replay"
    assert program("buyer").post(path, {"position": 10**9}).status_code == 422
    program("buyer").made(path, {"position": positions[1]})
    send()
    later = [i for i, at in zip(first, positions, strict=True) if at > positions[1]]
    assert receiver.ids()[len(first) :] == later != []


def test_a_new_secret_signs_beside_the_old_one_for_a_day(
    program, receiver, send, parts
):
    made = hook(program, receiver, "payin")
    new = program("buyer").made(f"/webhooks/{made['id']}/secret")["secret"]
    for secrets, ended in (([new, made["secret"]], False), ([new], True)):
        if ended:
            with parts.writes.begin() as db:
                db.execute(update(webhooks).values(overlap_us=1))
        outcome = program("buyer").made(f"/webhooks/{made['id']}/test")
        assert outcome["is_well"]
        _, headers, body = receiver.came[-1]
        stamp, event = int(headers["webhook-timestamp"]), headers["webhook-id"]
        assert headers["webhook-signature"].split() == [
            envelopes.signature(secret, event, stamp, body) for secret in secrets
        ]
    assert kinds(receiver) == ["test", "test"]
    assert send() == 0


def test_a_new_release_comes_with_what_to_fetch(
    program, sun, receiver, send, app, parts, monkeypatch
):
    from marketplace.community.announcements import Announcer

    monkeypatch.setattr(queue, "SETTLED_US", 0)
    hook(program, receiver, "release")
    pay_in(program, "buyer", 5_000)
    program("buyer").made("/orders", buy(sun))
    vendor = program("vendor")
    release = vendor.made(f"/products/{sun.product}/releases", {"label": "1.1"})["id"]
    upload(vendor, release, "hours.csv", b"station,hours\n58362,8\n")
    vendor.made(f"/releases/{release}/finalise")
    Announcer(parts.reads, parts.writes, parts.config.data).step()
    send()
    said = told(receiver)[-1]
    assert said["type"] == "com.databourse.release.new"
    assert said["data"]["product"] == sun.product
    assert said["data"]["label"] == "1.1"
    assert "new release" in said["data"]["text"]
    (right,) = said["data"]["rights"]
    right_id = program("buyer").read("/entitlements")["data"][0]["id"]
    assert right["entitlement"] == right_id
    files = program("buyer").read(f"/entitlements/{right_id}/files")["data"]
    assert [one["sha256"] for one in right["files"]] == [f["sha256"] for f in files]


def test_a_right_that_ends_is_told_once_for_each_reminder(
    program, sun, receiver, send, parts, monkeypatch
):
    monkeypatch.setattr(queue, "SETTLED_US", 0)
    hook(program, receiver, "right")
    pay_in(program, "buyer", 5_000)
    program("buyer").made("/orders", buy(sun))  # for 30 days
    right = program("buyer").read("/entitlements")["data"][0]
    reminders = renewals.Reminders(parts.reads, parts.writes)
    assert reminders.step() == 0
    with time_machine.travel(clock.moment(right["until_us"] - 5 * clock.DAY_US)):
        assert reminders.step() == 1
        assert reminders.step() == 0
        assert renewals.Reminders(parts.reads, parts.writes).step() == 0
        send()
    said = told(receiver)[-1]
    assert said["type"] == "com.databourse.right.ending"
    assert said["data"]["product"] == sun.product
    assert said["data"]["href"] == f"/rights/{right['id']}"
    assert "ends in 5 days" in said["data"]["text"]


def test_two_processes_never_send_of_one_webhook_at_a_time(
    program, receiver, app, parts
):
    number = decode("webhook", hook(program, receiver, "payin")["id"])
    pay_in(program, "buyer", 5_000)
    sender = app.extensions[SENDER]
    with parts.reads.connect() as db:
        (step,) = queue.ahead(db, sender._tell)
    with parts.writes.begin() as db:
        assert queue.fill(db, step)
    with parts.writes.begin() as db:
        assert not queue.fill(db, step)  # another one was faster
        first = queue.claim(db, number)
        assert queue.claim(db, number) is None
        assert queue.due(db) == []
    with parts.writes.begin() as db:  # the first one was silent for too long
        db.execute(update(webhooks).values(lease_us=1))
        second = queue.claim(db, number)
        message = queue.head(db, number)
        late = queue.Outcome(500, "", 1)
        assert queue.record(db, first, message, late) is None
        going = queue.record(db, second, message, queue.Outcome(200, "", 1))
        assert going is not None
        assert queue.head(db, number).id > message.id
        queue.free(db, going)


def test_others_see_nothing_of_it_and_addresses_inside_are_refused(
    program, receiver, visit
):
    made = hook(program, receiver, "payin")["id"]
    other = program("vendor")
    for answer in (
        other.get(f"/webhooks/{made}"),
        other.put(f"/webhooks/{made}", {"url": receiver.url, "families": ["trade"]}),
        other.delete(f"/webhooks/{made}"),
        other.post(f"/webhooks/{made}/test"),
        other.post(f"/webhooks/{made}/secret"),
        other.get(f"/webhooks/{made}/messages"),
    ):
        assert answer.status_code == 404
    for url in ("http://buyer.example/", "ftp://x", "https://u:p@x.example/", "x"):
        wanted = {"url": url, "families": ["trade"]}
        answer = program("buyer").post("/webhooks", wanted)
        assert answer.status_code == 422, url
        assert "url" in answer.json["problems"]
    inside = {"url": "https://127.0.0.1/hook", "families": ["trade"]}
    there = program("buyer").made("/webhooks", inside)["id"]
    tried = program("buyer").made(f"/webhooks/{there}/test")
    assert (tried["is_well"], tried["why"]) == (False, "not_public")


def test_the_pages_make_test_pause_and_delete_a_webhook(
    program, receiver, visit, parts, send
):
    buyer = visit("buyer")
    where = "/account/webhooks/"
    assert "还没有" in buyer.get(where).text
    assert buyer.post(where, url=receiver.url).status_code == 422
    page = buyer.post(where, url=receiver.url, families="payin")
    assert page.status_code == 201
    assert "whsec_" in page.text
    with parts.reads.connect() as db:
        (row,) = endpoints.of_member(db, buyer.user.member)
    one = program("buyer").read("/webhooks")["data"][0]["id"]
    assert "whsec_" not in buyer.get(where + one).text
    assert "204" in buyer.post(f"{where}{one}/test").text
    buyer.post(f"{where}{one}/pause")
    pay_in(program, "buyer", 5_000)
    assert send() == 0
    buyer.post(f"{where}{one}/resume")
    assert send() == 3
    assert "payin.succeeded" in buyer.get(where + one).text
    assert buyer.post(f"{where}{one}/replay", position="x").status_code == 422
    assert buyer.post(f"{where}{one}/replay", position="0").status_code == 303
    assert "whsec_" in buyer.post(f"{where}{one}/secret").text
    changed = buyer.post(where + one, url=receiver.url, families="trade")
    assert changed.status_code == 303
    assert buyer.post(f"{where}{one}/delete").status_code == 303
    with parts.reads.connect() as db:
        assert endpoints.of_member(db, row.member) == []
        assert db.execute(messages.select()).first() is None
