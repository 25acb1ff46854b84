"""The staff's view of unlike prices: one row for each instrument and month."""

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue

from listings import catalogue
from marketplace.members import organisations
from marketplace.members.roles import STAFF, needs
from marketplace.pricing import dispersion
from marketplace.pricing.dispersion import Dispersion
from marketplace.services import services
from marketplace.spreadsheet import as_csv
from marketplace.trading import reads
from marketplace.web.layout import before
from marketplace.web.staff import bp
from settlement import clock, ids
from settlement.money import BY_ASSET
from settlement.store import PAGE_MAX

COLUMNS = (
    "month", "instrument", "symbol", "currency", "trades", "buyers", "lowest",
    "median", "highest", "variation_bps", "personal", "reasons",
)  # fmt: skip


@bp.get("/dispersion")
@needs(*STAFF)
def report() -> ResponseReturnValue:
    """Show how far the prices of each instrument lay apart in a month."""
    month = _month()
    with services().reads.connect() as db:
        found = dispersion.report(db, month)
        return render_template(
            "staff/dispersion.html",
            month=month,
            rows=found,
            known=catalogue.traded(db, [row.instrument for row in found]),
        )


@bp.get("/dispersion.csv")
@needs(*STAFF)
def report_csv() -> ResponseReturnValue:
    """Give the same as a table."""
    month = _month()
    with services().reads.connect() as db:
        rows = [_line(month, row) for row in dispersion.report(db, month)]
    answer = Response(as_csv(COLUMNS, rows), mimetype="text/csv")
    name = f"attachment; filename=dispersion-{month}.csv"
    answer.headers["Content-Disposition"] = name
    return answer


@bp.get("/dispersion/<instrument>")
@needs(*STAFF)
def unlike_sales(instrument: str) -> ResponseReturnValue:
    """Show the sales behind one row: to whom, at which price, for which reason."""
    month, number = _month(), ids.decode("instrument", instrument)
    with services().reads.connect() as db:
        book = reads.book(db, number)
        rows = dispersion.sales(db, number, month, before())
        return render_template(
            "staff/sales.html",
            month=month,
            book=book,
            rows=rows,
            before=rows[-1].id if len(rows) == PAGE_MAX else None,
            names=organisations.names(db, {row.buyer for row in rows}),
        )


def _month() -> str:
    """Return the month that the address names, else the present one."""
    return request.args.get("month") or dispersion.month_of(clock.now_us())


def _line(month: str, row: Dispersion) -> list[str | int]:
    reasons = " ".join(f"{name}={times}" for name, times in row.reasons.items())
    currency = BY_ASSET[row.currency].code
    name = ids.encode("instrument", row.instrument)
    return [month, name, row.symbol, currency, *row[3:10], reasons]
