"""`kill -9` at named points of order → match → clear → settle → pay out (G1).

A sample; all of them, before and after, by `make full`. A point that a life never comes
to fails the run. After each death another process lives the same life under the same
keys: what was answered is told again, what was not happens now, everything once.
"""

import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select

from settlement.tables import journal
from tests.crash.life import opening
from tests.floor import opened, proven, trading, wait_until
from tests.seeds import sample

ROOT = Path(__file__).parents[2]
T, S = "marketplace/trading", "settlement"
# Step of the path → the functions at whose beginning and end a process dies there.
POINTS = {
    "order": (
        f"{T}/gateway:check_key", f"{T}/gateway:_entry", f"{T}/exchange:enter",
        f"{T}/exchange:_answer", f"{T}/exchange:_pass_time", f"{T}/risk:check_line",
        f"{T}/risk:check_cover", f"{T}/holds:hold", f"{T}/market:keep",
        f"{S}/journal:append", f"{T}/book:rest", f"{T}/holds:release",
    ),
    "match": (
        f"{T}/market:apply", f"{T}/placing:place_order", f"{T}/book:place",
        f"{T}/book:_take", f"{T}/orders:fill", f"{T}/placing:_match",
        f"{T}/market:forget", f"{T}/activity:note_trade", f"{T}/records:_order_row",
    ),
    "clear": (
        f"{S}/clearing:clear", f"{T}/charging:fee", f"{S}/fees:rate",
        f"{T}/placing:_settle", f"{S}/ledger:number", f"{T}/records:_trade_rows",
    ),
    "settle": (
        f"{S}/ledger:post", f"{S}/entitlements:grant", f"{T}/records:drain",
        f"{T}/records:_transfer_row", f"{T}/records:put_down", f"{T}/lease:move_on",
        f"{S}/script:_run", f"{T}/lease:must_be_ours", f"{S}/script:run",
        f"{T}/ticket:settle", f"{T}/accepting:report", f"{T}/accepting:accept",
        f"{S}/escrows:release", f"{T}/escrow_records:drain",
    ),
    "deliver": (
        f"{T}/rights:deliver", f"{S}/entitlements:count_delivery", f"{T}/rights:grant",
    ),
    "pay in": (
        f"{T}/paying:request_payin", f"{S}/payments/payins:confirm",
        f"{S}/payments/payins:_credit", f"{T}/cards:request", f"{T}/cards:record",
        f"{S}/payments/cards:add", f"{T}/cards:_post", f"{T}/card_records:drain",
    ),
    "mend": (
        f"{T}/proposals:propose", f"{T}/proposals:decide", f"{T}/correcting:correct",
    ),
    "pay out": (
        f"{T}/paying:request_payout", f"{S}/payments/payouts:request",
        f"{S}/payments/payouts:approve", f"{S}/payments/payouts:pay",
        f"{S}/payments/desk:move", f"{S}/payments/desk:open",
    ),
}  # fmt: skip
ALL = [
    (point, when)
    for points in POINTS.values()
    for point in points
    for when in ("before", "after")
]
STEPS = 18  # of one life
PROVEN_EACH = 8  # deaths between two audits


class Nurse:
    """A process that forks lives, and what they said."""

    def __init__(self, url):
        self.lines = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.life", url],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for text in self.process.stdout:
            self.lines.append(text.strip())

    def live(self, run, point="-", when="before", hit=1):
        """Have a life lived; how it ended, and the seq of each answer."""
        begun = len(self.lines)
        self.process.stdin.write(f"{run} {point} {when} {hit}\n")
        self.process.stdin.flush()
        wait_until(lambda: any(x.startswith("gone") for x in self.lines[begun:]), 60)
        said = [text.split() for text in self.lines[begun:] if text]
        answers = {words[1]: int(words[2]) for words in said if words[0] == "done"}
        whole = any(words[0] == "whole" for words in said)
        return said[-1][1], whole, answers

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()


def test_there_are_enough_points():
    assert len(ALL) >= 2 * 56
    assert len(set(ALL)) == len(ALL)


def test_a_death_at_any_point_loses_nothing_and_doubles_nothing(database_url):
    seed, count = sample(short=8, full=len(ALL))
    chance = random.Random(seed)
    chosen = chance.sample(ALL, count)
    with trading(database_url) as gateway:
        for command in opening():
            gateway.submit(command)
    engine = opened(database_url)
    nurse = Nurse(database_url)
    try:
        for number, (point, when) in enumerate(chosen):
            told = f"seed {seed}: {point} {when}"
            run = f"r{number}"
            end, whole, before = nurse.live(run, point, when)
            assert (end, whole) == ("killed", False), f"{told} was never come to"
            end, whole, after = nurse.live(run)
            assert (end, whole) == ("alive", True), told
            assert before.items() <= after.items(), told
            assert len(after) == STEPS, told
            with engine.connect() as db:
                keys = select(func.count()).where(journal.c.key.like(f"{run}-%"))
                assert db.scalar(keys) == STEPS, told
            if number % PROVEN_EACH == PROVEN_EACH - 1:
                proven(engine)
        proven(engine)
    finally:
        nurse.close()
        engine.dispose()


@pytest.mark.parametrize("point", ["marketplace/trading/nowhere:nothing"])
def test_a_point_that_is_never_come_to_is_noticed(sqlite_url, point):
    with trading(sqlite_url) as gateway:
        for command in opening():
            gateway.submit(command)
    nurse = Nurse(sqlite_url)
    try:
        assert nurse.live("r", point)[:2] == ("alive", True)
    finally:
        nurse.close()
