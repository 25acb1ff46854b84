"""The help on money: how it comes in and goes out, and what a chargeback does."""

from flask import render_template
from flask.typing import ResponseReturnValue

from marketplace.members.roles import NAMES
from marketplace.web.guide import bp
from settlement.corrections import LIMITS
from settlement.payments.cards import CARD_MAX, RESERVE_DAYS


@bp.get("/money")
def money() -> ResponseReturnValue:
    """Show how money comes in and goes out, and what a chargeback does."""
    return render_template(
        "help/money.html",
        card_max=CARD_MAX,
        reserve_days=RESERVE_DAYS,
        limits=LIMITS,
        role_names=NAMES,
    )
