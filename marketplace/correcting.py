"""Follows busts and adjustments: the statistics, the public tape, and who is told.

History is never edited: a correction is appended to the statistics, and the public tape
tells an adjusted trade anew. A step may be repeated: each bust is followed once.
"""

from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select

from listings import instruments
from marketplace.community.notices import notify
from marketplace.trading import mistakes
from marketplace.trading.tables import prints
from settlement import ids
from settlement.statistics.corrections import follow_bust, followed
from settlement.store import insert

STEP_S = 2.0


class Corrector:
    """Keeps what rests on trades up with their busts; `step` is for a `Follower`."""

    def __init__(self, reads: Engine, writes: Engine) -> None:
        """Read by *reads*, correct and tell by *writes*."""
        self._reads = reads
        self._writes = writes
        self._asked: set[int] = set()  # questions of which the parties were told

    def step(self) -> int:
        """Follow what was decided since the last step; return how many busts."""
        with self._reads.connect() as db:
            done = mistakes.busts_after(db, followed(db))
            waiting = mistakes.questions(db)
        new = [one for one in waiting if one.id not in self._asked]
        if done or new:
            with self._writes.begin() as db:
                for question in new:
                    _tell(db, question.struck, "trade_questioned", question.id, "")
                for bust in done:
                    _follow(db, bust)
        self._asked = {one.id for one in waiting}
        return len(done)


def _follow(db: Connection, bust: Any) -> None:
    """Correct the statistics and the public tape, and tell both parties."""
    why = bust.reason, bust.decided_by
    follow_bust(db, bust.id, bust.trade, bust.price, *why)
    told = db.execute(select(prints).where(prints.c.trade == bust.trade)).first()
    db.execute(delete(prints).where(prints.c.trade == bust.trade))
    if told is not None and bust.price is not None:
        number = (db.scalar(select(func.max(prints.c.id))) or 0) + 1
        said = {"id": max(number, told.id + 1), "price": bust.price}
        insert(db, prints, [tuple((told._asdict() | said).values())])
    kind = "trade_busted" if bust.price is None else "trade_adjusted"
    _tell(db, bust, kind, bust.id, bust.reason)


def _tell(db: Connection, about: Any, kind: str, number: int, reason: str) -> None:
    """Tell buyer and seller of a trade what becomes of it."""
    product = instruments.get(db, about.instrument).product
    facts = {
        "href": f"/orders/trades/{ids.encode('trade', about.trade)}",
        "reason": reason,
    }
    parties = (about.buyer, about.seller)
    notify(db, parties, kind, f"{kind} {number}", product, facts)
