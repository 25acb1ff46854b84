"""Between the escrows in memory and their tables: drain and write, load."""

import json

from sqlalchemy import Connection, func, select

from marketplace.trading.effects import Effects, Rows
from marketplace.trading.market import Market
from settlement import claim_tables as m
from settlement import tables as s
from settlement.clearing import Trade
from settlement.disputes import LIVE, Dispute, DisputeState
from settlement.escrows import OPEN, Escrow, TradeState
from settlement.script import Script

FACTS = len(Trade._fields)
COUNTS = len(s.trades.c) + 5  # where the units and amounts of an escrow begin


def drain(market: Market) -> dict[str, Rows]:
    """Return the rows of escrows that began or changed, their trades, the calendar."""
    changed = market.escrows.changed.values()
    return {
        "trades_changed": [(e.number, str(e.state)) for e in changed],
        "escrows": [escrow.row() for escrow in changed],
        "workdays": [
            (day, int(market.workdays.exceptions[day]), seq)
            for day, seq in market.workdays.changed.items()
        ],
        "disputes": [dispute.row() for dispute in market.disputes.changed.values()],
        "refunds": list(market.refunds.new),
    }


def put_down(script: Script, effects: Effects) -> None:
    """Add to *script* what a batch changed; the trades themselves are there."""
    script.update(s.trades, ("id", "state"), effects.trades_changed)
    script.upsert(s.escrows, effects.escrows)
    script.upsert(s.workdays, effects.workdays)
    script.upsert(m.disputes, effects.disputes)
    script.insert(m.refunds, effects.refunds)


def load(db: Connection, market: Market) -> None:
    """Take over the open escrows and the calendar from the records."""
    for day, worked, _ in db.execute(select(s.workdays)):
        market.workdays.exceptions[day] = bool(worked)
    open_ones = s.trades.c.state.in_([str(state) for state in OPEN])
    query = select(s.trades, s.escrows).join(
        s.escrows, s.escrows.c.trade == s.trades.c.id
    )
    for row in db.execute(query.where(open_ones).order_by(s.trades.c.id)):
        escrow = Escrow(
            Trade(*row[:FACTS]), row.entitlement, row.fee_schedule, row.fee_rule,
            row.days,
            TradeState(row.state), *row[COUNTS:],
        )  # fmt: skip
        escrow.stages = tuple((amount, by) for amount, by in json.loads(row.stages))
        market.escrows.restore(escrow)
    undone = s.trades.c.state == str(TradeState.UNWOUND)
    in_part = (s.trades.c.state == str(TradeState.SETTLED)) & (s.escrows.c.refunded > 0)
    ended = select(s.trades.c.id).outerjoin(
        s.escrows, s.escrows.c.trade == s.trades.c.id
    )
    market.escrows.not_whole = set(db.execute(ended.where(undone | in_part)).scalars())
    _load_disputes(db, market)


def _load_disputes(db: Connection, market: Market) -> None:
    """Take over the disputes under way, and what was refunded so far."""
    d, r = m.disputes.c, m.refunds.c
    live = select(m.disputes).where(d.state.in_([str(state) for state in LIVE]))
    for row in db.execute(live.order_by(d.id)):
        dispute = Dispute(*row)
        dispute.state, dispute.paused = DisputeState(row.state), bool(row.paused)
        market.disputes.restore(dispute)
    market.disputes.last = db.scalar(select(func.coalesce(func.max(d.id), 0))) or 0
    market.refunds.last = db.scalar(select(func.coalesce(func.max(r.id), 0))) or 0
    sums = select(r.trade, func.sum(r.amount)).group_by(r.trade)
    market.refunds.of = {trade: int(amount) for trade, amount in db.execute(sums)}
