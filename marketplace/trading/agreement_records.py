"""Between the contracts in memory and their tables: drain and write, load."""

import json

from sqlalchemy import Connection, select

from marketplace.trading import agreement_tables as t
from marketplace.trading import restoring
from marketplace.trading.agreements import Agreement, AgreementState, Signature
from marketplace.trading.drafting import Stage
from marketplace.trading.effects import Effects, Rows
from marketplace.trading.market import Market
from settlement.script import Script


def drain(market: Market) -> dict[str, Rows]:
    """Return the rows of contracts and signatures that are new, and forget them."""
    desk = market.agreements
    rows: dict[str, Rows] = {
        "agreements": [one.row() for one in desk.changed.values()],
        "signatures": [tuple(one) for one in desk.signed],
    }
    desk.changed.clear()
    desk.signed.clear()
    return rows


def put_down(script: Script, effects: Effects) -> None:
    """Add to *script* what a batch changed of contracts."""
    script.upsert(t.agreements, effects.agreements)
    script.insert(t.signatures, effects.signatures)


def load(db: Connection, market: Market) -> None:
    """Take over the contracts that wait for signatures, from the records."""
    a, s = t.agreements.c, t.signatures.c
    waits = a.state == str(AgreementState.SIGNING)
    for row in db.execute(select(t.agreements).where(waits).order_by(a.id)):
        one = Agreement(*row)
        one.house, one.state = bool(row.house), AgreementState(row.state)
        one.stages = tuple(Stage(*stage) for stage in json.loads(row.stages))
        market.agreements.restore(one)
    theirs = s.agreement.in_(select(a.id).where(waits))
    for row in db.execute(select(t.signatures).where(theirs).order_by(s.seq)):
        signature = Signature(*row)
        market.agreements.live[row.agreement].signatures[row.party] = signature
    market.agreements.last = restoring.last(db, a.id)
