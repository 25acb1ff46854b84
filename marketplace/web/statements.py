"""The member's statements by month: figures, the transfers behind each, as files."""

from typing import Any

from flask import Response, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from marketplace import accounting
from marketplace.accounting import COLUMNS, Month
from marketplace.exporting import SHEETS
from marketplace.language import language
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import bills, summaries
from marketplace.web import months
from marketplace.web.cash import bp
from marketplace.web.layout import before
from settlement.errors import NotFound
from settlement.flows import Figure
from settlement.money import BY_CODE

SUFFIXES = ("pdf", "xlsx", "csv", "json")
ROWS = 50  # transfers of one page


def asked(name: str, member: int) -> Month:
    """Return the month *name* of a member; the present one for "". NotFound."""
    return Month(*months.of_month(name), member)


@bp.get("/statements")
@needs()
def statements() -> ResponseReturnValue:
    """Show the member's statement of a month, each figure with its transfers."""
    month = asked(request.args.get("month", ""), me().member)
    with services().reads.connect() as db:
        return render_template(
            "cash/statement.html",
            month=month,
            months=months.months(),
            found=accounting.of_month(db, month),
            fees=bills.of_fees(db, month.member, month.name),
            number_of=bills.number_of,
            suffixes=SUFFIXES,
            names=accounting.FIGURES,
            edges=accounting.EDGES,
            taxes=accounting.TAXES,
            netted=accounting.NETTED,
        )


@bp.get(f"/statements/<month>.<any({', '.join(SUFFIXES)}):paper_kind>")
@needs()
def statement_file(month: str, paper_kind: str) -> ResponseReturnValue:
    """Hand a statement out as PDF, Excel, CSV or JSON."""
    wanted = asked(month, me().member)
    with services().reads.connect() as db:
        content, media_type = _written(db, wanted, paper_kind)
    answer = Response(content, mimetype=media_type)
    name = f"statement-{wanted.name}.{paper_kind}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _written(db: Connection, month: Month, suffix: str) -> tuple[Any, str]:
    found = accounting.of_month(db, month)
    if suffix == "json":
        return jsonify(accounting.told(month, found)).get_data(), "application/json"
    if suffix == "pdf":
        address = url_for("cash.statements", month=month.name, _external=True)
        return accounting.printed(db, month, found, address), "application/pdf"
    sheet = SHEETS[suffix]
    lines = accounting.rows(month, found, language())
    return sheet.write(COLUMNS, lines), sheet.media_type


@bp.get("/statements/<month>/<currency>/<line>")
@needs()
def statement_moves(month: str, currency: str, line: str) -> ResponseReturnValue:
    """Show the transfers that a figure of a statement is the sum of."""
    wanted = asked(month, me().member)
    if currency not in BY_CODE or line not in set(Figure):
        raise NotFound("figure", line[:20])
    kind, asset = Figure(line), BY_CODE[currency].asset
    with services().reads.connect() as db:
        during = accounting.during(db, wanted)
        page = summaries.postings(
            db, wanted.member, during, asset, kind, before(), ROWS
        )
        lines = (
            summed
            for one in accounting.of_month(db, wanted)
            for summed in one.lines
            if (one.currency, summed.figure) == (asset, kind)
        )
        return render_template(
            "cash/postings.html",
            month=wanted,
            currency=currency,
            name=accounting.FIGURES[line],
            line=next(lines, None),
            page=page,
            names=organisations.names(db, {move.other for move in page.rows}),
        )
