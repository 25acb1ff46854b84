"""The market by class and region, its vendors, indices and liquidity, on the pages."""

import pytest

from listings.vocabulary import PROVINCES
from marketplace.trading.liquidity import liquid
from marketplace.warehouse import Feed
from marketplace.web.figures import _answer
from marketplace.web.market import TILES
from tests.flows.market import buy, listed, location, pay_in
from tests.programs import buy as bid
from tests.programs import pay_in as pay
from tests.programs import program, sun
from tests.publishing import publish

__all__ = ["program", "sun"]


@pytest.fixture
def product(visit, parts):
    """A product that was bought once; the month is published."""
    product = listed(visit("vendor"), visit("registrar"))
    pay_in(visit("buyer"), visit("settlement_officer"))
    location(buy(visit("buyer"), product))
    Feed(parts.reads, parts.config.warehouse()).step()
    publish(parts)
    _answer.cache_clear()
    return product


def test_the_tiles_are_the_provinces_each_once():
    there = [code for line in TILES for code in line if code != "--"]
    assert sorted(there) == sorted(PROVINCES)
    assert {len(line) for line in TILES} == {8}


def test_every_page_about_the_market_is_shown_and_every_form_answers(
    visit, product, parts
):
    reader = visit("")
    page = reader.get("/statistics/by/vendor_region").text
    assert 'class="tile-map"' in page
    assert page.count("tile-map__tile--") == len(PROVINCES)
    assert 'class="tile-map"' not in reader.get("/statistics/by/class").text
    assert reader.get("/statistics/by/nothing").status_code == 404
    assert reader.get("/statistics/by/class?currency=XYZ").status_code == 422
    for path in ("vendors", "indices?by=sector", "definitions"):
        assert reader.get(f"/statistics/{path}").status_code == 200, path
    for form in ("xlsx", "parquet", "sdmx.csv", "sdmx.xml"):
        answer = reader.get(f"/statistics/s05_turnover.{form}")
        assert answer.status_code == 200, form
        assert f"s05_turnover.{form}" in answer.headers["Content-Disposition"]
        assert answer.data
    assert "pub_" in reader.get("/help/statistics").text
    with parts.reads.connect() as db:
        assert liquid(db, 0) == []


def test_the_spread_is_between_the_best_bid_and_offer(program, sun, parts):
    pay(program, "buyer", 100_000)
    resting = bid(sun, price=1_160, time_in_force="GTC", quantity=2)
    program("buyer").made("/orders", resting)
    with parts.reads.connect() as db:
        (one,) = liquid(db, 0)
    assert (one.bid, one.offer, one.posted) == (1_160, 1_200, True)
    assert one.spread_bps == 40 * 20_000 // 2_360
    assert one.bids == 2 * 1_160
    found = program("").read("/statistics/indices", by="sector")
    assert found["levels"] == {}
    assert found["weights"] == []
