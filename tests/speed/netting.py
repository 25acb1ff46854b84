"""A netting run over 1,000,000 trades of 10,000 members: how long, and how much memory.

Each trade is of two of the members, drawn from a seed, with a price, a fee, a cover of
a fifth and a suspended right. Measured are the netting alone (what each member pays and
gets), freezing and executing the run in the writer's memory (nets moved, every trade
settled, every right in force), and writing all that changed to SQLite with synchronous
FULL, in one transaction. Memory is the process's own, at its highest, with the market.
The books must balance and every figure must be the sum of its trades.
"""

import resource
import tempfile
from pathlib import Path
from random import Random

from sqlalchemy import func, select

from marketplace.schema import metadata
from marketplace.trading import commands as c
from marketplace.trading.market import Market
from marketplace.trading.records import drain, write
from settlement import clock
from settlement.clearing import Trade
from settlement.cycle_tables import obligations
from settlement.cycles import Obligation, Owed, positions
from settlement.entitlements import Entitlement, EntitlementState, Hold
from settlement.ledger import Pocket, Transfer
from settlement.script import Script
from settlement.store import connect
from settlement.tables import entitlements, trades
from tests.speed import Table

TRADES, MEMBERS, SEED = 1_000_000, 10_000, 1
CNY, INSTRUMENT, STAFF, SECOND = 1, 1_000, 901, 902
PRICE_MAX = 100_000  # minor units
FEE_BPS, COVER_BPS = 250, 2_000


def run() -> list[Table]:
    """Make the trades, then net, freeze, execute and write them down."""
    market = Market()
    dealt = list(_owed(Random(SEED)))
    _fund(market, dealt)
    _trade(market, dealt)
    market.ledger.posted.clear()
    before = list(market.dues.live.values())
    rows = []

    def timed(name: str, what: object) -> object:
        started = clock.elapsed_s()
        found = what()  # type: ignore[operator]
        rows.append((name, clock.elapsed_s() - started))
        return found

    nets = timed("net what is owed", lambda: positions(dealt))
    number = timed(
        "freeze the run", lambda: market.apply(c.FreezeRun(STAFF, CNY), 2, 2)
    )
    market.apply(c.ApproveRun(SECOND, number), 3, 3)
    debts = timed(
        "execute the run", lambda: market.apply(c.ExecuteRun(STAFF, number), 4, 4)
    )
    assert debts == 0
    assert set(market.ledger.totals().values()) == {0}
    assert sum(p.net + p.fee for p in nets) == 0
    with tempfile.TemporaryDirectory() as directory:
        engine = connect(f"sqlite:///{Path(directory) / 'speed.db'}", write=True)
        metadata.create_all(engine)
        _record(engine, market, before)
        timed("write it down, one commit", lambda: _write(engine, market))
        with engine.connect() as db:
            query = select(func.count(obligations.c.trade))
            settled = db.scalar(query.where(obligations.c.state == "settled"))
            assert settled == TRADES
        engine.dispose()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    table = [(name, took, TRADES / took) for name, took in rows]
    note = f"{TRADES:,} trades of {MEMBERS:,} members; at most {most:,.0f} MiB"
    return [Table("Netting", ("what", "seconds", "trades/s"), table, note)]


def _owed(random: Random) -> list[Owed]:
    """Return what each trade owes."""
    found = []
    for _ in range(TRADES):
        buyer, seller = random.sample(range(1, MEMBERS + 1), 2)
        value = random.randint(1, PRICE_MAX)
        fee = -(-value * FEE_BPS // 10_000)
        found.append(Owed(buyer, seller, value, fee, value * COVER_BPS // 10_000))
    return found


def _fund(market: Market, dealt: list[Owed]) -> None:
    """Give each member the money that its purchases need, the cover in escrow."""
    number, covers = market.ledger.number, [0] * (MEMBERS + 1)
    needs = [0] * (MEMBERS + 1)
    for one in dealt:
        covers[one.buyer] += one.cover
        needs[one.buyer] += one.value - one.cover
    outside = number(0, CNY, Pocket.OPEN)
    moves = []
    for member in range(1, MEMBERS + 1):
        for pocket, much in ((Pocket.ESCROW, covers), (Pocket.FREE, needs)):
            if much[member]:
                target = number(member, CNY, pocket)
                moves.append(Transfer(outside, target, much[member], "payin", member))
    market.ledger.post(1, moves)


def _trade(market: Market, dealt: list[Owed]) -> None:
    """Put the trades in the market as it has them: owed, their rights suspended."""
    for place, one in enumerate(dealt, start=1):
        trade = Trade(
            place, 1, 1, INSTRUMENT, one.value, 1, CNY, one.buyer, one.seller, 0, 0,
            "buy", one.fee, "book", "due",
        )  # fmt: skip
        market.rights.restore(
            Entitlement(
                place, place, one.buyer, INSTRUMENT, 1, 1, "x", 1, None, 0, None,
                EntitlementState.SUSPENDED, Hold.DUE,
            )
        )  # fmt: skip
        owed = Obligation(trade, place, one.cover, 1)
        market.dues.live[place] = owed
        market.dues.owe(one.buyer, CNY, owed.uncovered)


def _record(engine: object, market: Market, owed: list[Obligation]) -> None:
    """Put the trades and their rights on record, as they were before the run."""
    script = Script("sqlite")
    script.insert(trades, [(*one.trade, one.number) for one in owed])
    script.insert(entitlements, [market.rights.live[one.right].row() for one in owed])
    with engine.begin() as db:  # type: ignore[attr-defined]
        script.send(db)


def _write(engine: object, market: Market) -> None:
    """Write all that the run changed in one transaction."""
    with engine.begin() as db:  # type: ignore[attr-defined]
        write(db, drain(market))
