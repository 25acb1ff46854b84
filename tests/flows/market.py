"""What the page tests do more than once: a product listed, money paid in."""

import io
import re

from tests.gates import TYPED, list_by_page, prove_by_page
from tests.visitors import Visitor

FACTS = {
    "kind": "dataset",
    "title_zh": "港口吞吐量",
    "title_en": "Port throughput",
    "summary_zh": "每日吞吐量",
    "summary_en": "Daily throughput",
    "description_zh": "一行一港一日。",
    "description_en": "One row a port and day.",
    "keywords": "港口, port",
    "sector": "transportation",
    "region": "31",
    "updates": "daily",
    "dictionary": "port | string | 港口 | Port\nday | date | 日期 | Day",
    "sample": "port,day\nShanghai,2026-01-01",
    **TYPED,
}
UNIT = {
    "symbol": "PORTS-INT",
    "licence": "internal",
    "mode": "whole",
    "currency": "1",
    "term_days": "365",
}
CONTENT = b"port,day\nShanghai,2026-01-01\n"


def location(answer) -> str:
    """Return where a form led, which it must have."""
    assert answer.status_code == 303, (answer.status_code, headline(answer))
    return answer.headers["Location"]


def headline(answer) -> str:
    """Return what a page says of a refusal."""
    said = re.findall(r'refusal__title">(.*?)</p>|<h1>(.*?)</h1>', answer.text)
    problems = re.findall(r"<span>([^<]+)</span>", answer.text)
    return f"{said} {problems}"


def begun(vendor: Visitor, **facts: str) -> str:
    """Begin a draft by the wizard, all its facts at once; the address of its page."""
    step = location(vendor.post("/vendor/products/new", **facts))
    return step.partition("/steps/")[0]


def draft(vendor: Visitor, **changed: str) -> str:
    """Make a complete draft; return the address of its page."""
    page = begun(vendor, **(FACTS | changed))
    symbol = {"symbol": f"PORTS-{page[-3:]}"}
    location(vendor.post(f"{page}/instruments", **(UNIT | symbol)))
    file = (io.BytesIO(CONTENT), "ports.csv")
    location(vendor.post(f"{page}/releases", label="2026-01", files=file))
    prove_by_page(vendor, page)
    return page


def listed(
    vendor: Visitor, registrar: Visitor, price: str = "120.00", **facts: str
) -> str:
    """Bring a product to the market with a posted price; return its public id."""
    page = draft(vendor, **facts)
    product = page.rpartition("/")[2]
    location(vendor.post(f"{page}/submit"))
    list_by_page(vendor, registrar, page)
    location(
        vendor.post(f"{page}/instruments/{instrument(vendor, page)}/price", price=price)
    )
    return product


def instrument(vendor: Visitor, page: str) -> str:
    """Return the public id of the first instrument on the vendor's product page."""
    found = re.search(r"/instruments/(ins_\w+)/price", vendor.get(page).text)
    assert found, page
    return found[1]


def pay_in(buyer: Visitor, officer: Visitor, amount: str = "1000.00") -> None:
    """Announce and confirm a pay-in."""
    location(buyer.post("/cash/payins", currency="CNY", amount=amount, reference="A-1"))
    queue = officer.get("/staff/money").text
    number = re.findall(r"/staff/money/payin/(pin_\w+)/confirm", queue)[-1]
    location(officer.post(f"/staff/money/payin/{number}/confirm"))


def ticket(buyer: Visitor, product: str, **changed: str) -> dict[str, str]:
    """Return the fields of the ticket on a listing's page, as a buyer fills it in."""
    page = buyer.get(f"/listings/{product}").text
    unit = re.search(r'name="instrument" value="(ins_\w+)"', page)
    assert unit, product
    filled = {
        "instrument": unit[1],
        "kind": "now",
        "quantity": "1",
        "price": "120.00",
        "purpose": "internal_analysis",
    }
    return filled | changed


def key_on(page: str) -> str:
    """Return the idempotency key of the confirmation page."""
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found
    return found[1]


def buy(buyer: Visitor, product: str, **changed: str):
    """Review and confirm an order; return the answer to the confirmation."""
    fields = ticket(buyer, product, **changed)
    review = buyer.get(f"/listings/{product}/order", query_string=fields)
    assert review.status_code == 200, headline(review)
    seen = re.search(r'name="seen" value="(\w+)"', review.text)
    assert seen
    confirmed = fields | {"accept": "1", "key": key_on(review.text), "seen": seen[1]}
    quote = re.search(r'name="quote" value="(\w+)"', review.text)
    confirmed["quote"] = quote[1] if quote else ""
    return buyer.post(f"/listings/{product}/order", **confirmed)
