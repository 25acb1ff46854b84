"""A vendor brings its own catalogue: looks, corrects, creates drafts, looks back."""

import io
import re

import pytest

from listings import catalogue
from listings.intake import intakes
from marketplace import intaking as pages
from marketplace.trading import reads
from settlement import ids
from tests.flows.market import CONTENT, FACTS, UNIT, listed, location
from tests.gates import list_by_page, prove_by_page

TABLE = (
    "编号,产品名称,所属行业,更新频率,价格,备注\n"
    "1,港口吞吐量,交通运输,每日,1200元/年,甲\n"
    "2,公路货运量,玄学,每日,100,乙\n"
    "3,,交通运输,每日,,丙\n"
    "1,港口,交通运输,每日,,丁\n"
)


def upload(vendor, data: bytes, name: str = "目录.csv") -> str:
    """Bring a file; return the address of its import."""
    return location(vendor.post("/vendor/imports", file=(io.BytesIO(data), name)))


def create(vendor, page: str) -> str:
    """Create the drafts until all are there; return the page that says so."""
    for _ in range(20):
        location(vendor.post(f"{page}/drafts"))
        text = vendor.get(page).text
        if "<progress" not in text:
            return text
    raise AssertionError(page)


def counts(text: str) -> list[int]:
    return [int(n) for n in re.findall(r'<dd class="number">(\d+)</dd>', text)[:4]]


def settings(text: str, **changed: str) -> dict[str, str]:
    """Return the settings on the page of an import, with some changed."""
    form = text.partition("/settings")[2].partition("</form>")[0]
    filled = {
        name: (re.search(r'<option value="([^"]*)" selected', inner) or [""] * 2)[1]
        for name, inner in re.findall(
            r'<select[^>]*name="([\w-]+)"[^>]*>(.*?)</select>', form, re.DOTALL
        )
    }
    source = re.search(r'name="source"[^>]*value="([^"]*)"', form)
    return filled | {"source": source[1] if source else ""} | changed


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_a_table_becomes_drafts_once(visit, parts, encoding):
    vendor = visit("vendor")
    page = upload(vendor, TABLE.encode(encoding))
    shown = vendor.get(page).text
    assert "港口吞吐量" in shown
    assert counts(shown) == [2, 0, 0, 2]
    assert "港口吞吐量" not in vendor.get("/vendor").text  # nothing is created yet
    assert counts(create(vendor, page)) == [2, 0, 0, 2]
    assert "公路货运量" in vendor.get("/vendor").text
    again = create(vendor, upload(vendor, TABLE.encode(encoding)))
    assert counts(again) == [0, 0, 2, 2]
    with parts.reads.connect() as db:
        made = catalogue.products_of(db, 1)
        kept = {p.title_zh: catalogue.product(db, p.id).extra for p in made}
    assert kept["港口吞吐量"]["备注"] == "甲"
    assert kept["港口吞吐量"]["proposed_price"]["price"] == "1200.00"
    assert "proposed_price" not in kept["公路货运量"]
    assert kept["公路货运量"]["价格"] == "100"
    assert kept["公路货运量"]["所属行业"] == "玄学"


def test_a_mapping_is_corrected_and_saved(visit):
    vendor = visit("vendor")
    page = upload(vendor, b"a;b\nX;first\nY;second\n", "odd.csv")
    assert counts(vendor.get(page).text) == [0, 0, 0, 2]
    typed = settings(vendor.get(page).text) | {"field-0": "title", "save_as": "odd"}
    location(vendor.post(f"{page}/settings", **typed))
    assert counts(vendor.get(page).text) == [2, 0, 0, 0]
    other = upload(vendor, b"a;b\nZ;third\n", "odd2.csv")
    typed = settings(vendor.get(other).text, saved="odd")
    location(vendor.post(f"{other}/settings", **typed))
    assert counts(vendor.get(other).text) == [1, 0, 0, 0]
    both = settings(vendor.get(other).text) | {"field-0": "title", "field-1": "title"}
    assert vendor.post(f"{other}/settings", **both).status_code == 422


def test_what_was_edited_here_is_left_alone_and_the_rest_is_updated(visit, parts):
    vendor = visit("vendor")
    create(vendor, upload(vendor, b"id,title,note\n1,A,x\n2,B,x\n", "c.csv"))
    with parts.reads.connect() as db:
        second, _ = catalogue.products_of(db, 1)
    page = f"/vendor/products/{ids.encode('product', second.id)}"
    location(vendor.post(page, kind="dataset", title_en="B edited", version="1"))
    text = create(vendor, upload(vendor, b"id,title,note\n1,A,y\n2,B,y\n", "c.csv"))
    assert counts(text) == [0, 1, 0, 1]


def test_an_export_comes_in_again_as_drafts(visit):
    vendor = visit("vendor")
    product = listed(vendor, visit("registrar"))
    for suffix in ("ttl", "rdf", "jsonld", "ckan.json", "odcs.yaml", "schema.jsonld"):
        data = visit("").get(f"/listings/{product}.{suffix}").data
        page = upload(vendor, data, f"again-{suffix}")
        assert counts(create(vendor, page)) == [1, 0, 0, 0], suffix


def test_the_outcome_is_a_file_that_no_spreadsheet_runs(visit):
    vendor = visit("vendor")
    page = upload(vendor, b"id,title\n1,=1+1\n2,\n")
    create(vendor, page)
    text = vendor.get(f"{page}/outcome.csv").data.decode("utf-8-sig")
    assert "'=1+1" in text
    assert text.count("\r\n") == 3
    assert vendor.get(f"{page}/outcome.xlsx").data[:2] == b"PK"


def test_a_long_import_shows_progress_and_goes_on(visit, monkeypatch):
    monkeypatch.setattr(intakes, "BATCH", 2)
    monkeypatch.setattr(pages, "STEP_S", -1)
    vendor = visit("vendor")
    page = upload(vendor, b"title\tn\n" + b"".join(b"T%d\t1\n" % n for n in range(5)))
    location(vendor.post(f"{page}/drafts"))
    assert "<progress" in vendor.get(page).text
    assert counts(create(vendor, page)) == [5, 0, 0, 0]


def test_others_see_nothing_of_it(visit):
    page = upload(visit("vendor"), b"a,title\n1,A\n")
    for path in (page, f"{page}/outcome.csv", f"{page}/outcome.xlsx"):
        assert visit("buyer").get(path).status_code == 403, path
        assert visit("").get(path).status_code == 303, path


@pytest.mark.parametrize(
    "data", [b"", b"x", b"\xff\xff\xff,\n", b"<a>", b"{", b"PK\x03\x04", b"@prefix"]
)
def test_a_file_that_cannot_be_read_is_refused_on_the_page(visit, data):
    answer = visit("vendor").post("/vendor/imports", file=(io.BytesIO(data), "x"))
    assert answer.status_code in (422, 413)
    assert 'id="f-file"' in answer.text


PRICED = "标题,价格,币种,计费单位\n港口吞吐量,1200.00,CNY,年\n"


def test_a_proposed_price_is_offered_and_posted_only_by_the_vendor(visit, parts):
    vendor, registrar = visit("vendor"), visit("registrar")
    create(vendor, upload(vendor, PRICED.encode()))
    with parts.reads.connect() as db:
        (made,) = catalogue.products_of(db, 1)
    page = f"/vendor/products/{ids.encode('product', made.id)}"
    asked = vendor.get(f"{page}/steps/4").text
    assert "¥1,200.00" in asked
    assert '<option value="per_term" selected' in asked
    assert 'name="term_days"' in asked
    version = re.search(r'name="version" value="(\d+)"', vendor.get(page).text)[1]
    location(vendor.post(page, **FACTS, version=version))
    unit = UNIT | {"mode": "per_term", "symbol": "PORTS-TERM"}
    location(vendor.post(f"{page}/instruments", **unit))
    file = (io.BytesIO(CONTENT), "ports.csv")
    location(vendor.post(f"{page}/releases", label="2026-01", files=file))
    prove_by_page(vendor, page)
    location(vendor.post(f"{page}/submit"))
    list_by_page(vendor, registrar, page)
    shown = vendor.get(page).text
    assert 'value="1200.00" placeholder' in shown
    with parts.reads.connect() as db:
        (listed,) = catalogue.instruments_of(db, made.id)
        assert reads.posted_prices(db, [listed.id]) == {}  # never silently
    path = f"{page}/instruments/{ids.encode('instrument', listed.id)}/price"
    location(vendor.post(path, price="1200.00"))
    with parts.reads.connect() as db:
        assert reads.posted_prices(db, [listed.id]) == {listed.id: 120_000}
    assert 'value="1200.00" placeholder' not in vendor.get(page).text
