"""The approved payouts of a currency as a file for the bank."""

from datetime import timedelta

from sqlalchemy import Connection, select

from marketplace.members import organisations
from marketplace.members.tables import HOUSE
from marketplace.trading.timetable import EAST_US
from settlement import clock
from settlement.errors import NotFound
from settlement.ids import encode
from settlement.money import BY_CODE
from settlement.payments import payfile
from settlement.tables import payouts

PAID_MAX = 1_000  # payouts in one file


def make(db: Connection, code: str) -> tuple[str, bytes]:
    """Return a file's name and content; NotFound while no payout is approved."""
    query = select(payouts).where(
        payouts.c.state == "approved", payouts.c.currency == BY_CODE[code].asset
    )
    rows = list(db.execute(query.order_by(payouts.c.id).limit(PAID_MAX)))
    if not rows:
        raise NotFound("payout", encode("payout", 0))
    names = organisations.names(db, {row.member for row in rows} | {HOUSE})
    now = clock.moment(clock.now_us() + EAST_US)
    number = f"{encode('payout', rows[0].id)}-{len(rows)}-{code}"
    paid = [
        payfile.Paid(
            encode("payout", row.id), row.currency, row.amount,
            _name(names.get(row.member)), row.destination,
        )
        for row in rows
    ]  # fmt: skip
    day = now.date() + timedelta(days=1)
    made_at = now.replace(tzinfo=None, microsecond=0).isoformat()
    content = payfile.write(paid, number[:35], made_at, day, _name(names.get(HOUSE)))
    return f"{number}.xml", content


def _name(names: object) -> str:
    both = [str(name) for name in names] if isinstance(names, tuple) else [str(names)]
    return next((name for name in reversed(both) if name.strip()), "")
