"""Invariants of the chart of accounts: every transfer is of a kind that it has."""

from collections.abc import Iterator

from sqlalchemy import Connection

from settlement.flows import FLOWS, RIGHT_FLOWS, RIGHTS, place
from settlement.invariants.violation import Violation, account_name, ask
from settlement.money import INSTRUMENT_MIN


def moves_as_charted(db: Connection) -> Iterator[Violation]:
    """M11: money and rights move between accounts as the chart of accounts has it."""
    found = ask(
        db,
        """
        SELECT t.reason, MIN(d.asset) AS asset,
               d.pocket AS out_of, c.pocket AS to_pocket,
               CASE WHEN d.owner > 0 THEN 1 ELSE d.owner END AS giver,
               CASE WHEN c.owner > 0 THEN 1 ELSE c.owner END AS taker
        FROM transfers t
        JOIN accounts d ON d.id = t.debit JOIN accounts c ON c.id = t.credit
        GROUP BY t.reason, d.pocket, c.pocket,
                 CASE WHEN d.asset < :first THEN 0 ELSE 1 END,
                 CASE WHEN d.owner > 0 THEN 1 ELSE d.owner END,
                 CASE WHEN c.owner > 0 THEN 1 ELSE c.owner END
        """,
        first=INSTRUMENT_MIN,
    )
    for reason, asset, out_of, to_pocket, giver, taker in found:
        pair: object
        if asset < INSTRUMENT_MIN:
            flow = FLOWS.get(reason)
            pair = place(giver, out_of), place(taker, to_pocket)
            known = flow is not None and pair in flow.pairs
        else:
            pair = RIGHTS.get(out_of), RIGHTS.get(to_pocket)
            members = giver > 0 and taker > 0
            known = members and pair in RIGHT_FLOWS.get(reason, ())
        if not known:
            source = _name(giver, asset, out_of)
            target = _name(taker, asset, to_pocket)
            yield Violation("M11", f"A {reason} went from {source} to {target}.")


def _name(owner: int, asset: int, pocket: int) -> str:
    """Return how to call a kind of account: all members are one."""
    where = account_name(owner, asset, pocket)
    return where if owner <= 0 else f"a member's {where.split(None, 1)[1]}"
