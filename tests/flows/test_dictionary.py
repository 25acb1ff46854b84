"""A vendor explains columns; it lasts over releases, and buyers see it."""

import io

import yaml

from tests.flows.market import CONTENT, FACTS, begun, draft, location
from tests.gates import list_by_page

COLUMNS = {
    "name_0": "port",
    "zh_0": "港口",
    "en_0": "Port",
    "type_0": "string",
    "about_zh_0": "海关关区口径的港口。",
    "codes_0": "SH | 上海 | Shanghai\nNB | 宁波",
    "personal_0": "personal",
    "name_1": "day",
    "zh_1": "日期",
    "type_1": "date",
    "unit_1": "d",
}


def _begun(vendor, **facts):
    page = begun(vendor, **(FACTS | facts))
    return page, f"{page}/dictionary"


def _upload(vendor, page, content, label):
    file = (io.BytesIO(content), "ports.csv")
    location(vendor.post(f"{page}/releases", label=label, files=file))


def test_what_is_said_of_columns_is_kept_shown_and_exported(app, visit, bearer):
    vendor = visit("vendor")
    page, editor = _begun(vendor, personal="personal")
    location(vendor.post(editor, version=1, **COLUMNS))
    text = vendor.get(editor).text
    assert "海关关区口径的港口。" in text
    assert "NB | 宁波" in text
    product, key = page.rpartition("/")[2], bearer("vendor", "vendor")
    told = (
        app.test_client()
        .get(f"/api/v1/products/{product}/dictionary", headers=key)
        .json
    )
    port, day = (column["said"] for column in told["columns"])
    assert port["codes"][0] == {"code": "SH", "zh": "上海", "en": "Shanghai"}
    assert (port["personal"], day["unit"]) == ("personal", "d")
    written = (
        app.test_client()
        .get(f"/api/v1/products/{product}/manifest", headers=key)
        .json["text"]
    )
    said = yaml.safe_load(written)["facts"]["dictionary"]
    assert (said[0]["about_zh"], said[1]["unit"]) == ("海关关区口径的港口。", "d")
    assert said[0]["codes"][1] == {"code": "NB", "zh": "宁波"}
    twice = {"text": written, "dry_run": True}
    (same,) = (
        app.test_client()
        .post("/api/v1/manifests", json=twice, headers=key)
        .json["data"]
    )
    assert same["outcome"] == "unchanged"
    unit = {"text": written.replace("unit: d", "unit: 5"), "dry_run": True}
    refused = app.test_client().post("/api/v1/manifests", json=unit, headers=key)
    assert refused.status_code == 422


def test_a_renamed_column_is_told_and_takes_over_what_was_said(visit):
    vendor = visit("vendor")
    page, editor = _begun(vendor)
    _upload(vendor, page, CONTENT, "1")
    assert "与最新版本不一致" not in vendor.get(page).text
    _upload(vendor, page, CONTENT.replace(b"port,", b"harbour,"), "2")
    assert "与最新版本不一致" in vendor.get(page).text
    text = vendor.get(editor).text
    assert "最新版本已没有：port" in text
    taken = {"name_0": "port", "zh_0": "港口", "becomes_0": "harbour"}
    location(vendor.post(editor, version=1, **taken))
    text = vendor.get(editor).text
    assert "最新版本已没有" not in text
    assert 'value="港口"' in text
    assert "与最新版本不一致" not in vendor.get(page).text


def test_a_class_milder_than_the_values_keeps_a_product_from_review(visit):
    vendor = visit("vendor")
    page, editor = _begun(vendor, dictionary="mobile | string\nday | date")
    rows = "".join(f"1381234{n:04},2026-01-{n:02}\n" for n in range(1, 20))
    _upload(vendor, page, f"mobile,day\n{rows}".encode(), "1")
    assert '<option value="none"' not in vendor.get(editor).text.partition("day")[0]
    location(vendor.post(editor, version=1, name_0="mobile", personal_0="none"))
    assert "字段的个人信息级别低于其取值所示" in vendor.get(page).text


def test_a_registered_dictionary_goes_to_a_registrar_and_hides_at_once(visit, app):
    vendor = visit("vendor")
    page = draft(vendor, personal="personal")
    product = page.rpartition("/")[2]
    file = (io.BytesIO(b"consent"), "consent.pdf")
    location(vendor.post(f"{page}/attachments", kind="consent", file=file))
    location(vendor.post(f"{page}/submit"))
    list_by_page(vendor, visit("registrar"), page)
    shown = f"/api/v1/listings/{product}/quality"
    sample = app.test_client().get(shown).json["tables"][0]["sample"]["rows"]
    assert sample[0][0] == "Shanghai"
    editor = f"/vendor/products/{product}/dictionary"
    version = vendor.get(editor).text.partition('name="version" value="')[2]
    version = version.partition('"')[0]
    location(vendor.post(editor, version=version, **COLUMNS))
    desk = visit("registrar").get(f"/staff/listings/{product}").text
    assert "海关关区口径的港口" in desk
    assert "海关关区口径的港口" not in visit("").get(f"/listings/{product}").text
    told = app.test_client().get(shown).json["tables"][0]
    assert told["sample"]["rows"][0][0] == "***"
    assert "top" not in told["columns"][0]


def test_what_cannot_be_kept_is_told_at_its_field(visit):
    vendor = visit("vendor")
    _page, editor = _begun(vendor)
    answer = vendor.post(editor, version=1, name_0="port", unit_0="x" * 61)
    assert answer.status_code == 422
    assert "f-unit_0-problem" in answer.text
    assert visit("other").get(editor).status_code == 404
    assert vendor.get(f"{editor}?page=9").status_code == 404


def test_the_api_describes_columns_by_name(app, visit, bearer):
    page, _editor = _begun(visit("vendor"))
    key, client = bearer("vendor", "vendor"), app.test_client()
    address = f"/api/v1/products/{page.rpartition('/')[2]}/dictionary"
    edit = {"name": "port", "codes": [{"code": "SH", "zh": "上海"}]}
    body = {"version": 1, "columns": [edit, {"name": "day", "becomes": "date"}]}
    told = client.patch(address, json=body, headers=key)
    assert told.status_code == 200, told.json
    names = [column["name"] for column in told.json["columns"]]
    assert names == ["port", "date"]
    assert told.json["columns"][0]["said"]["zh"] == "港口"
    assert client.patch(address, json=body, headers=key).status_code == 409
    odd = body | {"columns": [{"name": "port", "personal": "public"}]}
    assert client.patch(address, json=odd, headers=key).status_code == 422


def test_the_release_list_says_what_moved(visit):
    vendor = visit("vendor")
    page, _editor = _begun(vendor)
    few = "".join(f"Shanghai,2026-01-{n:02}\n" for n in range(1, 21))
    _upload(vendor, page, f"port,day\n{few}".encode(), "1")
    assert "与上一版本相比" not in vendor.get(page).text
    _upload(
        vendor, page, f"port,day\n{few.replace('Shanghai', 'Ningbo')}".encode(), "2"
    )
    text = vendor.get(page).text
    assert "此前 20 行，现 20 行" in text
    moved = text.partition("变动显著")[2]
    assert moved.partition("</p>")[0].strip().endswith("port")
