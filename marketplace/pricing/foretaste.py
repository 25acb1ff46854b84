"""What another fee schedule would have taken of the trades there were."""

import json
from typing import NamedTuple

from sqlalchemy import Connection, select

from settlement.fees import FeeSchedule
from settlement.tables import contracts, terms, trades

DAYS = 30
TRADES_MAX = 200_000  # the newest are looked at


class Foretaste(NamedTuple):
    """Some trades: what they paid, and what they would have paid (minor units)."""

    currency: int
    kind: str
    origin: str
    trades: int
    value: int
    charged: int
    would_be: int


def of(db: Connection, schedule: FeeSchedule, since_us: int) -> list[Foretaste]:
    """Return what *schedule* would have taken since, by currency, class and origin."""
    kinds: dict[int, str] = {}
    for number, body in db.execute(select(terms.c.id, terms.c.body)):
        said = json.loads(body)
        kinds[number] = str(said.get("class", "")) if isinstance(said, dict) else ""
    t = trades.c
    query = (
        select(t.currency, contracts.c.terms, t.origin, t.seller, t.price, t.quantity)
        .add_columns(t.fee)
        .join(contracts, contracts.c.trade == t.id)
        .where(t.at_us >= since_us)
        .order_by(t.id.desc())
        .limit(TRADES_MAX)
    )
    sums: dict[tuple[int, str, str], list[int]] = {}
    for currency, number, origin, seller, price, quantity, fee in db.execute(query):
        kind, value = kinds.get(number, ""), price * quantity
        rate = schedule.rate_for(currency, kind, origin, seller)
        line = sums.setdefault((currency, kind, origin), [0, 0, 0, 0])
        for place, more in enumerate((1, value, fee, rate.fee(value))):
            line[place] += more
    return [Foretaste(*key, *line) for key, line in sorted(sums.items())]
