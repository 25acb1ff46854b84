"""My orders: what waits, what became of the others, cancel and reduce; my trades."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import reads
from marketplace.trading.commands import CancelAll, CancelOrder, ReduceOrder
from marketplace.trading.orders import QUANTITY_MAX
from marketplace.web.forms import Form, Whole, again, read
from marketplace.web.layout import before
from settlement import ids, statements

bp = Blueprint("orders", __name__, url_prefix="/orders")
LIVE_MAX = 100  # shown on one page
PAST = 20


class ReduceForm(Form):
    """By how much."""

    quantity = Whole(1, QUANTITY_MAX, required=True)


@bp.get("/")
@needs()
def show() -> ResponseReturnValue:
    """Show the member's waiting orders and, page by page, all of them."""
    with services().reads.connect() as db:
        return render_template(
            "orders/orders.html",
            live=reads.orders_of(db, me().member, limit=LIVE_MAX, live=True),
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
            terms=statements.terms(db, agreed.terms),
            names=organisations.names(db, (mine.buyer, mine.seller)),
        )


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


@bp.post("/cancel")
@needs("buyer", "vendor")
@again(show)
def cancel_all() -> ResponseReturnValue:
    """Cancel every waiting order of the member."""
    number = services().gateway.submit(CancelAll(me().id, me().member)).result
    flash(gettext("Orders cancelled: %(number)s.", number=number), "success")
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)
