"""Durable orders per second over HTTP, and what their answers and some reads take.

`databourse serve` runs as one process of its own on 127.0.0.1 with the demo market in
SQLite (synchronous FULL); everything is on: API keys, rate limits, idempotency keys,
search and statistics following. The client is another process with 64 kept connections;
clients and server share the machine's cores. Orders take posted prices (four of five,
each one settled trade) or bid below them. At a rate, an answer's time counts from the
moment at which its request was due (open loop); the last row asks as fast as it gets
answers. "CPU" is the server's processor time for each request: on a shared machine it
says more than the latencies. Each order has its answer after its commit; each answer
must be in the records. Audit and replay must be clean.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple
from urllib.parse import quote

from sqlalchemy import func, select

from marketplace.config import Config
from marketplace.demo.making import build
from marketplace.members import keys, users
from marketplace.members.tables import members
from marketplace.members.tables import users as logins
from marketplace.trading import commands as c
from marketplace.trading.gateway import open_gateway
from marketplace.trading.reads import LIVE
from marketplace.trading.tables import books, orders
from settlement import clock, ids
from settlement.store import connect
from tests.speed import Table
from tests.speed._client import Measured, Plan, quantile, request_of

CONNECTIONS = 64
ORDERS = "/api/v1/orders"
STEPS = ((100, 500), (200, 1_000), (300, 3_000), (400, 2_000), (0, 3_000))  # rate, many
AIM, AIM_MS = 300, 80  # orders each second, 99 of 100 answered within
READS, READ_RATE = 300, 50
WORDS = (
    "天气",
    "traffic",
    "能源",
    "hospital data",
    "企业",
    "index",
    "北京 交通",
    "tourism",
)
KEYS_EACH = 3
CASH = 10**12  # minor units for each buyer: no order may fail for want of money
START_S = 60
SEED = 7


class Posted(NamedTuple):
    """A posted price that anyone may take."""

    instrument: int
    price: int
    tick: int
    lot: int
    purpose: str


class Served(NamedTuple):
    """A running server."""

    port: int
    process: int

    def cpu_s(self) -> float:
        """Return the processor seconds that it and its workers have used (Linux)."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children")
        numbers = [str(self.process), *children.read_text("ascii").split()]
        ticks = 0
        for number in numbers:
            line = Path(f"/proc/{number}/stat").read_text("ascii")
            ticks += sum(map(int, line.rpartition(")")[2].split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")


class Step(NamedTuple):
    """What a step measured."""

    measured: Measured
    cpu_s: float  # of the server


class Fair(NamedTuple):
    """What the clients know: keys, what is offered, how many orders there were."""

    secrets: list[str]
    posted: list[Posted]
    orders: int


def run() -> list[Table]:
    """Build the market, serve it, ask, stop, and prove what was done."""
    with tempfile.TemporaryDirectory(prefix="databourse-http-") as directory:
        config = Config.at(Path(directory))
        build(config)
        fair = prepare(config)
        load = os.getloadavg()[0]
        with serving(config) as served:
            reading = [
                (name, read(served, fair, address))
                for name, address in questions(fair).items()
            ]
            placing = [placed(served, fair, step) for step in enumerate(STEPS)]
        proofs = [said(config, command) for command in ("audit", "replay")]
        answered = sum(step.measured.statuses.get("201", 0) for _, step in placing)
        assert orders_in(config) == fair.orders + answered, "an answer is not recorded"
    busy = f"load of the machine before: {load:.1f} on {os.cpu_count()} cores"
    note = "\n".join([f"aim: ≥ {AIM}/s at p99 ≤ {AIM_MS} ms; {busy}", *proofs])
    columns = ("p50 ms", "p99 ms", "p99.9 ms", "CPU ms each", "refused", "errors")
    return [
        Table(
            "Orders over HTTP",
            ("wanted each second", "done each second", *columns),
            [row(f"{rate or 'all'}", m, "201") for rate, m in placing],
            note,
        ),
        Table(
            f"Reads, {READ_RATE} each second",
            ("what", "done each second", *columns),
            [row(name, m, "200") for name, m in reading],
        ),
    ]


def row(name: str, step: Step, fine: str) -> tuple[str | int | float, ...]:
    """Return a row: speed of good answers, quantiles of all, what was not good."""
    measured = step.measured
    taken = sorted(measured.latencies)
    done, others = measured.statuses.get(fine, 0), dict(measured.statuses)
    others.pop(fine, None)
    refused = sum(n for status, n in others.items() if status.startswith("4"))
    return (
        name,
        done / measured.seconds,
        *(quantile(taken, share) * 1_000 for share in (0.5, 0.99, 0.999)),
        step.cpu_s * 1_000 / len(taken),
        refused,
        sum(others.values()) - refused,
    )


def prepare(config: Config) -> Fair:
    """Give every buyer of the market money and API keys; see what is posted."""
    engine = connect(config.database_url, write=True)
    with engine.begin() as db:
        buyers = [
            users.get(db, row.id)
            for row in db.execute(
                select(logins.c.id)
                .join(members, members.c.id == logins.c.member)
                .where(members.c.buyer == 1, members.c.state == "verified")
            )
        ]
        secrets = [
            keys.create(db, user, f"speed {n}", ["trade"]).secret
            for n in range(KEYS_EACH)
            for user in buyers
        ]
        query = (
            select(books, orders.c.price)
            .join(orders, orders.c.instrument == books.c.instrument)
            .where(LIVE, orders.c.evergreen == 1, books.c.state == "listed")
            .where(books.c.currency == 1)
        )
        posted = [
            Posted(
                *(r.instrument, r.price, r.tick, r.lot),
                (r.purposes or "evaluation").split()[0],
            )
            for r in db.execute(query)
        ]
        officers = [
            db.scalar(select(logins.c.id).where(logins.c.roles.contains(role)))
            for role in ("settlement_officer", "settlement_approver")
        ]
    gateway = open_gateway(config.exchange_url, engine, engine)
    for user in buyers:
        request = c.RequestPayin(user.id, user.member, 1, CASH, "speed")
        payin = gateway.submit(request).result
        gateway.submit(c.ConfirmPayin(officers[0], payin))
        gateway.submit(c.ApprovePayin(officers[1], payin))
    gateway.close()
    engine.dispose()
    return Fair(secrets, posted, orders_in(config))


def orders_in(config: Config) -> int:
    """Return how many orders the records have."""
    engine = connect(config.database_url)
    with engine.connect() as db:
        number = db.scalar(select(func.count()).select_from(orders)) or 0
    engine.dispose()
    return number


@contextlib.contextmanager
def serving(config: Config) -> Iterator[Served]:
    """Serve the market in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with (config.data / "server.log").open("w") as log:
        server = subprocess.Popen(
            command("serve"),
            env=surroundings(config) | {"PORT": str(port)},
            stdout=log,
            stderr=log,
        )
    try:
        wait_until_ready(port, server)
        yield Served(port, server.pid)
        server.send_signal(signal.SIGTERM)
        assert server.wait(START_S) == 0, "the server did not stop in order"
    finally:
        server.kill()
        server.wait()


def command(*words: str) -> list[str]:
    """Return a command of ours, run by this interpreter."""
    return [sys.executable, "-c", "from marketplace.cli import main; main()", *words]


def surroundings(config: Config) -> dict[str, str]:
    """Return the environment of a command that works on the market of *config*."""
    ours = {name: value for name, value in os.environ.items() if "_URL" not in name}
    return ours | {"DATABOURSE_DATA": str(config.data)}


def wait_until_ready(port: int, server: "subprocess.Popen[bytes]") -> None:
    """Wait until ``/readyz`` says yes."""
    pause = threading.Event()
    until_s = clock.elapsed_s() + START_S
    while clock.elapsed_s() < until_s:
        assert server.poll() is None, "the server ended"
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with contextlib.suppress(OSError), contextlib.closing(asked):
            asked.request("GET", "/readyz")
            if asked.getresponse().status == 200:
                return
        pause.wait(0.2)
    raise SystemExit("the server is not ready")


def said(config: Config, word: str) -> str:
    """Run a command that proves something; its closing line, or stop here."""
    done = subprocess.run(
        command(word),
        env=surroundings(config),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{word}: {done.stdout}{done.stderr}")
    return done.stdout.strip().splitlines()[-1]


def placed(
    served: Served, fair: Fair, step: tuple[int, tuple[int, int]]
) -> tuple[int, Step]:
    """Place orders at a rate; the rate and what came of it."""
    number, (rate, many) = step
    random = Random(SEED + number)
    requests = [
        request_of("POST", ORDERS, secret, order(fair, random), f"{number}-{n}")
        for n, secret in enumerate(random.choices(fair.secrets, k=many))
    ]
    return rate, asked(served, requests, rate)


def order(fair: Fair, random: Random) -> dict[str, object]:
    """Return an order that takes a posted price, or one in five that waits below it."""
    goods = random.choice(fair.posted)
    waits = random.random() < 0.2
    price = goods.price // 2 // goods.tick * goods.tick if waits else goods.price
    return {
        "instrument": ids.encode("instrument", goods.instrument),
        "side": "buy",
        "price": price,
        "quantity": goods.lot,
        "time_in_force": "GTC" if waits else "IOC",
        "purpose": goods.purpose,
    }


def questions(fair: Fair) -> dict[str, Callable[[Random], str]]:
    """Return what is read: name → an address by chance."""

    def book(random: Random) -> str:
        number = ids.encode("instrument", random.choice(fair.posted).instrument)
        return f"/api/v1/instruments/{number}/book"

    def search(random: Random) -> str:
        return f"/api/v1/listings?q={quote(random.choice(WORDS))}"

    def page(random: Random) -> str:
        return f"/market?q={quote(random.choice(WORDS))}"

    return {
        "a book": book,
        "a search with facets": search,
        "the same as a page": page,
    }


def read(served: Served, fair: Fair, address: Callable[[Random], str]) -> Step:
    """Read READS addresses by chance; what came of it."""
    random = Random(SEED)
    requests = [
        request_of("GET", address(random), random.choice(fair.secrets))
        for _ in range(READS)
    ]
    return asked(served, requests, READ_RATE)


def asked(served: Served, requests: list[str], rate: int) -> Step:
    """Let a client in a process of its own send *requests*."""
    plan, before_s = Plan(served.port, requests, rate, CONNECTIONS), served.cpu_s()
    done = subprocess.run(
        [sys.executable, "-m", "tests.speed._client"],
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        check=True,
    )
    return Step(Measured(*json.loads(done.stdout)), served.cpu_s() - before_s)
