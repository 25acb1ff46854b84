"""Between the group buys in memory and their tables: drain and write, load."""

from sqlalchemy import Connection, select

from marketplace.trading import pool_tables as t
from marketplace.trading import restoring
from marketplace.trading.effects import Effects, Rows
from marketplace.trading.market import Market
from marketplace.trading.pools import Licensee, Pool, PoolState, tiers_of
from settlement.script import Script


def drain(market: Market) -> dict[str, Rows]:
    """Return the rows of group buys that are new or changed, and forget them."""
    desk = market.pools
    rows: dict[str, Rows] = {
        "pools": [pool.row() for pool in desk.changed.values()],
        "pool_members": [one.row() for one in desk.licensees.values()],
    }
    desk.changed.clear()
    desk.licensees.clear()
    return rows


def put_down(script: Script, effects: Effects) -> None:
    """Add to *script* what a batch changed of group buys."""
    script.upsert(t.pools, effects.pools)
    script.upsert(t.pool_members, effects.pool_members)


def load(db: Connection, market: Market) -> None:
    """Take over the group buys that run, from the records."""
    p, m = t.pools.c, t.pool_members.c
    runs = p.state == str(PoolState.OPEN)
    for row in db.execute(select(t.pools).where(runs).order_by(p.id)):
        pool = Pool(*row)
        pool.state = PoolState(row.state)
        pool.tiers = tiers_of(row.tiers)
        market.pools.restore(pool)
    theirs = m.pool.in_(select(p.id).where(runs))
    for row in db.execute(select(t.pool_members).where(theirs).order_by(m.seq)):
        market.pools.live[row.pool].licensees[row.member] = Licensee(*row)
    market.pools.last = restoring.last(db, p.id)
