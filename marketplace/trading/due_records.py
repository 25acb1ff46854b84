"""Between what is owed in memory and its tables: drain and write, load."""

import json

from sqlalchemy import Connection, select

from marketplace.trading import restoring
from marketplace.trading.effects import Effects, Rows
from marketplace.trading.market import Market
from settlement import cycle_tables as t
from settlement.canonical import canonical
from settlement.clearing import Trade
from settlement.cycles import (
    Cycle,
    Fail,
    Obligation,
    ObligationState,
    Position,
    Run,
    RunState,
)
from settlement.script import Script
from settlement.tables import trades

FACTS = len(Trade._fields)


def drain(market: Market) -> dict[str, Rows]:
    """Return the rows of what is owed that began or changed, and forget them."""
    dues = market.dues
    rows: dict[str, Rows] = {
        "cycles": [
            (*key, seq, *dues.cycles[key]) for key, seq in dues.cycles_changed.items()
        ],
        "credits": [
            (*key, seq, dues.credit[key]) for key, seq in dues.credit_changed.items()
        ],
        "penalties": [
            (seq, currency, canonical(steps))
            for seq, currency, steps in dues.penalties_new
        ],
        "obligations": [owed.row() for owed in dues.changed.values()],
        "dues_trades": list(dues.trades_changed.items()),
        "runs": [run.row() for run in dues.runs_changed.values()],
        "run_lines": list(dues.lines_new),
        "fails": [fail.row() for fail in dues.fails_changed.values()],
    }
    dues.lines_new.clear()
    dues.penalties_new.clear()
    for changed in (
        dues.cycles_changed, dues.credit_changed, dues.changed, dues.trades_changed,
        dues.runs_changed, dues.fails_changed,
    ):  # fmt: skip
        changed.clear()
    return rows


def put_down(script: Script, effects: Effects) -> None:
    """Add to *script* what a batch changed; the trades themselves are there."""
    script.upsert(t.cycles, effects.cycles)
    script.upsert(t.credits_, effects.credits)
    script.insert(t.penalties, effects.penalties)
    script.upsert(t.obligations, effects.obligations, ("state", "run", "fail"))
    script.update(trades, ("id", "state"), effects.dues_trades)
    script.upsert(t.runs, effects.runs)
    script.insert(t.run_lines, effects.run_lines)
    script.upsert(t.fails, effects.fails)


def load(db: Connection, market: Market) -> None:
    """Take over the rules, and what is owed now, from the records."""
    dues = market.dues
    for row in db.execute(select(t.cycles)):
        dues.cycles[row.currency, row.origin] = Cycle(row.days, row.cover_bps)
    for row in db.execute(select(t.credits_)):
        dues.credit[row.member, row.currency] = row.amount
    for row in db.execute(select(t.penalties).order_by(t.penalties.c.seq)):
        steps = json.loads(row.steps)
        dues.penalties[row.currency] = tuple((day, bps) for day, bps in steps)
    fails = select(t.fails).where(t.fails.c.state == "open").order_by(t.fails.c.id)
    for row in db.execute(fails):
        dues.fails[row.id] = Fail(*row)
        dues.owe(row.member, row.currency, row.amount)
    _load_obligations(db, market)
    _load_runs(db, market)
    dues.last_run = restoring.last(db, t.runs.c.id)
    dues.last_fail = restoring.last(db, t.fails.c.id)


def _load_obligations(db: Connection, market: Market) -> None:
    o, dues = t.obligations.c, market.dues
    live = [str(ObligationState.DUE), str(ObligationState.FAILED)]
    query = select(trades, t.obligations).join(t.obligations, o.trade == trades.c.id)
    query = query.where(o.state.in_(live)).order_by(trades.c.id)
    for row in db.execute(query):
        owed = Obligation(
            Trade(*row[:FACTS]), row.entitlement, row.cover, row.due_us,
            ObligationState(row[len(trades.c) + 4]), row.run, row.fail,
        )  # fmt: skip
        dues.live[owed.number] = owed
        if owed.state is ObligationState.DUE:
            dues.owe(owed.trade.buyer, owed.trade.currency, owed.uncovered)


def _load_runs(db: Connection, market: Market) -> None:
    live = [str(RunState.FROZEN), str(RunState.APPROVED)]
    for row in db.execute(select(t.runs).where(t.runs.c.state.in_(live))).all():
        of = t.run_lines.c
        lines = select(t.run_lines).where(of.run == row.id).order_by(of.member)
        found = tuple(Position(*line[1:]) for line in db.execute(lines))
        run = Run(*row)
        run.lines = found
        run.state = RunState(row.state)
        market.dues.runs[run.number] = run
