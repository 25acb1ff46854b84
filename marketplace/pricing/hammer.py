"""Tells who bid and who sold what became of an auction, once it has closed."""

from typing import Any

from sqlalchemy import Connection, Engine, select

from listings import instruments
from marketplace.community.notices import notify
from marketplace.trading.tables import contest_bidders, contests
from settlement import clock, ids

LOOK_BACK_US = 10 * clock.DAY_US  # longer than a winner has to pay, twice
CLOSED = ("awarded", "sold", "failed")
TOLD_OF = {"sold": "contest_sold", "failed": "contest_failed"}


class Hammer:
    """Follows the contests; a step may be repeated, each notice is told once."""

    def __init__(self, reads: Engine, writes: Engine) -> None:
        """Read by *reads*, tell by *writes*."""
        self._reads = reads
        self._writes = writes
        self._told: set[tuple[int, str, int | None]] = set()

    def step(self) -> int:
        """Tell of what has closed since the last step; how many contests."""
        since_us = clock.now_us() - LOOK_BACK_US
        closed = select(contests).where(
            contests.c.state.in_(CLOSED), contests.c.closes_us > since_us
        )
        with self._reads.connect() as db:
            found = db.execute(closed.order_by(contests.c.id)).all()
        new = [row for row in found if _key(row) not in self._told]
        if new:
            with self._writes.begin() as db:
                for row in new:
                    _tell(db, row)
        self._told = {_key(row) for row in found}
        return len(new)


def _key(row: Any) -> tuple[int, str, int | None]:
    return row.id, row.state, row.winner


def _tell(db: Connection, row: Any) -> None:
    """Tell the vendor, the winner and those whose deposit is free again."""
    cause = f"contest {row.id} {row.state} {row.winner}"
    where = {"href": f"/contests/{ids.encode('contest', row.id)}"}
    product = instruments.get(db, row.instrument).product

    def tell(members: list[int], kind: str) -> None:
        notify(db, members, kind, f"{cause} {kind}", product, where)

    if row.winner is not None:
        kind = "contest_unpaid" if row.state == "awarded" else "contest_won"
        tell([row.winner], kind)
    if row.state in TOLD_OF:
        tell([row.vendor], TOLD_OF[row.state])
        back = select(contest_bidders.c.member).where(
            contest_bidders.c.contest == row.id, contest_bidders.c.state == "returned"
        )
        tell(list(db.execute(back).scalars()), "contest_lost")
