"""Killed in the middle of calls: each is counted once, by the service's own count."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from marketplace.app import create_app
from marketplace.metering.counting import CUT_SHORT, Counting
from marketplace.metering.meter import FOLDER
from marketplace.metering.tables import calls
from marketplace.services import EXTENSION
from marketplace.trading import usage_tables as u
from tests import backends
from tests.called import (
    Caller,
    app,
    backend,
    backend_of_all,
    budget,
    connect,
    market,
    parts,
    program,
    service,
)
from tests.floor import proven, wait_until

__all__ = [
    "app", "backend", "backend_of_all", "market", "parts", "program", "service",
]  # fmt: skip
ROOT = Path(__file__).parents[2]
KILLS = 2
CALLS = 60  # at least, before each kill


def test_what_is_killed_in_the_middle_is_counted_once(app, program, service, backend):
    connect(program, service[0], backend, second_max=1_000)
    entitlement = backends.buy(program, service[1])
    budget(program, entitlement, 20_000)
    secret = Caller(app, program, entitlement).secret
    config = app.extensions[EXTENSION].config
    app.extensions[EXTENSION].close()
    for kill in range(1, KILLS + 1):
        child = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.crash.caller", str(config.data)),
                *(backend.reachable, entitlement, secret),
            ],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(lambda least=kill * CALLS: len(backend.seen) > least, 30)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
    again = create_app(config)
    opened = again.extensions[EXTENSION]
    step = Counting(
        opened.reads, opened.writes, opened.gateway, config.data / FOLDER
    ).step
    step()
    step()
    with opened.reads.connect() as db:
        rows = db.execute(calls.select()).all()
        periods = db.execute(u.periods.select()).all()
    noted = {f"{row.meter}-{row.number}": row for row in rows}
    seen = [call for call, _ in backend.seen]
    assert len(noted) == len(rows)
    assert len(seen) == len(set(seen))  # nothing was sent twice
    # Whatever the service saw was noted before it was sent; what it answered with
    # success is counted, but for what a kill cut short: that is free, and known.
    assert set(seen) <= set(noted)
    counted = {call for call, row in noted.items() if row.counted}
    cut_short = {call for call, row in noted.items() if row.why == CUT_SHORT}
    fine = {call for call, path in backend.seen if "status=500" not in path}
    assert counted <= fine
    assert fine - counted <= cut_short
    assert len(cut_short) <= KILLS * 4
    assert sum(row.units for row in periods) == len(counted) > KILLS * CALLS // 2
    assert proven(opened.writes)
    assert list((config.data / FOLDER).iterdir()) == []
    opened.close()
