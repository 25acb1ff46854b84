"""The demo's bank: a statement of the last week, with what is never quite in order."""

import csv
import io

from sqlalchemy import Connection, Engine, select

from marketplace.payments import bankbook, reconciliation
from marketplace.payments.bankbook import Desk
from marketplace.trading.gateway import Gateway
from marketplace.trading.timetable import EAST_US
from settlement import clock
from settlement.ids import encode
from settlement.money import BY_CODE
from settlement.payments.bank import COLUMNS, reference_of
from settlement.payments.tables import cards
from settlement.tables import arrivals, payins, payouts

DAYS = 7
CNY = BY_CODE["CNY"].asset
LEFT_OUT = 2  # the pay-in, by age, that the bank does not show
CHARGE, UNKNOWN = "-35.00", "8800.00"


def bring(
    reads: Engine, writes: Engine, gateway: Gateway, officer: int, since_us: int
) -> None:
    """Take in a statement of the demo's last week and compare everything with it."""
    with reads.connect() as db:
        rows = _lines(db, since_us)
    if not rows:
        return
    first, last = rows[0][0], rows[-1][0]
    rows.insert(
        0, (first, "CNY", UNKNOWN, "BK-UNKNOWN", "货款 invoice 2207", "海滨物流")
    )
    rows.append(
        (last, "CNY", CHARGE, "BK-CHARGE", "账户管理费 account fee", "Demo Bank")
    )
    sheet = io.StringIO()
    csv.writer(sheet).writerows([COLUMNS, *rows])
    bankbook.take(Desk(reads, writes, gateway), sheet.getvalue().encode(), officer)
    with writes.begin() as db:
        reconciliation.run(db)


def _lines(db: Connection, since_us: int) -> list[tuple[str, ...]]:
    """Return the lines of what came and went since then, as a bank would write them."""
    a, found = arrivals.c, []
    for kind, table, state in (
        ("payin", payins, "succeeded"),
        ("payout", payouts, "paid"),
    ):
        query = (
            select(table.c.id, table.c.amount, a.at_us)
            .join(arrivals, (a.kind == kind) & (a.subject == table.c.id))
            .where(a.state == state, a.at_us >= since_us, table.c.currency == CNY)
            .where(table.c.id.not_in(select(cards.c.payin)))
        )
        found += [
            (at_us, kind, number, amount) for number, amount, at_us in db.execute(query)
        ]
    lines: list[tuple[str, ...]] = []
    came = 0
    for at_us, kind, number, amount in sorted(found):
        came += kind == "payin"
        if kind == "payin" and came == LEFT_OUT:
            continue
        day = clock.moment(at_us + EAST_US).date().isoformat()
        sign, text = (
            ("", reference_of(number))
            if kind == "payin"
            else ("-", encode(kind, number))
        )
        shown = f"{sign}{amount // 100}.{amount % 100:02}"
        lines.append((day, "CNY", shown, f"BK-{kind}-{number}", text, ""))
    return lines
