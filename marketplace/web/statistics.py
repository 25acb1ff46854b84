"""Statistics: published questions with definition, figures, chart and SQL text."""

from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection

from listings import instruments, visibility
from listings.instruments import Instrument
from listings.vocabulary import CLASSES, SECTORS
from marketplace import formatting
from marketplace.language import language
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import reads
from marketplace.web import charts, periods
from marketplace.web.codes import CODES, code_name
from marketplace.web.figures import figures
from marketplace.web.forms import again, choice, read, text
from marketplace.web.layout import midnight_us
from marketplace.web.periods import PeriodForm
from marketplace.web.spreadsheet import as_csv
from settlement import clock
from settlement.errors import NotFound
from settlement.money import BY_CODE, CURRENCIES, DEFAULT
from settlement.statistics.questions import Figures, Question, question, questions

bp = Blueprint("statistics", __name__, url_prefix="/statistics")

WIDTHS = {"day": clock.DAY_US, "week": 7 * clock.DAY_US, "hour": clock.HOUR_US}
BUSY_DAYS = 30
MONEY = {"turnover", "mean", "median", "open", "high", "low", "close"}
SHARES = {"cr5", "hhi"}
SHARE_BPS = 10_000


class ViewForm(PeriodForm):
    """Which figures: the currency, the month, the instrument and interval, the days."""

    currency = choice(BY_CODE, needed=False, default=DEFAULT)
    month = text(7, needed=False)
    symbol = text(40, needed=False)
    width = choice(WIDTHS, needed=False, default="day")


@bp.get("/")
def show() -> ResponseReturnValue:
    """Show turnover, trades and the market by class and sector; list all questions."""
    asked = read(ViewForm(), request.args)
    currency = asked["currency"]
    turnover = figures("turnover_by_day")
    trades = figures("trades_count")
    by_class = figures("turnover_by_class_sector_month")
    return render_template(
        "statistics/overview.html",
        currency=currency,
        currencies=[(each.code, each.code) for each in CURRENCIES],
        turnover=turnover,
        turnover_rows=charts.in_currency(charts.records(turnover), currency),
        turnover_chart=_turnover_chart(turnover, currency),
        trades=trades,
        trades_rows=charts.records(trades),
        trades_chart=charts.bars(
            title(trades.question),
            charts.records(trades),
            "day",
            {"trades": gettext("Trades")},
        ),
        by_class=by_class,
        questions=questions().values(),
        **_by_class(by_class, currency, asked["month"]),
    )


def _turnover_chart(found: Figures, currency: str) -> charts.Chart:
    return charts.bars(
        title(found.question),
        charts.in_currency(charts.records(found), currency),
        "day",
        {"turnover": f"{gettext('Turnover')} {currency}"},
        BY_CODE[currency].exponent,
    )


def _by_class(found: Figures, currency: str, month: str) -> dict[str, Any]:
    """Return the class × sector table of one month, the latest unless it is chosen."""
    rows = charts.in_currency(charts.records(found), currency)
    months = sorted({row["month"] for row in rows}, reverse=True)
    chosen = month if month in months else next(iter(months), "")
    there = [row for row in rows if row["month"] == chosen]
    cells = charts.matrix(there, "sector", "class", "turnover")
    across = {code: code_name(code, "class") for code in CLASSES}
    down = {code: code_name(code, "sector") for code in SECTORS if code in cells}
    exponent = BY_CODE[currency].exponent
    return {
        "months": [(each, each) for each in months],
        "month": chosen,
        "cells": cells,
        "across": across,
        "down": down,
        "heat": charts.heat(title(found.question), cells, across, down, exponent),
    }


@bp.get("/candles")
def candles() -> ResponseReturnValue:
    """Show the candles of one instrument, of the busiest one unless it is chosen."""
    asked = read(ViewForm(), request.args)
    with services().reads.connect() as db:
        busiest = reads.busiest(db, midnight_us(BUSY_DAYS), limit=20)
        symbol = asked["symbol"] or next((busy.symbol for busy in busiest), "")
        instrument = _named(db, symbol) if symbol else None
    found = chart = None
    if instrument:
        found = _candles(instrument.id, asked)
        chart = _candle_chart(found, symbol, instrument.currency_code)
    return render_template(
        "statistics/candles.html",
        busiest=busiest,
        instrument=instrument,
        figures=found,
        rows=charts.records(found) if found else [],
        chart_data=chart,
        width=asked["width"],
        days=_days(),
        widths=[
            ("hour", gettext("Hour")),
            ("day", gettext("Day")),
            ("week", gettext("Week")),
        ],
    )


def _named(db: Connection, symbol: str) -> Instrument:
    """Return the instrument with a symbol; NotFound unless the visitor may see it."""
    found = instruments.by_symbol(db, symbol)
    if not visibility.may_see(db, found.product, me().member):
        raise NotFound("instrument", symbol[:40])
    return found


def _candles(instrument: int, asked: dict[str, Any]) -> Figures:
    """Return the candles of an instrument in the interval and period asked for."""
    width_us = WIDTHS[asked["width"]]
    found = figures("candles", instrument=instrument, width_us=width_us)
    return periods.within(found, periods.period(asked))


def _candle_chart(found: Figures, symbol: str, currency: str) -> charts.Chart:
    names = {
        "open": gettext("Open"),
        "high": gettext("High"),
        "low": gettext("Low"),
        "close": gettext("Close"),
        "volume": gettext("Volume"),
    }
    return charts.candles(symbol, found, currency, names)


def whole(code: str) -> ResponseReturnValue:
    """Show one question with all its figures."""
    return _page(figures(code))


@bp.get("/<code>")
@again(whole)
def one(code: str) -> ResponseReturnValue:
    """Show one question: definition, figures of a period, SQL text and its hash."""
    asked = periods.period(read(PeriodForm(), request.args))
    return _page(periods.within(figures(code), asked))


def _page(found: Figures) -> ResponseReturnValue:
    return render_template(
        "statistics/question.html",
        question=found.question,
        figures=found,
        dated=periods.dated(found.columns),
        days=_days(),
    )


def _days() -> dict[str, str]:
    """Return the period as it stands in the address, for forms and links."""
    return {
        name: day for name in PeriodForm().fields if (day := request.args.get(name))
    }


@bp.get("/<code>.csv")
def download(code: str) -> Response:
    """Answer the figures of a question as CSV, amounts in minor units as in its SQL.

    A day or a symbol that is none is refused.
    """
    question(code)
    asked = read(ViewForm(), request.args)
    if code == "candles":
        with services().reads.connect() as db:
            found = _candles(_named(db, asked["symbol"]).id, asked)
    else:
        found = periods.within(figures(code), periods.period(asked))
    answer = Response(as_csv(found.columns, found.rows), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{code}.csv"'
    return answer


def title(asked: Question) -> str:
    """Return the question's title in the visitor's language."""
    return asked.title_zh if language() == "zh" else asked.title_en


@bp.app_template_filter()
def cell(value: Any, column: str, currency: str = DEFAULT) -> str:
    """Return a figure as it is shown; withheld ones say so."""
    if value is None:
        return str(gettext("withheld"))
    if column in MONEY:
        return formatting.amount(round(value), currency)
    if column in SHARES:
        return formatting.percent(round(value * SHARE_BPS))
    if column == "begins_us":
        return formatting.date(value)
    if column in CODES:
        return code_name(value, column)
    return formatting.number(value) if isinstance(value, int) else str(value)


bp.add_app_template_filter(charts.records)
