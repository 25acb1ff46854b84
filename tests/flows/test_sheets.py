"""The specification sheet: who reads it, when it counts as issued, and on paper."""

import io

from marketplace import sheets
from marketplace.members.users import NOBODY
from settlement import ids
from tests.flows.market import draft, listed, location
from tests.gates import assess, assess_in, register_by_page


def test_a_sheet_is_issued_once_listed_and_fully_qualified(visit, parts):
    product = listed(visit("vendor"), visit("registrar"))
    path = f"/listings/{product}/sheet"
    assert path in visit("").get(f"/listings/{product}").text
    before = visit("").get(path).text
    assert "alert-warning" in before
    assert "质量评估证书" in before
    with parts.writes.begin() as db:
        for kind in ("quality", "valuation"):
            assess(db, ids.decode("product", product), kind)
    shown = visit("").get(path).text
    assert "alert-success" in shown
    for said in ("港口吞吐量", "¥120.00", "365", "不得转让", "port"):
        assert said in shown, said


def test_the_sheet_of_what_grows_says_by_how_much(visit):
    vendor = visit("vendor")
    product = listed(vendor, visit("registrar"))
    path = f"/listings/{product}/sheet"
    assert "增量条数" not in visit("").get(path).text
    rows = "".join(f"Ningbo,2026-01-{n:02}\n" for n in range(1, 4))
    file = (io.BytesIO(f"port,day\n{rows}".encode()), "ports.csv")
    page = f"/vendor/products/{product}"
    location(vendor.post(f"{page}/releases", label="2026-02", files=file))
    shown = visit("").get(path).text.partition("增量条数")[2]
    assert "+2 条" in shown[:200]
    assert "首次发布时间" in shown


def test_the_paper_says_the_same_in_both_languages(visit, parts):
    product = listed(visit("vendor"), visit("registrar"))
    answer = visit("").get(f"/listings/{product}/sheet/pdf")
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF")
    with parts.reads.connect() as db:
        said = sheets.sheet(db, ids.decode("product", product), NOBODY)
    words = sheets.worded(said)
    assert words["title"] == "港口吞吐量\nPort throughput"
    for text in ("数据集 Dataset", "按件 Whole product", "输出字段"):
        assert text in words["sections"], text
    changed = said._replace(listed_us=None)
    assert changed.sha256 != said.sha256


def test_before_the_market_the_sheet_is_for_vendor_and_staff(visit):
    vendor, registrar = visit("vendor"), visit("registrar")
    page = draft(vendor)
    product = page.rpartition("/")[2]
    path = f"/listings/{product}/sheet"
    assert vendor.get(path).status_code == 404  # nothing is registered
    location(vendor.post(f"{page}/submit"))
    register_by_page(registrar, product)
    assess_in(vendor.client.application, product)
    for reader, status in (("vendor", 200), ("registrar", 200), ("buyer", 404)):
        assert visit(reader).get(path).status_code == status, reader
    assert path in registrar.get(f"/staff/listings/{product}").text
    assert path in vendor.get(page).text
