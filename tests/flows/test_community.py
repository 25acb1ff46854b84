"""Reviews, questions, following, releases revoked and schemas that wait."""

import io
import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import insert

from listings import releases, tables, windows
from marketplace.community import (
    announcements,
    blind,
    buyers,
    notices,
    ratings,
    scorecards,
)
from settlement import clock, ids
from tests.flows.market import buy, instrument, listed, location, pay_in

BROKEN = b"port,month\nShanghai,2026-02\n"
POINTS = {"quality": "5", "accuracy": "4", "support": "3"}


@pytest.fixture
def market(visit):
    """A listed product with a price, and everybody's browser."""
    names = ("vendor", "buyer", "other", "registrar")
    people = {role: visit(role) for role in names} | {"nobody": visit("")}
    people["product"] = listed(people["vendor"], people["registrar"])
    people["page"] = f"/listings/{people['product']}"
    pay_in(people["buyer"], visit("settlement_officer"))
    return people


def kinds(parts, user):
    with parts.reads.connect() as db:
        return [notice.kind for notice in notices.of_member(db, user.member)]


def window(market, history, future):
    unit = instrument(market["vendor"], f"/vendor/products/{market['product']}")
    path = f"/vendor/instruments/{unit}/window"
    return market["vendor"].post(path, history=history, future=future)


def release(market, label, content):
    page = f"/vendor/products/{market['product']}/releases"
    file = (io.BytesIO(content), "ports.csv")
    return location(market["vendor"].post(page, label=label, files=file))


def labels(market):
    """Return the releases whose files the buyer's right opens."""
    page = market["buyer"].get("/rights/" + ids.encode("entitlement", 1)).text
    return re.findall(r"/files/(fil_\w+)", page)


def step(parts):
    return announcements.Announcer(parts.reads, parts.writes, parts.config.data).step()


def speak_too(market):
    """Let the vendor rate the buyer, which opens both reviews."""
    path = f"/orders/trades/{ids.encode('trade', 1)}/buyer"
    return market["vendor"].post(path, clarity="4", conduct="5", text="Clear needs.")


def test_neither_side_reads_the_other_before_both_have_spoken(market, parts, people):
    location(buy(market["buyer"], market["product"]))
    page = f"/orders/trades/{ids.encode('trade', 1)}"
    path = f"{market['page']}/trades/{ids.encode('trade', 1)}/review"
    location(market["buyer"].post(path, text="My words", **POINTS))
    for who in ("nobody", "other", "vendor"):
        assert "My words" not in market[who].get(market["page"]).text, who
    assert "My words" not in market["vendor"].get(page).text
    assert "My words" in market["buyer"].get(page).text
    for who, status in (("buyer", 403), ("other", 404)):
        tried = market[who].post(f"{page}/buyer", clarity="1", conduct="1")
        assert tried.status_code == status, who
    location(speak_too(market))
    assert speak_too(market).status_code == 422  # once
    assert "My words" in market["nobody"].get(market["page"]).text
    assert "Clear needs." in market["buyer"].get(page).text
    assert "Clear needs." not in market["nobody"].get(market["page"]).text
    assert "reviews_open" in kinds(parts, people["vendor"])


def test_the_window_opens_a_lone_review_and_closes_the_other_side(market, parts, visit):
    location(buy(market["buyer"], market["product"]))
    path = f"{market['page']}/trades/{ids.encode('trade', 1)}/review"
    location(speak_too(market))
    page = f"/orders/trades/{ids.encode('trade', 1)}"
    assert "Clear needs." not in market["buyer"].get(page).text
    later = timedelta(days=blind.WINDOW_DAYS, minutes=1)
    with time_machine.travel(clock.moment(clock.now_us()) + later, tick=True):
        buyer = visit("buyer")
        assert "Clear needs." in buyer.get(page).text
        assert buyer.post(path, text="Late", **POINTS).status_code == 409
    with parts.reads.connect() as db:
        assert ratings.mean(db, 1).number == 0
        assert buyers.standing(db, 2) is None  # one word is no mean


def test_a_review_is_bound_to_a_settled_trade_of_the_writer(market, parts, people):
    location(buy(market["buyer"], market["product"]))
    path = f"{market['page']}/trades/{ids.encode('trade', 1)}/review"
    for who in ("other", "vendor"):
        assert market[who].post(path, **POINTS).status_code == 422, who
    assert market["nobody"].post(path, **POINTS).status_code == 303
    none = f"{market['page']}/trades/{ids.encode('trade', 9)}/review"
    assert market["buyer"].post(none, **POINTS).status_code == 422
    much = market["buyer"].post(path, **POINTS | {"quality": "6"})
    assert much.status_code == 422
    location(market["buyer"].post(path, text="<script>alert(1)</script>", **POINTS))
    location(speak_too(market))
    shown = market["nobody"].get(market["page"]).text
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script>alert" not in shown
    assert "rated_blind" in kinds(parts, people["vendor"])


def test_a_second_review_replaces_the_first_and_voids_the_reply(market, parts, people):
    location(buy(market["buyer"], market["product"]))
    path = f"{market['page']}/trades/{ids.encode('trade', 1)}/review"
    location(market["buyer"].post(path, text="First words", **POINTS))
    reply = f"/ratings/{ids.encode('rating', 1)}/reply"
    assert market["vendor"].post(reply, reply="Blind").status_code == 404
    location(speak_too(market))
    assert market["other"].post(reply, reply="Not mine").status_code == 404
    location(market["vendor"].post(reply, reply="Thanks a lot"))
    assert "Thanks a lot" in market["nobody"].get(market["page"]).text
    assert kinds(parts, people["buyer"]) == ["rating_replied", "reviews_open"]
    location(market["buyer"].post(path, text="Second words", **POINTS))
    shown = market["nobody"].get(market["page"]).text
    assert "Second words" in shown
    assert "First words" not in shown
    assert "Thanks a lot" not in shown


def test_the_staff_hides_what_is_written_with_a_reason_on_record(market, parts, people):
    location(buy(market["buyer"], market["product"]))
    path = f"{market['page']}/trades/{ids.encode('trade', 1)}/review"
    location(market["buyer"].post(path, text="Rude words", **POINTS))
    location(speak_too(market))
    hide = f"/ratings/{ids.encode('rating', 1)}/hide"
    assert market["vendor"].post(hide, reason="I dislike it").status_code == 403
    assert market["registrar"].post(hide).status_code == 422
    location(market["registrar"].post(hide, reason="Insults"))
    assert "Rude words" not in market["nobody"].get(market["page"]).text
    assert "Insults" in market["registrar"].get(market["page"]).text
    assert kinds(parts, people["buyer"]) == ["text_hidden", "reviews_open"]


def test_members_ask_and_the_vendor_answers_in_public(market, parts, people):
    path = f"{market['page']}/questions"
    assert market["nobody"].post(path, text="Which ports?").status_code == 303
    assert market["vendor"].post(path, text="Myself?").status_code == 422
    location(market["buyer"].post(path, text="Which <b>ports</b>?"))
    assert "Which &lt;b&gt;ports" in market["nobody"].get(market["page"]).text
    answer = f"/questions/{ids.encode('question', 1)}/answer"
    assert market["other"].post(answer, answer="All").status_code == 404
    location(market["vendor"].post(answer, answer="All of them."))
    assert "All of them." in market["nobody"].get(market["page"]).text
    assert kinds(parts, people["buyer"]) == ["question_answered"]
    assert kinds(parts, people["vendor"]) == ["question_asked"]
    for number in range(10):
        location(market["other"].post(path, text=f"Question {number}?"))
    assert market["other"].post(path, text="And?").status_code == 422


def test_followers_hear_of_a_new_release_once(market, parts, people):
    location(market["other"].post(f"{market['page']}/watch"))
    vendor = ids.encode("member", people["vendor"].member)
    location(market["buyer"].post(f"/vendors/{vendor}/watch"))
    release(market, "2026-02", b"port,day\nNingbo,2026-02-01\n")
    assert step(parts) == 2  # the one of the draft too
    assert kinds(parts, people["other"]).count("new_release") == 2
    assert kinds(parts, people["buyer"]).count("new_release") == 2
    assert step(parts) == 0
    location(market["other"].post(f"{market['page']}/unwatch"))
    market["other"].get("/changes")


def test_followers_and_holders_hear_when_it_is_suspended_back_or_taken_off(
    market, parts, people
):
    location(buy(market["buyer"], market["product"]))
    location(market["other"].post(f"{market['page']}/watch"))
    path = f"/staff/listings/{market['product']}"
    location(market["registrar"].post(f"{path}/suspend", reason="Complaints"))
    location(market["registrar"].post(f"{path}/resume"))
    location(
        market["vendor"].post(
            f"/vendor/products/{market['product']}/delist", reason="Merged"
        )
    )
    all_of_it = ["delisted", "resumed", "suspended"]
    assert kinds(parts, people["buyer"])[:3] == all_of_it
    assert kinds(parts, people["other"])[:3] == all_of_it
    assert kinds(parts, people["vendor"])[:2] == ["resumed", "suspended"]
    assert "Merged" in market["other"].get("/notices").text


def test_a_right_opens_the_releases_that_its_contract_says(market, parts):
    assert window(market, "many", "1").status_code == 422
    location(window(market, "0", "1"))
    location(buy(market["buyer"], market["product"]))
    first = labels(market)
    for month in ("02", "03"):
        release(market, f"2026-{month}", f"port,day\nA,2026-{month}-01\n".encode())
    after = labels(market)
    assert len(after) == 2  # its own and the first later one
    assert set(first) < set(after)
    with parts.reads.connect() as db:
        number = ids.decode("product", market["product"])
        served = releases.served(db, releases.of_product(db, number)[-1].id, 0, None)
    assert [one.label for one in served] == ["2026-03", "2026-02", "2026-01"]


def test_a_revoked_release_is_refused_and_the_newest_served(market, parts, people):
    location(buy(market["buyer"], market["product"]))
    (old,) = labels(market)
    release(market, "2026-02", b"port,day\nNingbo,2026-02-01\n")
    revoke = f"/vendor/releases/{ids.encode('release', 1)}/revoke"
    assert market["other"].post(revoke, reason="x").status_code == 404
    assert market["vendor"].post(revoke).status_code == 422
    location(market["vendor"].post(revoke, reason="Wrong ports"))
    assert market["vendor"].post(revoke, reason="Again").status_code == 409
    right = ids.encode("entitlement", 1)
    refused = market["buyer"].post(f"/rights/{right}/files/{old}")
    assert refused.status_code == 410
    (new,) = labels(market)
    assert new != old
    assert market["buyer"].post(f"/rights/{right}/files/{new}").status_code == 200
    step(parts)
    assert "revocation" in kinds(parts, people["buyer"])
    assert "Wrong ports" in market["nobody"].get(market["page"]).text


def test_a_breaking_schema_waits_until_the_holders_accept(market, parts, people):
    location(window(market, "0", "all"))
    location(buy(market["buyer"], market["product"]))
    release(market, "2026-02", BROKEN)
    before = labels(market)
    assert len(before) == 1  # the old schema stays served
    step(parts)
    assert "schema_change" in kinds(parts, people["buyer"])
    accept = f"/changes/{ids.encode('release', 2)}/accept"
    assert accept in market["buyer"].get("/changes").text
    assert market["other"].post(accept).status_code == 404
    assert "0/1" in market["vendor"].get("/vendor/changes").text
    location(market["buyer"].post(accept))
    assert len(labels(market)) == 2
    step(parts)
    assert kinds(parts, people["buyer"])[0] == "schema_live"
    assert market["buyer"].post(accept).status_code == 404


def test_a_breaking_schema_is_served_when_its_notice_period_ends(
    market, parts, people, monkeypatch
):
    location(window(market, "0", "all"))
    location(buy(market["buyer"], market["product"]))
    release(market, "2026-02", BROKEN)
    assert len(labels(market)) == 1
    later_us = announcements.clock.now_us() + 31 * announcements.clock.DAY_US
    monkeypatch.setattr("settlement.clock.now_us", lambda: later_us)
    with parts.reads.connect() as db:
        number = ids.decode("product", market["product"])
        newest = releases.newest(db, number)
        assert newest is not None
        assert newest.label == "2026-02"
    step(parts)
    assert kinds(parts, people["buyer"])[0] == "schema_live"
    assert step(parts) == 0


def test_a_breaking_schema_that_reaches_nobody_is_served_at_once(market, parts):
    location(buy(market["buyer"], market["product"]))  # its own release only
    release(market, "2026-02", BROKEN)
    with parts.reads.connect() as db:
        newest = releases.newest(db, ids.decode("product", market["product"]))
    assert newest is not None
    assert newest.label == "2026-02"
    assert newest.breaking


def test_a_vendor_announces_a_delay_of_its_own_product_only(market, parts, people):
    location(buy(market["buyer"], market["product"]))
    path = f"/vendor/products/{market['product']}/announce"
    said = {"kind": "delay", "comment": "Two days late", "until": "2027-01-01"}
    assert market["other"].post(path, **said).status_code == 404
    assert market["vendor"].post(path, **said | {"kind": "riot"}).status_code == 422
    location(market["vendor"].post(path, **said))
    step(parts)
    assert "delay" in kinds(parts, people["buyer"])
    assert "Two days late" in market["buyer"].get("/changes").text


def test_punctuality_counts_the_gaps_between_releases(market, parts, people):
    now_us, number = clock.now_us(), ids.decode("product", market["product"])
    with parts.writes.begin() as db:
        for place, days in enumerate((10, 9, 8, 3), start=900):
            at_us = now_us - days * clock.DAY_US
            row = {"id": place, "product": number, "label": f"r{place}"}
            row |= dict.fromkeys(("notes_zh", "notes_en"), "")
            row |= dict.fromkeys(("created_us", "finalised_us", "live_us"), at_us)
            db.execute(insert(tables.releases).values(row))
    with parts.reads.connect() as db:
        found = scorecards.of_vendor(db, people["vendor"].member)
    (punctual,) = [one for one in found if one.name == "punctual"]
    assert (punctual.value, punctual.cases) == (50, 4)  # two days late are too late


def test_a_scorecard_hides_what_rests_on_too_few_cases(market, parts, people):
    location(buy(market["buyer"], market["product"]))
    vendor = ids.encode("member", people["vendor"].member)
    assert market["nobody"].get(f"/vendors/{vendor}").status_code == 200
    with parts.reads.connect() as db:
        found = scorecards.of_vendor(db, people["vendor"].member)
        assert all(measure.value is None for measure in found)
        assert scorecards.reviews(db, people["vendor"].member) is None
    buyer = ids.encode("member", people["buyer"].member)
    assert market["nobody"].get(f"/vendors/{buyer}").status_code == 404
    assert windows.Window(0, 0) == windows.OWN_ONLY
