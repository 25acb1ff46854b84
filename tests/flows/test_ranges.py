"""A broken delivery goes on where it broke: counted once, while the right lasts."""

import pytest
from sqlalchemy import select, update

from marketplace.delivery import content, files
from settlement import clock
from settlement.ids import decode
from settlement.tables import entitlements, receipts
from tests.programs import CONTENT, V1, buy, pay_in, program, sun
from tests.visitors import app, bearer, config, parts, people

__all__ = ["app", "bearer", "config", "parts", "people", "program", "sun"]


@pytest.fixture
def begun(program, sun):
    """The path of a delivery that was begun, and its right."""
    pay_in(program, "buyer", 5_000)
    buyer = program("buyer")
    buyer.made("/orders", buy(sun))
    right = buyer.read("/entitlements")["data"][0]["id"]
    sent = buyer.post(f"/entitlements/{right}/deliveries", {"file": sun.file})
    assert sent.data == CONTENT
    return f"/receipts/{sent.headers['X-Receipt']}/content", right


def ask(program, path, role="buyer", method="GET", **headers):
    one = program(role)
    told = {name.replace("_", "-"): text for name, text in headers.items()}
    return one.client.open(V1 + path, method=method, headers=one.headers | told)


def test_a_range_is_what_was_asked_for_and_nothing_is_counted_again(
    program, begun, parts
):
    path, right = begun
    whole = ask(program, path)
    assert (whole.status_code, whole.data) == (200, CONTENT)
    assert whole.headers["Accept-Ranges"] == "bytes"
    etag, size = whole.headers["ETag"], len(CONTENT)
    for asked, expected in (
        ("bytes=8-", CONTENT[8:]),
        ("bytes=0-0", CONTENT[:1]),
        ("bytes=-5", CONTENT[-5:]),
        (f"bytes=8-{size * 9}", CONTENT[8:]),
    ):
        part = ask(program, path, Range=asked, If_Range=etag)
        assert (part.status_code, part.data) == (206, expected), asked
        assert part.headers["Content-Length"] == str(len(expected))
        assert part.headers["Content-Range"].endswith(f"/{size}")
    assert ask(program, path, Range="bytes=2-", If_Range='"x"').data == CONTENT
    beyond = ask(program, path, Range=f"bytes={size}-")
    assert beyond.status_code == 416
    assert beyond.headers["Content-Range"] == f"bytes */{size}"
    assert beyond.json["status"] == 416
    head = ask(program, path, method="HEAD")
    assert (head.data, head.headers["Content-Length"]) == (b"", str(size))
    assert program("buyer").read(f"/entitlements/{right}")["deliveries"] == 1
    with parts.reads.connect() as db:
        assert len(db.execute(select(receipts)).all()) == 1


def test_the_end_of_the_right_ends_what_is_on_its_way(
    program, begun, parts, monkeypatch, people
):
    monkeypatch.setattr(content, "LOOK_S", 0)
    path, right = begun
    number = decode("receipt", path.split("/")[2])
    sent = files.resume(parts, people["buyer"], number)
    with parts.writes.begin() as db:
        db.execute(update(entitlements).values(until_us=clock.now_us()))
    assert list(sent.content) == []
    sent.content.close()
    answer = ask(program, path, Range="bytes=8-")
    assert answer.json["code"] == "right_ended"
    assert answer.status_code == 403
    assert program("buyer").read(f"/entitlements/{right}")["deliveries"] == 1


def test_a_receipt_opens_its_file_for_a_day_and_for_its_holder_alone(
    program, begun, parts
):
    path, _ = begun
    assert ask(program, path, role="other").status_code == 404
    with parts.writes.begin() as db:
        db.execute(update(receipts).values(at_us=clock.now_us() - files.RESUMED_US))
    answer = ask(program, path)
    assert (answer.status_code, answer.json["code"]) == (410, "receipt_too_old")
