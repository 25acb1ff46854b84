"""Webhooks send for whom they may, in turn, and never more than the limits say."""

from threading import Event

import pytest
from sqlalchemy import update

from marketplace.api.live.posting import SENDER
from marketplace.members import users
from marketplace.members.tables import members
from marketplace.webhooks import endpoints, queue
from marketplace.webhooks.tables import messages, webhooks
from settlement import clock
from settlement.ids import decode
from tests.hooks import config, hook, let_now, receiver, receiver_of_all, send
from tests.programs import pay_in, program
from tests.visitors import app, bearer, parts, people, visit

__all__ = ["app", "bearer", "config", "parts", "people", "program", "receiver"]
__all__ += ["receiver_of_all", "send", "visit"]


def test_a_suspended_member_and_a_disabled_user_are_told_nothing_until_it_ends(
    program, receiver, send, parts, people
):
    made = hook(program, receiver, "payin")
    pay_in(program, "buyer", 5_000)
    buyer = people["buyer"]
    mine = update(members).where(members.c.id == buyer.member)
    with parts.reads.connect() as db:
        assert queue.due(db) == []
    with parts.writes.begin() as db:
        db.execute(mine.values(state="suspended"))
    assert send() == 0
    with parts.writes.begin() as db:
        db.execute(mine.values(state="verified"))
        users.set_disabled(db, buyer.id, disabled=True)
    assert send() == 0
    with parts.writes.begin() as db:
        assert queue.claim(db, decode("webhook", made["id"])) is None
        users.set_disabled(db, buyer.id, disabled=False)
    assert receiver.came == []
    assert send() == 3  # nothing was lost


def test_the_member_hears_who_made_a_webhook_and_where_it_leads(program, receiver):
    made = hook(program, receiver, "payin")
    buyer = program("buyer")

    def heard():
        found = buyer.read("/notices")["data"]
        return [one for one in found if one["kind"] == "webhook_set"]

    (first,) = heard()
    assert "127.0.0.1" in first["text"]
    assert first["href"] == f"/account/webhooks/{made['id']}"
    path = f"/webhooks/{made['id']}"
    changed = {"url": receiver.url, "families": ["trade"]}
    assert buyer.put(path, changed).status_code == 200
    assert len(heard()) == 1  # it leads where it did
    changed["url"] += "/elsewhere"
    assert buyer.put(path, changed).status_code == 200
    assert len(heard()) == 2


def test_one_member_never_has_more_than_two_turns_and_no_webhook_two(
    program, receiver, app, send, parts, monkeypatch
):
    hooks = [hook(program, receiver, "payin") for _ in range(3)]
    pay_in(program, "buyer", 5_000)
    sender, go = app.extensions[SENDER], Event()
    real = sender.post

    def slow(row, message):
        assert go.wait(30)
        return real(row, message)

    monkeypatch.setattr(sender, "post", slow)
    begun = sender.step()
    assert len(begun) == 2
    with parts.writes.begin() as db:  # as if their leases were over
        db.execute(update(webhooks).values(lease_us=0))
    assert sender.step() == []
    go.set()
    for one in begun:
        one.result()
    while send():
        pass
    assert len(receiver.came) >= 3 * len(hooks)  # each had its turn


def test_a_turn_ends_by_the_clock_and_a_slow_answer_makes_a_webhook_rest(
    program, receiver, app, send, parts, monkeypatch
):
    number = decode("webhook", hook(program, receiver, "payin")["id"])
    pay_in(program, "buyer", 5_000)
    monkeypatch.setattr("marketplace.webhooks.sender.TURN_S", 0.0)
    assert send() == 0
    monkeypatch.undo()
    real = app.extensions[SENDER].post

    def slow(row, message):
        return real(row, message)._replace(latency_us=queue.SLOW_US + 1)

    monkeypatch.setattr(app.extensions[SENDER], "post", slow)
    assert send() == 1
    assert send() == 0
    with parts.reads.connect() as db:
        row = endpoints.get(db, number)
    assert row.tries == 0
    assert row.next_us > clock.now_us() + 2 * queue.SLOW_US
    let_now(parts)
    assert send() == 1


def test_nothing_is_rendered_for_a_queue_that_is_full(
    program, receiver, app, parts, monkeypatch
):
    monkeypatch.setattr(queue, "RECORDS_MAX", 1)
    number = decode("webhook", hook(program, receiver, "payin")["id"])
    pay_in(program, "buyer", 5_000)
    rows = [queue.Event(1, "payin.x", f"p{i}", 1, 1, {}) for i in range(1_000)]
    with parts.writes.begin() as db:
        queue.add(db, number, rows)
        assert queue.ahead(db, pytest.fail) == []
        one = update(messages).where(messages.c.id == queue.head(db, number).id)
        db.execute(one.values(state="delivered", done_us=clock.now_us()))
        assert queue.ahead(db, app.extensions[SENDER]._tell) != []


@pytest.mark.parametrize("config", [True], indirect=True)
def test_replays_are_limited(program, receiver, visit):
    made = hook(program, receiver, "payin")
    path, buyer = f"/webhooks/{made['id']}/replay", program("buyer")
    codes = [buyer.post(path, {"position": 0}).status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]
    page = f"/account{path}"
    assert visit("buyer").post(page, position="0").status_code == 429
