"""The release calendar, what was published, and single tables with their text."""

from itertools import groupby

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace import yearbook
from marketplace.services import services
from marketplace.web import guide
from marketplace.web.certificates import attached
from marketplace.web.forms import Form, choice
from marketplace.web.forms import read as read_form
from marketplace.web.statistics import bp
from settlement import clock, ids
from settlement.money import BY_CODE, DEFAULT
from settlement.statistics import publications
from settlement.statistics.disclosure import PARTIES_MIN, SHARE_MAX
from settlement.statistics.questions import question, questions
from settlement.statistics.schedule import AT_HOUR, DELAY_DAYS, coming
from settlement.statistics.vintages import read


class YearForm(Form):
    """In which currency."""

    currency = choice(BY_CODE, needed=False, default=DEFAULT)


@bp.get("/publications")
def calendar() -> ResponseReturnValue:
    """Show what was published, and what the calendar says comes next."""
    now_us = clock.now_us()
    with services().reads.connect() as db:
        return render_template(
            "statistics/publications.html",
            rows=publications.released(db, now_us),
            coming=coming(now_us),
            years=yearbook.years(services()),
        )


@bp.get("/years/<int:year>.pdf")
def yearly(year: int) -> ResponseReturnValue:
    """Answer the report of a year: its published months, with charts, as PDF."""
    currency = read_form(YearForm(), request.args)["currency"]
    book = yearbook.compiled(services(), year, currency)
    address = url_for("statistics.calendar", _external=True)
    name = f"databourse-{year}-{currency}.pdf"
    return attached(yearbook.printed(book, address), "application/pdf", name)


@bp.get("/publications/<publication>")
def publication(publication: str) -> ResponseReturnValue:
    """Show a publication: which records it counts, its tables and their hashes."""
    number = ids.decode("publication", publication)
    now_us = clock.now_us()
    with services().reads.connect() as db:
        row = publications.seen(db, number, now_us)
        tables = publications.tables_of(db, number)
        vintages = publications.released(db, now_us)
        return render_template(
            "statistics/publication.html",
            row=row,
            tables=[
                (question(code), list(those))
                for code, those in groupby(tables, key=lambda table: table.question)
                if code in questions()
            ],
            vintages=[one for one in vintages if one.period == row.period],
        )


@bp.get("/figures/<figure>")
def figure(figure: str) -> ResponseReturnValue:
    """Show one published table with the text that it was counted by."""
    number = ids.decode("figure", figure)
    with services().reads.connect() as db:
        table = publications.table(db, number)
        row = publications.shown(db, table.publication, clock.now_us())
        asked = publications.text(db, table.query, table.question)
    columns, lines = read(table.columns, table.rows)
    return render_template(
        "statistics/figure.html",
        row=row,
        table=table,
        question=asked,
        columns=columns,
        rows=[dict(zip(columns, line, strict=True)) for line in lines],
    )


@guide.bp.get("/statistics", endpoint="statistics")
def explained() -> ResponseReturnValue:
    """Show how figures come about, are withheld, published and computed again."""
    return render_template(
        "help/statistics.html",
        parties=PARTIES_MIN,
        share_bps=round(SHARE_MAX * 10_000),
        delay_days=DELAY_DAYS,
        hour=AT_HOUR,
    )
