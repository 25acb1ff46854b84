"""The statistician's desk: publish with two persons, see what is withheld and why."""

from http import HTTPStatus
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import fields

from marketplace import publishing
from marketplace.dimensions import DIMENSIONS
from marketplace.members import users
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web import charts, tabulation
from marketplace.web.forms import NEEDED, NOT_A_DAY, Form, again, choice, read, text
from marketplace.web.staff import bp
from settlement import clock, ids
from settlement.money import BY_CODE, CURRENCIES, DEFAULT
from settlement.statistics import corrections, publications, soundness
from settlement.statistics.disclosure import PARTIES_MIN, SHARE_MAX
from settlement.statistics.publications import REASON_MAX
from settlement.statistics.questions import LIVE, ask, question, questions
from settlement.statistics.schedule import Cut, coming, due
from settlement.statistics.vintages import read as table_of

DUE_DAYS = 70  # how far back a month is offered for publication


class ProposalForm(Form):
    """Up to which day is counted; why, if it revises what was published."""

    last_day = fields.Date(
        required=True, error_messages={"invalid": NOT_A_DAY, "required": NEEDED}
    )
    reason = text(REASON_MAX, needed=False)


class DecisionForm(Form):
    """Whether it is published."""

    approve = choice(("yes", "no"))


class WithdrawalForm(Form):
    """Why it is withdrawn."""

    reason = text(REASON_MAX)


class RunningForm(Form):
    """By what a question is asked."""

    code = choice(questions(), needed=False, default="s05_turnover")
    rows = choice(DIMENSIONS, needed=False)
    currency = choice(BY_CODE, needed=False, default=DEFAULT)


@bp.get("/statistics", endpoint="statistics")
@needs(*STAFF)
def desk() -> ResponseReturnValue:
    """Show what may be published, what waits, what does not count, and the tape."""
    now_us = clock.now_us()
    with services().reads.connect() as db:
        rows = publications.all_of_them(db)
        waiting = {row.period for row in rows if row.state == "proposed"}
        known = {row.last_day for row in rows if row.state != "rejected"}
        taken_out = corrections.newest(db)
        who = {one.proposed_by for one in rows} | {one.by_user for one in taken_out}
        return render_template(
            "staff/statistics.html",
            rows=rows,
            due=[cut for cut in due(now_us, DUE_DAYS) if cut.period not in waiting],
            known=known,
            coming=coming(now_us)[:4],
            corrections=taken_out,
            who=users.names(db, who),
            checks=soundness.checks(db, services().warehouse),
            now_us=now_us,
        )


@bp.post("/statistics/publications")
@needs("statistician")
@again(desk)
def propose_publication() -> ResponseReturnValue:
    """Compute the figures up to a day, and propose to publish them."""
    typed, parts = read(ProposalForm()), services()
    number = publishing.propose(
        parts.config,
        (parts.reads, parts.writes),
        Cut(typed["last_day"]),
        me(),
        typed["reason"],
    )
    return _to(number)


@bp.get("/statistics/publications/<publication>", endpoint="publication")
@needs(*STAFF)
def proposed(publication: str) -> ResponseReturnValue:
    """Show a publication with what is withheld in each table, and decide on it."""
    number = ids.decode("publication", publication)
    with services().reads.connect() as db:
        row = publications.get(db, number)
        tables = publications.tables_of(db, number)
        who = {row.proposed_by, row.decided_by, row.withdrawn_by} - {None}
        return render_template(
            "staff/publication.html",
            row=row,
            report=[
                (question(table.question), table, *_cells(table)) for table in tables
            ],
            who=users.names(db, who),
            parties=PARTIES_MIN,
            share_bps=round(SHARE_MAX * 10_000),
            now_us=clock.now_us(),
        )


@bp.post("/statistics/publications/<publication>/decision")
@needs("statistician")
@again(proposed)
def decide_publication(publication: str) -> ResponseReturnValue:
    """Approve what another proposed, or reject it."""
    number, approve = ids.decode("publication", publication), read(DecisionForm())
    with services().writes.begin() as db:
        yes = approve["approve"] == "yes"
        publications.decide(db, number, me().id, clock.now_us(), approve=yes)
    flash(gettext("Decided."), "success")
    return _to(number)


@bp.post("/statistics/publications/<publication>/withdrawal")
@needs("statistician")
@again(proposed)
def withdraw_publication(publication: str) -> ResponseReturnValue:
    """Withdraw what was published, with the reason."""
    number, reason = ids.decode("publication", publication), read(WithdrawalForm())
    with services().writes.begin() as db:
        publications.withdraw(db, number, reason["reason"], me().id, clock.now_us())
    flash(gettext("Withdrawn. The month has no figures until it is published anew."))
    return _to(number)


@bp.get("/statistics/running")
@needs("statistician")
def running() -> ResponseReturnValue:
    """Show figures of this moment in full: the running month, nothing withheld."""
    asked = read(RunningForm(), request.args)
    code, currency = asked["code"], asked["currency"]
    known = question(code)
    by = [asked["rows"]] if asked["rows"] in known.dimensions else []
    found = ask(services().warehouse, code, by=by)
    return render_template(
        "staff/running.html",
        question=known,
        figures=found,
        rows=charts.in_currency(charts.records(found), currency),
        chart=tabulation.chart(found, currency),
        by=by,
        currency=currency,
        currencies=[(each.code, each.code) for each in CURRENCIES],
        asked=[
            (each.code, tabulation.title(each))
            for each in questions().values()
            if each.published != LIVE
        ],
        choices=[(name, tabulation.column_name(name)) for name in known.dimensions],
    )


def _cells(table: Any) -> tuple[int, int]:
    """Return how many cells a table has, and how many of them are withheld."""
    _, rows = table_of(table.columns, table.rows)
    return len(rows), table.withheld


def _to(number: int) -> ResponseReturnValue:
    address = url_for(".publication", publication=ids.encode("publication", number))
    return redirect(address, HTTPStatus.SEE_OTHER)
