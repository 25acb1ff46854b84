"""A member's own program: it takes messages, keeps them, and fails when it is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler

import pytest
from sqlalchemy import update

from marketplace.api.live.posting import SENDER
from marketplace.webhooks.tables import webhooks
from tests import visitors
from tests.servers import QuietServer


@dataclass
class Receiver:
    """What came: (path, headers, body); *answers* are the next statuses, then 204."""

    port: int = 0
    came: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @property
    def reachable(self) -> str:
        """Return what the exchange may call in a test."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Return where it listens."""
        return f"http://{self.reachable}/hook"

    def ids(self) -> list[str]:
        """Return the ids of what came, in order."""
        return [headers["webhook-id"] for _, headers, _ in self.came]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Yield a receiver that listens."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): text for name, text in self.headers.items()}
            receiver.came.append((self.path, headers, body))
            status = receiver.answers.pop(0) if receiver.answers else 204
            self.send_response(status)
            if status == 302:
                self.send_header("Location", receiver.url + "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = QuietServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def receiver_of_all():
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def receiver(receiver_of_all):
    receiver_of_all.came.clear()
    receiver_of_all.answers.clear()
    return receiver_of_all


@pytest.fixture
def config(request, tmp_path, migrated, tmp_path_factory, receiver):
    made = visitors.config.__wrapped__(request, tmp_path, migrated, tmp_path_factory)
    limited = getattr(request, "param", False)
    return replace(made, reachable=(receiver.reachable,), rate_limits=limited)


@pytest.fixture
def send(app):
    """Let one look at the journal and all sending that follows from it happen."""

    def send():
        return sum(one.result() for one in app.extensions[SENDER].step())

    return send


def hook(program, receiver, *families, role="buyer"):
    wanted = {"url": receiver.url, "families": list(families), "language": "en"}
    return program(role).made("/webhooks", wanted)


def let_now(parts):
    """Let the next try of every webhook be due."""
    with parts.writes.begin() as db:
        db.execute(update(webhooks).values(next_us=0))
