"""One JSON line for each request, and metrics that Prometheus can read."""

import io
import json
import logging
import re
from collections.abc import Callable, Iterator

import pytest
import structlog
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from marketplace.observability import configure_logging
from settlement.errors import NotFound
from tests.visitors import Visitor

Lines = Callable[[], list[dict[str, object]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What the log says, line by line, as an operator configures it."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()
    configure_logging(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


def _log(lines: Lines) -> dict[str, object]:
    [line] = [line for line in lines() if line["event"] == "request"]
    return line


def test_a_request_is_one_line_with_who_what_and_how_long(
    app: Flask,
    visit: Callable[[str], Visitor],
    lines: Lines,
) -> None:
    def refuse() -> str:
        raise NotFound("order", "x")

    app.add_url_rule("/t", "t", refuse)
    visitor = visit("buyer")
    answer = visitor.get("/t", headers={"X-Request-Id": "abc123"})
    line = _log(lines)
    assert visitor.user
    assert (line["id"], line["path"], line["status"]) == ("abc123", "/t", 404)
    assert (line["user"], line["member"]) == (visitor.user.id, visitor.user.member)
    assert line["refusal"] == "not_found"
    assert isinstance(line["ms"], int)
    assert answer.headers["X-Request-Id"] == "abc123"


def test_no_request_can_forge_a_line(app: Flask, lines: Lines) -> None:
    app.test_client().get(
        "/a%0d%0a{%22event%22:%22forged%22}", headers={"X-Request-Id": "a b"}
    )
    line = _log(lines)
    assert line["path"] == '/a\r\n{"event":"forged"}'
    assert re.fullmatch(r"[0-9a-f]{16}", str(line["id"]))


def test_secrets_in_a_query_are_not_logged(app: Flask, lines: Lines) -> None:
    app.test_client().get("/nowhere?token=secret")
    assert "secret" not in json.dumps(_log(lines))


def test_metrics_count_requests_refusals_and_the_market(app: Flask) -> None:
    client = app.test_client()

    def value(name: str, **labels: str) -> float:
        for family in text_string_to_metric_families(client.get("/metrics").text):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return sample.value
        return 0

    before = value("databourse_requests_total", endpoint="healthz", status="200")
    client.get("/healthz")
    after = value("databourse_requests_total", endpoint="healthz", status="200")
    assert after == before + 1
    assert value("databourse_orders") == value("databourse_trades") == 0
    assert value("databourse_writer_halted") == 0
    assert value("databourse_inbox_depth") == 0
    client.open("/healthz", method="X" * 300)
    assert value("databourse_requests_total", method="OTHER") >= 1
