"""The walls of the clean room: no other way to its data, no question unseen."""

import io
import json
import zipfile
from threading import Thread

import pytest
from sqlalchemy import select

from listings.cleanroom import groupings
from marketplace import limits
from marketplace.delivery import cleanroom, roomsettings
from marketplace.delivery.tables import queries
from marketplace.members import keys, users
from settlement import clock, ids
from settlement.errors import Busy
from tests import backends
from tests.flows.test_cleanroom import (
    BY_REGION,
    CANARY,
    ROOM,
    SALES,
    app,
    ask,
    market,
    open_room,
    parts,
    program,
    right,
    right_to,
    sun,
)
from tests.programs import V1, buy, put_on_market, upload

__all__ = ["app", "market", "parts", "program", "right", "sun"]
OTHER = ROOM | {"least": 20}


# ── no other way to the data ──


@pytest.fixture
def drifted(program, parts, sun):
    """The product with a further release: there is something that moved."""
    vendor = program("vendor")
    path = f"/products/{sun.product}/releases"
    release = vendor.made(path, {"label": "3.0"})["id"]
    upload(vendor, release, "sales.csv", SALES.replace(",1,", ",0,").encode())
    vendor.made(f"/releases/{release}/finalise")
    for done in parts.examiner.begin():
        done.result()
    return vendor.read(f"/releases/{release}/quality")


def test_the_public_quality_of_a_room_tells_nothing_of_its_rows(program, sun, drifted):
    assert CANARY in json.dumps(drifted)  # its own vendor sees all of it
    assert drifted["drift"]
    public = program("").read(f"/listings/{sun.product}/quality")
    assert public["drift"] == []
    (table,) = public["tables"]
    assert table.keys() == {"name", "format", "width", "columns"}
    for column in table["columns"]:
        assert column.keys() == {"name", "type", "nullable", "personal"}


def test_no_page_or_operation_shows_others_a_value_of_a_room(
    app, program, sun, drifted
):
    for role in ("", "other"):
        headers = program(role).headers
        client = app.test_client()
        seen = set()
        for address in _addresses(app, sun):
            answer = client.get(address, headers=headers)
            assert answer.status_code < 500, address
            assert CANARY.encode() not in _plain(answer.get_data()), address
            seen.add(answer.status_code)
        assert 200 in seen
        said = client.get(f"/listings/{sun.product}").text
        assert "clean room" in said or "数据净室" in said or "净室" in said


def _plain(content):
    """Return what an answer says, unpacked if it is an archive."""
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def _addresses(app, sun):
    """Yield every address of one product or instrument, and those that compare."""
    names = {"product": sun.product, "listing": sun.product}
    names |= {"instrument": sun.instrument, "symbol": "ROOM"}
    yield f"/compare?id={sun.product}"
    yield f"{V1}/compare?id={sun.product}"
    with app.test_request_context():
        adapter = app.url_map.bind("localhost")
        for rule in app.url_map.iter_rules():
            if "GET" in rule.methods and rule.arguments and rule.arguments <= {*names}:
                values = {name: names[name] for name in rule.arguments}
                yield adapter.build(rule.endpoint, values)


# ── no question unseen ──


def whys(program, right):
    path = f"/entitlements/{right}/cleanroom/queries"
    return [row["why"] for row in program("buyer").read(path)["data"]]


def test_a_question_is_in_the_log_while_it_runs(program, right, parts, monkeypatch):
    seen = []

    def looked(*given: object):
        with parts.reads.connect() as db:
            seen.extend(db.scalars(select(queries.c.why)))
        return run(*given)

    run = cleanroom.asking.ask
    monkeypatch.setattr(cleanroom.asking, "ask", looked)
    assert ask(program, right, BY_REGION).status_code == 200
    assert (seen, whys(program, right)) == (["unanswered"], [""])


def test_whatever_refuses_an_answer_is_in_the_log(program, right, monkeypatch):
    def busy(*_: object):
        raise Busy(retry_after_s=2)

    monkeypatch.setattr(cleanroom, "_count", busy)
    monkeypatch.setattr(cleanroom, "MINUTE_MAX", 2)
    for status in (503, 503, 429):
        assert ask(program, right, BY_REGION).status_code == status
    assert whys(program, right) == ["busy", "busy"]


def test_a_key_that_may_only_read_spends_nothing(app, program, parts, right):
    with parts.writes.begin() as db:
        owner = users.get(db, backends.user_of(db, "buyer"))
        secret = keys.create(db, owner, "a reader", ("read",)).secret
    headers = {"Authorization": f"Bearer {secret}"}
    client, path = app.test_client(), f"{V1}/entitlements/{right}"
    assert client.get(path, headers=headers).status_code == 200
    for rest, body in (
        ("cleanroom/queries", {"sql": BY_REGION}),
        ("deliveries", {"file": "fil_0000001"}),
    ):
        answer = client.post(f"{path}/{rest}", json=body, headers=headers)
        assert answer.status_code == 403, answer.text
    assert whys(program, right) == []


# ── settings ──


@pytest.fixture
def fresh(program, parts):
    """A room that nobody has bought yet."""
    made = put_on_market(program, "FRESH", 1200)
    open_room(program, parts, made)
    return made


def test_a_room_on_offer_to_somebody_changes_no_more(program, fresh):
    vendor, path = program("vendor"), f"/instruments/{fresh.instrument}/cleanroom"
    offer = {
        "instrument": fresh.instrument,
        "member": program("buyer").read("/me")["member"],
        "price": 900,
        "quantity": 1,
        "reason": "need",
        "note": "A school.",
        "expires_us": clock.now_us() + clock.DAY_US,
    }
    made = vendor.made("/offers", offer)["id"]
    assert vendor.put(path, OTHER).json["code"] == "room_sold"
    assert vendor.put(path, ROOM).status_code == 200
    assert vendor.delete(path).json["code"] == "room_sold"
    vendor.made(f"/offers/{made}/withdraw")
    assert vendor.put(path, OTHER).status_code == 200


def test_what_was_sold_before_the_market_knew_of_a_change_undoes_it(
    program, fresh, monkeypatch
):
    tell, bought = roomsettings.tell_market, []

    def order():
        bought.append(program("buyer").post("/orders", buy(fresh)).status_code)

    def late(*given: object):
        if not bought:
            buying = Thread(target=order)  # a request of its own
            buying.start()
            buying.join()
        return tell(*given)

    monkeypatch.setattr(roomsettings, "tell_market", late)
    path = f"/instruments/{fresh.instrument}/cleanroom"
    answer = program("vendor").put(path, OTHER)
    assert (bought, answer.json.get("code")) == ([201], "room_sold")
    monkeypatch.undo()
    right = right_to(program, fresh)
    assert program("buyer").read(f"/entitlements/{right}/cleanroom")["least"] == 10
    assert program("vendor").put(path, ROOM).status_code == 200


def test_settings_that_took_too_long_are_not_tried_again_at_once(
    program, fresh, monkeypatch
):
    tried = []

    def slow(*given: object):
        tried.append(given)
        return {"problem": "too_slow", "storage_key": "", "facts": "null"}

    monkeypatch.setattr(groupings, "_make", slow)
    path = f"/instruments/{fresh.instrument}/cleanroom"
    for _ in range(2):
        assert program("vendor").put(path, OTHER).json["why"] == "too_slow"
    assert len(tried) == 1
    monkeypatch.setattr(groupings, "SLOW_S", -1.0)
    program("vendor").put(path, OTHER)
    assert len(tried) == 2


def test_settings_are_tried_so_often_in_an_hour(program, fresh, monkeypatch):
    counted = []
    monkeypatch.setattr(limits, "count", lambda *given: counted.append(given))
    path = f"/instruments/{fresh.instrument}/cleanroom"
    assert program("vendor").put(path, ROOM).status_code == 200
    vendor = program("vendor").read("/me")["member"]
    number = str(ids.decode("member", vendor))
    assert counted == [("cleanroom", number, roomsettings.RATES)]
