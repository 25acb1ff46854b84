"""A broken invariant, said in a sentence; and how checks read the records."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from settlement import ids
from settlement.money import BY_ASSET

POCKETS = ("free", "held", "escrow", "open")
CHUNK = 5_000  # rows read at a time


class Violation(NamedTuple):
    """What must always be true, and is not: *code* as in the list of invariants."""

    code: str
    sentence: str


def ask(db: Connection, sql: str, **parameters: Any) -> Iterator[Any]:
    """Yield the rows that *sql* finds, a chunk at a time.

    Checks are written as SQL text on purpose: they share nothing with the code that
    they check, and an auditor can run them by hand.
    """
    statement = text(sql).execution_options(yield_per=CHUNK)
    with db.execute(statement, parameters) as found:  # closed when left early, too
        yield from found


def asset_name(asset: int) -> str:
    """Return how to call an asset: the currency's code or the instrument's id."""
    currency = BY_ASSET.get(asset)
    return currency.code if currency else ids.encode("instrument", asset)


def account_name(owner: int, asset: int, pocket: int) -> str:
    """Return how to call an account: whose, of what, which pocket."""
    who = ids.encode("member", owner) if owner else "the house"
    where = POCKETS[pocket] if 0 <= pocket < len(POCKETS) else f"pocket {pocket}"
    return f"{who}'s {where} {asset_name(asset)}"
