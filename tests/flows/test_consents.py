"""A purpose on request: asked for, agreed to, ordered, delivered, and ended."""

import io
import re

import pytest

from settlement import ids
from tests.flows.market import FACTS, UNIT, begun, buy, instrument, location, pay_in
from tests.gates import list_by_page, prove_by_page

ANSWERS = {"who": "The research desk", "use_case": "Train a model of berths."}
WANTED = ANSWERS | {"purpose": "model_training"}


@pytest.fixture
def market(visit):
    """A listed product whose licence has the training of models on request."""
    vendor, registrar = visit("vendor"), visit("registrar")
    said = {"title_zh": "研究", "title_en": "Research", "uses": ["access", "analysis"]}
    said |= {"purpose_academic_research": "allowed"}
    said |= {"purpose_model_training": "on_request", "retention": "keep"}
    location(vendor.post("/vendor/licences/new", **said))
    code = re.search(r"mem_\w+-1", vendor.get("/vendor/licences").text)[0]
    page = begun(vendor, **FACTS)
    location(vendor.post(f"{page}/instruments", **(UNIT | {"licence": code})))
    file = (io.BytesIO(b"port,day\nShanghai,2026-01-01\n"), "ports.csv")
    location(vendor.post(f"{page}/releases", label="2026-01", files=file))
    prove_by_page(vendor, page)
    location(vendor.post(f"{page}/submit"))
    list_by_page(vendor, registrar, page)
    unit = instrument(vendor, page)
    location(vendor.post(f"{page}/instruments/{unit}/price", price="120.00"))
    pay_in(visit("buyer"), visit("settlement_officer"))
    return vendor, visit("buyer"), page.rpartition("/")[2]


def test_an_order_for_a_purpose_on_request_is_admitted_once_agreed_to(market, visit):
    vendor, buyer, product = market
    training = {"purpose": "model_training"}
    assert buy(buyer, product, **training).status_code == 422
    listing = f"/listings/{product}"
    assert f"{listing}/purposes" in buyer.get(listing).text
    assert buyer.post(f"{listing}/purposes", **WANTED | {"who": ""}).status_code == 422
    other = WANTED | {"purpose": "redistribution"}
    assert buyer.post(f"{listing}/purposes", **other).status_code == 422
    location(buyer.post(f"{listing}/purposes", **WANTED))
    assert buyer.post(f"{listing}/purposes", **WANTED).status_code == 422  # asked
    request = ids.encode("request", 1)
    approve = f"/vendor/requests/{request}/approve"
    assert visit("other").post(approve).status_code == 404
    location(vendor.post(approve, days="30"))
    location(buy(buyer, product, **training))
    assert buy(buyer, product, purpose="redistribution").status_code == 422
    right = buyer.get("/rights/" + ids.encode("entitlement", 1)).text
    file = re.search(r"/rights/ent_\w+/files/fil_\w+", right)[0]
    with buyer.post(file) as fetched:
        assert fetched.status_code == 200, fetched.text[:200]
        assert fetched.data


def test_the_vendor_ends_its_consent_and_the_next_order_is_refused(market):
    vendor, buyer, product = market
    location(buyer.post(f"/listings/{product}/purposes", **WANTED))
    request = ids.encode("request", 1)
    location(vendor.post(f"/vendor/requests/{request}/approve"))
    waiting = buy(buyer, product, purpose="model_training", kind="bid", price="10.00")
    order = location(waiting).partition("?")[0]
    location(vendor.post(f"/vendor/requests/{request}/end"))
    assert "state--" in buyer.get(order).text
    assert buy(buyer, product, purpose="model_training").status_code == 422
    assert vendor.post(f"/vendor/requests/{request}/end").status_code == 409
