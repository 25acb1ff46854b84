"""Between the mandates in memory and their table: drain and write, load."""

import json

from sqlalchemy import Connection, func, select

from marketplace.trading import mandate_tables as t
from marketplace.trading import restoring
from marketplace.trading.effects import Effects, Rows
from marketplace.trading.mandates import Mandate, MandateState, is_lifted
from marketplace.trading.market import Market
from marketplace.trading.tables import orders
from settlement.script import Script


def drain(market: Market) -> dict[str, Rows]:
    """Return the rows of mandates that are new or changed, and forget them."""
    desk = market.mandates
    rows: dict[str, Rows] = {"mandates": [m.row() for m in desk.changed.values()]}
    desk.changed.clear()
    return rows


def put_down(script: Script, effects: Effects) -> None:
    """Add to *script* what a batch changed of mandates."""
    script.upsert(t.mandates, effects.mandates)


def load(db: Connection, market: Market) -> None:
    """Take over each bounded user's mandate, and the orders that wait under it."""
    m, o = t.mandates.c, orders.c
    latest = select(func.max(m.id)).group_by(m.holder)
    for row in db.execute(select(t.mandates).where(m.id.in_(latest)).order_by(m.id)):
        mandate = Mandate(*row)
        mandate.state = MandateState(row.state)
        mandate.agent, mandate.unique = bool(row.agent), bool(row.only_new)
        mandate.instruments = tuple(json.loads(row.instruments))
        mandate.purposes = tuple(json.loads(row.purposes))
        if not is_lifted(mandate):
            market.mandates.restore(mandate)
    placed = select(o.id, o.by_user).join(
        t.mandates,
        (m.holder == o.by_user) & (m.state == "active") & (m.seq < o.seq),
    )
    live = o.state.in_(("open", "partial")) & (o.side == "buy")
    for number, user in db.execute(placed.where(live).order_by(o.id)):
        market.mandates.count(number, user)
    market.mandates.last = restoring.last(db, m.id)
