"""Between the escrows in memory and their tables: drain and write, load."""

from sqlalchemy import Connection, select

from marketplace.trading.effects import Effects, Rows
from marketplace.trading.market import Market
from settlement import tables as s
from settlement.clearing import Trade
from settlement.escrows import OPEN, Escrow, TradeState
from settlement.script import Script

FACTS = len(Trade._fields)
COUNTS = len(s.trades.c) + 4  # where the units and amounts of an escrow begin


def drain(market: Market) -> dict[str, Rows]:
    """Return the rows of escrows that began or changed, their trades, the calendar."""
    changed = market.escrows.changed.values()
    return {
        "trades_changed": [(e.number, str(e.state)) for e in changed],
        "escrows": [escrow.row() for escrow in changed],
        "workdays": [
            (day, int(market.workdays[day]), seq)
            for day, seq in market.workdays_changed.items()
        ],
    }


def put_down(script: Script, effects: Effects) -> None:
    """Add to *script* what a batch changed; the trades themselves are there."""
    script.update(s.trades, ("id", "state"), effects.trades_changed)
    script.upsert(s.escrows, effects.escrows)
    script.upsert(s.workdays, effects.workdays)


def load(db: Connection, market: Market) -> None:
    """Take over the open escrows and the calendar from the records."""
    for day, worked, _ in db.execute(select(s.workdays)):
        market.workdays[day] = bool(worked)
    open_ones = s.trades.c.state.in_([str(state) for state in OPEN])
    query = select(s.trades, s.escrows).join(
        s.escrows, s.escrows.c.trade == s.trades.c.id
    )
    for row in db.execute(query.where(open_ones).order_by(s.trades.c.id)):
        escrow = Escrow(
            Trade(*row[:FACTS]), row.entitlement, row.fee_schedule, row.days,
            TradeState(row.state), *row[COUNTS:],
        )  # fmt: skip
        market.escrows.restore(escrow)
