"""The staff desk's surveillance: alerts with evidence, cases, decisions by two."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Connection

from listings.marking import N_
from marketplace.members import organisations
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.spreadsheet import as_csv
from marketplace.supervision import SUPERVISORS
from marketplace.surveillance import desk
from marketplace.surveillance.detectors import DETECTORS
from marketplace.web.forms import Form, PublicId, again, choice, read, text
from marketplace.web.layout import before
from marketplace.web.staff import bp
from settlement import ids

CSV_MAX = 10_000
CSV_COLUMNS = ("alert", "at_us", "detector", "symbol", "members", "evidence", "facts")

DETECTOR_NAMES = {
    "self_dealing": N_("Trades within one owner's group"),
    "round_trips": N_("Wash trades and round trips"),
    "circular": N_("Circular trades"),
    "far_prices": N_("Price far from the usual"),
    "layering": N_("Layering and spoofing"),
    "quote_stuffing": N_("Quote stuffing"),
    "marking_the_close": N_("Marking the close"),
    "shill_bids": N_("Shill bids in auctions"),
    "collusive_tenders": N_("Collusive tenders"),
    "review_rings": N_("Rings of reviews"),
}
DETECTOR_RULES = {
    "self_dealing": N_("Buyer and seller have the same owner."),
    "round_trips": N_(
        "Twice or more within a day the same units go to and fro between two members,"
        " at prices within two per cent."
    ),
    "circular": N_("Within a day units go round three members, back to the first."),
    "far_prices": N_(
        "A price lies more than two fifths from the median of the ten trades before it."
    ),
    "layering": N_(
        "Three or more orders at different prices are cancelled within two minutes,"
        " untraded, while the member trades on the other side."
    ),
    "quote_stuffing": N_(
        "Sixty or more orders in ten seconds, of which at most one in twenty trades."
    ),
    "marking_the_close": N_(
        "In the last five minutes of a day at most a tenth of its units move the price"
        " by more than five per cent."
    ),
    "shill_bids": N_(
        "A bidder raises the prices of one vendor's auctions, three or more, and never"
        " wins; or belongs to the vendor."
    ),
    "collusive_tenders": N_(
        "Two bidders of a tender have the same owner; or one bids at most three per"
        " cent above the same winner in three tenders and never wins; or the same"
        " three or more, and nobody else, win three tenders in turn."
    ),
    "review_rings": N_(
        "Two members or groups give each other's products full points, twice or more."
    ),
}


class AlertsForm(Form):
    """Which alerts."""

    detector = choice(DETECTORS, needed=False)
    which = choice(("waiting", "all"), needed=False, default="waiting")


class CaseForm(Form):
    """What a new case is about."""

    title = text(desk.TITLE_MAX)


class NoteForm(Form):
    """What was found out."""

    text = text(desk.TEXT_MAX)


class ProposalForm(Form):
    """What is to become of a case, and why."""

    proposal = choice(desk.PROPOSALS)
    reason = text(desk.TEXT_MAX)


class DecisionForm(Form):
    """Whether it is carried out."""

    approve = choice(("yes", "no"))


class TieForm(Form):
    """Two members of one owner, and how that is known."""

    member = PublicId("member", required=True)
    other = PublicId("member", required=True)
    reason = text(desk.TEXT_MAX)


@bp.get("/surveillance")
@needs(*STAFF)
def surveillance() -> ResponseReturnValue:
    """Show the alerts that wait, the cases, and how often each detector errs."""
    asked = read(AlertsForm(), request.args)
    with services().reads.connect() as db:
        page = desk.newest(
            db,
            before(),
            detector=asked["detector"],
            waiting=asked["which"] == "waiting",
        )
        return render_template(
            "staff/surveillance.html",
            page=page,
            asked=asked,
            cases=desk.all_cases(db),
            rates=desk.rates(db),
            rules=DETECTOR_RULES,
            detectors=_named(),
            **_shown(db, page.rows),
        )


@bp.get("/surveillance/alerts.csv")
@needs(*STAFF)
def alerts_csv() -> Response:
    """Answer the alerts as CSV."""
    rows: list[tuple[Any, ...]] = []
    with services().reads.connect() as db:
        cursor: int | None = None
        while len(rows) < CSV_MAX:
            page = desk.newest(db, cursor, 100)
            rows += [_line(row) for row in page.rows]
            cursor = page.before
            if cursor is None:
                break
    answer = Response(as_csv(CSV_COLUMNS, rows), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="alerts.csv"'
    return answer


@bp.post("/surveillance/cases")
@needs(*SUPERVISORS)
@again(surveillance)
def open_case() -> ResponseReturnValue:
    """Open a case of the alerts that are ticked."""
    title = read(CaseForm())["title"]
    chosen = [ids.decode("alert", each) for each in request.form.getlist("alert")]
    with services().writes.begin() as db:
        number = desk.open_case(db, title, chosen, me().id)
    return _to(number)


@bp.get("/surveillance/cases/<case>")
@needs(*STAFF)
def surveillance_case(case: str) -> ResponseReturnValue:
    """Show a case: its alerts, their evidence, the notes, what is proposed."""
    with services().reads.connect() as db:
        found = desk.case(db, ids.decode("case", case))
        rows = desk.alerts_of(db, found.id)
        trades = desk.trades_of(db, found.id)
        parties = {party for row in trades for party in (row.buyer, row.seller)}
        return render_template(
            "staff/case.html",
            case=found,
            alerts=rows,
            trades=trades,
            parties=organisations.names(db, parties),
            notes=desk.notes_of(db, found.id),
            rules=DETECTOR_RULES,
            detectors=_named(),
            **_shown(db, rows),
        )


@bp.post("/surveillance/cases/<case>/notes")
@needs(*SUPERVISORS)
@again(surveillance_case)
def add_note(case: str) -> ResponseReturnValue:
    """Add a note to a case."""
    number, said = ids.decode("case", case), read(NoteForm())["text"]
    with services().writes.begin() as db:
        desk.note(db, number, said, me().id)
    return _to(number)


@bp.post("/surveillance/cases/<case>/proposal")
@needs(*SUPERVISORS)
@again(surveillance_case)
def propose_case(case: str) -> ResponseReturnValue:
    """Propose to flag a case's trades, or to dismiss it."""
    number, typed = ids.decode("case", case), read(ProposalForm())
    with services().writes.begin() as db:
        desk.propose(db, number, typed["proposal"], typed["reason"], me().id)
    return _to(number)


@bp.post("/surveillance/cases/<case>/decision")
@needs(*SUPERVISORS)
@again(surveillance_case)
def decide_case(case: str) -> ResponseReturnValue:
    """Carry out what another proposed, or turn it down."""
    number, approve = ids.decode("case", case), read(DecisionForm())["approve"] == "yes"
    with services().writes.begin() as db:
        flagged = desk.decide(db, number, me().id, approve=approve)
    if flagged:
        told = gettext("Trades out of the statistics: %(number)s.", number=flagged)
        flash(told, "success")
    return _to(number)


@bp.post("/surveillance/ties")
@needs(*SUPERVISORS)
@again(surveillance)
def tie_members() -> ResponseReturnValue:
    """Note that one owner stands behind two members."""
    typed = read(TieForm())
    with services().writes.begin() as db:
        organisations.get(db, typed["member"])
        organisations.get(db, typed["other"])
        desk.tie(db, typed["member"], typed["other"], typed["reason"], me().id)
    flash(gettext("Noted; the next look counts them as one."), "success")
    return redirect(url_for(".surveillance"), HTTPStatus.SEE_OTHER)


def _to(number: int) -> ResponseReturnValue:
    address = url_for(".surveillance_case", case=ids.encode("case", number))
    return redirect(address, HTTPStatus.SEE_OTHER)


def _named() -> dict[str, str]:
    return {code: gettext(name) for code, name in DETECTOR_NAMES.items()}


def _shown(db: Connection, rows: Iterable[Any]) -> dict[str, Any]:
    """Return the evidence of alerts by their numbers, and the members' names."""
    read_ones = {row.id: desk.evidence(row) for row in rows}
    members = {m for one in read_ones.values() for m in one["members"]}
    return {"shown": read_ones, "names": organisations.names(db, members)}


def _line(row: Any) -> tuple[Any, ...]:
    """Return an alert as a line of CSV, its parts as JSON."""
    number = ids.encode("alert", row.id)
    return (number, *(row._mapping[name] for name in CSV_COLUMNS[1:]))  # noqa: SLF001 (a Row's own)
