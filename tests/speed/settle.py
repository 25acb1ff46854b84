"""Durable settled trades per second, beside pgbench on the same server in the same run.

Each order takes a vendor's posted price and becomes one settled trade: order, trade,
contract, three transfers, entitlement, balances and the hash-chained journal record, on
disk before the answer. Single orders come from 64 threads, baskets of 100 from 16,
through `gateway.submit`; the submitters share the process and its interpreter with the
writer. pgbench runs its TPC-B at scale 10 with 16 clients, prepared statements, fsync
and synchronous_commit on. Rounds alternate; medians count, of the ratios within a
round. The books must balance at the end.
"""

import re
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from statistics import median

from sqlalchemy import func, select

from marketplace.schema import metadata
from marketplace.trading import commands as c
from marketplace.trading.exchange import Exchange
from marketplace.trading.gateway import Gateway
from settlement import clock
from settlement.store import connect
from settlement.tables import accounts, trades
from tests.speed import Table
from tests.speed._server import create_database, pgbench, server

ROUNDS = 3
PGBENCH_S = 10
INSTRUMENTS, VENDORS, BUYERS = 100, 10, 64
FIRST = 1_000
STAFF, SECOND = 9_001, 9_002
SINGLE_THREADS, SINGLES = 64, 250  # orders of each thread
BASKET_THREADS, BASKETS, BASKET = 16, 50, 100
AIM_SINGLE, AIM_BASKET = 2.0, 5.0


def run() -> list[Table]:
    """Measure both databases and pgbench in alternating rounds."""
    with server() as port, tempfile.TemporaryDirectory() as directory:
        create_database(port, "pgbench")
        pgbench(port, "-i", "-q", "-s", "10")
        markets = {
            "PostgreSQL": Fair(create_database(port, "databourse")),
            "SQLite, synchronous FULL": Fair(
                f"sqlite:///{Path(directory) / 'speed.db'}"
            ),
        }
        peers, speeds = [], {name: ([], []) for name in markets}
        for _ in range(ROUNDS):
            peers.append(tpc_b(port))
            for name, fair in markets.items():
                singles, baskets = speeds[name]
                singles.append(fair.singles())
                baskets.append(fair.baskets())
        for fair in markets.values():
            fair.close()
    rows = [("pgbench TPC-B, 16 clients", median(peers), 1.0, "")]
    for name, (singles, baskets) in speeds.items():
        rows.append(row(f"{name}: single orders", singles, peers, AIM_SINGLE))
        rows.append(row(f"{name}: baskets of 100", baskets, peers, AIM_BASKET))
    note = f"medians of {ROUNDS} rounds; every answer after its commit; books balance"
    columns = ("what", "settled trades/s", "× pgbench", "aim")
    return [Table("Settlement", columns, [tuple(r) for r in rows], note)]


def row(
    name: str, speeds: list[float], peers: list[float], aim: float
) -> tuple[str, float, float, str]:
    """Return a row of the table: the median speed and the median ratio of a round."""
    ratios = [ours / theirs for ours, theirs in zip(speeds, peers, strict=True)]
    return (name, median(speeds), median(ratios), f"≥ {aim:g}")


def tpc_b(port: int) -> float:
    """Return pgbench's transactions per second."""
    arguments = ("-c", "16", "-j", "2", "-M", "prepared", "-T", str(PGBENCH_S))
    found = re.search(r"tps = ([0-9.]+)", pgbench(port, *arguments))
    assert found
    return float(found[1])


class Fair:
    """A market with posted prices and buyers with money."""

    def __init__(self, url: str) -> None:
        """Open the market in the empty database at *url*."""
        self.engine = connect(url, write=True)
        metadata.create_all(self.engine)
        self.gateway = Gateway(Exchange(self.engine), self.engine)
        self.expected = 0
        submit = self.gateway.submit
        for member in range(1, VENDORS + BUYERS + 1):
            submit(c.SetStanding(STAFF, member, verified=True))
        for i in range(INSTRUMENTS):
            self._list(FIRST + i, 1 + i % VENDORS, 100 + i)
        for member in range(VENDORS + 1, VENDORS + BUYERS + 1):
            payin = submit(c.RequestPayin(member, member, 1, 10**12, "speed")).result
            submit(c.ConfirmPayin(STAFF, payin))
            submit(c.ApprovePayin(SECOND, payin))

    def singles(self) -> float:
        """Return orders per second of 64 threads that place one after another."""

        def place(member: int) -> None:
            for i in range(SINGLES):
                self.gateway.submit(c.PlaceOrder(member, member, buy(member + i)))

        return self._timed(place, SINGLE_THREADS, SINGLES)

    def baskets(self) -> float:
        """Return orders per second of 16 threads that place baskets of 100."""

        def place(member: int) -> None:
            for i in range(BASKETS):
                lines = tuple(buy(member + i + j) for j in range(BASKET))
                self.gateway.submit(c.PlaceBasket(member, member, lines))

        return self._timed(place, BASKET_THREADS, BASKETS * BASKET)

    def close(self) -> None:
        """Stop, and make sure that every order is a trade and the books balance."""
        self.gateway.close()
        with self.engine.connect() as db:
            assert db.execute(select(func.count(trades.c.id))).scalar() == self.expected
            sums = select(func.sum(accounts.c.balance)).group_by(accounts.c.asset)
            assert set(db.execute(sums).scalars()) == {0}
        self.engine.dispose()

    def _list(self, instrument: int, vendor: int, price: int) -> None:
        terms = f'{{"product":{instrument}}}'
        self.gateway.submit(
            c.ListInstrument(
                STAFF, instrument, f"S{instrument}", vendor, 1, 1, 1, terms,
                ("analysis",), None, None, transferable=False,
            )
        )  # fmt: skip
        offer = c.Line(instrument, "sell", price, 1, evergreen=True)
        self.gateway.submit(c.PlaceOrder(vendor, vendor, offer))

    def _timed(self, place: Callable[[int], None], threads: int, each: int) -> float:
        workers = [
            threading.Thread(target=place, args=(VENDORS + 1 + i,))
            for i in range(threads)
        ]
        started = clock.elapsed_s()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.expected += threads * each
        return threads * each / (clock.elapsed_s() - started)


def buy(i: int) -> c.Line:
    """Return an order that takes the posted price of the *i*-th instrument."""
    number = i % INSTRUMENTS
    return c.Line(FIRST + number, "buy", 100 + number, 1, "IOC", purpose="analysis")
