"""My cash: balances, every move of money, paying in and out."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading.cashing import CancelPayout, RequestPayin, RequestPayout
from marketplace.trading.gateway import KEY_LENGTH_MAX
from marketplace.trading.paying import TEXT_MAX
from marketplace.web.forms import Form, again, amount, choice, read, text
from marketplace.web.layout import before
from settlement import ids, moves, statements
from settlement.money import BY_CODE, CURRENCIES

bp = Blueprint("cash", __name__, url_prefix="/cash")
RECENT = 10  # payins and payouts shown
MOVES = 20  # transfers of one page


class OnceForm(Form):
    """What happens once however often it is sent: the page gives each form a key."""

    key = text(KEY_LENGTH_MAX, needed=False)


class PayinForm(OnceForm):
    """How much is on its way, under which reference."""

    currency = choice(BY_CODE)
    amount = text(24)
    reference = text(TEXT_MAX)


class PayoutForm(OnceForm):
    """How much goes out, to which account."""

    payout_currency = choice(BY_CODE)
    payout_amount = text(24)
    destination = text(TEXT_MAX)


@bp.get("/")
@needs()
def show() -> ResponseReturnValue:
    """Show balances, transfers, payins and payouts of the member."""
    member = me().member
    with services().reads.connect() as db:
        page = moves.transfers_of(db, member, before(), MOVES)
        return render_template(
            "cash/cash.html",
            balances=statements.cash(db, member),
            moves=page,
            names=organisations.names(db, {move.other for move in page.rows}),
            payins=statements.payins_of(db, member, limit=RECENT),
            payouts=statements.payouts_of(db, member, limit=RECENT),
            currencies=[(currency.code, currency.code) for currency in CURRENCIES],
        )


@bp.post("/payins")
@needs("buyer", "vendor")
@again(show)
def pay_in() -> ResponseReturnValue:
    """Announce that money is on its way."""
    typed = read(PayinForm())
    minor = amount(typed, "amount", typed["currency"])
    asset = BY_CODE[typed["currency"]].asset
    services().gateway.submit(
        RequestPayin(me().id, me().member, asset, minor, typed["reference"]),
        typed["key"] or None,
    )
    flash(
        gettext("Announced. The money counts once its arrival is confirmed."), "success"
    )
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)


@bp.post("/payouts")
@needs("buyer", "vendor")
@again(show)
def pay_out() -> ResponseReturnValue:
    """Ask for money out; it is held from now on."""
    typed = read(PayoutForm())
    minor = amount(typed, "payout_amount", typed["payout_currency"])
    asset = BY_CODE[typed["payout_currency"]].asset
    services().gateway.submit(
        RequestPayout(me().id, me().member, asset, minor, typed["destination"]),
        typed["key"] or None,
    )
    flash(
        gettext("Requested. The money is held until it is paid or given back."),
        "success",
    )
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)


@bp.post("/payouts/<payout>/cancel")
@needs("buyer", "vendor")
@again(show)
def cancel_payout(payout: str) -> ResponseReturnValue:
    """Withdraw a payout that nobody has approved yet."""
    number = ids.decode("payout", payout)
    services().gateway.submit(CancelPayout(me().id, me().member, number))
    flash(gettext("Withdrawn; the money is free again."), "success")
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)
