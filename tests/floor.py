"""A floor for tests of the writer: one instrument, a posted price, some cash."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event, func, select

from marketplace.schema import metadata
from marketplace.trading import commands as c
from marketplace.trading.exchange import Exchange
from marketplace.trading.gateway import Gateway
from marketplace.trading.replay import replay
from settlement import journal, store
from settlement import tables as s
from settlement.invariants import snapshot, violations

STAFF, SECOND, VERA, CAT, DAN = 901, 902, 1, 2, 3
SUN, CNY = 1_000, 1
PRICE, CASH = 12, 100_000


class Clock:
    """A clock that tests set."""

    def __init__(self, at_us: int = 1_000_000) -> None:
        self.at_us = at_us

    def __call__(self) -> int:
        return self.at_us


def line(side: str, price: int | None, quantity: int, **rest: Any) -> c.Line:
    """Return a line in SUN."""
    return c.Line(SUN, side, price, quantity, **{"purpose": "analysis", **rest})


def bid(
    price: int = 9, quantity: int = 1, member: int = CAT, **rest: Any
) -> c.PlaceOrder:
    """Return a bid below the posted price; it waits."""
    return c.PlaceOrder(member, member, line("buy", price, quantity, **rest))


BUY = c.PlaceOrder(CAT, CAT, line("buy", PRICE, 1, time_in_force="IOC"))


def opening(cash: int = CASH, members: tuple[int, ...] = (CAT, DAN)) -> list[c.Command]:
    """Return what opens the floor: vera posts SUN, *members* have *cash*."""
    commands: list[c.Command] = [
        c.SetStanding(STAFF, member, verified=True) for member in (VERA, *members)
    ]
    commands.append(
        c.ListInstrument(
            STAFF, SUN, "SUN", VERA, CNY, 1, 1, '{"title":"Sun"}', ("analysis",),
            None, None, transferable=True,
        )
    )  # fmt: skip
    for payin, member in enumerate(members, start=1):
        commands.append(c.RequestPayin(member, member, CNY, cash, "cash"))
        commands.append(c.ConfirmPayin(STAFF, payin))
    posted = line("sell", PRICE, 1, evergreen=True)
    return [*commands, c.PlaceOrder(VERA, VERA, posted)]


def opened(url: str) -> Engine:
    """Return a write engine on *url* with every table."""
    engine = store.connect(url, write=True)
    metadata.create_all(engine)
    return engine


@contextmanager
def trading(url: str, **options: Any) -> Iterator[Gateway]:
    """Give a gateway to an exchange on an opened floor; everything ends with it."""
    writes, reads = opened(url), store.connect(url)
    exchange = Exchange(writes, **options)
    gateway = Gateway(exchange, reads)
    if exchange.status().seq == 0:
        for command in opening():
            gateway.submit(command)
    try:
        yield gateway
    finally:
        gateway.close()
        writes.dispose()
        reads.dispose()


def count(engine: Engine, table: Any) -> int:
    """Return how many rows *table* has."""
    with engine.connect() as db:
        return int(db.scalar(select(func.count()).select_from(table)) or 0)


def proven(engine: Engine) -> int:
    """Check the chain, every invariant and the replay; how many records there are."""
    with snapshot(engine) as db:
        assert list(journal.verify(db)) == []
        found = list(violations(db))
        assert found == [], found[:5]
        again = replay(db)
        assert again.differences == []
        assert again.replayed == again.recorded
    return again.records


def wait_until(true: Callable[[], bool], patience_s: float = 10) -> None:
    """Wait until *true*, at most *patience_s* seconds."""
    until = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


class Fault:
    """Makes the next commits fail: before the database has them, or after."""

    def __init__(self, engine: Engine, *, times: int = 1, after: bool = False) -> None:
        self.left, self.after = times, after
        event.listen(engine, "commit", self._commit)

    def _commit(self, db: Connection) -> None:
        if self.left and threading.current_thread().name.startswith("writer-commit"):
            self.left -= 1
            if self.after:
                raw = db.connection.driver_connection
                assert raw is not None
                raw.commit()
            raise OSError("the line to the database broke")


def money(engine: Engine, owner: int, pocket: int = 0) -> int:
    """Return the recorded balance of *owner* in CNY."""
    query = select(s.accounts.c.balance).where(
        s.accounts.c.owner == owner,
        s.accounts.c.asset == CNY,
        s.accounts.c.pocket == pocket,
    )
    with engine.connect() as db:
        return int(db.scalar(query) or 0)
