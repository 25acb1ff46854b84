"""Reliability, attack row 56: addresses that members name lead to nothing private."""

import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from threading import Thread

import pytest

from marketplace import outgoing
from marketplace.outgoing import NotReachable, fetch, is_public
from settlement import clock
from tests.servers import QuietServer

PRIVATE = [
    *("127.0.0.1", "127.8.9.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "0.0.0.0"),
    *("169.254.169.254", "100.64.0.1", "192.0.0.170", "198.18.0.1", "224.0.0.1"),
    *("240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1"),
    *("::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::"),
    *("::7f00:1", "::ffff:0:7f00:1", "5f00::1"),
    *("2001:db8::1", "fec0::1", "fe80::1%eth0", "192.0.2.1", "nonsense", ""),
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "223.5.5.5"])
def test_public_addresses_are(address):
    assert is_public(address)


HOSTILE = [
    *((f"http://{host}/", "not_public") for host in ("127.0.0.1", "localhost")),
    *((f"http://{h}/", "not_public") for h in ("127.1", "2130706433", "0177.0.0.1")),
    *((f"http://{h}/", "not_public") for h in ("0x7f000001", "[::1]", "0")),
    ("http://[::ffff:7f00:1]/", "not_public"),
    ("http://169.254.169.254/latest/meta-data", "not_public"),
    ("http://①②⑦.⓪.⓪.①/", "no_address"),
    ("http://127。0。0。1/", "no_address"),
    ("file:///etc/passwd", "no_address"),
    ("file://localhost/etc/passwd", "scheme"),
    ("gopher://127.0.0.1:70/", "scheme"),
    ("ftp://a.example/", "scheme"),
    ("javascript:alert(1)", "no_address"),
    ("http://user:pass@a.example/", "credentials"),
    ("http://a.example@127.0.0.1/", "credentials"),
    ("http://127.0.0.1:22/", "port"),
    ("http://a.example:6379/", "port"),
    ("http://a.example:99999/", "no_address"),
    ("http://a.example/\r\nX: y", "no_address"),
    ("http://", "no_address"),
    ("", "no_address"),
]


@pytest.mark.parametrize(("url", "why"), HOSTILE, ids=[repr(u) for u, _ in HOSTILE])
def test_hostile_addresses_are_refused_before_anything_is_called(url, why):
    with pytest.raises(NotReachable) as refused:
        fetch(url)
    assert refused.value.why == why


class _Service(BaseHTTPRequestHandler):
    def do_GET(self):
        where = {"/away": "http://127.0.0.1:22/", "/loop": "/loop", "/on": "/"}
        if self.path in where:
            self.send_response(302)
            self.send_header("Location", where[self.path])
            self.end_headers()
            return
        if self.path == "/slow":
            self.close_connection = True
            for _ in range(100):
                self.wfile.write(b"X")
                self.wfile.flush()
                time.sleep(0.1)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"ok": true}' if self.path == "/" else b"x" * 200_000)

    def log_message(self, *_said):
        pass


@pytest.fixture
def service() -> Iterator[str]:
    server = QuietServer(("127.0.0.1", 0), _Service)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_allowed_server_answers_with_its_latency(service):
    answer = fetch(f"http://{service}/", [service])
    assert (answer.status, answer.body) == (200, b'{"ok": true}')
    assert answer.latency_us > 0
    assert len(fetch(f"http://{service}/long", [service]).body) == outgoing.BODY_MAX
    assert fetch(f"http://{service}/on", [service]).url.endswith("/")


@pytest.mark.parametrize(
    ("path", "why"), [("/away", "port"), ("/loop", "too_many_redirects")]
)
def test_redirects_are_checked_like_the_first_address(service, path, why):
    with pytest.raises(NotReachable) as refused:
        fetch(f"http://{service}{path}", [service])
    assert refused.value.why == why


def test_whoever_answers_drop_by_drop_is_cut_off(service, monkeypatch):
    monkeypatch.setattr(outgoing, "ALL_S", 1.0)
    begun = clock.elapsed_s()
    with pytest.raises(NotReachable):
        fetch(f"http://{service}/slow", [service])
    assert clock.elapsed_s() - begun < 6


def test_a_name_is_resolved_once_so_that_a_second_answer_changes_nothing(monkeypatch):
    asked, called = [], []

    def resolve(host, port, **_options):
        asked.append(host)
        address = "1.1.1.1" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(address, **_options):
        called.append(address)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(NotReachable):
        fetch("http://rebinding.example/")
    assert (asked, called) == (["rebinding.example"], [("1.1.1.1", 80)])
