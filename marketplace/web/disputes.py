"""Disputes and refunds: the parties' pages, and the settlement desk's queue."""

from http import HTTPStatus

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from marketplace.members import organisations, users
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import board, claims
from marketplace.trading.commands import Command
from marketplace.trading.control import Decide, Propose
from marketplace.trading.objecting import (
    AgreeDispute,
    AnswerDispute,
    OfferRefund,
    OpenDispute,
    ResolveDispute,
    ReturnSale,
    WithdrawDispute,
)
from marketplace.web import orders, staff
from marketplace.web.forms import Form, again, amount, choice, read, text
from marketplace.web.layout import before
from settlement import clock, ids
from settlement.disputes import NOTE_MAX, REASONS
from settlement.money import BY_ASSET

DECIDERS = ("settlement_officer", "settlement_approver")


class ObjectionForm(Form):
    """Why the buyer objects, with the evidence in words."""

    reason = choice(REASONS)
    note = text(NOTE_MAX)


class AnswerForm(Form):
    """What the vendor says, and how much it would give back."""

    note = text(NOTE_MAX)
    offer = text(24, needed=False)


class RefundForm(Form):
    """How much goes back, and why."""

    refund = text(24)
    why = text(NOTE_MAX)


class DecisionForm(Form):
    """Whether a decision is carried out."""

    step = choice(["approve", "reject"])


@orders.bp.get("/disputes")
@needs()
def mine() -> ResponseReturnValue:
    """Show the disputes that the member is a party to."""
    with services().reads.connect() as db:
        page = claims.of_member(db, me().member, before())
        parties = {row.buyer for row in page.rows} | {row.seller for row in page.rows}
        return render_template(
            "orders/disputes.html",
            page=page,
            names=organisations.names(db, parties),
            now_us=clock.now_us(),
        )


@orders.bp.get("/disputes/<dispute>")
@needs()
def dispute(dispute: str) -> ResponseReturnValue:
    """Show one dispute: what each side said, until when, and the next step."""
    with services().reads.connect() as db:
        found = claims.dispute(db, ids.decode("dispute", dispute), me().member)
        return render_template(
            "orders/dispute.html",
            dispute=found,
            names=organisations.names(db, (found.buyer, found.seller)),
            deliveries=claims.deliveries(db, found.trade),
            decision=claims.reason_of(db, found.ended_seq),
            now_us=clock.now_us(),
        )


@orders.bp.post("/trades/<trade>/dispute")
@needs("buyer", "vendor")
@again(orders.contract)
def object_(trade: str) -> ResponseReturnValue:
    """Object to what was delivered; the money stands still from now on."""
    typed, number = read(ObjectionForm()), ids.decode("trade", trade)
    command = OpenDispute(me().id, me().member, number, **typed)
    made = services().gateway.submit(command).result
    flash(gettext("The money stands still until it is decided."), "success")
    return _to(made)


@orders.bp.post("/disputes/<dispute>/answer")
@needs("vendor")
@again(dispute)
def answer(dispute: str) -> ResponseReturnValue:
    """Answer an objection, with an offer if there is one."""
    typed, number = read(AnswerForm()), ids.decode("dispute", dispute)
    offer = 0
    if typed["offer"]:
        with services().reads.connect() as db:
            found = claims.dispute(db, number, me().member)
        offer = amount(typed, "offer", BY_ASSET[found.currency].code)
    return _step(
        AnswerDispute(me().id, me().member, number, typed["note"], offer), number
    )  # fmt: skip


@orders.bp.post("/disputes/<dispute>/agree")
@needs("buyer", "vendor")
@again(dispute)
def agree(dispute: str) -> ResponseReturnValue:
    """End it by agreement."""
    number = ids.decode("dispute", dispute)
    return _step(AgreeDispute(me().id, me().member, number), number)


@orders.bp.post("/disputes/<dispute>/withdraw")
@needs("buyer", "vendor")
@again(dispute)
def withdraw(dispute: str) -> ResponseReturnValue:
    """Withdraw the member's own objection."""
    number = ids.decode("dispute", dispute)
    return _step(WithdrawDispute(me().id, me().member, number), number)


def _step(command: Command, number: int) -> ResponseReturnValue:
    services().gateway.submit(command)
    flash(gettext("Done and recorded."), "success")
    return _to(number)


def _to(number: int) -> ResponseReturnValue:
    address = url_for("orders.dispute", dispute=ids.encode("dispute", number))
    return redirect(address, HTTPStatus.SEE_OTHER)


@orders.bp.post("/trades/<trade>/return")
@needs("vendor")
@again(orders.contract)
def give_back(trade: str) -> ResponseReturnValue:
    """Give back what waits in escrow of the vendor's own sale."""
    command = ReturnSale(me().id, me().member, ids.decode("trade", trade))
    services().gateway.submit(command)
    flash(gettext("Given back to the buyer."), "success")
    return redirect(url_for("orders.contract", trade=trade), HTTPStatus.SEE_OTHER)


@orders.bp.post("/trades/<trade>/refund")
@needs("vendor")
@again(orders.contract)
def refund(trade: str) -> ResponseReturnValue:
    """Offer a refund of a settled sale to the exchange's approval."""
    typed = read(RefundForm())
    with services().reads.connect() as db:
        sale = claims.sale(db, ids.decode("trade", trade), me().member)
    back = amount(typed, "refund", BY_ASSET[sale.currency].code)
    command = OfferRefund(me().id, me().member, sale, back, typed["why"])
    services().gateway.submit(command)
    flash(gettext("Offered: it is paid once the exchange approves it."), "success")
    return redirect(url_for("orders.contract", trade=trade), HTTPStatus.SEE_OTHER)


@staff.bp.get("/disputes")
@needs(*STAFF)
def disputes() -> ResponseReturnValue:
    """Show the disputes under way, and what waits for a second person."""
    with services().reads.connect() as db:
        rows, waiting = claims.queue(db), claims.decisions(db)
        parties = {row.buyer for row in rows} | {row.seller for row in rows}
        return render_template(
            "staff/disputes.html",
            rows=rows,
            waiting=waiting,
            deciders=DECIDERS,
            names=organisations.names(db, parties),
            who=users.names(db, {one.by_user for one in waiting}),
            proposed={one.dispute for one in waiting},
            now_us=clock.now_us(),
        )


@staff.bp.get("/disputes/<dispute>")
@needs(*STAFF)
def case(dispute: str) -> ResponseReturnValue:
    """Show one dispute with its evidence, and let one of the desk propose."""
    number = ids.decode("dispute", dispute)
    with services().reads.connect() as db:
        found, waiting = claims.dispute(db, number), claims.decisions(db, number)
        return render_template(
            "staff/dispute.html",
            dispute=found,
            waiting=waiting,
            deciders=DECIDERS,
            names=organisations.names(db, (found.buyer, found.seller)),
            who=users.names(db, {one.by_user for one in waiting}),
            deliveries=claims.deliveries(db, found.trade),
            decision=claims.reason_of(db, found.ended_seq),
            now_us=clock.now_us(),
        )


@staff.bp.post("/disputes/<dispute>/resolution")
@needs(*DECIDERS)
@again(case)
def resolve(dispute: str) -> ResponseReturnValue:
    """Propose a decision; another person carries it out."""
    typed, number = read(RefundForm()), ids.decode("dispute", dispute)
    with services().reads.connect() as db:
        found = claims.dispute(db, number)
    back = amount(typed, "refund", BY_ASSET[found.currency].code)
    command = Propose(
        me().id, ResolveDispute.__name__, (number, back), typed["why"]
    )  # fmt: skip
    services().gateway.submit(command)
    flash(gettext("Proposed; another person decides it."), "success")
    return redirect(url_for("staff.case", dispute=dispute), HTTPStatus.SEE_OTHER)


@staff.bp.post("/decisions/<proposal>")
@needs(*DECIDERS)
@again(disputes)
def decide_claim(proposal: str) -> ResponseReturnValue:
    """Carry a decision or a refund out, or turn it down."""
    number, step = ids.decode("proposal", proposal), read(DecisionForm())["step"]
    with services().reads.connect() as db:
        board.check_kind(db, number, *claims.KINDS)
    services().gateway.submit(Decide(me().id, number, step == "approve"))
    flash(gettext("Decided."), "success")
    return redirect(url_for("staff.disputes"), HTTPStatus.SEE_OTHER)
