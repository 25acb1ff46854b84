"""The fair-value band on the listing, the ticket and by API; never of too few."""

import pytest
from sqlalchemy import insert

from listings.tables import products
from marketplace.pricing.fairness import bands
from marketplace.trading.tables import prints
from settlement import clock, ids
from tests.programs import program, put_on_market

__all__ = ["program"]


@pytest.fixture
def market(program, parts, people):
    """Products of the vendor's, each as if sold once by a vendor of its own."""
    sold = [put_on_market(program, f"SUN{n}", 1_200) for n in range(2)]
    return [ids.decode("instrument", one.instrument) for one in sold], sold


def test_a_band_is_shown_to_everybody_once_there_are_enough(
    program, visit, parts, market, monkeypatch
):
    numbers, sold = market
    path = f"/instruments/{sold[0].instrument}/fair-value"
    assert program("").read(path) == {"band": None}
    page = visit("").get(f"/listings/{sold[0].product}").text
    assert "可比成交不足" in page
    with parts.writes.begin() as db:
        now_us = clock.now_us()
        row = {"at_us": now_us, "due_us": now_us, "quantity": 1, "currency": 1}
        told = [row | {"id": 1, "trade": 1, "instrument": numbers[1], "price": 900}]
        db.execute(insert(prints), [one | {"taker": "buy"} for one in told])
    # The other product is the same vendor's: it has no vote.
    assert program("").read(path) == {"band": None}
    monkeypatch.setattr("marketplace.pricing.fairness.INSTRUMENTS_MIN", 1)
    monkeypatch.setattr("marketplace.pricing.fairness.VENDORS_MIN", 1)
    assert program("").read(path) == {"band": None}
    with parts.reads.connect() as db:
        assert bands(db, numbers, now_us) == {}
    _give_to_another_vendor(parts, program, sold[1])
    found = program("").read(path)["band"]
    assert (found["low"], found["high"], found["vendors"]) == (900, 900, 1)
    assert set(found["shown"][0]["like"]) >= {"sector", "licence", "region"}
    for who in ("", "buyer", "vendor"):
        page = visit(who).get(f"/listings/{sold[0].product}").text
        assert "¥9.00" in page
        assert "高于公允价区间" in page


def _give_to_another_vendor(parts, program, sold):
    """Let the product be another member's."""
    other = ids.decode("member", program("other").read("/me")["member"])
    number = ids.decode("product", sold.product)
    with parts.writes.begin() as db:
        db.execute(
            products.update().where(products.c.id == number).values(vendor=other)
        )
