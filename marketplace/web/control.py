"""The staff desk's market control: phases, calls, timetables, the kill switch."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import ValidationError

from listings import instruments
from listings.marking import N_
from marketplace.control import CONTROLLERS
from marketplace.members import users
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import board, reads
from marketplace.trading.control import (
    AllowTrading,
    Decide,
    Propose,
    SetLimits,
    SetPhase,
    SetTimetable,
    StopTrading,
    Uncross,
)
from marketplace.trading.limits import BPS, MOST, Limits
from marketplace.trading.proposals import WHOLE
from marketplace.trading.rights import REASON_MAX
from marketplace.trading.stops import ALL
from marketplace.trading.timetable import Phase, Timetable
from marketplace.web.forms import (
    Form,
    Parsed,
    PublicId,
    Whole,
    again,
    amount,
    choice,
    read,
    text,
)
from marketplace.web.staff import bp
from settlement import ids
from settlement.errors import Invalid
from settlement.ledger import HOUSE

CHINA_MIN = 480  # minutes east of UTC: the zone of the pages
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
WORKDAYS = EVERY_DAY[:5]
TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
NOT_A_TIME = N_("Give a time, for example 15:00.")
SAY_WHY = N_("Give the reason, in at most 2,000 characters.")
WHOM = N_("Name the member, or everybody.")


class Time(Parsed):
    """A time of day, as minutes."""

    def parse(self, typed: str) -> int:
        """Return what was typed as a number; ValidationError if it is none."""
        parts = TIME.fullmatch(typed)
        if parts is None:
            raise ValidationError(NOT_A_TIME)
        return int(parts[1]) * 60 + int(parts[2])


class PhaseForm(Form):
    """Which phase begins, and the reference price of a call."""

    phase = choice([*Phase])
    reference = text(24, needed=False)


class CalendarForm(Form):
    """A daily call: when it is uncrossed; empty ends the timetable."""

    at = Time(load_default=None)
    days = choice(["workdays", "every"])


class StopForm(Form):
    """Whom to stop, and why."""

    stopped = PublicId("member", load_default=None)
    everybody = text(1, needed=False)
    scope = Whole(ALL, 2**53, load_default=ALL)
    cancel = text(1, needed=False)
    reason = text(REASON_MAX, needed=False)


class LimitsForm(Form):
    """Limits as they are typed; empty: as the market has it, 0: none."""

    instrument = PublicId("instrument", load_default=None)
    static_bps = Whole(0, BPS - 1, load_default=None)
    dynamic_bps = Whole(0, BPS - 1, load_default=None)
    finger_times = Whole(0, 10_000, load_default=None)
    value_max = Whole(0, MOST, load_default=None)
    second_max = Whole(0, MOST, load_default=None)
    untraded_max = Whole(0, MOST, load_default=None)
    reason = text(REASON_MAX)


class DecisionForm(Form):
    """Whether a proposal is carried out."""

    step = choice(["approve", "reject"])


@bp.get("/market")
@needs(*STAFF)
def market() -> ResponseReturnValue:
    """Show the phases of the market, what is stopped, and one instrument's controls."""
    symbol = request.args.get("symbol", "").strip()
    with services().reads.connect() as db:
        unit = instruments.by_symbol(db, symbol) if symbol else None
        stopped, proposed = board.stopped(db), board.proposed(db)
        return render_template(
            "staff/market.html",
            controlled=board.controlled(db),
            unit=unit,
            board=board.board(db, unit.id) if unit else None,
            auctions=board.auctions_of(db, unit.id, limit=10) if unit else None,
            stopped=stopped,
            who=users.names(db, _authors(stopped) | _authors(proposed)),
            limits=board.limits_of(db, unit.id if unit else WHOLE),
            proposed=proposed,
            books=reads.books_of(db, {row.instrument for row in proposed}),
            phases=[*Phase],
        )


def _authors(rows: Iterable[Any]) -> set[int]:
    return {row.by_user for row in rows}


@bp.post("/market/<instrument>/phase")
@needs(*CONTROLLERS)
@again(market)
def set_phase(instrument: str) -> ResponseReturnValue:
    """Begin a phase; a call that collects ends first."""
    typed = read(PhaseForm())
    with services().reads.connect() as db:
        unit = instruments.get(db, ids.decode("instrument", instrument))
    reference = None
    if typed["reference"]:
        reference = amount(typed, "reference", unit.currency_code)
    command = SetPhase(me().id, unit.id, typed["phase"], reference)
    services().gateway.submit(command)
    flash(gettext("The phase has begun."), "success")
    return _back(unit.symbol)


@bp.post("/market/<instrument>/uncross")
@needs(*CONTROLLERS)
@again(market)
def uncross(instrument: str) -> ResponseReturnValue:
    """Trade at one price what a call has collected."""
    with services().reads.connect() as db:
        unit = instruments.get(db, ids.decode("instrument", instrument))
    found = services().gateway.submit(Uncross(me().id, unit.id)).result
    if found.quantity:
        told = gettext("Units traded at one price: %(number)s.", number=found.quantity)
        flash(told, "success")
    else:
        flash(gettext("Nothing could trade; the call goes on."), "info")
    return _back(unit.symbol)


@bp.post("/market/<instrument>/timetable")
@needs(*CONTROLLERS)
@again(market)
def set_timetable(instrument: str) -> ResponseReturnValue:
    """Let a call be uncrossed each day at a time, or end the timetable."""
    typed = read(CalendarForm())
    with services().reads.connect() as db:
        unit = instruments.get(db, ids.decode("instrument", instrument))
    table = None
    if typed["at"] is not None:
        days = EVERY_DAY if typed["days"] == "every" else WORKDAYS
        # Beginning the next call uncrosses the one before, at its reference price.
        table = Timetable(CHINA_MIN, days, (), ((typed["at"], "call"),))
    services().gateway.submit(SetTimetable(me().id, unit.id, table))
    flash(gettext("The timetable is set."), "success")
    return _back(unit.symbol)


@bp.post("/market/stop")
@needs(*CONTROLLERS)
@again(market)
def stop() -> ResponseReturnValue:
    """Take no more orders of a member or of anybody; cancel theirs if asked."""
    typed = read(StopForm())
    if not typed["reason"]:
        raise Invalid({"reason": [SAY_WHY]})
    member = HOUSE if typed["everybody"] else typed["stopped"]
    if member is None:
        raise Invalid({"stopped": [WHOM]})
    cancel, scope = bool(typed["cancel"]), typed["scope"]
    command = StopTrading(me().id, member, cancel, typed["reason"], scope)
    cancelled = services().gateway.submit(command).result
    flash(gettext("Stopped. Orders cancelled: %(number)s.", number=cancelled), "info")
    return _back()


@bp.post("/market/stops/<member>/end", defaults={"scope": ALL})
@bp.post("/market/stops/<member>/<int(signed=True):scope>/end")
@needs(*CONTROLLERS)
@again(market)
def allow(member: str, scope: int) -> ResponseReturnValue:
    """Take orders again; another person than who stopped them."""
    stopped = ids.decode("member", member)
    services().gateway.submit(AllowTrading(me().id, stopped, scope))
    flash(gettext("Orders are taken again."), "success")
    return _back()


@bp.post("/market/limits")
@needs(*CONTROLLERS)
@again(market)
def propose_limits() -> ResponseReturnValue:
    """Propose limits of an instrument or of the whole market to a second person."""
    typed = read(LimitsForm())
    limits = tuple(typed[name] for name in Limits._fields)
    values = (typed["instrument"] or WHOLE, limits)
    command = Propose(me().id, SetLimits.__name__, values, typed["reason"])
    services().gateway.submit(command)
    flash(gettext("Proposed; another person decides it."), "success")
    return _back(request.args.get("symbol"))


@bp.post("/market/proposals/<proposal>")
@needs(*CONTROLLERS)
@again(market)
def decide_proposal(proposal: str) -> ResponseReturnValue:
    """Carry a proposal out, or turn it down."""
    number = ids.decode("proposal", proposal)
    step = read(DecisionForm(), request.values)["step"]
    with services().reads.connect() as db:
        board.check_kind(db, number, SetLimits.__name__)
    services().gateway.submit(Decide(me().id, number, step == "approve"))
    flash(gettext("Decided."), "success")
    return _back()


def _back(symbol: str | None = None) -> ResponseReturnValue:
    address = url_for("staff.market", symbol=symbol)
    return redirect(address, HTTPStatus.SEE_OTHER)
