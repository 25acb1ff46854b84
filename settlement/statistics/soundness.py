"""How sound the tape is: complete, of this moment, and told what its trades are about.

Each check compares the tape with the records that it is written from.
"""

from typing import NamedTuple

from sqlalchemy import Connection, func, select

from settlement.money import BY_ASSET
from settlement.statistics.columns import UNKNOWN
from settlement.statistics.tables import corrections
from settlement.statistics.views import Answering
from settlement.tables import trades

UNTOLD_MAX = 0.05  # share of trades of which a dimension may be unknown
TOLD = ("class", "sector", "industry", "vendor_region", "buyer_region", "data_region",
        "licence", "supply", "unit", "border")  # fmt: skip


class Check(NamedTuple):
    """One check: what the records say, what the tape says."""

    code: str  # trades, value, corrections, once, untold
    of: str  # a currency or a dimension; else empty
    records: int | float
    tape: int | float
    is_sound: bool


def checks(db: Connection, warehouse: Answering) -> list[Check]:
    """Compare the tape with the records up to its own position.

    Nothing of a tape that was made up: there are no records of it.
    """
    manifest = warehouse.manifest()
    if manifest.simulated:
        return []
    mine = trades.c.id <= manifest.trade
    there = db.scalar(select(func.count()).where(mine)) or 0
    ((kept, once, counted),) = warehouse.ask(
        "SELECT (SELECT count(*) FROM taped), (SELECT count(DISTINCT id) FROM taped),"
        " (SELECT count(*) FROM trades)"
    ).rows
    known = select(func.count()).select_from(corrections)
    written = db.scalar(known.where(corrections.c.id <= manifest.correction)) or 0
    newest = db.scalar(select(func.max(corrections.c.id))) or 0
    found = [
        Check("trades", "", there, kept, there == kept),
        Check("once", "", kept, once, kept == once),
        Check("corrections", "", newest, written, newest == written),
        Check("counted", "", kept, counted, counted <= kept),
    ]
    value = func.sum(trades.c.price * trades.c.quantity)
    query = select(trades.c.currency, value).where(mine).group_by(trades.c.currency)
    sums = dict(
        warehouse.ask(
            "SELECT currency, cast(sum(value) AS BIGINT) FROM taped GROUP BY 1"
        ).rows
    )
    for asset, total in db.execute(query.order_by(trades.c.currency)):
        code = BY_ASSET[asset].code
        found.append(
            Check("value", code, total, sums.get(code, 0), total == sums.get(code))
        )
    return [*found, *_untold(warehouse)]


def _untold(warehouse: Answering) -> list[Check]:
    """Return for each dimension the share of trades of which it is not known."""
    shares = ", ".join(
        f"coalesce(avg(CASE WHEN {name} = '{UNKNOWN}' THEN 1.0 ELSE 0.0 END), 0)"
        for name in TOLD
    )
    (row,) = warehouse.ask(f"SELECT {shares} FROM trades").rows
    return [
        Check("untold", name, UNTOLD_MAX, round(float(share), 4), share <= UNTOLD_MAX)
        for name, share in zip(TOLD, row, strict=True)
    ]
