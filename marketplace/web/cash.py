"""My cash: balances, every move of money, paying in and out."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me, require_fresh
from marketplace.payments import checkouts, payees, starting, withheld
from marketplace.services import services
from marketplace.trading.carding import RequestCardPayin
from marketplace.trading.cashing import CancelPayout, RequestPayin, RequestPayout
from marketplace.trading.gateway import KEY_LENGTH_MAX
from marketplace.trading.paying import TEXT_MAX
from marketplace.web.forms import Form, again, amount, choice, read, text
from marketplace.web.layout import before
from settlement import clock, ids, moves, statements
from settlement.money import BY_CODE, CURRENCIES
from settlement.payments.bank import reference_of
from settlement.payments.cards import CARD_MAX, RESERVE_DAYS

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


class CardForm(OnceForm):
    """How much is paid by card."""

    card_currency = choice(BY_CODE)
    card_amount = text(24)


class PayoutForm(OnceForm):
    """How much goes out, to which account."""

    payout_currency = choice(BY_CODE)
    payout_amount = text(24)
    destination = text(TEXT_MAX, needed=False)  # while there is no account on file


class AccountForm(Form):
    """Where payouts go."""

    holder = text(payees.HOLDER_MAX)
    number = text(payees.NUMBER_MAX)
    bank = text(payees.BANK_MAX)


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
            owed=statements.owed(db, member),
            cards=services().cards is not None,
            card_max=CARD_MAX,
            reserve_days=RESERVE_DAYS,
            held_back=withheld.of_member(db, member),
            account=payees.current(db, member),
            next_account=payees.pending(db, member),
            delay_hours=payees.DELAY_US // clock.HOUR_US,
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


@bp.post("/cards")
@needs("buyer", "vendor")
@again(show)
def pay_by_card() -> ResponseReturnValue:
    """Begin a pay-in by card; the next page leads to the provider's."""
    typed = read(CardForm())
    minor = amount(typed, "card_amount", typed["card_currency"])
    asset = BY_CODE[typed["card_currency"]].asset
    number = starting.begin(
        services(), RequestCardPayin(me().id, me().member, asset, minor),
        typed["key"] or None, _page_of,
    )  # fmt: skip
    return redirect(_page_of(number, external=False), HTTPStatus.SEE_OTHER)


@bp.get("/payins/<payin>")
@needs()
def payin(payin: str) -> ResponseReturnValue:
    """Show one pay-in: what is still to do, what happened when."""
    number = ids.decode("payin", payin)
    with services().reads.connect() as db:
        return render_template(
            "cash/payin.html",
            payin=statements.payin(db, number, me().member),
            card=statements.card(db, number),
            checkout=checkouts.find(db, number),
            arrivals=statements.arrivals_of(db, "payin", number),
            reference=reference_of(number),
        )


@bp.post("/payins/<payin>/again")
@needs("buyer", "vendor")
@again(payin)
def ask_again(payin: str) -> ResponseReturnValue:
    """Ask the provider again for the page that did not come; never for a second one."""
    number = ids.decode("payin", payin)
    with services().reads.connect() as db:
        statements.payin(db, number, me().member)
    starting.resume(services(), number)
    return redirect(_page_of(number, external=False), HTTPStatus.SEE_OTHER)


def _page_of(number: int, *, external: bool = True) -> str:
    encoded = ids.encode("payin", number)
    return url_for("cash.payin", payin=encoded, _external=external)


@bp.post("/payouts")
@needs("buyer", "vendor")
@again(show)
def pay_out() -> ResponseReturnValue:
    """Ask for money out; it is held from now on."""
    require_fresh()
    typed = read(PayoutForm())
    with services().reads.connect() as db:
        account = payees.current(db, me().member)
    there = typed["destination"] if account is None else payees.text_of(account)
    minor = amount(typed, "payout_amount", typed["payout_currency"])
    asset = BY_CODE[typed["payout_currency"]].asset
    services().gateway.submit(
        RequestPayout(me().id, me().member, asset, minor, there),
        typed["key"] or None,
    )
    flash(
        gettext("Requested. The money is held until it is paid or given back."),
        "success",
    )
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)


@bp.post("/payout-account")
@needs("buyer", "vendor")
@again(show)
def change_account() -> ResponseReturnValue:
    """Set where payouts go; a change counts after its delay."""
    require_fresh()
    typed = read(AccountForm())
    with services().writes.begin() as db:
        payees.change(db, me().member, me().id, **typed)
    flash(gettext("Set. Everybody at your organisation is told."), "success")
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)


@bp.post("/payout-account/stop")
@needs("buyer", "vendor")
@again(show)
def stop_account() -> ResponseReturnValue:
    """Stop a change of the account that does not count yet."""
    with services().writes.begin() as db:
        payees.stop(db, me().member)
    flash(gettext("Stopped; payouts go where they went."), "success")
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
