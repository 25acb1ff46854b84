"""Durable settled trades per second, beside pgbench on the same server in the same run.

Each order takes a vendor's posted price and becomes one settled trade: order, trade,
contract, three transfers, entitlement, balances and the hash-chained journal record, on
disk before the answer. 64 submitters send single orders, 16 send baskets of 100, each
its next one when it has the answer to the last. As pgbench keeps its 16 clients under
way in two threads, two threads keep the submitters under way (`gateway.begin`); a row
beside it has a thread for each of the 64 (`gateway.submit`), as a web server has. All
share the process and its interpreter with the writer. pgbench runs its TPC-B at scale
10 with 16 clients, prepared statements, fsync and synchronous_commit on. Rounds
alternate; medians count, of the ratios within a round. The books must balance at the
end.
"""

import queue
import re
import tempfile
import threading
from pathlib import Path
from statistics import median

from sqlalchemy import func, select

from marketplace.schema import metadata
from marketplace.trading import commands as c
from marketplace.trading.exchange import Exchange
from marketplace.trading.gateway import Gateway
from marketplace.trading.ticket import Ticket
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
SUBMITTERS, SINGLES = 64, 250  # orders of each
BASKET_SUBMITTERS, BASKETS, BASKET = 16, 50, 100
DRIVERS = 2  # threads that keep submitters under way
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
        peers, speeds = [], {name: ([], [], []) for name in markets}
        for _ in range(ROUNDS):
            peers.append(tpc_b(port))
            for name, fair in markets.items():
                kinds = (fair.singles, fair.baskets, fair.threads)
                for measured, kind in zip(speeds[name], kinds, strict=True):
                    measured.append(kind())
        for fair in markets.values():
            fair.close()
    rows = [("pgbench TPC-B, 16 clients", median(peers), 1.0, "")]
    for name, (singles, baskets, threads) in speeds.items():
        rows.append(row(f"{name}: single orders", singles, peers, AIM_SINGLE))
        rows.append(row(f"{name}: baskets of 100", baskets, peers, AIM_BASKET))
        rows.append(row(f"{name}: singles, 64 threads", threads, peers, None))
    note = f"medians of {ROUNDS} rounds; every answer after its commit; books balance"
    columns = ("what", "settled trades/s", "× pgbench", "aim")
    return [Table("Settlement", columns, [tuple(r) for r in rows], note)]


def row(
    name: str, speeds: list[float], peers: list[float], aim: float | None
) -> tuple[str, float, float, str]:
    """Return a row of the table: the median speed and the median ratio of a round."""
    ratios = [ours / theirs for ours, theirs in zip(speeds, peers, strict=True)]
    return (name, median(speeds), median(ratios), "" if aim is None else f"≥ {aim:g}")


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
        """Return orders per second of 64 submitters of single orders."""
        return self._timed(SUBMITTERS, SINGLES, DRIVERS)

    def threads(self) -> float:
        """Return the same with a thread for each submitter."""
        return self._timed(SUBMITTERS, SINGLES, SUBMITTERS)

    def baskets(self) -> float:
        """Return orders per second of 16 submitters of baskets of 100."""
        return self._timed(BASKET_SUBMITTERS, BASKETS, DRIVERS, BASKET)

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

    def _timed(
        self, submitters: int, each: int, threads: int, basket: int = 0
    ) -> float:
        """Return orders per second; each submitter sends *each* commands in turn."""
        members = range(VENDORS + 1, VENDORS + 1 + submitters)
        plans = [Submitter(member, each, basket) for member in members]
        workers = [
            threading.Thread(target=self._drive, args=(plans[i::threads],))
            for i in range(threads)
        ]
        started = clock.elapsed_s()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        orders = submitters * each * max(basket, 1)
        self.expected += orders
        return orders / (clock.elapsed_s() - started)

    def _drive(self, submitters: list["Submitter"]) -> None:
        """Send for each submitter its next command once its last one is answered."""
        answered: queue.SimpleQueue[Ticket] = queue.SimpleQueue()
        if len(submitters) == 1:
            for command in submitters[0].commands:
                self.gateway.submit(command)
            return
        under_way = {}
        for submitter in submitters:
            ticket = self.gateway.begin(next(submitter.commands), None, answered.put)
            under_way[ticket] = submitter.commands
        while under_way:
            ticket = answered.get()
            commands = under_way.pop(ticket)
            self.gateway.outcome(ticket)  # raises what was refused
            if (command := next(commands, None)) is not None:
                ticket = self.gateway.begin(command, None, answered.put)
                under_way[ticket] = commands


class Submitter:
    """One who sends a command when it has the answer to the last."""

    def __init__(self, member: int, each: int, basket: int) -> None:
        """Send *each* commands for *member*: baskets of so many orders, or singles."""
        self.commands = (self._command(member, member + i, basket) for i in range(each))

    def _command(self, member: int, i: int, basket: int) -> c.Command:
        if not basket:
            return c.PlaceOrder(member, member, buy(i))
        return c.PlaceBasket(member, member, tuple(buy(i + j) for j in range(basket)))


def buy(i: int) -> c.Line:
    """Return an order that takes the posted price of the *i*-th instrument."""
    number = i % INSTRUMENTS
    return c.Line(FIRST + number, "buy", 100 + number, 1, "IOC", purpose="analysis")
