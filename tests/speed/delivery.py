"""Calls of a data service through the exchange, metered, beside a bare proxy.

One server process (one gunicorn worker, SQLite with synchronous FULL, everything that
follows the records on) forwards to a service in another process, over kept connections
on 127.0.0.1. The bare route uses the same forwarder in the same server, without key,
limits, quota, budget or meter. The two are asked in turn, several rounds each, by 16
connections as fast as they get answers, then by one alone for the median; the client
shares the machine's cores. Afterwards what was counted must be what was answered.
"""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

from sqlalchemy import func, select

from marketplace.app import create_app
from marketplace.config import Config
from marketplace.services import EXTENSION
from marketplace.trading import usage_tables as u
from settlement import clock
from settlement.invariants import snapshot, violations
from settlement.store import connect
from tests import backends, called
from tests.programs import pay_in
from tests.speed import Table

CONNECTIONS, ROUNDS, SECONDS, ALONE = 16, 4, 3.0, 400
RIGHTS = 4  # so that no right's limit of a second is reached
AIM, AIM_MS = 60, 1.0
COUNT_S = 30


def run() -> list[Table]:
    """Build, serve, ask in turn, and check the count."""
    with tempfile.TemporaryDirectory(prefix="databourse-delivery-") as directory:  # noqa: SIM117
        with _process("backend") as (backend, _):
            place = f"127.0.0.1:{backend}"
            config = replace(
                Config.at(Path(directory) / "data"), **called.QUIET, notice_days=0,
                reachable=(place,),
            )  # fmt: skip
            metered = _prepare(config, place)
            load = os.getloadavg()[0]
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            with _process("serve", str(config.data), place, str(port)):
                _wait(port)
                bare = [b"GET /bare/ HTTP/1.1\r\nHost: localhost\r\n\r\n"]
                speeds = {"bare": [], "metered": []}
                answered = 0
                for _ in range(ROUNDS):
                    for name, asked in (("bare", bare), ("metered", metered)):
                        done = _load(port, asked)
                        speeds[name].append(done / SECONDS)
                        answered += done if name == "metered" else 0
                alone = {
                    "bare": _alone(port, bare[0]), "metered": _alone(port, metered[0]),
                }  # fmt: skip
                answered += ALONE
                counted = _counted(config, answered)
    share = 100 * median(speeds["metered"]) / median(speeds["bare"])
    added = alone["metered"] - alone["bare"]
    note = (
        f"metered is {share:.0f} % of bare (aim ≥ {AIM} %), and adds {added:.2f} ms at"
        f" the median (aim < {AIM_MS} ms); {counted:,} of {answered:,} calls counted,"
        f" audit clean; load before: {load:.1f} on {os.cpu_count()} cores"
    )
    rows = [(n, median(speeds[n]), max(speeds[n]), alone[n]) for n in speeds]
    columns = ("route", "calls each second", "best round", "median ms, one at a time")
    return [Table("Calls of a service", columns, rows, note)]


def _prepare(config: Config, place: str) -> list[bytes]:
    """List a service, buy rights, make keys; the requests to be sent."""
    config.data.mkdir(parents=True)
    app = create_app(config)
    parts = app.extensions[EXTENSION]
    backends.enrolled(parts)
    program = backends.Programs(app)
    product, instrument = backends.put_on_market(program, "LOOKUP")
    at = backends.Backend(int(place.rpartition(":")[2]))
    called.connect(program, product, at, second_max=1_000, day_max=10_000_000)
    pay_in(program, "buyer", 9_000_000)
    requests = []
    for _ in range(RIGHTS):
        right = backends.buy(program, instrument)
        called.budget(program, right, 2_000_000)
        secret = called.Caller(app, program, right).secret
        requests.append(
            f"GET /api/services/{right}/a HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {secret}\r\n\r\n".encode()
        )
    parts.close()
    return requests


def _load(port: int, asked: list[bytes]) -> int:
    """Ask over many connections for SECONDS; how many answers were fine."""
    done = [0] * CONNECTIONS
    until_s = clock.elapsed_s() + SECONDS

    def ask(number: int) -> None:
        request = asked[number % len(asked)]
        with socket.create_connection(("127.0.0.1", port)) as line:
            while clock.elapsed_s() < until_s:
                _ask(line, request)
                done[number] += 1

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done)


def _alone(port: int, request: bytes) -> float:
    """Return the median milliseconds of one connection's answers."""
    taken = []
    with socket.create_connection(("127.0.0.1", port)) as line:
        for _ in range(ALONE):
            begun_s = clock.elapsed_s()
            _ask(line, request)
            taken.append(1_000 * (clock.elapsed_s() - begun_s))
    return median(taken)


def _ask(line: socket.socket, request: bytes) -> None:
    line.sendall(request)
    answer = line.recv(65_536)
    while not answer.endswith(b"}]}"):
        more = line.recv(65_536)
        assert more, answer
        answer += more
    assert answer.startswith(b"HTTP/1.1 200"), answer[:300]


def _counted(config: Config, answered: int) -> int:
    """Wait until as many calls are counted; the audit must be clean."""
    engine, until_s = connect(config.database_url), clock.elapsed_s() + COUNT_S
    counted = 0
    while counted < answered and clock.elapsed_s() < until_s:
        time.sleep(0.5)
        with engine.connect() as db:
            counted = db.scalar(select(func.sum(u.uses.c.calls))) or 0
    with snapshot(engine) as db:
        assert list(violations(db)) == []
    assert counted == answered, (counted, answered)
    return counted


def _wait(port: int) -> None:
    until_s = clock.elapsed_s() + 60
    while clock.elapsed_s() < until_s:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.2)
    raise SystemExit("the server did not start")


@contextlib.contextmanager
def _process(*arguments: str) -> Iterator[tuple[str, int]]:
    """Run a process of `_proxy`; the first line it says, and its number."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.speed._proxy", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    try:
        said = child.stdout.readline().strip() if arguments[0] == "backend" else ""
        yield said, child.pid
    finally:
        child.terminate()
        child.wait(30)
