"""The staff desk's erroneous trades: questioned by one, decided by another."""

from http import HTTPStatus

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from marketplace.control import BUSTERS
from marketplace.members import organisations, users
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import board, mistakes
from marketplace.trading.control import Decide
from marketplace.trading.questioning import QuestionTrade
from marketplace.trading.rights import REASON_MAX
from marketplace.web.forms import Form, again, amount, choice, read, text
from marketplace.web.staff import bp, trades
from settlement import clock, ids
from settlement.money import BY_ASSET


class QuestionForm(Form):
    """The right price, empty to bust the trade, and why."""

    price = text(24, needed=False)
    reason = text(REASON_MAX)


class DecisionForm(Form):
    """Whether it is carried out."""

    step = choice(["approve", "reject"])


@bp.get("/trades/<trade>")
@needs(*STAFF)
def trade(trade: str) -> ResponseReturnValue:
    """Show one trade, what was done to it, and the form to question it."""
    number = ids.decode("trade", trade)
    with services().reads.connect() as db:
        found = mistakes.trade(db, number)
        questions = mistakes.questions(db, number)
        return render_template(
            "staff/trade.html",
            trade=found,
            earlier=mistakes.earlier(db, found),
            questions=questions,
            busts=mistakes.busts_of(db, number),
            until_us=mistakes.until_us(db, found.at_us),
            now_us=clock.now_us(),
            busters=BUSTERS,
            names=organisations.names(db, (found.buyer, found.seller)),
            who=users.names(db, {one.by_user for one in questions}),
        )


@bp.post("/trades/<trade>/question")
@needs(*BUSTERS)
@again(trade)
def question_trade(trade: str) -> ResponseReturnValue:
    """Propose to bust a trade, or to adjust its price; another person decides."""
    typed, number = read(QuestionForm()), ids.decode("trade", trade)
    with services().reads.connect() as db:
        struck = mistakes.struck_trade(db, number)
    price = None
    if typed["price"]:
        price = amount(typed, "price", BY_ASSET[struck.currency].code)
    services().gateway.submit(QuestionTrade(me().id, struck, price, typed["reason"]))
    flash(gettext("Proposed; another person decides it."), "success")
    return _to(number)


@bp.post("/trades/questions/<proposal>")
@needs(*BUSTERS)
@again(trades)
def decide_question(proposal: str) -> ResponseReturnValue:
    """Carry a bust or an adjustment out, or turn it down."""
    number, step = ids.decode("proposal", proposal), read(DecisionForm())["step"]
    with services().reads.connect() as db:
        board.check_kind(db, number, *mistakes.KINDS)
    services().gateway.submit(Decide(me().id, number, step == "approve"))
    flash(gettext("Decided."), "success")
    return redirect(url_for("staff.trades"), HTTPStatus.SEE_OTHER)


def _to(number: int) -> ResponseReturnValue:
    address = url_for("staff.trade", trade=ids.encode("trade", number))
    return redirect(address, HTTPStatus.SEE_OTHER)
