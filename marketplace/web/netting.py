"""Cycles: the settlement desk's runs and rules, and each member's statement."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings.marking import N_
from marketplace.members import organisations, users
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import board, settling
from marketplace.trading.commands import Command
from marketplace.trading.control import Decide, Propose
from marketplace.trading.deferring import ORIGINS
from marketplace.trading.dues import (
    ApproveRun,
    CancelRun,
    ExecuteRun,
    FreezeRun,
    PayDebt,
)
from marketplace.web import cash, staff
from marketplace.web.fees import rate_of
from marketplace.web.forms import (
    Form,
    PublicId,
    Whole,
    again,
    amount,
    choice,
    read,
    text,
)
from marketplace.web.layout import before, place
from settlement import clock, ids
from settlement.cycles import DAYS_MAX
from settlement.errors import Invalid
from settlement.money import BPS, BY_CODE, CURRENCIES
from settlement.taxes import KINDS

DESK = ("settlement_officer", "settlement_approver")
REASON_MAX = 2_000
NOT_STEPS = N_("Give one step a line: from which day, percent a day; from day 0.")
STEPS: dict[str, Callable[[int, int], Command]] = {
    "approve": ApproveRun,
    "execute": ExecuteRun,
    "cancel": CancelRun,
}


class CurrencyForm(Form):
    """Which currency."""

    currency = choice(BY_CODE)


class RuleForm(CurrencyForm):
    """What is to change in a currency, and why."""

    reason = text(REASON_MAX)


class CycleForm(RuleForm):
    """When trades settle, and what is held until then."""

    origin = choice(ORIGINS)
    days = Whole(0, DAYS_MAX, required=True)
    cover = text(8)


class AmountForm(RuleForm):
    """An amount, of the reserve or (with a member) of a credit line."""

    amount = text(24)
    member = PublicId("member", load_default=0)


class PenaltyForm(RuleForm):
    """What debts cost by the day, one step a line."""

    steps = text(400)


class TaxForm(Form):
    """The rates of tax, by kind, and why they change."""

    reason = text(REASON_MAX)


class ReasonForm(Form):
    """Why."""

    reason = text(REASON_MAX)


class DecisionForm(Form):
    """Whether it is carried out."""

    step = choice(["approve", "reject"])


@staff.bp.get("/netting")
@needs(*STAFF)
def netting() -> ResponseReturnValue:
    """Show what is due, the runs, the debts and the rules."""
    with services().reads.connect() as db:
        found = settling.preview(db, clock.now_us())
        page, debts = settling.runs_of(db, before()), settling.debts(db)
        lines, waiting = settling.credit_lines(db), settling.waiting(db)
        parties = {p.member for one in found for p in one.lines}
        parties |= {row.member for row in (*debts, *lines)}
        by = {one.by_user for one in waiting} | {row.by_user for row in page.rows}
        return render_template(
            "staff/netting.html",
            previews=found,
            page=page,
            debts=debts,
            rules=settling.rules(db),
            lines=lines,
            reserves=settling.reserves(db),
            penalties=settling.tables_of_penalties(db),
            waiting=waiting,
            desk=DESK,
            origins=ORIGINS,
            kinds=KINDS,
            currencies=[(currency.code, currency.code) for currency in CURRENCIES],
            names=organisations.names(db, parties),
            who=users.names(db, by),
            now_us=clock.now_us(),
        )


@staff.bp.get("/netting/<run>")
@needs(*STAFF)
def netting_run(run: str) -> ResponseReturnValue:
    """Show one run: who froze and approved it, and what it comes to for whom."""
    number = ids.decode("run", run)
    with services().reads.connect() as db:
        found = settling.run(db, number)
        lines = settling.lines(db, number, place("after") or 0)
        by = {u for u in (found.by_user, found.approved_by, found.executed_by) if u}
        return render_template(
            "staff/run.html",
            run=found,
            lines=lines,
            desk=DESK,
            names=organisations.names(db, {line.member for line in lines}),
            who=users.names(db, by),
        )


@staff.bp.get("/netting/<run>/<member>")
@needs(*STAFF)
def run_statement(run: str, member: str) -> ResponseReturnValue:
    """Show the trades behind one member's position in a run."""
    return _statement(
        "staff/run_statement.html", run, ids.decode("member", member)
    )  # fmt: skip


@staff.bp.post("/netting/runs")
@needs(*DESK)
@again(netting)
def freeze_run() -> ResponseReturnValue:
    """Freeze what is due in a currency into a run."""
    currency = BY_CODE[read(CurrencyForm())["currency"]].asset
    number = services().gateway.submit(FreezeRun(me().id, currency)).result
    flash(gettext("Frozen. Another person approves it."), "success")
    return _to_run(number)


@staff.bp.post("/netting/<run>/<any(approve, execute, cancel):step>")
@needs(*DESK)
@again(netting_run)
def step_run(run: str, step: str) -> ResponseReturnValue:
    """Approve, execute or give up a run."""
    number = ids.decode("run", run)
    services().gateway.submit(STEPS[step](me().id, number))
    flash(gettext("Done and recorded."), "success")
    return _to_run(number)


@staff.bp.post("/netting/cycles")
@needs(*DESK)
@again(netting)
def propose_cycle() -> ResponseReturnValue:
    """Propose when trades of a currency and way of trading settle."""
    typed = read(CycleForm())
    asset, cover = BY_CODE[typed["currency"]].asset, rate_of(typed["cover"], BPS)
    values = asset, typed["origin"], typed["days"], cover
    return _propose("SetCycle", values, typed["reason"])


@staff.bp.post("/netting/credit")
@needs(*DESK)
@again(netting)
def propose_credit() -> ResponseReturnValue:
    """Propose how much a member may owe."""
    typed = read(AmountForm())
    much, asset = amount(typed, "amount", typed["currency"]), _asset(typed)
    return _propose("SetCredit", (typed["member"], asset, much), typed["reason"])


@staff.bp.post("/netting/reserve")
@needs(*DESK)
@again(netting)
def propose_reserve() -> ResponseReturnValue:
    """Propose how large the house's reserve is."""
    typed = read(AmountForm())
    much = amount(typed, "amount", typed["currency"])
    return _propose("SetReserve", (_asset(typed), much), typed["reason"])


@staff.bp.post("/netting/penalties")
@needs(*DESK)
@again(netting)
def propose_penalties() -> ResponseReturnValue:
    """Propose what debts cost by the day."""
    typed = read(PenaltyForm())
    steps = []
    for line in typed["steps"].splitlines():
        day, _, percent = line.partition(",")
        if not (day.strip().isascii() and day.strip().isdigit()):
            raise Invalid({"steps": [NOT_STEPS]})
        steps.append((int(day), rate_of(percent)))
    return _propose("SetPenalties", (_asset(typed), tuple(steps)), typed["reason"])


@staff.bp.post("/netting/taxes")
@needs(*DESK)
@again(netting)
def propose_taxes() -> ResponseReturnValue:
    """Propose the rates of tax."""
    reason = read(TaxForm())["reason"]
    rates = tuple((kind, rate_of(request.form.get(kind, ""))) for kind in KINDS)
    return _propose("SetTaxes", (rates,), reason)


@staff.bp.post("/netting/debts/<fail>")
@needs(*DESK)
@again(netting)
def propose_default(fail: str) -> ResponseReturnValue:
    """Propose to unwind what a debtor did not pay."""
    reason = read(ReasonForm())["reason"]
    return _propose("WriteOff", (ids.decode("fail", fail),), reason)


@staff.bp.post("/netting/decisions/<proposal>")
@needs(*DESK)
@again(netting)
def decide_rule(proposal: str) -> ResponseReturnValue:
    """Carry a change or a default out, or turn it down."""
    number, step = ids.decode("proposal", proposal), read(DecisionForm())["step"]
    with services().reads.connect() as db:
        board.check_kind(db, number, *settling.RULES)
    services().gateway.submit(Decide(me().id, number, step == "approve"))
    flash(gettext("Decided."), "success")
    return redirect(url_for("staff.netting"), HTTPStatus.SEE_OTHER)


def _propose(kind: str, values: tuple[Any, ...], reason: str) -> ResponseReturnValue:
    services().gateway.submit(Propose(me().id, kind, values, reason))
    flash(gettext("Proposed; another person decides it."), "success")
    return redirect(url_for("staff.netting"), HTTPStatus.SEE_OTHER)


def _asset(typed: dict[str, Any]) -> int:
    return BY_CODE[typed["currency"]].asset


def _to_run(number: int) -> ResponseReturnValue:
    address = url_for("staff.netting_run", run=ids.encode("run", number))
    return redirect(address, HTTPStatus.SEE_OTHER)


@cash.bp.get("/runs")
@needs()
def runs() -> ResponseReturnValue:
    """Show the member's positions in runs, its debts, and what is still to come."""
    member = me().member
    with services().reads.connect() as db:
        return render_template(
            "cash/runs.html",
            page=settling.lines_of(db, member, before()),
            debts=settling.debts(db, member),
            waiting=settling.waiting_of(db, member),
        )


@cash.bp.get("/runs/<run>")
@needs()
def statement_of_run(run: str) -> ResponseReturnValue:
    """Show the trades behind the member's position in a run."""
    return _statement("cash/run.html", run, me().member)


@cash.bp.post("/debts/<fail>/pay")
@needs("buyer", "vendor")
@again(runs)
def pay_debt(fail: str) -> ResponseReturnValue:
    """Pay a debt of the member's with its penalty."""
    number = ids.decode("fail", fail)
    services().gateway.submit(PayDebt(me().id, me().member, number))
    flash(gettext("Paid. The rights that waited for it are in force."), "success")
    return redirect(url_for("cash.runs"), HTTPStatus.SEE_OTHER)


def _statement(template: str, run: str, member: int) -> ResponseReturnValue:
    number = ids.decode("run", run)
    with services().reads.connect() as db:
        line = settling.line_of(db, number, member)
        page = settling.trades_of(db, number, member, before())
        parties = {p for row in page.rows for p in (row.buyer, row.seller)}
        return render_template(
            template,
            line=line,
            page=page,
            member=member,
            names=organisations.names(db, parties | {member}),
        )
