"""What operators see: one JSON line for each request, and metrics for Prometheus."""

import logging
import secrets
import sys
from typing import TextIO

import structlog
from flask import Flask, Response, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from sqlalchemy import func, select

from marketplace.members.users import NOBODY, User
from marketplace.services import services
from marketplace.trading.tables import orders
from settlement import clock
from settlement.tables import trades, writer

PATH_MAX = 500  # characters of a path in the log
REQUEST_ID_MAX = 64
log = structlog.get_logger()

metrics_registry = CollectorRegistry()
_requests = Counter(
    "databourse_requests_total",
    "Requests answered.",
    ["method", "endpoint", "status"],
    registry=metrics_registry,
)
_seconds = Histogram(
    "databourse_request_seconds",
    "How long an answer took.",
    ["endpoint"],
    registry=metrics_registry,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_refusals = Counter(
    "databourse_refusals_total",
    "Refusals by code.",
    ["code"],
    registry=metrics_registry,
)
_orders = Gauge("databourse_orders", "Orders so far.", registry=metrics_registry)
_trades = Gauge("databourse_trades", "Trades so far.", registry=metrics_registry)
_seq = Gauge(
    "databourse_journal_seq", "The last journal record.", registry=metrics_registry
)
_inbox = Gauge(
    "databourse_inbox_depth", "Commands that wait.", registry=metrics_registry
)
_halted = Gauge(
    "databourse_writer_halted", "1 if the writer is halted.", registry=metrics_registry
)


def configure_logging(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Write every log record of the process as a JSON line to *stream*, else stderr.

    JSON escapes line breaks, so that no request can forge a line.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it greets on every start


def init_app(app: Flask) -> None:
    """Time, count and log each request; serve ``/metrics``."""
    app.before_request(_begin)
    app.after_request(_end)
    app.add_url_rule("/metrics", "metrics", metrics)


def metrics() -> Response:
    """Return the metrics of this process in Prometheus' text format."""
    with services().reads.connect() as db:
        # Numbers are given out in order, so that the last one is the count.
        _orders.set(db.scalar(select(func.max(orders.c.id))) or 0)
        _trades.set(db.scalar(select(func.max(trades.c.id))) or 0)
        _seq.set(db.scalar(select(writer.c.seq)) or 0)
    status = services().gateway.status()
    _inbox.set(status.inbox)
    _halted.set(int(status.halted))
    return Response(generate_latest(metrics_registry), content_type=CONTENT_TYPE_LATEST)


def _begin() -> None:
    given = request.headers.get("X-Request-Id", "")
    usable = given.isascii() and given.isalnum() and len(given) <= REQUEST_ID_MAX
    g.request_id = given if usable else secrets.token_hex(8)
    g.began_s = clock.elapsed_s()


def _end(response: Response) -> Response:
    took_s = clock.elapsed_s() - g.get("began_s", clock.elapsed_s())
    endpoint = request.endpoint or "none"
    _requests.labels(_method(), endpoint, str(response.status_code)).inc()
    _seconds.labels(endpoint).observe(took_s)
    if refusal := g.get("refusal"):
        _refusals.labels(refusal).inc()
    response.headers["X-Request-Id"] = g.get("request_id", "")
    # Only a user that was needed and loaded: logging asks no question of its own.
    user: User = g.get("_login_user", NOBODY)
    if endpoint not in {"static", "healthz", "readyz", "metrics"}:
        log.info(
            "request",
            id=g.get("request_id"),
            method=_method(),
            path=request.path[:PATH_MAX],
            status=response.status_code,
            ms=int(took_s * 1_000),
            user=user.id if user.is_authenticated else None,
            member=user.member if user.is_authenticated else None,
            refusal=refusal,
        )
    return response


def _method() -> str:
    # Methods are the client's own words; an endless set of labels would fill memory.
    known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
    return request.method if request.method in known else "OTHER"
