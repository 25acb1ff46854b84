"""My orders: what waits, what became of the others, cancel and reduce; my trades."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from marketplace.community import blind, buyers
from marketplace.community.buyers import Marks
from marketplace.community.ratings import BEST, TEXT_MAX
from marketplace.contracts import drafts
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.pricing import quotes
from marketplace.services import services
from marketplace.trading import board, claims, mistakes, pending, proceeds, reads
from marketplace.trading.commands import (
    CancelAll,
    CancelOrder,
    ReduceOrder,
    ReplaceOrder,
)
from marketplace.trading.control import AllowTrading, StopTrading
from marketplace.trading.orders import QUANTITY_MAX
from marketplace.trading.rights import REASON_MAX
from marketplace.trading.stops import OWN
from marketplace.web.forms import Form, Whole, again, amount, read, text
from marketplace.web.layout import before
from settlement import clock, ids, statements
from settlement.disputes import REASONS
from settlement.money import BY_ASSET

bp = Blueprint("orders", __name__, url_prefix="/orders")
LIVE_MAX = 100  # shown on one page
PAST = 20


class ReduceForm(Form):
    """By how much."""

    quantity = Whole(1, QUANTITY_MAX, required=True)


class MarksForm(Form):
    """What a vendor thinks of a buyer."""

    clarity = Whole(1, BEST, required=True)
    conduct = Whole(1, BEST, required=True)
    text = text(TEXT_MAX, needed=False)


class ReplaceForm(Form):
    """What the order is to be from now on."""

    price = text(24)
    quantity = Whole(1, QUANTITY_MAX, required=True)


class StopForm(Form):
    """Why the member stops its trading."""

    reason = text(REASON_MAX)


@bp.get("/")
@needs()
def show() -> ResponseReturnValue:
    """Show the member's waiting orders and, page by page, all of them."""
    with services().reads.connect() as db:
        return render_template(
            "orders/orders.html",
            live=reads.orders_of(db, me().member, limit=LIVE_MAX, live=True),
            stop=board.own_stop(db, me().member),
            past=reads.orders_of(db, me().member, before(), PAST),
        )


@bp.get("/trades")
@needs()
def trades() -> ResponseReturnValue:
    """Show the member's trades, on either side."""
    with services().reads.connect() as db:
        page = reads.trades_of(db, me().member, before(), PAST)
        parties = {row.seller if row.side == "buy" else row.buyer for row in page.rows}
        return render_template(
            "orders/trades.html",
            page=page,
            waiting=pending.of_buyer(db, me().member),
            names=organisations.names(db, parties),
        )


@bp.get("/trades/<trade>")
@needs()
def contract(trade: str) -> ResponseReturnValue:
    """Show what was agreed in one of the member's trades, as it was frozen."""
    with services().reads.connect() as db:
        mine = reads.trade(db, ids.decode("trade", trade), me().member)
        agreed = statements.contract(db, mine.id)
        return render_template(
            "orders/contract.html",
            trade=mine,
            contract=agreed,
            agreed=quotes.of_trade(db, mine.id, me().member),
            paper=drafts.of_trade(db, mine.id),
            escrow=pending.of_trade(db, mine.id),
            dispute=claims.of_trade(db, mine.id),
            refunds=claims.refunds_of(db, mine.id),
            busts=mistakes.busts_of(db, mine.id),
            questioned=bool(mistakes.questions(db, mine.id)),
            shares=(shared := proceeds.of_trade(db, mine.id, me().member)),
            tax=proceeds.tax_lines(db, mine.id),
            reasons=REASONS,
            terms=statements.terms(db, agreed.terms),
            names=organisations.names(
                db, (mine.buyer, mine.seller, *(row.party for row in shared))
            ),
            told=buyers.spoken(db, mine.id),
            standing=buyers.standing(db, mine.buyer),
            window_days=blind.WINDOW_DAYS,
            now_us=clock.now_us(),
        )


@bp.post("/trades/<trade>/buyer")
@needs("vendor")
@again(contract)
def rate_buyer(trade: str) -> ResponseReturnValue:
    """Rate the buyer of a settled sale of the member's own."""
    typed = read(MarksForm())
    marks = Marks(typed["clarity"], typed["conduct"])
    with services().writes.begin() as db:
        buyers.rate(db, ids.decode("trade", trade), marks, typed["text"], me())
    flash(gettext("Kept. It is shown when both sides have spoken."), "success")
    address = url_for(".contract", trade=trade, _anchor="reviews")
    return redirect(address, HTTPStatus.SEE_OTHER)


@bp.get("/<order>")
@needs()
def one(order: str) -> ResponseReturnValue:
    """Show one order and the trades that filled it; after placing, what happened."""
    with services().reads.connect() as db:
        found = reads.order(db, ids.decode("order", order), me().member)
        return render_template(
            "orders/order.html",
            order=found,
            trades=reads.trades_of_order(db, found.id),
            placed="placed" in request.args,
        )


@bp.post("/<order>/cancel")
@needs("buyer", "vendor")
@again(one)
def cancel(order: str) -> ResponseReturnValue:
    """Cancel what is left of an order."""
    command = CancelOrder(me().id, me().member, ids.decode("order", order))
    left = services().gateway.submit(command).result
    flash(gettext("Cancelled; units given back: %(number)s.", number=left), "success")
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)


@bp.post("/<order>/reduce")
@needs("buyer", "vendor")
@again(one)
def reduce(order: str) -> ResponseReturnValue:
    """Reduce an order; it keeps its place in the queue."""
    number, by = ids.decode("order", order), read(ReduceForm())["quantity"]
    left = services().gateway.submit(ReduceOrder(me().id, me().member, number, by))
    flash(gettext("Reduced; still waiting: %(number)s.", number=left.result), "success")
    return redirect(url_for(".one", order=order), HTTPStatus.SEE_OTHER)


@bp.post("/<order>/replace")
@needs("buyer", "vendor")
@again(one)
def replace(order: str) -> ResponseReturnValue:
    """Give an order another price or quantity, at once or not at all."""
    typed, number = read(ReplaceForm()), ids.decode("order", order)
    with services().reads.connect() as db:
        old = reads.order(db, number, me().member)
    price = amount(typed, "price", BY_ASSET[old.currency].code)
    command = ReplaceOrder(me().id, me().member, number, price, typed["quantity"])
    placed = services().gateway.submit(command).result
    address = url_for(".one", order=ids.encode("order", placed.order), placed=1)
    return redirect(address, HTTPStatus.SEE_OTHER)


@bp.post("/stop")
@needs("buyer", "vendor")
@again(show)
def stop() -> ResponseReturnValue:
    """Cancel all orders of the member and take no more: its own kill switch."""
    reason = read(StopForm())["reason"]
    command = StopTrading(me().id, me().member, True, reason, OWN)
    number = services().gateway.submit(command).result
    flash(gettext("Stopped. Orders cancelled: %(number)s.", number=number), "info")
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)


@bp.post("/stop/end")
@needs("buyer", "vendor")
@again(show)
def allow() -> ResponseReturnValue:
    """Take the member's orders again; another of its users decides it."""
    services().gateway.submit(AllowTrading(me().id, me().member, OWN))
    flash(gettext("Orders are taken again."), "success")
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)


@bp.post("/cancel")
@needs("buyer", "vendor")
@again(show)
def cancel_all() -> ResponseReturnValue:
    """Cancel every waiting order of the member."""
    number = services().gateway.submit(CancelAll(me().id, me().member)).result
    flash(gettext("Orders cancelled: %(number)s.", number=number), "success")
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)
