"""By the API: reviews and replies, questions, following, changes, windows, duties."""

import pytest

from settlement import ids
from tests.programs import buy, pay_in, program, sun, upload
from tests.visitors import app, bearer, config, parts, people

__all__ = ["app", "bearer", "config", "parts", "people", "program", "sun"]
POINTS = {"quality": 5, "accuracy": 4, "support": 3}


@pytest.fixture
def trade(program, sun):
    """The trade by which the buyer bought one unit."""
    pay_in(program, "buyer", 90_000)
    program("buyer").made("/orders", buy(sun))
    return program("buyer").read("/trades")["data"][0]["id"]


def test_a_review_is_written_replied_to_and_read_by_anybody(program, sun, trade):
    path = f"/trades/{trade}/review"
    assert program("other").put(path, POINTS).status_code == 422
    assert program("buyer").put(path, POINTS | {"quality": 6}).status_code == 422
    made = program("buyer").put(path, POINTS | {"text": "As it said."}).json
    assert program("").read(f"/listings/{sun.product}/reviews")["data"] == []
    marks = {"clarity": 5, "conduct": 4}
    assert (
        program("other").post(f"/trades/{trade}/buyer-review", marks).status_code == 422
    )
    said = program("vendor").post(f"/trades/{trade}/buyer-review", marks).json
    assert said["open_us"] == said["at_us"]
    reply = f"/ratings/{made['id']}/reply"
    assert program("other").put(reply, {"reply": "Mine?"}).status_code == 404
    assert program("vendor").put(reply, {"reply": "Thank you."}).status_code == 200
    (shown,) = program("").read(f"/listings/{sun.product}/reviews")["data"]
    assert (shown["text"], shown["reply"]) == ("As it said.", "Thank you.")
    assert "member" not in shown


def test_questions_are_asked_answered_and_paged(program, sun):
    path = f"/listings/{sun.product}/questions"
    first, second = (
        program("buyer").made(path, {"text": f"Question {n}?"})["id"] for n in (1, 2)
    )
    answer = f"/questions/{first}/answer"
    assert program("other").put(answer, {"answer": "Yes"}).status_code == 404
    assert program("vendor").put(answer, {"answer": "Yes."}).json["answer"] == "Yes."
    page = program("").read(path, limit=1)
    assert [row["id"] for row in page["data"]] == [second]
    rest = program("").read(path, limit=1, cursor=page["next"])
    assert [row["answer"] for row in rest["data"]] == ["Yes."]
    assert rest["next"] is None
    assert program("vendor").post(path, {"text": "Mine?"}).status_code == 422


def test_products_and_vendors_are_followed_and_no_longer(program, sun, people):
    vendor = ids.encode("member", people["vendor"].member)
    listing = f"/listings/{sun.product}/follow"
    program("buyer").put(listing, {})
    both = program("buyer").put(f"/vendors/{vendor}/follow", {}).json
    assert both == {"products": [sun.product], "vendors": [vendor]}
    card = program("").read(f"/vendors/{vendor}")
    assert card["followers"] == 1
    assert "delivered" in {measure["name"] for measure in card["measures"]}
    program("buyer").delete(listing)
    program("buyer").delete(f"/vendors/{vendor}/follow")
    assert program("buyer").read("/follows") == {"products": [], "vendors": []}
    buyer = ids.encode("member", people["buyer"].member)
    assert program("").get(f"/vendors/{buyer}").status_code == 404


def test_a_breaking_schema_waits_for_the_consent_of_whom_it_reaches(program, sun):
    window = f"/instruments/{sun.instrument}/window"
    wide = {"history": 0, "future": None}
    assert program("other").put(window, wide).status_code == 404
    assert program("vendor").put(window, wide).json == wide
    pay_in(program, "buyer", 90_000)
    program("buyer").made("/orders", buy(sun))
    vendor, path = program("vendor"), f"/products/{sun.product}/releases"
    release = vendor.made(path, {"label": "2.0"})["id"]
    upload(vendor, release, "hours.csv", b"station,minutes\n58362,420\n")
    vendor.made(f"/releases/{release}/finalise")
    (waiting,) = program("buyer").read("/changes")["waiting"]
    assert (waiting["release"], waiting["reaches_you"]) == (release, True)
    assert not waiting["consented"]
    assert program("other").post(f"/releases/{release}/consent").status_code == 404
    assert program("buyer").made(f"/releases/{release}/consent") == {"served": True}
    calendar = program("buyer").read("/changes")
    assert calendar["waiting"] == []
    assert calendar["announced"][0]["kind"] == "schema_live"


def test_a_vendor_announces_and_holders_read_it(program, sun, trade):
    path = f"/products/{sun.product}/announcements"
    said = {"kind": "delay", "comment": "Two days late."}
    assert program("other").post(path, said).status_code == 404
    assert program("vendor").post(path, said | {"kind": "riot"}).status_code == 422
    assert program("vendor").made(path, said)["comment"] == "Two days late."
    assert program("buyer").read("/changes")["announced"][0]["kind"] == "delay"


def test_a_duty_is_listed_and_done_once_with_its_evidence(program, sun, trade):
    right = program("buyer").read("/entitlements")["data"][0]["id"]
    (duty,) = program("buyer").read("/duties")["data"]
    assert (duty["entitlement"], duty["kind"]) == (right, "delete")
    first = program("buyer").read("/duties", limit=1)
    assert "next" in first
    done = {"kind": "delete", "number": duty["number"], "statement": "Wiped."}
    path = f"/entitlements/{right}/duties"
    assert program("other").post(path, done).status_code == 404
    (shown,) = program("buyer").made(path, done)["data"]
    assert (shown["state"], shown["statement"]) == ("done", "Wiped.")
    assert program("buyer").post(path, done).status_code == 422
