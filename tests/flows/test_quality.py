"""A vendor uploads, reads the report, puts right, lists; buyers see what is true."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from threading import Thread

import pytest
import time_machine

from marketplace.measuring import Measurer
from marketplace.services import EXTENSION
from tests.flows.market import FACTS, UNIT, begun, listed, location
from tests.servers import QuietServer

GOOD = "port,day\nShanghai,2026-01-01\nNingbo,2026-01-02\n"
PERSONAL = "port,day,mobile\n" + "".join(
    f"Port {n},2026-01-{n:02},1381234{n:04}\n" for n in range(1, 20)
)


def _product(vendor, **changed):
    page = begun(vendor, **(FACTS | changed))
    unit = UNIT | {"symbol": f"PORTS-{page[-3:]}"}
    location(vendor.post(f"{page}/instruments", **unit))
    return page


def _upload(vendor, page, name, content, label="2026-01"):
    file = (io.BytesIO(content), name)
    location(vendor.post(f"{page}/releases", label=label, files=file))
    return vendor.get(page).text


def _file(text):
    return re.findall(r"/vendor/files/(fil_\w+)", text)[0]


def test_a_quarantined_file_keeps_a_release_open_until_it_is_taken_out(visit):
    vendor = visit("vendor")
    page = _product(vendor)
    text = _upload(vendor, page, "ports.csv", b"\x7fELF\x02\x01\x01" + b"\0" * 50)
    assert "state--bad" in text
    report = vendor.get(f"/vendor/files/{_file(text)}").text
    assert "文件内容与文件名所示类型不符" in report
    release = re.findall(r"/vendor/releases/(rel_\w+)/finalise", text)[0]
    assert location(vendor.post(f"/vendor/releases/{release}/finalise"))
    assert "/finalise" in vendor.get(page).text  # still open
    assert "有文件被隔离" in vendor.get(page).text
    assert vendor.post(f"{page}/submit").status_code == 422  # not to be handed in
    location(vendor.post(f"/vendor/files/{_file(text)}/remove"))
    file = (io.BytesIO(GOOD.encode()), "ports.csv")
    location(vendor.post(f"/vendor/releases/{release}/files", files=file))
    text = vendor.get(page).text
    assert "/finalise" not in text
    assert "有文件被隔离" not in text  # among what keeps it from a review


def test_what_the_files_contradict_keeps_a_product_from_review(visit):
    vendor = visit("vendor")
    page = _product(
        vendor,
        row_count="5000",
        coverage_from="2019-01-01",
        coverage_until="2026-06",
        dictionary="port | string | 港口 | Port\nday | integer\ngone | string",
    )
    text = _upload(vendor, page, "ports.csv", GOOD.encode())
    for said in (
        "文件的实际行数与申报不符",
        "文件缺少数据字典中列出的字段",
        "字段的实际类型与数据字典不符",
        "文件的起始时间晚于申报的覆盖时段",
        "文件的截止时间早于申报的覆盖时段",
    ):
        assert said in text, said
    assert vendor.post(f"{page}/submit").status_code == 422


def test_personal_data_is_reported_with_its_place_and_masked(visit):
    vendor = visit("vendor")
    page = _product(vendor)
    text = _upload(vendor, page, "ports.csv", PERSONAL.encode())
    report = vendor.get(f"/vendor/files/{_file(text)}").text
    assert "手机号码" in report
    assert "138****" in report
    assert not re.search(r"1381234\d{4}", report)


def test_a_listing_shows_what_was_measured(visit):
    product = listed(visit("vendor"), visit("registrar"))
    page = visit("").get(f"/listings/{product}").text
    assert "实测质量" in page
    assert "ports.csv" in page
    answer = visit("").get(f"/api/v1/listings/{product}/quality").json
    assert answer["score_bps"] > 5_000
    assert [column["name"] for column in answer["columns"]] == ["port", "day"]
    assert [one["dimension"] for one in answer["dimensions"]] == [
        *("conformity", "completeness", "accuracy"),
        *("consistency", "timeliness", "accessibility"),
    ]


def test_reports_are_the_vendors_own(visit):
    vendor, buyer = visit("vendor"), visit("buyer")
    text = _upload(vendor, _product(vendor), "ports.csv", GOOD.encode())
    for who in (buyer, visit("registrar")):
        assert who.get(f"/vendor/files/{_file(text)}").status_code in (403, 404)


def test_a_connection_test_says_why_an_address_is_not_called(visit):
    vendor = visit("vendor")
    page = _product(vendor, kind="service")
    assert f"{page}/connection" in vendor.get(page).text
    for address, said in (
        ("http://169.254.169.254/latest", "该地址指向非公网主机"),
        ("http://a.example:22/", "仅支持 80、443、8080、8443 端口"),
        ("ftp://a.example/", "仅支持 http 与 https"),
    ):
        answer = vendor.post(f"{page}/connection", url=address)
        assert answer.status_code == 422
        assert said in answer.text, address


@pytest.fixture
def server(app):
    """A service on this machine that may be called; what it answers can be set."""

    class Service(BaseHTTPRequestHandler):
        status = 200

        def do_GET(self):
            self.send_response(Service.status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"mobile": "13812345678"}')

        def log_message(self, *_said):
            pass

    server = QuietServer(("127.0.0.1", 0), Service)
    Thread(target=server.serve_forever, daemon=True).start()
    there = f"127.0.0.1:{server.server_port}"
    parts = app.extensions[EXTENSION]
    allowed = replace(parts.config, reachable=(there,))
    app.extensions[EXTENSION] = replace(parts, config=allowed)
    yield f"http://{there}/", Service
    server.shutdown()
    server.server_close()


def test_the_answer_of_an_allowed_server_is_shown(server, visit):
    address, _ = server
    page = _product(visit("vendor"), kind="service")
    answer = visit("vendor").post(f"{page}/connection", url=address)
    assert answer.status_code == 200
    assert "138****5678" in answer.text
    assert "13812345678" not in answer.text


def test_a_service_is_called_on_a_schedule_and_the_listing_shows_how_it_answers(
    app, server, visit, bearer
):
    address, service = server
    vendor = visit("vendor")
    product = listed(vendor, visit("registrar"), kind="service")
    page = f"/vendor/products/{product}"
    assert (
        vendor.post(f"{page}/connection/schedule", url="http://10.0.0.1/").status_code
        == 422
    )
    location(vendor.post(f"{page}/connection/schedule", url=address))
    assert visit("").get(f"/api/v1/listings/{product}/service").status_code == 404
    parts = app.extensions[EXTENSION]
    measurer = Measurer(parts.reads, parts.writes, parts.config.reachable)
    now = datetime.now(UTC)
    for minutes, service.status in ((0, 200), (16, 503), (32, 401), (48, 200)):
        with time_machine.travel(now + timedelta(minutes=minutes)):
            assert len(measurer.step()) == 1
            assert measurer.step() == []
    with time_machine.travel(now + timedelta(minutes=49)):
        told = visit("").get(f"/api/v1/listings/{product}/service").json
        assert (told["calls"], told["up"], told["uptime_bps"]) == (4, 3, 7_500)
        assert 0 < told["p50_us"] <= told["p95_us"]
        assert sum(day["calls"] for day in told["days"]) == 4
        member = re.search(
            r"/vendors/(mem_\w+)", visit("").get(f"/listings/{product}").text
        )
        for shown in (
            f"/listings/{product}",
            f"{page}/connection",
            f"/vendors/{member[1]}",
        ):
            assert "75%" in vendor.get(shown).text, shown
    key = bearer("vendor", "vendor")
    client, call = app.test_client(), f"/api/v1/products/{product}/connection"
    answer = client.post(call, json={"url": address}, headers=key)
    assert (answer.json["status"], answer.json["whole"]) == (200, True)
    assert "138****5678" in answer.json["excerpt"]
    refused = client.post(call, json={"url": "http://[::1]/"}, headers=key)
    assert (refused.status_code, refused.json["code"]) == (422, "not_reachable")
    assert client.delete(call, headers=key).status_code == 204
    with time_machine.travel(now + timedelta(days=1)):
        assert measurer.step() == []
