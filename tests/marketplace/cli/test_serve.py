"""The server as processes: alone, and as a writer with a standby and two workers."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

START_S = 60
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def port() -> int:
    """A port that nobody listens on."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path, port: int) -> Iterator[Start]:
    """Start ``databourse serve`` with options; whatever still runs is ended."""
    started = []

    def start(*options: str, **environment: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", "from marketplace.cli import main; main()", "serve",
             *options],
            env=os.environ | {"DATABOURSE_DATA": str(tmp_path), "PORT": str(port)}
            | environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _ask(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def _wait(port: int, status: int = 200) -> None:
    for _ in range(START_S * 10):
        try:
            if _ask(port, "/readyz")[0] == status:
                return
        except OSError:
            pass
        time.sleep(0.1)
    pytest.fail(f"/readyz did not become {status}")


def _stop(process: "subprocess.Popen[str]") -> str:
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    return out + err


def test_one_process_serves_stops_in_order_and_starts_again(
    start: Start, port: int
) -> None:
    for _ in range(2):
        server = start()
        _wait(port)
        assert _ask(port, "/healthz") == (200, b'{"alive":true}\n')
        said = _stop(server)
        assert f"✓ Databourse is at http://127.0.0.1:{port}" in said
        assert "Traceback" not in said


def test_a_second_inline_writer_says_why_it_does_not_start(
    start: Start, port: int
) -> None:
    start()
    _wait(port)
    out, err = start("--port", "0").communicate(timeout=START_S)
    assert "✗ Another process is the exchange's writer" in out + err
    assert "Traceback" not in out + err


def test_workers_find_the_writer_and_the_standby_takes_over(
    start: Start, port: int, tmp_path: Path
) -> None:
    url = f"unix:{tmp_path / 'writer.sock'}"
    leader = start("--writer", EXCHANGE_URL=url)
    start("--workers", "2", EXCHANGE_URL=url)
    _wait(port)
    standby = start("--writer", EXCHANGE_URL=url)
    time.sleep(2)
    leader.kill()
    _wait(port, 200)
    status, body = _ask(port, "/readyz")
    assert (status, json.loads(body)["problems"]) == (200, [])
    assert standby.poll() is None
    assert "the writer stopped in order" in _stop(standby)
    _wait(port, 503)
