"""A vendor makes a product step by step; nothing typed is lost."""

import re

from listings import products
from marketplace.services import EXTENSION
from settlement import ids
from tests.flows.market import FACTS, draft, listed, location

WHAT = {name: FACTS[name] for name in ("kind", "title_zh", "title_en", "sector")}


def _facts(app, product):
    with app.extensions[EXTENSION].reads.connect() as db:
        row = products.find(db, ids.decode("product", product))
        return row.version, products.facts_of(row)


def test_each_step_saves_its_own_fields_and_goes_on(app, visit):
    vendor = visit("vendor")
    first = location(vendor.post("/vendor/products/new", **WHAT))
    page, _, step = first.rpartition("/")
    product = page.split("/")[3]
    assert step == "2"
    assert 'aria-current="step"' in vendor.get(first).text
    version, facts = _facts(app, product)
    assert facts.title_zh == FACTS["title_zh"]
    assert not facts.scene  # of another step
    saved = vendor.post(f"{page}/3", scene="A scene.", version=str(version), to="3")
    assert location(saved).endswith("/steps/3")
    _, later = _facts(app, product)
    assert later == facts._replace(scene="A scene.")


def test_a_draft_saves_itself_while_it_is_typed(app, visit):
    vendor = visit("vendor")
    begun = vendor.post("/vendor/products/new/saved", kind="dataset", title_en="Po")
    address = begun.json["address"]
    product = address.split("/")[3]
    assert re.search(r"\d\d:\d\d", begun.json["said"])
    half = {"keywords": "a, b", "coverage_from": "20", "version": "1"}
    told = vendor.post(f"/vendor/products/{product}/steps/2/saved", **half)
    assert told.json["version"] == 2
    assert told.json["problems"].keys() == {"coverage_from"}
    assert _facts(app, product)[1].keywords == ("a", "b")
    again = half | {"version": "2"}
    told = vendor.post(f"/vendor/products/{product}/steps/2/saved", **again)
    assert told.json["version"] == 2  # nothing new: no new version
    stale = half | {"keywords": "c"}
    overtaken = vendor.post(f"/vendor/products/{product}/steps/2/saved", **stale)
    assert overtaken.status_code == 409
    assert _facts(app, product)[1].keywords == ("a", "b")


def test_what_lacks_leads_to_its_step_and_field(visit):
    vendor = visit("vendor")
    step = location(vendor.post("/vendor/products/new", kind="dataset"))
    check = vendor.get(step.replace("steps/2", "steps/5")).text
    for place in (
        *("1#f-title_zh", "1#f-sector", "2#f-keywords", "2#releases-h"),
        *("3#f-scene", "3#f-rights", "3#evidence-h", "4#units-h"),
    ):
        assert f"/steps/{place}" in check, place
    assert "/submit" not in check


def test_what_was_handed_in_has_no_steps_but_a_place_in_the_queue(visit):
    vendor = visit("vendor")
    page = draft(vendor)
    assert f"{page}/submit" in vendor.get(f"{page}/steps/5").text
    location(vendor.post(f"{page}/submit"))
    assert location(vendor.get(f"{page}/steps/1")).endswith(page)
    assert "是队列中的下一件" in vendor.get(page).text
    assert visit("buyer").get(f"{page}/steps/1").status_code in {403, 404}


def test_saving_a_form_keeps_what_no_form_shows(app, visit):
    vendor = visit("vendor")
    page = draft(vendor).rpartition("/")[2]
    number = ids.decode("product", page)
    parts = app.extensions[EXTENSION]
    with parts.writes.begin() as db:
        row = products.find(db, number)
        facts = products.facts_of(row)._replace(
            extra={"proposed_price": {"mode": "free"}}, size_bytes=7
        )
        products.edit(db, number, facts, row.version, row.edited_by)
    version, known = _facts(app, page)
    location(vendor.post(f"/vendor/products/{page}", **FACTS, version=str(version)))
    assert _facts(app, page)[1].extra == known.extra
    assert _facts(app, page)[1].size_bytes == 7


def test_a_registrar_takes_a_change_on_and_reads_it_word_by_word(app, visit):
    vendor, registrar = visit("vendor"), visit("registrar")
    product = listed(vendor, registrar)
    number = ids.decode("product", product)
    with app.extensions[EXTENSION].reads.connect() as db:
        row = products.find(db, number)
    changed = FACTS | {"title_en": f"{FACTS['title_en']} revised"}
    location(
        vendor.post(f"/vendor/products/{product}", **changed, version=str(row.version))
    )
    queue = registrar.get("/staff/listings?state=in_review&show=changes").text
    assert f"/staff/listings/{product}/claim" in queue
    location(registrar.post(f"/staff/listings/{product}/claim"))
    page = registrar.get(f"/staff/listings/{product}").text
    assert f"/staff/listings/{product}/release" in page
    added = page.partition("<ins><span")[2].partition("</ins>")[0]
    assert "revised" in added
    assert product not in registrar.get("/staff/listings?show=free").text
    assert product in registrar.get("/staff/listings?show=mine").text
    location(registrar.post(f"/staff/listings/{product}/release"))
    assert product in registrar.get("/staff/listings?show=free").text
