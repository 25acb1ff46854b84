"""Between metered use in memory and its tables: drain and write, load."""

from sqlalchemy import Connection, select

from marketplace.trading import restoring
from marketplace.trading import usage_tables as t
from marketplace.trading.effects import Effects, Rows
from marketplace.trading.market import Market
from marketplace.trading.usage import Period, Tab, Usage
from settlement.script import Script
from settlement.sharing import Shares, Stake


def drain(market: Market) -> dict[str, Rows]:
    """Return the rows of what was used or set aside since the last drain."""
    usage = market.usage
    rows: dict[str, Rows] = {
        "uses": list(usage.new),
        "tabs": [tab.row() for tab in usage.tabs_changed.values()],
        "periods": [period.row() for period in usage.periods_changed.values()],
        "meters": list(usage.meters_changed.items()),
        "use_shares": [
            (*key, place, *stake, amount)
            for key, shares in usage.shares_changed.items()
            for place, (stake, amount) in enumerate(
                zip(shares.stakes, shares.amounts, strict=True)
            )
        ],
    }
    usage.new.clear()
    usage.tabs_changed.clear()
    usage.periods_changed.clear()
    usage.meters_changed.clear()
    usage.shares_changed.clear()
    return rows


def put_down(script: Script, effects: Effects) -> None:
    """Add to *script* what a batch changed of metered use."""
    script.upsert(t.tabs, effects.tabs)
    script.upsert(t.periods, effects.periods)
    script.insert(t.uses, effects.uses)
    script.upsert(t.use_shares, effects.use_shares, ("amount",))
    script.upsert(t.meters, effects.meters)


def load(db: Connection, market: Market) -> None:
    """Take over tabs, periods and places of meters from the records."""
    usage = market.usage
    for row in db.execute(select(t.tabs)):
        tab = Tab(*row)
        usage.tabs[tab.number] = tab
        usage.agenda.put(tab)
    for row in db.execute(select(t.periods)):
        usage.keep(Period(*row))
    _load_shares(db, usage)
    usage.meters = {row.meter: row.position for row in db.execute(select(t.meters))}
    usage.last = restoring.last(db, t.uses.c.id)


def _load_shares(db: Connection, usage: Usage) -> None:
    """Take over who shares in which period; the tabs are there."""
    of = t.use_shares.c
    query = select(t.use_shares).order_by(of.entitlement, of.period, of.place)
    for row in db.execute(query):
        tab, key = usage.tabs[row.entitlement], (row.entitlement, row.period)
        shares = usage.shares.get(key)
        if shares is None:
            shares = Shares(tab.number, tab.currency, tab.vendor, ())
            usage.shares[key] = shares
        shares.stakes = (*shares.stakes, Stake(row.party, row.role, row.weight))
        shares.amounts.append(row.amount)
        shares.netted.append(0)
