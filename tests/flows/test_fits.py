"""Comparing before buying: who may, what is told, what is kept, how often."""

import io
import json

import pytest

from marketplace.delivery import fits
from tests.gates import list_by_api
from tests.programs import FACTS, V1, program, upload
from tests.visitors import app, bearer, parts, people, visit

__all__ = ["app", "bearer", "parts", "people", "program", "visit"]
OFFERED = "code,place,score\n" + "".join(f"K{n},{n % 7},{n}\n" for n in range(1_000))
# The first 400 of the offered keys, in another case, and 400 that nobody else has.
HELD = "mine,target\n" + "".join(
    f"{'k' if n < 400 else 'x'}{n},{3 * n + 5}\n" for n in range(800)
)
SCORE = [{"name": "score", "type": "number", "zh": "分", "en": "Score"}]
KEYS = {"table": "codes", "keys": ["code"], "measures": ["score"]}


@pytest.fixture
def product(program):
    vendor = program("vendor")
    product = vendor.made("/products", FACTS | {"dictionary": SCORE})["id"]
    unit = {"symbol": "CODES", "licence": "internal", "mode": "whole", "term_days": 30}
    instrument = vendor.made(f"/products/{product}/instruments", unit)["id"]
    release = vendor.made(f"/products/{product}/releases", {"label": "1.0"})["id"]
    upload(vendor, release, "codes.csv", OFFERED.encode())
    vendor.made(f"/releases/{release}/finalise")
    list_by_api(vendor, program("registrar"), product)
    vendor.put(f"/instruments/{instrument}/price", {"price": 1200})
    assert vendor.put(f"/products/{product}/fit", KEYS).status_code == 204
    return product


def compare(program, product, content=HELD, role="buyer", **query):
    one = program(role)
    return one.client.post(
        f"{V1}/listings/{product}/fits/file",
        query_string={"name": "mine.csv", "keys": "mine"} | query,
        data=io.BytesIO(content.encode()),
        content_type="application/octet-stream",
        headers=one.headers,
    )


def test_shares_are_told_signed_and_no_row(program, product, parts):
    answer = compare(program, product, target="target", measure="score")
    assert answer.status_code == 201, answer.text
    figures = {one["name"]: one for one in answer.json["figures"]}
    for name, true in (
        *(("overlap", 40), ("match", 50)),
        *(("coverage", 100), ("explained", 100)),
    ):
        assert abs(figures[name]["percent"] - true) <= figures[name]["margin"] + 5
    claims = fits.verified(parts.seal, answer.json["token"])
    assert claims["product"] == product
    assert claims["figures"] == answer.json["figures"]
    assert fits.verified(parts.seal, answer.json["token"][:-4] + "AAAA") is None
    again = compare(program, product, target="target", measure="score").json
    assert again["figures"] == answer.json["figures"]  # the same data tells no more
    kept = program("buyer").read(f"/listings/{product}/fits")["data"]
    assert [row["why"] for row in kept] == ["", ""]
    assert "k399" not in json.dumps(kept)


def test_only_a_verified_buyer_compares_what_the_vendor_allows(program, product):
    assert compare(program, product, role="vendor").status_code == 403
    assert compare(program, product, measure="place").status_code == 422
    assert compare(program, product, "mine\n1\n2\n").json["why"] == "too_few"
    assert compare(program, product, keys="nothing").json["why"] == "no_column"
    other = program("other")
    assert other.put(f"/products/{product}/fit", KEYS).status_code == 404
    vendor = program("vendor")
    wrong = KEYS | {"table": "nothing"}
    assert vendor.put(f"/products/{product}/fit", wrong).status_code == 422
    assert vendor.delete(f"/products/{product}/fit").status_code == 204
    assert compare(program, product).json["code"] == "not_comparable"


def test_a_day_has_its_limit_and_pages_show_it(program, product, visit, monkeypatch):
    monkeypatch.setattr(fits, "DAY_MAX", 1)
    assert compare(program, product).status_code == 201
    refused = compare(program, product)
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_fits")
    page = visit("buyer").get(f"/listings/{product}/fit").text
    assert "Of the offered keys, you have already" in page or "您已拥有" in page
    file = io.BytesIO(HELD.encode()), "mine.csv"
    sent = visit("buyer").post(f"/listings/{product}/fit", keys="mine", file=file)
    assert sent.status_code == 429
    theirs = visit("vendor").get(f"/vendor/products/{product}/fit").text
    assert "codes" in theirs
    assert "%" in theirs
