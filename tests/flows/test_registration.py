"""A product's life before and after the market: gates, notices, certificates, time."""

import io
import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import update

from listings import catalogue, tables
from listings.registration import checklist
from listings.registration.passing import pass_time
from settlement import clock, ids
from tests.flows.market import FACTS, draft, listed, location, pay_in, ticket
from tests.gates import assess_in, register_by_page
from tests.programs import program

__all__ = ["program"]


def state_of(parts, product, what="state"):
    with parts.reads.connect() as db:
        return getattr(catalogue.product(db, ids.decode("product", product)), what)


def submitted(vendor):
    page = draft(vendor)
    location(vendor.post(f"{page}/submit"))
    return page, page.rpartition("/")[2]


def refused(answer, status=409):
    assert answer.status_code == status, answer.text[:300]
    return answer


def test_no_gate_can_be_skipped_by_page(visit, parts):
    vendor, registrar = visit("vendor"), visit("registrar")
    page, product = submitted(vendor)
    desk = f"/staff/listings/{product}"
    refused(registrar.post(f"{desk}/approve"))  # the checklist is open
    passed = {f"check_{line}": "pass" for line in list(checklist.LINES)[1:]}
    location(registrar.post(f"{desk}/checks", **passed))
    refused(registrar.post(f"{desk}/approve"))  # one line is missing
    failed = {"check_identity": "fail", "note_identity": "Who is this?"}
    location(registrar.post(f"{desk}/checks", **failed))
    refused(registrar.post(f"{desk}/approve"))  # one line has failed
    for early in ("admit", "lapse", "resume"):
        refused(registrar.post(f"{desk}/{early}"))
    register_by_page(registrar, product)
    refused(registrar.post(f"{desk}/admit"))  # no compliance opinion
    with parts.writes.begin() as db:  # as if the draft had come from a table
        drafted = {"origin": "table", "origin_id": "1", "edited_by": 0}
        db.execute(update(tables.products).values(drafted))
    refused(registrar.post(f"{desk}/admit"))  # still none
    refused(vendor.post(f"{page}/publish"))  # not admitted
    assert state_of(parts, product, "listing_state") == "pending"
    list_late(vendor, registrar, page)
    assert state_of(parts, product, "listing_state") == "listed"


def list_late(vendor, registrar, page):
    product = page.rpartition("/")[2]
    assess_in(vendor.client.application, product)
    location(registrar.post(f"/staff/listings/{product}/admit"))
    location(vendor.post(f"{page}/publish"))


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"sensitivity": "core"}, "sensitivity"),
        ({"personal": "personal"}, "attachment_consent"),
        ({"scene": ""}, "scene"),
        ({"source_route": "purchase"}, "attachment_purchase"),
        ({"hold_holder": ""}, "rights"),
    ],
)
def test_what_may_not_be_traded_is_refused_at_the_submission(
    visit, program, facts, field
):
    page = draft(visit("vendor"), **facts)
    refused(visit("vendor").post(f"{page}/submit"), 422)
    answer = program("vendor").post(f"/products/{page.rpartition('/')[2]}/submit")
    assert answer.status_code == 422
    assert field in answer.json["problems"]


def test_the_vendor_never_reviews_its_own_product(visit):
    vendor = visit("vendor")
    _, product = submitted(vendor)
    for step in ("approve", "lapse", "admit", "pledge"):
        refused(vendor.post(f"/staff/listings/{product}/{step}", reason="mine"), 403)
    answer = vendor.post(f"/staff/listings/{product}/checks", check_source="pass")
    refused(answer, 403)


def attachment(vendor, page):
    found = re.search(r"/vendor/attachments/(att_\w+)", vendor.get(page).text)
    assert found
    return f"/vendor/attachments/{found[1]}"


def test_an_attachment_is_for_vendor_staff_and_invited_assessors_only(visit, people):
    vendor = visit("vendor")
    page, product = submitted(vendor)
    path = attachment(vendor, page)
    assert vendor.get(path).data == b"production"
    assert visit("registrar").get(path).status_code == 200
    for stranger in ("buyer", "other", "assessor"):
        assert visit(stranger).get(path).status_code == 404, stranger
    assert visit("").get(path).status_code == 303
    assert visit("assessor").get(f"/assessments/{product}").status_code == 404
    assessor = ids.encode("member", people["assessor"].member)
    invited = vendor.post(f"{page}/assessors", kind="quality", assessor=assessor)
    location(invited)
    assert visit("assessor").get(path).status_code == 200
    other = {"kind": "production", "file": (io.BytesIO(b"x"), "x.pdf")}
    assert visit("other").post(f"{page}/attachments", **other).status_code == 404
    taken = visit("other").post(f"{page}/attachments/{path[-11:]}/remove")
    assert taken.status_code == 404


def test_an_assessor_signs_its_own_opinion_for_what_it_was_invited_to(visit, people):
    vendor, assessor = visit("vendor"), visit("assessor")
    page, product = submitted(vendor)
    told = {"kind": "compliance", "outcome": "pass", "summary": "Lawful."}
    told |= {"valid_until": day(300)}
    file = lambda: {"file": (io.BytesIO(b"signed"), "opinion.pdf")}
    refused(assessor.post(f"/assessments/{product}", **told, **file()), 404)
    member = ids.encode("member", people["assessor"].member)
    location(vendor.post(f"{page}/assessors", kind="compliance", assessor=member))
    refused(visit("vendor").post(f"/assessments/{product}", **told, **file()), 403)
    late = told | {"valid_until": day(3_000)}
    refused(assessor.post(f"/assessments/{product}", **late, **file()), 422)
    location(assessor.post(f"/assessments/{product}", **told, **file()))
    register_by_page(visit("registrar"), product)
    location(visit("registrar").post(f"/staff/listings/{product}/admit"))
    location(vendor.post(f"{page}/publish"))
    assert "Lawful." in visit("").get(f"/listings/{product}").text


def day(ahead):
    return clock.moment(clock.now_us() + ahead * clock.DAY_US).strftime("%Y-%m-%d")


def test_notices_lapse_terms_end_and_renewals_come_due_by_themselves(visit, parts, app):
    vendor, registrar = visit("vendor"), visit("registrar")
    _, product = submitted(vendor)
    passed = {f"check_{line}": "pass" for line in checklist.LINES}
    location(registrar.post(f"/staff/listings/{product}/checks", **passed))
    object.__setattr__(parts, "config", replace(parts.config, notice_days=3))
    location(registrar.post(f"/staff/listings/{product}/approve"))
    assert visit("").get(f"/publicity/{product}").status_code == 200
    refused(registrar.post(f"/staff/listings/{product}/lapse"))
    assert pass_time(parts.writes) == 0
    start = clock.moment(clock.now_us())
    with time_machine.travel(start + timedelta(days=3, minutes=1), tick=True):
        assert pass_time(parts.writes) == 1
        assert state_of(parts, product) == "registered"
    later = start + timedelta(days=1_096 - 50)
    with time_machine.travel(later, tick=True):
        assert pass_time(parts.writes) == 1  # reminded once
        assert pass_time(parts.writes) == 0
    with time_machine.travel(start + timedelta(days=1_100), tick=True):
        assert pass_time(parts.writes) == 1
        assert state_of(parts, product) == "lapsed"


def test_an_objection_of_another_member_stops_the_notice(visit, parts):
    vendor = visit("vendor")
    _, product = submitted(vendor)
    passed = {f"check_{line}": "pass" for line in checklist.LINES}
    location(visit("registrar").post(f"/staff/listings/{product}/checks", **passed))
    location(visit("registrar").post(f"/staff/listings/{product}/approve"))
    refused(vendor.post(f"/publicity/{product}", reason="ours"), 403)
    location(visit("buyer").post(f"/publicity/{product}", reason="It is ours."))
    assert pass_time(parts.writes) == 0
    assert state_of(parts, product) == "objection"


def certificate(visit, product):
    found = re.search(
        r"/certificates/(reg_\w+)", visit("").get(f"/listings/{product}").text
    )
    assert found
    return found[1]


def test_anybody_verifies_a_certificate_by_number_pdf_and_json(visit):
    number = certificate(visit, listed_one(visit))
    nobody = visit("")
    path = f"/certificates/{number}"
    assert nobody.get(path).status_code == 200
    printed, signed = nobody.get(f"{path}/pdf").data, nobody.get(f"{path}/json").data
    assert printed.startswith(b"%PDF")
    assert nobody.get(f"{path}/pdf").data == printed  # to the byte
    location(nobody.post("/certificates", number=number))
    for name, body in (("c.pdf", printed), ("c.json", signed)):
        shown = nobody.post("/certificates", file=(io.BytesIO(body), name))
        assert shown.status_code == 200
        assert "alert-success" in shown.text, name
    changed = printed + b"\n"
    shown = nobody.post("/certificates", file=(io.BytesIO(changed), "c.pdf"))
    assert "alert-warning" in shown.text
    forged = json.loads(signed)
    forged["signature"] = forged["signature"][:-6] + "AAAAAA"
    body = json.dumps(forged).encode()
    answer = nobody.post("/certificates", file=(io.BytesIO(body), "c.json"))
    assert answer.status_code == 404
    assert nobody.post("/certificates", number="reg_0009999").status_code == 404
    (key,) = nobody.get("/.well-known/jwks.json").json["keys"]
    assert (key["kty"], "d" in key) == ("EC", False)


def listed_one(visit):
    return listed(visit("vendor"), visit("registrar"))


def test_a_pledge_shows_on_the_certificate_and_blocks_the_cancellation(visit):
    product = listed_one(visit)
    registrar, number = visit("registrar"), certificate(visit, product)
    desk = f"/staff/listings/{product}"
    location(registrar.post(f"{desk}/pledge", reason="Loan of the Demo Bank"))
    assert "state--wait" in visit("").get(f"/certificates/{number}").text
    location(registrar.post(f"{desk}/delist", reason="ends"))
    refused(registrar.post(f"{desk}/cancel", reason="ends"))
    refused(registrar.post(f"{desk}/pledge", reason="again"))
    location(registrar.post(f"{desk}/lift_pledge", reason="paid back"))
    location(registrar.post(f"{desk}/cancel", reason="ends"))
    assert "alert-warning" in visit("").get(f"/certificates/{number}").text


def test_a_buyer_is_told_what_changed_since_the_order_was_reviewed(visit):
    product = listed_one(visit)
    vendor, buyer = visit("vendor"), visit("buyer")
    pay_in(buyer, visit("settlement_officer"))
    fields = ticket(buyer, product, price="130.00")
    review = buyer.get(f"/listings/{product}/order", query_string=fields)
    hidden = dict(re.findall(r'name="(key|seen|quote)" value="([^"]+)"', review.text))
    page = f"/vendor/products/{product}"
    file = (io.BytesIO(b"other"), "other.csv")
    location(vendor.post(f"{page}/releases", label="2026-02", files=file))
    confirmed = fields | hidden | {"accept": "1"}
    told = buyer.post(f"/listings/{product}/order", **confirmed)
    assert told.status_code == 409
    again = dict(re.findall(r'name="(key|seen|quote)" value="([^"]+)"', told.text))
    assert again["seen"] != hidden["seen"]
    location(buyer.post(f"/listings/{product}/order", **(confirmed | again)))


def test_other_facts_wait_for_registration_and_for_the_listing(visit):
    product = listed_one(visit)
    vendor, registrar = visit("vendor"), visit("registrar")
    page = f"/vendor/products/{product}"
    version = re.search(r'name="version" value="(\d+)"', vendor.get(page).text)
    other = FACTS | {"title_zh": "Something else", "version": version[1]}
    location(vendor.post(page, **other))
    shown = lambda: visit("").get(f"/listings/{product}").text
    assert "Something else" not in shown()
    register_by_page(registrar, product)
    assert "Something else" not in shown()
    location(registrar.post(f"/staff/listings/{product}/admit_added"))
    assert "Something else" in shown()
