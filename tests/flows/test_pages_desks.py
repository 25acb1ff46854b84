import re

from tests.flows.market import (
    FACTS,
    begun,
    buy,
    draft,
    headline,
    instrument,
    listed,
    location,
    pay_in,
)
from tests.gates import list_by_page


def test_a_product_goes_from_draft_to_the_market(visit):
    vendor, registrar = visit("vendor"), visit("registrar")
    page = draft(vendor)
    product = page.rpartition("/")[2]
    assert visit("").get(f"/listings/{product}").status_code == 404
    location(vendor.post(f"{page}/submit"))
    assert product in registrar.get("/staff/listings?state=in_review").text
    list_by_page(vendor, registrar, page)
    assert visit("").get(f"/listings/{product}").status_code == 200
    assert "Port throughput" in vendor.get("/vendor").text or (
        "港口吞吐量" in vendor.get("/vendor").text
    )


def test_everything_that_a_draft_lacks_is_shown_at_once(visit):
    vendor = visit("vendor")
    page = begun(vendor, kind="dataset", title_en="A")
    refused = vendor.post(f"{page}/submit")
    assert refused.status_code == 422
    for field in (
        "summary_zh",
        "sector",
        "region",
        "updates",
        "dictionary",
        "keywords",
    ):
        assert f'id="f-{field}-problem"' in refused.text, field
    for place in ("units-h", "releases-h"):
        assert f'href="#{place}"' in refused.text


def test_remarks_of_a_review_arrive_at_the_field(visit):
    vendor, registrar = visit("vendor"), visit("registrar")
    page = draft(vendor)
    product = page.rpartition("/")[2]
    location(vendor.post(f"{page}/submit"))
    nothing_said = registrar.post(f"/staff/listings/{product}/return")
    assert nothing_said.status_code == 422
    said = {"remark_dictionary": "Which time zone?"}
    location(registrar.post(f"/staff/listings/{product}/return", **said))
    shown = vendor.get(page).text
    assert "Which time zone?" in shown
    assert 'href="#f-dictionary"' in shown
    version = re.search(r'name="version" value="(\d+)"', shown)[1]
    location(vendor.post(page, **FACTS, version=version))
    location(vendor.post(f"{page}/submit"))


def test_an_edit_over_somebody_elses_is_refused_and_kept_in_the_form(visit):
    vendor = visit("vendor")
    page = draft(vendor)
    location(vendor.post(page, **FACTS, version="1"))
    mine = FACTS | {"title_en": "My own title"}
    refused = vendor.post(page, **mine, version="1")
    assert refused.status_code >= 400
    assert "My own title" in refused.text


def test_only_the_vendor_sees_its_desk(visit):
    page = draft(visit("vendor"))
    assert visit("other").get(page).status_code == 404
    assert visit("other").post(f"{page}/submit").status_code == 404
    assert visit("buyer").get("/vendor").status_code == 403


def test_a_new_price_takes_the_place_of_the_old_one(visit):
    vendor = visit("vendor")
    product = listed(vendor, visit("registrar"))
    page = f"/vendor/products/{product}"
    address = f"{page}/instruments/{instrument(vendor, page)}/price"
    location(vendor.post(address, price="99.50"))
    book = visit("").get(f"/listings/{product}/book").text
    assert "¥99.50" in book
    assert "¥120.00" not in book
    for wrong in ("", "-1", "1.234", "lots"):
        assert vendor.post(address, price=wrong).status_code == 422


def test_a_price_that_meets_the_vendors_own_bid_leaves_the_old_one(visit):
    """Such an order is cancelled: without the old price there would be none."""
    vendor = visit("vendor")
    product = listed(vendor, visit("registrar"))
    page = f"/vendor/products/{product}"
    pay_in(vendor, visit("settlement_officer"))
    location(buy(vendor, product, kind="bid", price="90.00"))
    address = f"{page}/instruments/{instrument(vendor, page)}/price"
    location(vendor.post(address, price="80.00"))
    assert "¥120.00" in visit("").get(f"/listings/{product}/book").text


def test_a_suspended_product_does_not_trade_until_it_is_resumed(visit):
    vendor, registrar = visit("vendor"), visit("registrar")
    product = listed(vendor, registrar)
    location(registrar.post(f"/staff/listings/{product}/suspend", reason="A complaint"))
    pay_in(visit("buyer"), visit("settlement_officer"))
    page = visit("buyer").get(f"/listings/{product}").text
    assert f'action="/listings/{product}/order' not in page
    location(registrar.post(f"/staff/listings/{product}/resume"))
    location(buy(visit("buyer"), product))


def test_a_vendor_sees_its_income_less_the_fee(visit):
    product = listed(visit("vendor"), visit("registrar"))
    pay_in(visit("buyer"), visit("settlement_officer"))
    location(buy(visit("buyer"), product))
    assert "¥117.00" in visit("vendor").get("/vendor").text


def test_money_goes_out_over_three_persons(visit):
    buyer, officer = visit("buyer"), visit("settlement_officer")
    pay_in(buyer, officer)
    asked = {"payout_currency": "CNY", "payout_amount": "300", "destination": "Bank 1"}
    location(buyer.post("/cash/payouts", **asked))
    assert "¥700.00" in buyer.get("/cash").text
    approver = visit("settlement_approver")
    queue = approver.get("/staff/money").text
    payout = re.search(r"/staff/money/payout/(pot_\w+)/approve", queue)[1]
    address = f"/staff/money/payout/{payout}"
    assert officer.post(f"{address}/approve").status_code == 403
    location(approver.post(f"{address}/approve"))
    location(officer.post(f"{address}/pay"))
    assert officer.post(f"{address}/pay").status_code >= 400
    assert "state--good" in buyer.get("/cash").text


def test_a_large_payin_needs_a_second_person(visit):
    buyer, officer = visit("buyer"), visit("settlement_officer")
    pay_in(buyer, officer, "100000.01")
    assert "¥100,000.01" not in buyer.get("/cash").text.partition("payins-h")[0]
    approver = visit("settlement_approver")
    queue = approver.get("/staff/money").text
    payin = re.search(r"/staff/money/payin/(pin_\w+)/approve", queue)[1]
    location(approver.post(f"/staff/money/payin/{payin}/approve"))
    assert "¥100,000.01" in buyer.get("/cash").text.partition("payins-h")[0]


def test_a_payout_beyond_the_free_money_says_what_is_missing(visit):
    asked = {"payout_currency": "CNY", "payout_amount": "5", "destination": "Bank 1"}
    refused = visit("buyer").post("/cash/payouts", **asked)
    assert refused.status_code == 402
    assert "¥5.00" in refused.text
    assert 'value="Bank 1"' in refused.text


def test_a_payout_can_be_withdrawn(visit):
    buyer = visit("buyer")
    pay_in(buyer, visit("settlement_officer"))
    asked = {"payout_currency": "CNY", "payout_amount": "1", "destination": "Bank 1"}
    location(buyer.post("/cash/payouts", **asked))
    payout = re.search(r"/cash/payouts/(pot_\w+)/cancel", buyer.get("/cash").text)[1]
    assert visit("other").post(f"/cash/payouts/{payout}/cancel").status_code == 404
    location(buyer.post(f"/cash/payouts/{payout}/cancel"))
    assert "¥1,000.00" in buyer.get("/cash").text


def test_the_registrar_decides_on_members_with_a_reason(visit, people):
    registrar = visit("registrar")
    page = registrar.get("/staff/members?state=verified").text
    member = re.findall(r"/staff/members/mem_\w+", page)[0]
    refused = registrar.post(f"{member}/decision", event="suspend")
    assert refused.status_code == 422
    assert "f-reason-problem" in refused.text
    location(registrar.post(f"{member}/decision", event="suspend", reason="Fraud"))
    assert "Fraud" in registrar.get(member).text
    assert visit("surveillance").post(f"{member}/decision").status_code == 403


def test_the_trial_balance_stands_on_every_page_of_the_desk(visit):
    pay_in(visit("buyer"), visit("settlement_officer"))
    for page in ("", "/money", "/members", "/listings", "/trades"):
        text = visit("admin").get(f"/staff{page}").text
        assert 'class="trial"' in text, page
    assert visit("buyer").get("/staff").status_code == 403
    assert headline(visit("buyer").get("/staff"))
