"""The questions on Apache Spark: a master and two workers answer as DuckDB does.

SPARK_TRADES trades of the simulated market (1,000,000 unless it is set), with states,
corrections, steps of products and use beside them.
"""

import json
import math
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from settlement.statistics import questions, tape
from settlement.statistics.columns import CORRECTIONS
from settlement.statistics.manifest import read_manifest, write_manifest
from settlement.statistics.simulation import simulate
from settlement.statistics.warehouse import Warehouse, write_parquet
from tests.settlement.statistics.conftest import EVENTS, USAGE

TRADES = int(os.environ.get("SPARK_TRADES", "1000000"))
ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
MEMORY = {"SPARK_DAEMON_MEMORY": "128m", "SPARK_LOCAL_IP": LOOPBACK}
SETTINGS = {
    "spark.driver.host": LOOPBACK,
    "spark.driver.bindAddress": LOOPBACK,
    "spark.driver.memory": "600m",
    "spark.executor.memory": "500m",
    "spark.executor.cores": "1",
}
BUSIEST = (
    "SELECT instrument FROM trades WHERE origin IN ('on_book', 'auction')"
    " GROUP BY instrument ORDER BY count(*) DESC, instrument LIMIT 1"
)
ASK = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from settlement.statistics.spark import SparkWarehouse
tape, master, asked, answers = sys.argv[2:6]
warehouse = SparkWarehouse(Path(tape), master, json.loads(sys.argv[6]))
told = []
for sql, parameters in json.loads(Path(asked).read_text("utf-8")):
    answer = warehouse.ask(sql, parameters)
    told.append([answer.columns, answer.rows, answer.position])
told_of = warehouse._spark.sparkContext._jsc.sc().statusTracker().getExecutorInfos()
workers = len(told_of) - 1  # the driver is one of them
warehouse.close()
Path(answers).write_text(json.dumps([workers, told], default=str), "utf-8")
"""


@pytest.fixture
def peer(require: Callable[[str], str]) -> Path:
    """The interpreter that has pyspark and sqlglot."""
    require("java")
    return Path(require("peers")) / "python"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A national market, with what the simulation does not make up."""
    there = tmp_path_factory.mktemp("market")
    manifest = simulate(there, TRADES, 1)
    moved = {"2025": "2023", "2026": "2024"}  # into the simulated years
    events = [(*e[:2], moved[e[2][:4]] + e[2][4:], *e[3:]) for e in EVENTS]
    tape.write_dimension(there, "events", events)
    tape.write_dimension(there, "usage", USAGE)
    states = [(number, "disputed") for number in range(1, TRADES, TRADES // 500)]
    tape.write_dimension(there, "states", states)
    corrections = [
        (place + 1, number, 0, event, price, fee)
        for place, (number, event, price, fee) in enumerate(
            (number, *what)
            for number in range(5, TRADES, TRADES // 200)
            for what in (
                ("adjust", 700, 7),
                ("exclude", None, None),
                *([("restore", None, None)] if number % 2 else []),
            )
        )
    ]
    made = there / "corrections" / "part-1.parquet"
    write_parquet(corrections, CORRECTIONS, made)
    last = manifest._replace(correction=len(corrections), corrections=(made.name,))
    write_manifest(there, last)
    assert read_manifest(there) == last
    return there


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as found:
        found.bind((LOOPBACK, 0))
        return int(found.getsockname()[1])


@contextmanager
def started(
    command: list[str], environment: dict[str, str], log: Path
) -> Iterator[None]:
    """Run a daemon of Spark until the end."""
    with log.open("wb") as file:
        daemon = subprocess.Popen(
            command, env=environment, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        yield
    finally:
        daemon.terminate()
        daemon.wait(30)


@contextmanager
def cluster(peer: Path, folder: Path) -> Iterator[str]:
    """Start a master and two workers; yield the master's address."""
    find = "import pyspark; print(pyspark.__path__[0])"
    home = subprocess.run(
        [str(peer), "-c", find], check=True, capture_output=True, text=True
    ).stdout.strip()
    environment = {**os.environ, **MEMORY, "SPARK_HOME": home}
    environment |= {"SPARK_WORKER_DIR": str(folder / "work")}
    port = free_port()
    address = f"spark://{LOOPBACK}:{port}"
    daemons = [["Master", "--port", str(port)]]
    daemons += [["Worker", "--cores", "1", "--memory", "600m", address]] * 2
    with ExitStack() as stack:
        for place, (kind, *more) in enumerate(daemons):
            where = ["--host", LOOPBACK, "--webui-port", str(free_port())]
            program = f"org.apache.spark.deploy.{kind.lower()}.{kind}"
            command = [f"{home}/bin/spark-class", program, *where, *more]
            log = folder / f"{place}.log"
            stack.enter_context(started(command, environment, log))
            _wait_for(log, "New state: ALIVE" if kind == "Master" else "registered")
        yield address


def _wait_for(log: Path, words: str) -> None:
    for _ in range(600):
        if words in log.read_text("utf-8", "replace"):
            return
        time.sleep(0.2)
    pytest.fail(log.read_text("utf-8", "replace")[-2_000:])


def _same(ours: Any, theirs: Any) -> bool:
    """Tell whether two figures are equal, fractions to the sixth place."""
    if isinstance(ours, float) and theirs is not None:
        return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=2e-6)
    return bool(ours == theirs or str(ours) == theirs)


def _asked(busiest: int) -> list[tuple[str, tuple[str, ...], dict[str, Any]]]:
    """Return every question as it stands, those that are guarded by two more."""
    found: list[tuple[str, tuple[str, ...], dict[str, Any]]] = []
    for code, question in questions.questions().items():
        own = dict(question.parameters)
        if code == "candles":
            own |= {"instrument": busiest, "parties_min": 1}
        found.append((code, question.by, own))
        if question.disclosure == questions.PARTIES:
            two = question.dimensions[1:3]
            found.append((code, two, own | ({"width": 4} if "width" in own else {})))
    return found


def test_a_cluster_gives_every_answer_that_duckdb_gives(
    peer: Path, market: Path, tmp_path: Path
) -> None:
    warehouse = Warehouse(market)
    ((busiest,),) = warehouse.ask(BUSIEST).rows
    asked = _asked(busiest)
    files = tmp_path / "asked.json", tmp_path / "answers.json"
    said = [
        (questions.asked_by(questions.question(code).sql, by), parameters)
        for code, by, parameters in asked
    ]
    files[0].write_text(json.dumps(said), "utf-8")
    with cluster(peer, tmp_path) as master:
        script = [str(peer), "-c", ASK, str(ROOT), str(market), master]
        script += [*map(str, files), json.dumps(SETTINGS)]
        done = subprocess.run(script, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3_000:]
    workers, told = json.loads(files[1].read_text("utf-8"))
    assert workers == 2
    empty = set()
    for (code, by, parameters), (columns, rows, position) in zip(
        asked, told, strict=True
    ):
        known = questions.ask(warehouse, code, by=by, **parameters)
        assert list(known.columns) == columns, code
        assert len(known.rows) == len(rows), (code, by)
        for ours, theirs in zip(known.rows, rows, strict=True):
            assert all(map(_same, ours, theirs)), (code, by, ours, theirs)
        assert position == known.position
        empty |= set() if rows else {code}
    assert not empty
    warehouse.close()
    shutil.rmtree(market)
