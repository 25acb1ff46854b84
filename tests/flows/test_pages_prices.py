"""Prices on the pages: plans, lint, rises, trials, personal prices, public data."""

import re
from datetime import UTC, datetime
from io import BytesIO

import pytest
import time_machine
from python_calamine import CalamineWorkbook

from listings import admission
from listings.publicdata import AuthorisationOver
from listings.registration.passing import pass_time
from marketplace.admission import tell_market
from settlement import clock, ids
from tests.flows.market import (
    buy,
    draft,
    headline,
    instrument,
    listed,
    location,
    pay_in,
)
from tests.gates import list_by_page


def add(vendor, page, **fields):
    """Add what is sold to a product; return its symbol."""
    unit = {"licence": "internal", "mode": "whole", "currency": "1", "term_days": "365"}
    location(vendor.post(f"{page}/instruments", **(unit | fields)))


def unit_of(vendor, page, symbol):
    """Return the public id of an instrument by its symbol."""
    found = re.search(
        rf'<code>{symbol}</code>.*?instruments/(ins_\w+)/price"',
        vendor.get(page).text,
        re.DOTALL,
    )
    assert found, symbol
    return found[1]


@pytest.fixture
def page(visit):
    """A listed product with a menu: a year, a half year, calls in tiers, a trial."""
    vendor, registrar = visit("vendor"), visit("registrar")
    page = draft(vendor)
    code = page[-3:].upper()
    add(vendor, page, symbol=f"HALF-{code}", mode="per_term", term_days="183")
    add(
        vendor, page, symbol=f"CALLS-{code}", mode="per_call",
        tiers="10000: 28.00\n20.00", pack="10000", free_units="100",
        spend_cap="500.00", quota="1000000",
    )  # fmt: skip
    paid = re.findall(r'value="(ins_\w+)"', vendor.get(page).text)[0]
    add(vendor, page, symbol=f"TRY-{code}", mode="trial", trial_of=paid, term_days="7")
    location(vendor.post(f"{page}/submit"))
    list_by_page(vendor, registrar, page)
    return page


def post(vendor, page, symbol, price):
    unit = unit_of(vendor, page, symbol)
    return vendor.post(f"{page}/instruments/{unit}/price", price=price)


def test_the_lint_names_the_pair_and_the_difference(visit, page):
    vendor, code = visit("vendor"), page[-3:].upper()
    location(post(vendor, page, f"PORTS-{page[-3:]}".upper(), "1000.00"))
    location(post(vendor, page, f"HALF-{code}", "450.00"))
    text = re.sub(r"\s+", " ", vendor.get(page).text)
    assert "2 × HALF-" in text
    assert "¥900.00" in text
    assert "¥100.00" in text
    location(post(vendor, page, f"HALF-{code}", "449.00"))  # a fall, at once
    assert "¥102.00" in vendor.get(page).text


def test_the_price_of_use_is_computed_on_the_listing(visit, page):
    vendor, code = visit("vendor"), page[-3:].upper()
    location(post(vendor, page, f"CALLS-{code}", "0.00"))
    product = page.rpartition("/")[2]
    text = visit("").get(f"/listings/{product}?use=20100").text
    assert "¥48.00" in text  # 28 for the first 10,000, 20 for the next; 100 are free
    assert "¥500.00" in visit("").get(f"/listings/{product}?use=900000").text
    odd = visit("").get(f"/listings/{product}?use=many&wanted_for=nothing")
    assert odd.status_code == 200
    assert "invalid-feedback" in odd.text


def test_a_rise_is_announced_and_a_fall_holds_at_once(visit, page):
    vendor, code = visit("vendor"), page[-3:].upper()
    location(post(vendor, page, f"HALF-{code}", "450.00"))
    location(post(vendor, page, f"HALF-{code}", "510.00"))
    product = page.rpartition("/")[2]
    public = visit("").get(f"/listings/{product}").text
    assert "¥510.00" in public
    assert "<strong>¥450.00</strong>" in public
    unit = unit_of(vendor, page, f"HALF-{code}")
    location(vendor.post(f"{page}/instruments/{unit}/price/withdraw"))
    assert "¥510.00" not in visit("").get(f"/listings/{product}").text
    again = vendor.post(f"{page}/instruments/{unit}/price/withdraw")
    assert again.status_code == 404


def test_a_member_tries_once_and_the_trial_is_over_when_it_buys(visit, page):
    vendor, buyer, code = visit("vendor"), visit("buyer"), page[-3:].upper()
    product, paid = page.rpartition("/")[2], f"PORTS-{page[-3:]}".upper()
    location(post(vendor, page, f"TRY-{code}", "0"))
    location(post(vendor, page, paid, "120.00"))
    trial = {"instrument": unit_of(vendor, page, f"TRY-{code}"), "price": "0"}
    location(buy(buyer, product, **trial))
    second = buy(buyer, product, **trial)
    assert second.status_code == 409, headline(second)
    pay_in(buyer, visit("settlement_officer"))
    location(buy(buyer, product))
    rights = buyer.get("/rights").text
    assert rights.index("PORTS-") < rights.index("TRY-") or "TRY-" not in rights
    charged = post(vendor, page, f"TRY-{code}", "1.00")
    assert charged.status_code == 422


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"mode": "per_call", "tiers": "free"}, "tiers"),
        ({"mode": "per_call", "tiers": "10: 1.00"}, "tiers"),
        ({"mode": "trial"}, "trial_of"),
        ({"mode": "trial", "trial_of": "ins_00000zz"}, "trial_of"),
        ({"mode": "per_call", "tiers": "1.00", "pack": "0"}, "pack"),
    ],
)
def test_what_cannot_be_sold_so_is_said_at_its_field(visit, page, fields, name):
    unit = {"symbol": "ODD-1", "licence": "internal", "mode": "whole", "currency": "1"}
    answer = visit("vendor").post(f"{page}/instruments", **(unit | fields))
    assert answer.status_code == 422
    assert f'id="f-{name}-problem"' in answer.text


def test_a_personal_price_has_a_reason_and_stays_out_of_the_book(visit):
    vendor, buyer = visit("vendor"), visit("buyer")
    product = listed(vendor, visit("registrar"))
    page = f"/vendor/products/{product}"
    pay_in(buyer, visit("settlement_officer"))
    me = re.search(r"mem_\w+", buyer.get("/account").text)
    assert me
    offer = {
        "instrument": instrument(vendor, page),
        "member": me[0],
        "personal_price": "90.00",
        "quantity": "2",
        "reason": "need",
        "note": "<b>a school</b>",
        "until": clock.moment(clock.now_us() + 9 * clock.DAY_US).date().isoformat(),
        "key": "offer-1",
    }
    refused = vendor.post(f"{page}/offers", **(offer | {"note": ""}))
    assert refused.status_code == 422
    location(vendor.post(f"{page}/offers", **offer))
    assert "¥90.00" in buyer.get(f"/listings/{product}").text
    assert "¥90.00" not in visit("").get(f"/listings/{product}").text
    number = re.search(r"/quotes/(off_\w+)", buyer.get("/orders/offers").text)
    assert number
    quote = f"/quotes/{number[1]}"
    assert "&lt;b&gt;a school&lt;/b&gt;" in buyer.get(quote).text
    taken = {"purpose": "internal_analysis", "key": "take-it"}
    assert buyer.post(f"{quote}/take", **taken).status_code == 422
    contract = location(buyer.post(f"{quote}/take", accept="1", **taken))
    assert "¥180.00" in buyer.get(contract).text
    assert "¥90.00" not in visit("").get(f"/listings/{product}").text
    report = visit("surveillance").get("/staff/dispersion").text
    assert "/staff/dispersion/ins_" in report
    drill = re.search(r"/staff/dispersion/ins_\w+\?month=[\d-]+", report)
    assert drill
    assert "&lt;b&gt;a school&lt;/b&gt;" in visit("surveillance").get(drill[0]).text
    table = visit("surveillance").get("/staff/dispersion.csv").text
    assert "need=1" in table
    assert "¥90.00" in vendor.get("/vendor/offers").text
    assert visit("buyer").get("/staff/dispersion").status_code == 403


def test_public_data_is_free_for_welfare_and_below_a_ceiling_for_industry(visit):
    vendor, registrar, buyer = visit("vendor"), visit("registrar"), visit("buyer")
    product = listed(vendor, registrar, "90.00")
    page = f"/vendor/products/{product}"
    agreement = {
        "mode": "field", "scope": "交通", "source_kind": "government",
        "source_body": "市交通委", "granting_body": "市政府",
        "implementing_body": "市数据局", "operator": "=城市数据集团",
        "resources": "港口数据", "from_day": "2026-01-01", "until_day": "2029-12-31",
    }  # fmt: skip
    long = registrar.post(
        "/staff/public-data", **(agreement | {"until_day": "2036-01-01"})
    )
    assert long.status_code == 422
    desk = location(registrar.post("/staff/public-data", **agreement))
    unit = instrument(vendor, page)
    classed = {f"use_class-{unit}": "industry", f"ceiling-{unit}": "100.00"}
    assert registrar.get(f"{desk}?product={product}").status_code == 200
    lacking = registrar.post(desk, product=product, **{f"use_class-{unit}": "industry"})
    assert lacking.status_code == 422
    location(registrar.post(desk, product=product, **classed))
    above = vendor.post(f"{page}/instruments/{unit}/price", price="100.01")
    assert above.status_code == 422
    pay_in(buyer, visit("settlement_officer"))
    dear = buy(buyer, product, kind="bid", price="101.00")
    assert dear.status_code == 422, headline(dear)
    location(buy(buyer, product, price="90.00"))
    welfare = buyer.get(
        f"/listings/{product}/order",
        query_string={
            "instrument": unit, "kind": "now", "quantity": "1", "price": "90.00",
            "purpose": "public_service",
        },
    )  # fmt: skip
    key = re.search(r'name="key" value="([^"]+)"', welfare.text)
    assert key
    refused = buyer.post(
        f"/listings/{product}/order", instrument=unit, kind="now", quantity="1",
        price="90.00", purpose="public_service", accept="1", key=key[1],
    )  # fmt: skip
    assert refused.status_code == 422
    year = clock.moment(clock.now_us()).year
    told = visit("").get(f"/disclosure/{year}").text
    assert "=城市数据集团" in told
    assert "¥100.00" in told
    assert "¥90.00" in told
    table = visit("").get(f"/disclosure/{year}.csv").text
    assert "'=城市数据集团" in table
    book = CalamineWorkbook.from_filelike(
        BytesIO(visit("").get(f"/disclosure/{year}.xlsx").data)
    )
    rows = book.get_sheet_by_index(0).to_python()
    assert "=城市数据集团" in rows[1]
    assert visit("").get("/disclosure/1999").status_code == 404
    # Once the ceiling falls below it, what waits is cancelled.
    location(
        registrar.post(
            desk, product=product, **(classed | {f"ceiling-{unit}": "80.00"})
        )
    )
    assert "<strong>¥90.00</strong>" not in visit("").get(f"/listings/{product}").text


@pytest.mark.parametrize("month", ["2026-13", "x", "2026-1", "9999-01", "'; --"])
def test_a_month_that_is_none_is_not_found(visit, month):
    answer = visit("surveillance").get(
        "/staff/dispersion", query_string={"month": month}
    )
    assert answer.status_code == 404


def agreed(registrar, until):
    """Register an authorisation that lasts until a day; return its page."""
    return location(
        registrar.post(
            "/staff/public-data", mode="whole", source_kind="government",
            source_body="市交通委", granting_body="市政府",
            implementing_body="市数据局", operator="城市数据集团",
            resources="港口数据", from_day="2026-01-01", until_day=until,
        )
    )  # fmt: skip


def test_public_data_stops_trading_when_its_authorisation_is_over(visit, parts):
    vendor, registrar = visit("vendor"), visit("registrar")
    product = listed(vendor, registrar, "90.00")
    unit = instrument(vendor, f"/vendor/products/{product}")
    classed = {"product": product, f"use_class-{unit}": "industry"}
    classed |= {f"ceiling-{unit}": "100.00"}
    location(registrar.post(agreed(registrar, "2027-06-30"), **classed))
    number, said = ids.decode("product", product), "授权已于 2027-06-30 到期"
    with time_machine.travel(datetime(2027, 6, 30, 12, tzinfo=UTC), tick=True):
        assert pass_time(parts.writes) == 0  # its last day is a day of trading
        assert said not in visit("").get(f"/listings/{product}").text
    with time_machine.travel(datetime(2027, 7, 1, 1, tzinfo=UTC), tick=True):
        assert pass_time(parts.writes) == 1
        assert pass_time(parts.writes) == 0
        assert tell_market(parts, number, 1) == 1
        shown = visit("").get(f"/listings/{product}").text
        assert said in shown
        assert "该交易标的目前不能交易" in shown
        with parts.writes.begin() as db, pytest.raises(AuthorisationOver):
            admission.resume(db, number, admission.OPERATOR)
    location(registrar.post(agreed(registrar, "2029-06-30"), **classed))
    with parts.writes.begin() as db:
        admission.resume(db, number, admission.OPERATOR)
    tell_market(parts, number, 1)
    shown = visit("").get(f"/listings/{product}").text
    assert said not in shown
    assert "该交易标的目前不能交易" not in shown


def test_the_ticket_takes_over_the_seats_that_were_computed(visit):
    vendor, registrar, buyer = visit("vendor"), visit("registrar"), visit("buyer")
    page = draft(vendor)
    product, code = page.rpartition("/")[2], page[-3:].upper()
    add(vendor, page, symbol=f"SEAT-{code}", mode="seat", seats="10")
    location(vendor.post(f"{page}/submit"))
    list_by_page(vendor, registrar, page)
    seats = unit_of(vendor, page, f"SEAT-{code}")
    asked = {"seats": "25", "instrument": seats}
    shown = buyer.get(f"/listings/{product}", query_string=asked).text
    quantity = re.search(r'name="quantity"[^>]*value="(\d+)"', shown)
    assert quantity
    assert quantity[1] == "3"  # of ten seats each
    # Computing anew keeps the instrument that was chosen.
    assert f'<input type="hidden" name="instrument" value="{seats}">' in shown
    once = {"seats": "25", "instrument": instrument(vendor, page)}
    other = buyer.get(f"/listings/{product}", query_string=once).text
    assert re.search(r'name="quantity"[^>]*value="1"', other)
