"""Listings that members report, what is near them, and who looks and buys."""

import pytest

from listings import catalogue, visibility
from marketplace.community import activity, complaints, funnel, neighbours, notices
from settlement import ids
from tests.flows.market import buy, listed, location, pay_in
from tests.visitors import app, bearer, config, parts, people, visit

__all__ = ["app", "bearer", "config", "parts", "people", "visit"]
WRONG = {"complaint_kind": "facts", "complaint": "Row <3> is in other units."}


@pytest.fixture
def market(visit):
    """Two listed products of one vendor, and everybody's browser."""
    names = ("vendor", "buyer", "other", "registrar", "settlement_officer")
    found = {role: visit(role) for role in names} | {"nobody": visit("")}
    found["product"] = listed(found["vendor"], found["registrar"])
    found["page"] = f"/listings/{found['product']}"
    return found


def test_a_member_reports_a_listing_and_is_told_what_was_found(market, parts, people):
    path = f"{market['page']}/complaint"
    assert market["nobody"].post(path, **WRONG).status_code == 303  # to the sign-in
    own = market["vendor"].post(path, **WRONG)
    assert own.status_code == 422
    nothing = market["buyer"].post(path, complaint="", complaint_kind="dull")
    assert nothing.status_code == 422
    location(market["buyer"].post(path, **WRONG))
    again = WRONG | {"complaint": "Rows <3> and 4."}
    location(market["buyer"].post(path, **again))
    desk = market["registrar"].get("/staff/complaints").text
    assert "Rows &lt;3&gt; and 4." in desk
    assert "is in other units" not in desk  # replaced: one undecided one of a member
    assert market["buyer"].get("/staff/complaints").status_code == 403

    decision = f"/staff/complaints/{ids.encode('complaint', 1)}"
    assert market["registrar"].post(decision, outcome="upheld").status_code == 422
    said = {"outcome": "upheld", "answer": "The vendor corrects the unit."}
    location(market["registrar"].post(decision, **said))
    assert market["registrar"].post(decision, **said).status_code == 409
    assert "Rows &lt;3&gt;" not in market["registrar"].get("/staff/complaints").text
    assert "The vendor corrects the unit." in market["buyer"].get("/notices").text
    assert "The vendor corrects the unit." in market["buyer"].get(market["page"]).text
    assert "The vendor corrects" not in market["nobody"].get(market["page"]).text
    timeline = f"/staff/listings/{market['product']}/timeline"
    assert "Rows &lt;3&gt; and 4." in market["registrar"].get(timeline).text
    with parts.reads.connect() as db:
        told = notices.of_member(db, people["buyer"].member)
    assert [one.kind for one in told] == ["complaint_upheld"]


def test_a_member_has_so_many_undecided_complaints(market, parts, people, monkeypatch):
    monkeypatch.setattr(complaints, "OPEN_MAX", 0)
    path = f"{market['page']}/complaint"
    assert market["buyer"].post(path, **WRONG).status_code == 422


def test_programs_report_decide_and_count(market, parts, people, bearer, app):
    program = app.test_client()
    staff = bearer("registrar", "read", "staff")
    listing = f"/api/v1{market['page']}/complaints"
    body = {"kind": "rights", "complaint": "It is a copy of ours."}
    made = program.post(listing, json=body, headers=bearer("buyer", "read", "trade"))
    assert made.status_code == 201
    assert made.json["outcome"] == ""
    queue = "/api/v1/staff/complaints"
    assert program.get(queue, headers=bearer("buyer", "read")).status_code == 403
    (one,) = program.get(queue, headers=staff).json["data"]
    assert (one["id"], one["complaint"]) == (made.json["id"], body["complaint"])
    said = {"outcome": "dismissed", "answer": "Other data, other rows."}
    decided = program.post(
        f"{queue}/{one['id']}/decision",
        json=said,
        headers=bearer("registrar", "read", "staff"),
    )
    assert decided.json["outcome"] == "dismissed"
    stages = program.get(
        "/api/v1/funnel", headers=bearer("vendor", "read", "vendor")
    ).json["data"]
    assert [row["product"] for row in stages] == [market["product"]]


def test_a_vendor_learns_how_many_looked_asked_and_bought(market, parts, people):
    pay_in(market["buyer"], market["settlement_officer"])
    for role in ("buyer", "other", "vendor"):
        market[role].get(market["page"])
    location(market["other"].post(f"{market['page']}/questions", text="Which ports?"))
    location(buy(market["buyer"], market["product"]))
    number = ids.decode("product", market["product"])
    with parts.reads.connect() as db:
        found = funnel.of_products(db, people["vendor"].member, [number])[number]
        lively = activity.of_instruments(
            db, [unit.id for unit in catalogue.instruments_of(db, number)]
        )
    # The vendor's own look is none of a member that may buy; a purchase is an order.
    assert (found.looked, found.asked, found.bought, found.again) == (2, 2, 1, 0)
    assert found.bought_bps == 5_000
    assert lively == activity.Activity(None, None)  # one buyer's trades are its own
    page = market["vendor"].get("/vendor/funnel").text
    assert "50%" in page
    assert market["product"] in page
    assert market["nobody"].get("/vendor/funnel").status_code == 303
    with parts.writes.begin() as db:  # whose guests the vendor knows by name
        visibility.restrict(db, number, visibility.PRIVATE, people["vendor"].id)
    with parts.reads.connect() as db:
        found = funnel.of_products(db, people["vendor"].member, [number])[number]
    assert (found.looked, found.followed, found.asked) == (None, None, 2)
    assert found.bought_bps is None
    assert "50%" not in market["vendor"].get("/vendor/funnel").text


def test_what_is_near_a_listing_is_shown_where_enough_members_stand_behind_it(
    market, parts, people, monkeypatch
):
    other = listed(market["vendor"], market["registrar"], symbol="SECOND")
    pay_in(market["buyer"], market["settlement_officer"])
    number = ids.decode("product", market["product"])

    def near():
        with parts.reads.connect() as db:
            found = catalogue.listing(db, number)
            return neighbours.of_listing(db, found, 0)

    second = ids.decode("product", other)
    assert [one.id for one in near().related] == [second]
    for product in (market["product"], other):
        location(buy(market["buyer"], product))
    assert near().complementary == []  # one holder alone
    monkeypatch.setattr(neighbours, "MEMBERS_MIN", 1)
    assert [one.id for one in near().complementary] == [second]
    assert near().related == []  # nothing twice
    assert f"/listings/{other}" in market["nobody"].get(market["page"]).text
