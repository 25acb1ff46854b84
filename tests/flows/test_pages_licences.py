"""Pages of licences and duties: a vendor composes, a buyer shows what it did."""

import json
import re

from tests.flows.market import buy, headline, listed, location, pay_in
from tests.visitors import app, config, parts, people, visit

__all__ = ["app", "config", "parts", "people", "visit"]

CHOICES = {
    "title_zh": "研究许可",
    "title_en": "Research",
    "uses": ["access", "analysis"],
    "purpose_academic_research": "allowed",
    "purpose_model_training": "on_request",
    "retention": "delete",
    "report_days": "30",
}


def test_a_vendor_composes_a_licence_and_its_next_version(visit):
    vendor = visit("vendor")
    shown = vendor.post("/vendor/licences/new", **CHOICES, preview="1")
    assert shown.status_code == 200
    assert "学术研究" in shown.text
    page = location(vendor.post("/vendor/licences/new", **CHOICES))
    code = re.search(r"mem_\w+-1", vendor.get("/vendor/licences").text)[0]
    again = location(
        vendor.post(
            "/vendor/licences/new", **CHOICES | {"report_days": "90"}, code=code
        )
    )
    assert again != page
    one, other = (address.rpartition("/")[2] for address in (page, again))
    compared = visit("").get(f"/licences/compare?one={one}&other={other}").text
    assert "<del>30</del>" in compared
    assert "<ins>90</ins>" in compared
    for form in ("jsonld", "ttl"):
        assert "inform" in visit("").get(f"{again}/odrl.{form}").text


def test_choices_that_make_no_licence_are_shown_again(visit):
    answer = visit("vendor").post("/vendor/licences/new", title_zh="甲", title_en="A")
    assert answer.status_code == 422
    assert 'value="甲"' in answer.text, headline(answer)


def test_a_buyer_shows_that_it_did_its_duty_and_the_vendor_sees_it(visit):
    vendor, buyer = visit("vendor"), visit("buyer")
    product = listed(vendor, visit("registrar"))
    offered = json.loads(visit("").get(f"/listings/{product}/odrl.jsonld").text)
    assert offered[0]["@type"] == "Offer"
    pay_in(buyer, visit("settlement_officer"))
    assert buy(buyer, product).status_code == 303
    page = buyer.get("/rights/duties").text
    (path,) = re.findall(r'action="(/rights/duties/[^"]+)"', page)
    assert path.endswith("/delete/1")
    assert "未到期" in page
    location(buyer.post(path, statement="已用安全方式删除全部副本。"))
    assert "已用安全方式删除" in vendor.get("/vendor/duties").text
    assert buyer.post(path, statement="again").status_code == 422
    right = path.split("/")[3]
    assert "SHA-256" in buyer.get(f"/rights/{right}/destruction").text
    assert visit("other").get(f"/rights/{right}/destruction").status_code == 404
    assert visit("other").post(path, statement="x").status_code == 404
