"""Streams through the HTTP client: what a reader learns, and where it goes on."""

import json
from dataclasses import replace

from marketplace.api.live.following import SCENES
from marketplace.services import EXTENSION
from marketplace.streams import answers
from marketplace.streams.feed import STREAMS_EACH_MAX
from settlement import ids
from tests.programs import V1, buy, pay_in, program, sun

__all__ = ["program", "sun"]


def events(answer):
    """Return the events of an answer as (kind, id, data)."""
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "text/event-stream"
    found = []
    for block in answer.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "data" in lines:
            data = json.loads(lines["data"])
            found.append((lines["event"], lines.get("id"), data))
    return found


def follow(asker, path, after=None):
    """Ask a stream once; the events since *after*."""
    headers = asker.headers | ({"Last-Event-ID": after} if after else {})
    return events(asker.client.get(f"{V1}{path}", headers=headers))


def test_an_instrument_is_told_as_a_snapshot_and_then_by_what_changes(
    program, sun, app, tell
):
    public, path = program(""), f"/instruments/{sun.instrument}/stream"
    ((kind, first, seen),) = follow(public, path)
    assert (kind, seen["position"], seen["previous"]) == ("snapshot", first, None)
    book = public.read(f"/instruments/{sun.instrument}/book")
    assert {"bids": seen["bids"], "offers": seen["offers"]} == book
    assert seen["best"] == {"bid": None, "offer": 1200}
    assert (seen["phase"]["phase"], seen["phase"]["halted"]) == ("continuous", False)
    assert (seen["trades"], seen["contests"], seen["indicative"]) == ([], [], None)

    pay_in(program, "buyer", 9000)
    assert follow(public, path, first) == []  # money is nobody else's
    bid = buy(sun, price=900, time_in_force="GTC")
    order = program("buyer").made("/orders", bid)["order"]
    ((kind, second, change),) = follow(public, path, first)
    assert (kind, change["previous"]) == ("change", first)
    level = {"price": 900, "quantity": 1, "orders": 1, "evergreen": 0}
    assert change["bids"] == [level]
    assert change["best"] == {"bid": 900, "offer": 1200}
    assert "offers" not in change

    program("buyer").made(f"/orders/{order}/cancel")
    program("buyer").made("/orders", buy(sun))
    ((_, second, last),) = follow(public, path, second)
    assert last["bids"] == [level | {"quantity": 0, "orders": 0}]
    assert "trades" not in last  # not told yet
    tell()
    ((_, third, last),) = follow(public, path, second)
    printed = public.read(f"/instruments/{sun.instrument}/trades")["data"]
    assert last["trades"] == printed
    assert not {"buyer", "seller"} & last["trades"][0].keys()
    assert [at for _, at, _ in follow(public, path, first)][1:] == [second, third]

    desk, where = program("surveillance"), f"/instruments/{sun.instrument}/phase"
    call = {"phase": "call", "reference": 1200}
    assert desk.post(f"/staff{where}", call).status_code < 300
    program("buyer").made("/orders", buy(sun, time_in_force="GTC"))
    *_, (_, _, change) = follow(public, path, third)
    assert change["phase"]["phase"] == "call"
    assert change["indicative"] == public.read(where)["indicative"]
    assert change["indicative"]["price"] == 1200

    for lost in ("1.0", "nonsense", "9" * 60):  # not kept: all there is to see
        ((kind, _, seen),) = follow(public, path, lost)
        assert (kind, seen["best"]["offer"]) == ("snapshot", 1200)

    feed, number = (
        app.extensions[answers.FEED],
        ids.decode("instrument", sun.instrument),
    )
    held = [
        feed.ask(SCENES, number, "at 127.0.0.1", None) for _ in range(STREAMS_EACH_MAX)
    ]
    refused = public.get(path)
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_streams")
    assert (refused.json["limit"], refused.json["everybody"]) == (20, False)
    assert refused.headers["Retry-After"]
    assert follow(program("buyer"), path)  # counts for itself
    feed.dismiss(held.pop())
    for _ in range(3):  # an answer gives its place back
        assert follow(public, path)


def test_a_member_alone_follows_its_orders_and_trades(program, sun, app):
    pay_in(program, "buyer", 9000)
    buyer, path = program("buyer"), "/me/stream"
    ((_, first, seen),) = follow(buyer, path)
    assert (seen["orders"], seen["trades"]) == ([], [])
    ((_, begun, _),) = follow(program("other"), path)

    bid = buyer.made("/orders", buy(sun, price=900, time_in_force="GTC"))["order"]
    buyer.made("/orders", buy(sun))
    ((_, second, change),) = follow(buyer, path, first)
    assert [o["state"] for o in change["orders"]] == ["open", "filled"]
    assert change["trades"] == buyer.read("/trades")["data"]
    assert follow(program("other"), path, begun) == []

    buyer.made(f"/orders/{bid}/cancel")
    ((_, _, last),) = follow(buyer, path, second)
    assert [(o["id"], o["state"]) for o in last["orders"]] == [(bid, "cancelled")]
    assert "trades" not in last

    # Cancel on disconnect: what a user's key has waiting, posted prices excepted.
    feed = app.extensions[answers.FEED]
    bid = buyer.made("/orders", buy(sun, price=900, time_in_force="GTC"))["order"]
    assert follow(buyer, f"{path}?cancel_after_s=30")
    ((key, (_, act)),) = feed.timers.items()
    feed.watch(key)  # it comes back in time
    assert not feed.timers
    feed.unwatch(key, 30, act)
    assert act() == 1
    assert buyer.read(f"/orders/{bid}")["state"] == "cancelled"
    assert buyer.get(path, cancel_after_s=61).status_code == 422
    assert program("assessor").get(path, cancel_after_s=1).status_code == 403

    feed.timers.clear()
    assert follow(program("vendor"), f"{path}?cancel_after_s=30")
    ((_, act),) = feed.timers.values()
    assert act() == 0
    offers = buyer.read(f"/instruments/{sun.instrument}/book")["offers"]
    assert len(offers) == 1


def test_several_web_processes_cannot_watch_a_stream_end(program, app, monkeypatch):
    parts = app.extensions[EXTENSION]
    grown = replace(parts.config, exchange_url="unix:/somewhere")
    monkeypatch.setitem(app.extensions, EXTENSION, replace(parts, config=grown))
    refused = program("buyer").get("/me/stream", cancel_after_s=30)
    assert (refused.status_code, refused.json["code"]) == (409, "cannot_watch")
