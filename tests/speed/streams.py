"""What an order costs while nobody listens and while 300 streams are open.

The server is that of `http`: one process, everything on. In turns, orders are placed at
a rate and as fast as they are answered, without streams and with 300 of them: half
follow an instrument each, half a member's own orders and trades. The listeners are a
process of their own and share the machine's cores with server and client, so that what
they cost is in the numbers too. An event's age is the time from the trade to its
reader; a gap would be an event that does not follow the one before it.
"""

import contextlib
import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from marketplace.config import Config
from marketplace.demo.making import build
from marketplace.streams.feed import STREAMS_EACH_MAX
from settlement import ids
from tests.speed import Table
from tests.speed._client import quantile
from tests.speed._listener import Heard
from tests.speed.http import Fair, Served, Step, placed, prepare, serving

STREAMS = 300
TURNS = (0, STREAMS, 0, STREAMS)
STEPS = ((100, 1_000), (0, 2_000))  # rate, many
RATIO_MAX = 1.5  # of the median answer at a rate, with streams to without


def run() -> list[Table]:
    """Serve the demo market and place orders in turns; compare."""
    with tempfile.TemporaryDirectory(prefix="databourse-streams-") as directory:
        config = Config.at(Path(directory))
        build(config)
        fair = prepare(config)
        done: list[tuple[int, int, Step]] = []
        heard: list[Heard] = []
        with serving(config) as served:
            for turn, streams in enumerate(TURNS):
                with listening(served, fair, streams) as hears:
                    for number, step in enumerate(STEPS):
                        rate, measured = placed(
                            served, fair, (turn * len(STEPS) + number, step)
                        )
                        done.append((streams, rate, measured))
                heard += hears
    return [orders(done), events(heard)]


@contextlib.contextmanager
def listening(served: Served, fair: Fair, many: int) -> Iterator[list[Heard]]:
    """Keep *many* streams open meanwhile; what they heard is in the list afterwards."""
    heard: list[Heard] = []
    if not many:
        yield heard
        return
    units = itertools.cycle({goods.instrument for goods in fair.posted})
    assert many <= STREAMS_EACH_MAX * len(fair.secrets) // 3, "too few members"
    secrets = itertools.cycle(fair.secrets)
    paths = (
        f"/api/v1/instruments/{ids.encode('instrument', next(units))}/stream"
        if number % 2
        else "/api/v1/me/stream"
        for number in range(many)
    )
    plan = [served.port, list(zip(paths, secrets, strict=False))]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.speed._listener"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as listener:
        assert listener.stdin
        assert listener.stdout
        listener.stdin.write(json.dumps(plan) + "\n")
        listener.stdin.flush()
        assert listener.stdout.readline() == "ready\n", "the streams did not begin"
        yield heard
        listener.stdin.close()
        heard.append(Heard(*json.loads(listener.stdout.read())))
    assert heard[0].refused == 0, f"{heard[0].refused} streams were refused"


def orders(done: list[tuple[int, int, Step]]) -> Table:
    """Return how long answers took, turn by turn."""
    rows: list[tuple[str | float, ...]] = []
    medians: dict[int, list[float]] = {0: [], STREAMS: []}
    for streams, rate, step in done:
        taken = sorted(step.measured.latencies)
        many = step.measured.statuses.get("201", 0)
        if rate:
            medians[streams].append(quantile(taken, 0.5))
        marks = (quantile(taken, share) * 1_000 for share in (0.5, 0.99))
        cpu_ms = step.cpu_s * 1_000 / len(taken)
        speed = many / step.measured.seconds
        rows.append((streams, f"{rate or 'all'}", speed, *marks, cpu_ms))
    quiet, loud = min(medians[0]), min(medians[STREAMS])
    ratio = loud / quiet
    note = f"median at a rate, with streams to without: {ratio:.2f} (aim: {RATIO_MAX})"
    names = ("done each second", "p50 ms", "p99 ms", "CPU ms each")
    return Table("Orders", ("streams", "wanted each second", *names), rows, note)


def events(heard: list[Heard]) -> Table:
    """Return what the listeners heard."""
    rows = [
        (
            *(one.events, len(one.ages_s), one.gaps),
            *(quantile(one.ages_s, share) * 1_000 for share in (0.5, 0.99)),
        )
        for one in heard
    ]
    names = ("events", "trades in them", "gaps", "age p50 ms", "age p99 ms")
    return Table(f"What {STREAMS} streams heard", names, rows)
