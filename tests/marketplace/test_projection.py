"""Search follows the book: a new price is found within a second of its commit."""

import time

import pytest

from listings import admission, instruments, licences, products, standard
from listings.search.entry import Facet
from listings.search.query import Query
from marketplace.admission import tell_market
from marketplace.followers import Admissions, following
from marketplace.members.users import User
from marketplace.projection import FILE, Prices, changes_after
from marketplace.services import Services
from marketplace.trading.commands import (
    CancelOrder,
    Line,
    PlaceOrder,
)
from marketplace.trading.venue import InstrumentClosed
from settlement import clock
from tests.gates import DECLARED, to_market

FACTS = products.Facts(
    "dataset",
    title_zh="港口船舶动态",
    title_en="Ship movements in ports",
    summary_zh="每小时更新的进出港记录。",
    summary_en="Arrivals and departures, every hour.",
    description_zh="合成数据。",
    description_en="Synthetic data.",
    sector="transportation",
    region="31",
    updates="hourly",
    source_url="https://data.example/ships",
    keywords=("港口", "船舶"),
    dictionary=(
        {"name": "port", "type": "text", "zh": "港口", "en": "Port"},
        {"name": "at", "type": "time", "zh": "时间", "en": "Time"},
    ),
    **DECLARED,
)


def _register(parts: Services, people: dict[str, User]) -> tuple[int, int]:
    """Return a product that the catalogue admitted, and its instrument."""
    vendor, registrar = people["vendor"], people["registrar"]
    with parts.writes.begin() as db:
        numbers = licences.ensure(db, standard.STANDARD)
        product = products.draft(db, vendor.member, FACTS, vendor.id)
        unit = instruments.Unit("SHIPS-1", min(numbers.values()), "whole")
        instrument = instruments.add(db, product, unit)
        to_market(db, product, vendor, registrar)
    return product, instrument


@pytest.fixture
def listed(parts: Services, people: dict[str, User]) -> tuple[int, int]:
    """A listed product of the vendor and its instrument."""
    found = _register(parts, people)
    tell_market(parts, found[0], people["registrar"].id)
    return found


def _offer(parts: Services, vendor: User, instrument: int, price: int) -> int:
    line = Line(instrument, "sell", price, 1, evergreen=True)
    placed = parts.gateway.submit(PlaceOrder(vendor.id, vendor.member, line))
    return int(placed.result.order)


def _prices(parts: Services) -> dict[int, int | None]:
    with parts.reads.connect() as db:
        found = changes_after(db, 0, 100)
    return {c.product_id: c.entry.price for c in found if c.entry is not None}


def test_search_is_told_the_vendor_and_the_lowest_price(
    parts: Services, people: dict[str, User], listed: tuple[int, int]
) -> None:
    product, instrument = listed
    assert _prices(parts) == {product: None}
    _offer(parts, people["vendor"], instrument, 5000)
    _offer(parts, people["vendor"], instrument, 4200)
    assert _prices(parts) == {product: 4200}
    with parts.reads.connect() as db:
        [change] = changes_after(db, 0, 100)
    assert change.entry
    assert (change.entry.vendor_zh, change.entry.vendor_en) == ("第1公司", "Company 1")


def test_only_products_with_another_price_are_touched(
    parts: Services, people: dict[str, User], listed: tuple[int, int]
) -> None:
    prices = Prices(parts.reads, parts.writes, parts.config.data)
    assert prices.step() == 0
    order = _offer(parts, people["vendor"], listed[1], 4200)
    assert prices.step() == 1
    assert prices.step() == 0
    _offer(parts, people["vendor"], listed[1], 9900)  # the lowest is still 4200
    assert prices.step() == 0
    vendor = people["vendor"]
    parts.gateway.submit(CancelOrder(vendor.id, vendor.member, order))
    assert prices.step() == 1


def test_what_happened_while_it_was_away_is_told_on_return(
    parts: Services, people: dict[str, User], listed: tuple[int, int]
) -> None:
    def start() -> Prices:
        return Prices(parts.reads, parts.writes, parts.config.data)

    _offer(parts, people["vendor"], listed[1], 4200)
    assert start().step() == 1
    assert start().step() == 0
    _offer(parts, people["vendor"], listed[1], 4100)
    assert start().step() == 1
    (parts.config.data / FILE).unlink()
    assert start().step() == 1


def test_a_new_price_is_found_by_search_within_a_second(
    parts: Services, people: dict[str, User], listed: tuple[int, int]
) -> None:
    def band() -> list[str]:
        found = parts.index.search(Query(text="港口", language="zh"))
        return [count.code for count in found.facets[Facet.PRICE] if count.number]

    def until(wanted: list[str]) -> float:
        began_s = clock.elapsed_s()
        while band() != wanted and clock.elapsed_s() - began_s < 20:
            time.sleep(0.02)
        assert band() == wanted
        return clock.elapsed_s() - began_s

    with following(parts.config, parts.reads, parts.writes, parts.gateway, parts.index):
        until(["ask"])
        _offer(parts, people["vendor"], listed[1], 4200)
        assert until(["under_100"]) < 5  # on a busy machine; alone it is below one
        _offer(parts, people["vendor"], listed[1], 4100)
        until(["under_100"])


def test_the_market_hears_of_admissions_that_nobody_told_it(
    parts: Services, people: dict[str, User]
) -> None:
    product, instrument = _register(parts, people)
    admissions = Admissions(parts.reads, parts.gateway, parts.config.data)
    assert admissions.step() == 0, "whoever decided may still be about to tell"
    assert admissions.step() == 1
    _offer(parts, people["vendor"], instrument, 4200)
    with parts.writes.begin() as db:
        admission.suspend(db, product, "a complaint", people["registrar"])
    restarted = Admissions(parts.reads, parts.gateway, parts.config.data)
    assert [restarted.step(), restarted.step(), restarted.step()] == [0, 1, 0]
    with pytest.raises(InstrumentClosed):
        _offer(parts, people["vendor"], instrument, 4100)
