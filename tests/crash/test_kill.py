"""Death at any moment: what was answered is there, once, and the books are right."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from marketplace.trading.commands import decode
from marketplace.trading.gateway import Gateway
from marketplace.trading.wire import Wire
from settlement import journal as j
from settlement import store
from settlement.errors import ExchangeHalted, OutcomeUnknown, Refusal
from settlement.tables import journal
from tests.floor import BUY, opened, proven, trading, wait_until

ROOT = Path(__file__).parents[2]
KILLS = 20


class Child:
    """A child process and what it has said so far."""

    def __init__(self, *arguments: str) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.child", *arguments],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        for text in self.process.stdout:
            self.lines.append(text.rstrip("\n"))

    def ready(self) -> bool:
        return "ready" in self.lines

    def start(self, run: str) -> None:
        """Let a nurse fork a run, and wait until it trades."""
        runs = self.lines.count("ready")
        self.process.stdin.write(f"{run}\n")
        self.process.stdin.flush()
        wait_until(lambda: self.lines.count("ready") > runs, 30)

    def end(self) -> None:
        """Kill the run without warning."""
        ends = self.lines.count("gone")
        pids = [text for text in self.lines if text.startswith("pid ")]
        assert len(pids) == ends + 1, pids
        os.kill(int(pids[-1].split()[1]), signal.SIGKILL)
        wait_until(lambda: self.lines.count("gone") > ends, 30)

    def kill(self) -> None:
        """Kill it without warning, and the run that it nurses."""
        if sum(text.startswith("pid ") for text in self.lines) > self.lines.count(
            "gone"
        ):
            self.end()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()
        self.process.stdin.close()


@pytest.fixture
def children():
    """Start children; none outlives the test."""
    started = []

    def start(*arguments):
        started.append(Child(*arguments))
        return started[-1]

    yield start
    for child in started:
        child.kill()


def by_key(engine):
    """Return the recorded entries that have a key."""
    query = select(journal.c.key, journal.c.body).where(journal.c.key.is_not(None))
    with engine.connect() as db:
        return {row.key: j.read(row.body) for row in db.execute(query)}


def test_every_answer_survives_kill_after_kill(sqlite_url, children):
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    with trading(sqlite_url):
        pass
    engine = opened(sqlite_url)
    nurse = children(sqlite_url)
    for run in range(KILLS):
        nurse.start(f"r{run}")
        said_before = len(nurse.lines)
        patience = chance.randrange(60)
        wait_until(lambda: len(nurse.lines) > said_before + patience, 30)  # noqa: B023
        time.sleep(chance.uniform(0, 0.03))
        nurse.end()
        if run % 5 == 4:
            proven(engine)
    lines = [text.split() for text in nurse.lines]
    said = [tuple(line) for line in lines if line and line[0] in ("done", "refused")]
    asked = {line[1] for line in lines if line and line[0] == "ask"}
    recorded = by_key(engine)
    assert len(said) > KILLS, f"seed {seed}"
    for kind, key, fact in said:
        entry = recorded[key]
        assert entry.applied == (kind == "done"), f"seed {seed}: {key}"
        assert fact == str(entry.seq if entry.applied else entry.outcome[1])
    assert recorded.keys() <= asked
    _retry(sqlite_url, recorded, asked - recorded.keys())
    proven(engine)
    engine.dispose()


def _retry(url, recorded, unanswered):
    """Ask everything again: what happened is told again, the rest happens now, once."""
    with trading(url) as gateway:
        before = gateway.status().seq
        for key, entry in list(recorded.items())[-100:]:
            command = decode(entry.kind, entry.command)
            if entry.applied:
                assert gateway.submit(command, key).seq == entry.seq
                continue
            with pytest.raises(Refusal) as refused:
                gateway.submit(command, key)
            assert refused.value.code == entry.outcome[1]
        assert gateway.status().seq == before
        for key in unanswered:
            assert gateway.submit(BUY, key) == gateway.submit(BUY, key)
        assert gateway.status().seq == before + len(unanswered)


def test_a_standby_takes_over_from_a_writer_that_was_killed(
    sqlite_url, children, tmp_path
):
    with trading(sqlite_url):
        pass
    sockets = [f"unix:{tmp_path / name}" for name in ("first", "second")]
    first = children(sqlite_url, sockets[0])
    wait_until(first.ready, 30)
    second = children(sqlite_url, sockets[1])
    reads = store.connect(sqlite_url)
    workers = [Gateway(Wire(url), reads) for url in sockets]
    done = workers[0].submit(BUY, key="before")
    assert not second.ready()
    first.kill()
    wait_until(second.ready, 30)
    assert workers[1].submit(BUY, key="before") == done
    after = workers[1].submit(BUY, key="after")
    assert after.seq == done.seq + 1
    with pytest.raises((ExchangeHalted, OutcomeUnknown)):
        workers[0].submit(BUY)
    assert proven(reads) == after.seq
    for worker in workers:
        worker.close()
    reads.dispose()


def test_a_writer_frozen_while_another_takes_over_writes_no_more(
    sqlite_url, children, tmp_path
):
    """Its lock is taken away (the file is new); only the epoch is left to stop it."""
    with trading(sqlite_url):
        pass
    url = f"unix:{tmp_path / 'frozen'}"
    frozen = children(sqlite_url, url)
    wait_until(frozen.ready, 30)
    reads = store.connect(sqlite_url)
    late = Gateway(Wire(url), reads)
    late.submit(BUY)
    frozen.process.send_signal(signal.SIGSTOP)
    Path(sqlite_url.removeprefix("sqlite:///") + ".writer").unlink()
    with trading(sqlite_url) as gateway:
        outcome = gateway.submit(BUY)
        frozen.process.send_signal(signal.SIGCONT)
        for _ in range(3):
            with pytest.raises((OutcomeUnknown, ExchangeHalted)):
                late.submit(BUY)
        assert gateway.submit(BUY).seq == outcome.seq + 1
        with reads.connect() as db:
            entries = [j.read(r.body) for r in j.records(db, after=outcome.seq - 1)]
        assert [entry.epoch for entry in entries] == 2 * [gateway.status().epoch]
        proven(reads)
    late.close()
    reads.dispose()
