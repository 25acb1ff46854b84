"""The transparency log: published, proven to the parties; no change stays unseen."""

import base64
import io
import json

import pytest
from sqlalchemy import delete, func, select, update

from marketplace.transparency import Forked, NoProof, verify
from settlement import merkle
from settlement.notes import Checkpoint, opened
from settlement.tables import journal
from tests.programs import buy, pay_in, program, sun

__all__ = ["program", "sun"]

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def traded(program, sun, parts):
    """A trade, published; its id."""
    pay_in(program, "buyer", 5000)
    placed = program("buyer").post("/orders", buy(sun)).json
    parts.log.step(parts.reads)
    return placed["trades"][0]["trade"]


def broken(parts):
    with parts.reads.connect() as db:
        return list(parts.log.breaks(db))


def change(parts, statement):
    with parts.writes.begin() as db:
        assert db.execute(statement).rowcount > 0


def test_both_parties_prove_a_trade_and_only_whose_command_it_was_sees_it(
    program, traded, parts
):
    key = program("").read("/log")["key"]
    bought = program("buyer").read(f"/trades/{traded}/proof")
    sold = program("vendor").read(f"/trades/{traded}/proof")
    shown = verify(json.dumps(bought), key)
    assert '"PlaceOrder"' in shown.body
    assert verify(json.dumps(sold), key).record == shown.record
    assert sold["body"] is None
    assert sold["salt"] is None
    stated = json.loads(parts.seal.content(sold["statement"]))
    assert (stated["trade"], stated["leaf"]) == (traded, bought["leaf"])
    assert program("").get(f"/trades/{traded}/proof").status_code == 401


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ("record", "record"),
        ("leaf", "body"),
        ("body", "body"),
        ("salt", "body"),
        ("checkpoint", "checkpoint"),
        ("path", "path"),
    ],
)
def test_a_changed_proof_proves_nothing(program, traded, parts, field, problem):
    proof = program("buyer").read(f"/trades/{traded}/proof")
    was = proof[field]
    proof[field] = {
        "record": lambda: was + 1,
        "body": lambda: was.replace("PlaceOrder", "CancelOrder"),
        "checkpoint": lambda: was.replace("\n", "\n1", 1),
        "path": lambda: [*was[:-1], "00" * 32],
    }.get(field, lambda: "00" * 32)()
    with pytest.raises(NoProof) as refused:
        verify(json.dumps(proof), parts.log.key)
    assert refused.value.problem == problem


@pytest.mark.parametrize(
    "junk", ["", "{}", "[]", "null", '{"record": []}', "[" * 9999, b"\xff"]
)
def test_what_is_no_proof_is_refused(parts, junk):
    with pytest.raises(NoProof):
        verify(junk, parts.log.key)


@pytest.mark.parametrize(
    "change",
    [
        {"record": float("inf")},
        {"record": -1},
        {"body": "[1,\ud800"},
        {"body": 7},
        {"checkpoint": "\ud800\n\n"},
        {"checkpoint": None},
        {"path": None},
        {"path": [7]},
        {"salt": "x"},
        {"statement": {}},
    ],
)
def test_junk_in_a_proof_is_refused(program, traded, parts, change):
    proof = program("buyer").read(f"/trades/{traded}/proof") | change
    with pytest.raises(NoProof):
        verify(json.dumps(proof), parts.log.key)


def test_a_mirror_rebuilds_the_log_from_tiles(traded, parts, visit):
    page = visit("")
    key = page.get("/log/key").text
    said = Checkpoint.read(opened(page.get("/log/checkpoint").text, key.strip()))
    tile = page.get(f"/log/tile/0/000.p/{said.size}").data
    frontier = merkle.Frontier()
    for at in range(0, len(tile), merkle.HASH):
        frontier.append(tile[at : at + merkle.HASH])
    assert (frontier.size, frontier.root()) == (said.size, said.root)
    assert page.get(f"/log/tile/0/000.p/{said.size + 1}").status_code == 404
    assert page.get("/log/tile/0/../../config").status_code == 404


def test_each_checkpoint_is_proven_to_contain_the_ones_before(
    program, traded, parts, sun
):
    old = parts.log.head()
    program("buyer").post("/orders", buy(sun))
    parts.log.step(parts.reads)
    new = parts.log.head()
    assert new.size > old.size
    asked = {"old": old.size, "new": new.size}
    proof = program("").read("/log/consistency", **asked)["path"]
    path = [bytes.fromhex(one) for one in proof]
    assert merkle.extends(old.size, new.size, path, old.root, new.root)
    assert parts.log.step(parts.reads) == 0
    assert [one.size for one in parts.log.history()] == [old.size, new.size]
    assert broken(parts) == []


def test_a_record_that_is_not_published_yet_is_said_to_follow(
    program, traded, sun, visit
):
    placed = program("buyer").post("/orders", buy(sun)).json
    late = placed["trades"][0]["trade"]
    refused = program("buyer").get(f"/trades/{late}/proof")
    assert (refused.status_code, refused.json["code"]) == (409, "not_logged_yet")
    assert (
        "Look again" in visit("buyer").get(f"/log/trades/{late}", headers=ENGLISH).text
    )


def test_every_change_of_a_published_record_is_found(traded, parts):
    with parts.reads.connect() as db:
        last = db.scalar(select(func.max(journal.c.seq)))
    assert broken(parts) == []
    row = journal.c.seq == last
    changed = func.replace(journal.c.body, "PlaceOrder", "PlaceorderX")
    change(parts, update(journal).where(row).values(body=changed))
    assert broken(parts) == [f"The first {last} records are not those published."]
    with pytest.raises(Forked):
        parts.log.step(parts.reads)
    change(parts, delete(journal).where(row))
    assert len(broken(parts)) == 1
    with pytest.raises(Forked):
        parts.log.step(parts.reads)


def test_a_changed_checkpoint_is_found(traded, parts):
    (path,) = (parts.config.data / "log" / "checkpoints").iterdir()
    note = path.read_text()
    root = base64.b64encode(bytes(32)).decode()
    path.write_text("\n".join([*note.split("\n")[:2], root, *note.split("\n")[3:]]))
    assert broken(parts) == [
        "A kept checkpoint of the log was changed: its signature is wrong."
    ]


def test_the_pages_prove_a_trade_and_verify_what_is_brought(traded, visit):
    buyer, anybody = visit("buyer"), visit("")
    assert f"/log/trades/{traded}" in buyer.get(f"/orders/trades/{traded}").text
    assert "proof.json" in buyer.get(f"/log/trades/{traded}").text
    file = buyer.get(f"/log/trades/{traded}/proof.json").data

    def brought(document):
        sent = {"csrf_token": anybody.token(), "file": (io.BytesIO(document), "p.json")}
        return anybody.client.post(
            "/log", data=sent, content_type="multipart/form-data", headers=ENGLISH
        )

    assert "Proven: record" in brought(file).text
    refused = brought(file.replace(b"PlaceOrder", b"CancelOrder"))
    assert refused.status_code == 422
    assert "Proven" not in refused.text
    assert "The record in it was changed." in refused.text
    assert visit("vendor").get("/log/trades/trd_9999999").status_code == 404


def test_an_empty_log_says_so(visit):
    assert "first checkpoint" in visit("").get("/log", headers=ENGLISH).text
    assert visit("").get("/log/checkpoint").text.split("\n")[1] == "0"
