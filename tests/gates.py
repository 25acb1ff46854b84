"""What the gates ask of a product, for tests about something else: all in one place."""

import io
import re

from listings import admission, products
from listings.files import Stored
from listings.registration import attachments, checklist, opinions
from listings.registration.attachments import Whose
from listings.registration.opinions import Given
from listings.steps import Actor
from marketplace.members import organisations, users
from marketplace.services import EXTENSION
from settlement import clock, ids

ASSESSOR = Actor(800, 80)
STORED = Stored("a" * 64, 9, "a" * 64)
RIGHTS = {
    right: {"holder": "A company", "basis": "Own production"}
    for right in ("hold", "use", "operate")
}
DECLARED = {
    "source_route": "production",
    "source_statement": "Made by our own sensors.",
    "sensitivity": "general",
    "personal": "none",
    "purpose": "Planning.",
    "scene": "A planner looks at it each morning.",
    "rights": RIGHTS,
}
# The same as a form sends it.
TYPED = {name: text for name, text in DECLARED.items() if name != "rights"} | {
    f"{right}_{cell}": text
    for right, cells in RIGHTS.items()
    for cell, text in cells.items()
}
FOR_TWO_YEARS = 730 * clock.DAY_US


def prove(db, product):
    """Attach evidence of the source and the commitment, in the vendor's name."""
    row = products.find(db, product)
    whose = Whose(row.edited_by, row.vendor)
    for kind in (row.source_route or "production", "commitment"):
        attachments.add(db, product, kind, f"{kind}.pdf", STORED, whose)


def assess(db, product, kind="compliance", outcome="pass", by=ASSESSOR):
    """Let a third party say that all is well."""
    row = products.find(db, product)
    if not opinions.engaged(db, product, by.member, kind):
        opinions.invite(db, product, kind, by.member, Actor(row.edited_by, row.vendor))
    methods = ("cost", "income") if kind == "valuation" else ()
    given = Given(outcome, "All is well.", clock.now_us() + FOR_TWO_YEARS, methods)
    return opinions.give(db, product, kind, given, ("opinion.pdf", STORED), by)


def check(db, product, registrar):
    """Pass every line of the checklist."""
    passed = dict.fromkeys(checklist.LINES, ("pass", ""))
    checklist.decide(db, product, passed, registrar)


def approve(db, product, registrar, notice_us=0):
    """Pass the checklist and approve, with a notice that is over at once."""
    check(db, product, registrar)
    admission.approve(db, product, registrar, notice_us)


def register(db, product, vendor, registrar):
    """Bring a draft to its registration; return the certificate's number."""
    prove(db, product)
    admission.submit(db, product, vendor)
    approve(db, product, registrar)
    return admission.lapse(db, product, registrar)


def to_market(db, product, vendor, registrar):
    """Bring a draft to the market; return what the market is to be told."""
    register(db, product, vendor, registrar)
    assess(db, product)
    admission.admit(db, product, registrar)
    return admission.publish(db, product, vendor)


# ── through the pages ──


def prove_by_page(vendor, page):
    """Attach what the gates ask for by the forms of the product's page."""
    for kind in ("production", "commitment"):
        file = (io.BytesIO(kind.encode()), f"{kind}.pdf")
        answer = vendor.post(f"{page}/attachments", kind=kind, file=file)
        assert answer.status_code == 303, answer.text


def check_by_page(registrar, product):
    """Pass every line of the checklist by the registrar's page."""
    passed = {f"check_{line}": "pass" for line in checklist.LINES}
    decided = registrar.post(f"/staff/listings/{product}/checks", **passed)
    assert decided.status_code == 303, decided.text


def register_by_page(registrar, product):
    """Pass the checklist, approve, and end the notice, by the registrar's page."""
    check_by_page(registrar, product)
    for step in ("approve", "lapse"):
        answer = registrar.post(f"/staff/listings/{product}/{step}")
        assert answer.status_code == 303, re.findall(r'title">(.*?)<', answer.text)


def list_by_page(vendor, registrar, page):
    """Bring a submitted draft to the market: assessed, admitted, published."""
    product = page.rpartition("/")[2]
    register_by_page(registrar, product)
    assess_in(vendor.client.application, product)
    answer = registrar.post(f"/staff/listings/{product}/admit")
    assert answer.status_code == 303, answer.text
    answer = vendor.post(f"{page}/publish")
    assert answer.status_code == 303, answer.text


def assess_in(app, product):
    """Let a third party speak for a product, past the pages."""
    parts = app.extensions[EXTENSION]
    with parts.writes.begin() as db:
        by = ASSESSOR
        for member in organisations.assessors(db, "compliance"):
            (user, *_) = users.of_member(db, member.id)
            by = Actor(user.id, member.id)
        assess(db, ids.decode("product", product), by=by)


# ── through the API ──


def prove_by_api(vendor, product):
    """Attach what the gates ask for by the API."""
    for kind in ("production", "commitment"):
        answer = vendor.client.post(
            f"/api/v1/products/{product}/attachments",
            query_string={"name": f"{kind}.pdf", "kind": kind},
            data=kind.encode(),
            content_type="application/octet-stream",
            headers=vendor.headers,
        )
        assert answer.status_code == 201, answer.text


def register_by_api(vendor, registrar, product):
    """Prove, submit, check, approve and register a draft by the API."""
    prove_by_api(vendor, product)
    vendor.made(f"/products/{product}/submit")
    checks = [{"line": line, "verdict": "pass"} for line in checklist.LINES]
    registrar.made(f"/staff/products/{product}/checks", {"checks": checks})
    for event in ("approve", "lapse"):
        registrar.made(f"/staff/products/{product}/decisions", {"event": event})


def list_by_api(vendor, registrar, product):
    """Bring a draft to the market by the API."""
    register_by_api(vendor, registrar, product)
    assess_in(vendor.client.application, product)
    registrar.made(f"/staff/products/{product}/decisions", {"event": "admit"})
    vendor.made(f"/products/{product}/publish")
