"""What a person wrote is sealed; two persons erase it, and every proof still holds."""

from contextlib import ExitStack
from dataclasses import replace

import pytest
from markupsafe import escape
from sqlalchemy import select

from marketplace.members import colleagues
from marketplace.members.tables import sessions, users
from marketplace.privacy import erasing, retention
from marketplace.privacy.erasing import NOBODY, Eraser
from marketplace.privacy.tables import text_keys
from marketplace.privacy.texts import Texts
from marketplace.surveillance import desk as cases
from marketplace.surveillance.detectors import Alert
from marketplace.trading.control import Decide, Propose
from marketplace.trading.replay import replay
from marketplace.transparency import Log
from marketplace.vault import Vault
from settlement import clock, ids, journal
from settlement.claim_tables import disputes
from settlement.errors import NotFound
from settlement.invariants import violations
from settlement.store import POOL
from tests.flows.market import location
from tests.programs import buy, pay_in, program, put_on_market

__all__ = ["program"]
NOTE = {"reason": "quality", "note": "李明 of our office saw: row 2 is empty."}


@pytest.fixture
def dispute(program):
    """A dispute about one unit that the buyer bought."""
    moon = put_on_market(program, "MOON", 1200, mode="per_call", acceptance_days=7)
    pay_in(program, "buyer", 10_000)
    bought = program("buyer").made("/orders", buy(moon))["trades"][0]["trade"]
    return program("buyer").made(f"/trades/{bought}/dispute", NOTE)["id"]


def forget(program, user):
    """Let one of the desk propose to forget a user and another one approve it."""
    asked = {"user": ids.encode("user", user), "reason": "Left; asked to be forgotten."}
    said = "/staff/erasures/persons", asked
    number = program("registrar").made(*said, Idempotency_Key="e1")["proposal"]
    again = program("registrar").made(*said, Idempotency_Key="e1")["proposal"]
    assert again == number
    decide = f"/staff/erasures/{number}/decisions"
    yes = {"decision": "approve"}
    assert program("registrar").post(decide, yes).json["code"] == "own_work"
    assert program("settlement_officer").post(decide, yes).status_code == 403
    assert program("admin").post(decide, yes).status_code == 204


def why_not(program, user):
    """Return what keeps a user from being erased."""
    asked = {"user": ids.encode("user", user), "reason": "Left."}
    refused = program("registrar").post("/staff/erasures/persons", asked)
    assert (refused.status_code, refused.json["code"]) == (409, "still_needed")
    return refused.json["why"]


def sessions_of_old(parts, user, count):
    """Let a user have had sessions that ended 40 days ago."""
    old_us = clock.now_us() - 40 * clock.DAY_US
    with parts.writes.begin() as db:
        for number in range(count):
            db.execute(
                sessions.insert().values(
                    hash=b"old%d" % number, user=user, agent="a browser",
                    created_us=old_us - 1, seen_us=old_us, expires_us=old_us,
                    proved_us=0,
                )
            )  # fmt: skip


def recorded(parts):
    """Return every record's text."""
    with parts.reads.connect() as db:
        return [record.body for record in journal.records(db)]


def nobody_reads_by_anothers_text(parts, people):
    """A sealed text opens for its person alone, however it is typed or moved."""
    with parts.reads.connect() as db:
        kept = db.scalar(select(disputes.c.note))
    stolen = parts.texts.seal(people["vendor"].id, kept)
    assert parts.texts.open(stolen) == kept  # the cipher text, as it was typed
    own = parts.texts.seal(people["buyer"].id, kept)
    assert own == kept
    assert parts.texts.open(kept.replace("sealed.", "sealed.9")) is None
    moved = f"sealed.{people['vendor'].id}.{kept.rpartition('.')[2]}"
    assert parts.texts.open(moved) == moved  # bound to its person


def test_an_erased_person_is_gone_and_the_records_still_verify(
    program, parts, people, dispute, visit
):
    user = people["buyer"].id
    before = recorded(parts)
    assert not [body for body in before if NOTE["note"] in body or "row 2" in body]
    path = f"/disputes/{dispute}"
    assert program("vendor").read(path)["note"] == NOTE["note"]
    page = visit("vendor").get(f"/orders/disputes/{dispute}").text
    assert NOTE["note"] in page
    nobody_reads_by_anothers_text(parts, people)
    log = Log(parts.config.data)
    log.step(parts.reads)
    head = log.head()
    assert why_not(program, user) == ["dispute"]
    assert why_not(program, people["vendor"].id) == ["dispute"]
    program("buyer").made(f"/disputes/{dispute}/withdraw")
    forget(program, user)
    with parts.writes.begin() as db, pytest.raises(NotFound):
        colleagues.let_in(db, replace(people["buyer"], id=999), user)
    assert program("vendor").read(path)["note"] is None
    assert NOTE["note"] not in visit("vendor").get(f"/orders/disputes/{dispute}").text
    with parts.reads.connect() as db:
        row = db.execute(select(users).where(users.c.id == user)).one()
        key = db.execute(select(text_keys).where(text_keys.c.user == user)).one()
        assert (row.name, row.disabled) == (NOBODY, 1)
        assert people["buyer"].email not in (row.email, row.name)
        assert not db.execute(select(sessions).where(sessions.c.user == user)).all()
        until_us = key.used_us + retention.TEXTS_US
    assert key.sealed is not None  # the law asks for the texts for three years more
    eraser = Eraser(parts.reads, parts.writes)
    assert eraser.step(until_us - 1) == 0
    assert eraser.step(until_us) == 1
    assert eraser.step(until_us) == 0
    assert recorded(parts)[: len(before)] == before
    with parts.reads.connect() as db:
        sealed = select(text_keys.c.sealed).where(text_keys.c.user == user)
        assert db.scalar(sealed) is None
        assert list(violations(db)) == []
        found = replay(db)
    assert (found.differences, found.replayed) == ([], found.recorded)
    log.step(parts.reads)
    assert log.head().size > head.size
    assert log.consistency(head.size, log.head().size)
    again = {"user": ids.encode("user", user), "reason": "Once more."}
    refused = program("admin").post("/staff/erasures/persons", again)
    assert refused.json["code"] == "already_erased"


def test_a_class_is_erased_by_two_once_it_is_due(program, parts, people, visit):
    sessions_of_old(parts, people["buyer"].id, 1)
    line = next(
        each
        for each in program("registrar").read("/staff/retention")["data"]
        if each["code"] == "sessions"
    )
    assert (line["due"], line["days"]) == (1, 30)
    desk = visit("registrar")
    location(desk.post("/staff/retention/classes/sessions", reason="30 days are over"))
    refused = desk.post("/staff/retention/classes/trades", reason="x")
    assert refused.status_code == 409
    (waits,) = program("admin").read("/staff/retention")["waiting"]
    assert waits["what"] == "sessions"
    decide = f"/staff/retention/decisions/{waits['id']}"
    assert visit("registrar").post(decide, step="approve").status_code in (403, 409)
    location(visit("admin").post(decide, step="approve"))
    (done,) = program("admin").read("/staff/retention")["erased"]
    assert (done["what"], done["rows"], done["key"]) == ("sessions", 1, "none")
    page = visit("").get("/help/retention", headers={"Accept-Language": "en"}).text
    for each in retention.CLASSES:
        assert escape(each.name) in page
    assert page.count(">30 years<") == sum(e.days > 10_000 for e in retention.CLASSES)


def test_nobody_decides_to_be_forgotten_or_while_the_desk_looks_into_it(
    program, parts, people
):
    own = {"user": ids.encode("user", people["registrar"].id), "reason": "Me."}
    refused = program("registrar").post("/staff/erasures/persons", own)
    assert refused.json["code"] == "own_work"
    admin = {"user": ids.encode("user", people["admin"].id), "reason": "Left."}
    number = program("registrar").made("/staff/erasures/persons", admin)["proposal"]
    decide, yes = f"/staff/erasures/{number}/decisions", {"decision": "approve"}
    assert program("admin").post(decide, yes).json["code"] == "own_work"

    other = people["other"]
    leaves = {"user": ids.encode("user", other.id), "reason": "Left."}
    number = program("registrar").made("/staff/erasures/persons", leaves)["proposal"]
    found = Alert("self_dealing", 1, (other.member,), {}, {})
    with parts.writes.begin() as db:
        cases.keep(db, [found], clock.now_us())
        cases.open_case(db, "Round trips", [1], people["surveillance"].id)
    refused = program("admin").post(f"/staff/erasures/{number}/decisions", yes)
    assert (refused.json["code"], refused.json["why"]) == ("still_needed", ["case"])
    assert why_not(program, other.id) == ["case"]


def test_a_key_goes_three_years_after_what_was_written_since_the_proposal(
    parts, people
):
    user = people["buyer"].id
    asked = Propose(people["registrar"].id, "Erase", ("person", user, 1), "Left.")
    number = parts.gateway.submit(asked).result
    parts.texts.seal(user, "Written after somebody proposed it.")
    parts.gateway.submit(Decide(people["admin"].id, number, approve=True))
    eraser = Eraser(parts.reads, parts.writes)
    assert eraser.step() == 1
    with parts.reads.connect() as db:
        used_us = db.scalar(select(text_keys.c.used_us))
        (done,) = erasing.done(db)
    assert (done.key, done.until_us) == ("kept", used_us + retention.TEXTS_US)
    assert eraser.step(done.until_us - 1) == 0
    assert eraser.step(done.until_us) == 1


def test_a_class_is_erased_some_at_a_time_and_once(parts, people, monkeypatch):
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    sessions_of_old(parts, people["buyer"].id, 5)
    erase = erasing.of_class(people["registrar"].id, "sessions", "x", clock.now_us())
    number = parts.gateway.submit(erase).result
    parts.gateway.submit(Decide(people["admin"].id, number, approve=True))
    eraser, quicker = (Eraser(parts.reads, parts.writes) for _ in range(2))
    carry_on, looked = eraser._carry_on, []

    def slowly(row, now_us):
        if not looked:
            looked.append(quicker.step())
        return carry_on(row, now_us)

    monkeypatch.setattr(eraser, "_carry_on", slowly)
    assert (eraser.step(), looked) == (1, [1])
    with parts.reads.connect() as db:
        (done,) = erasing.done(db)
    assert done.rows == 5


def test_only_what_was_sealed_is_opened(program, parts, people, dispute, tmp_path):
    with parts.reads.connect() as db:
        kept = db.scalar(select(disputes.c.note))
    user = people["buyer"].id
    for text in (f"sealed.{user}.A", f"sealed.{user}.AA", f"sealed.{user}.{'A' * 99}"):
        assert parts.texts.open(text) == text  # no cipher text, and no error
        assert parts.texts.open(parts.texts.seal(user, text)) == text
    product = program("vendor").read("/products")["data"][0]["id"]
    wrong = {"kind": "facts", "complaint": kept}  # a stolen text, typed in elsewhere
    program("other").made(f"/listings/{product}/complaints", wrong)
    told = program("registrar").read(f"/staff/products/{product}/timeline")["data"]
    texts = {one["what"]: one["text"] for one in told}
    assert (texts["complaint"], texts["dispute"]) == (kept, NOTE["note"])
    elsewhere = Texts(parts.reads, parts.writes, Vault(tmp_path / "another"))
    assert elsewhere.open(kept) is None  # the exchange's key was lost
    with ExitStack() as pages:  # that all hold a connection while they open a text
        for _ in range(POOL + 10):
            pages.enter_context(parts.reads.connect())
        assert parts.texts.open(kept) == NOTE["note"]
