"""Statistics: published questions with definition, figures, chart and SQL text."""

from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection

from listings import instruments, visibility
from listings.instruments import Instrument
from marketplace import publishing
from marketplace.datafiles import FORMS
from marketplace.dimensions import DIMENSIONS, called
from marketplace.language import language
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import reads
from marketplace.web import charts, periods, tabulation
from marketplace.web.figures import figures
from marketplace.web.forms import again, choice, read, text
from marketplace.web.layout import midnight_us
from marketplace.web.periods import PeriodForm
from settlement import clock
from settlement.errors import NotFound
from settlement.money import BY_CODE, CURRENCIES, DEFAULT
from settlement.statistics.questions import Figures, question, questions

bp = Blueprint("statistics", __name__, url_prefix="/statistics")

WIDTHS = {"day": clock.DAY_US, "week": 7 * clock.DAY_US, "hour": clock.HOUR_US}
BUSY_DAYS = 30


class ViewForm(PeriodForm):
    """Which figures: the currency, the month, the instrument and interval, the days."""

    currency = choice(BY_CODE, needed=False, default=DEFAULT)
    month = text(7, needed=False)
    symbol = text(40, needed=False)
    width = choice(WIDTHS, needed=False, default="day")


class TableForm(PeriodForm):
    """By what a question is asked: the rows, and the columns if there are two."""

    rows = choice(DIMENSIONS, needed=False)
    columns = choice(DIMENSIONS, needed=False)
    currency = choice(BY_CODE, needed=False, default=DEFAULT)


@bp.get("/")
def show() -> ResponseReturnValue:
    """Show turnover, trades and the market by class and sector; list all questions."""
    asked = read(ViewForm(), request.args)
    currency = asked["currency"]
    turnover = figures("s05_turnover", by=("day",))
    trades = figures("s06_trades", by=("day",))
    by_class = figures("s05_turnover", by=("class", "sector"))
    return render_template(
        "statistics/overview.html",
        currency=currency,
        currencies=[(each.code, each.code) for each in CURRENCIES],
        turnover=turnover,
        turnover_rows=charts.in_currency(charts.records(turnover), currency),
        turnover_chart=_bars(turnover, currency, "turnover"),
        trades=trades,
        trades_rows=charts.in_currency(charts.records(trades), currency),
        trades_chart=_bars(trades, currency, "trades"),
        by_class=by_class,
        questions=questions().values(),
        **_by_class(by_class, currency, asked["month"]),
    )


def _bars(found: Figures, currency: str, measure: str) -> charts.Chart:
    money = measure == "turnover"
    return charts.bars(
        tabulation.title(found.question),
        charts.in_currency(charts.records(found), currency),
        "day",
        {measure: tabulation.column_name(measure)},
        BY_CODE[currency].exponent if money else 0,
    )


def _by_class(found: Figures, currency: str, month: str) -> dict[str, Any]:
    """Return the class × sector table of one month, the latest unless it is chosen."""
    rows = charts.in_currency(charts.records(found), currency)
    months = sorted({row["period"] for row in rows}, reverse=True)
    chosen = month if month in months else next(iter(months), "")
    there = [row for row in rows if row["period"] == chosen]
    cells = charts.matrix(there, "sector", "class", "turnover")
    across, down = (
        {code: called(code, name, language()) for code in dict.fromkeys(codes)}
        for name, codes in (
            ("class", (row["class"] for row in there)),
            ("sector", (row["sector"] for row in there)),
        )
    )
    exponent = BY_CODE[currency].exponent
    return {
        "months": [(each, each) for each in months],
        "month": chosen,
        "cells": cells,
        "across": across,
        "down": down,
        "heat": charts.heat(
            tabulation.title(found.question), cells, across, down, exponent
        )
        if any(row["turnover"] is not None for row in there)
        else None,
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
        days=_asked(PeriodForm),
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
    return _page(figures(code), DEFAULT)


@bp.get("/<code>")
@again(whole)
def one(code: str) -> ResponseReturnValue:
    """Show one question: definition, figures of a period, SQL text and its hash."""
    asked = read(TableForm(), request.args)
    return _page(_figures(code, asked), asked["currency"])


def _figures(code: str, asked: dict[str, Any]) -> Figures:
    """Return the figures of a question by the rows and columns, of the period."""
    by = [name for name in (asked["rows"], asked["columns"]) if name]
    chosen = by if "rows" in request.args else None
    return periods.within(figures(code, by=chosen), periods.period(asked))


def _page(found: Figures, currency: str) -> ResponseReturnValue:
    return render_template(
        "statistics/question.html",
        question=found.question,
        figures=found,
        rows=charts.in_currency(charts.records(found), currency),
        chart=tabulation.chart(found, currency),
        dated=periods.dated(found.columns) or "from_month" in found.question.parameters,
        asked=_asked(TableForm),
        currency=currency,
        currencies=[(each.code, each.code) for each in CURRENCIES],
        choices=[
            (name, tabulation.column_name(name)) for name in found.question.dimensions
        ],
    )


def _asked(form: type[PeriodForm]) -> dict[str, str]:
    """Return what stands in the address, for forms and links."""
    return {name: said for name in form().fields if (said := request.args.get(name))}


@bp.get("/<code>.csv", defaults={"form": "csv"})
@bp.get("/<code>.xlsx", defaults={"form": "xlsx"})
@bp.get("/<code>.parquet", defaults={"form": "parquet"})
@bp.get("/<code>.sdmx.csv", defaults={"form": "sdmx.csv"})
@bp.get("/<code>.sdmx.xml", defaults={"form": "sdmx.xml"})
def download(code: str, form: str) -> Response:
    """Answer the figures of a question as a file, amounts in minor units as in its SQL.

    A day or a symbol that is none is refused.
    """
    question(code)
    if code == "candles":
        asked = read(ViewForm(), request.args)
        with services().reads.connect() as db:
            found = _candles(_named(db, asked["symbol"]).id, asked)
    else:
        found = _figures(code, read(TableForm(), request.args))
    with services().reads.connect() as db:
        preliminary = publishing.preliminary(db, found.sources)
    file = FORMS[form]
    answer = Response(file.write(found, preliminary), mimetype=file.media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{code}.{form}"'
    return answer


@bp.app_template_global("services_simulated")
def is_simulated() -> bool:
    """Tell whether the tape was made up by a program."""
    return services().warehouse.manifest().simulated


bp.add_app_template_filter(charts.records)
bp.add_app_template_filter(tabulation.cell)
bp.add_app_template_filter(tabulation.column_name)
bp.add_app_template_test(tabulation.is_figure, "figure")
