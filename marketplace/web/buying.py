"""What vendors offered to the member alone, and what it offered them."""

from flask import render_template
from flask.typing import ResponseReturnValue

from listings import catalogue
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.pricing import quotes
from marketplace.services import services
from marketplace.web.layout import before
from marketplace.web.orders import bp


@bp.get("/offers")
@needs("buyer", "vendor")
def offered() -> ResponseReturnValue:
    """Show quotes and personal prices in which the member buys, newest first."""
    with services().reads.connect() as db:
        page = quotes.of_member(db, me().member, before())
        return render_template(
            "orders/offers.html",
            page=page,
            known=catalogue.traded(db, {row.instrument for row in page.rows}),
            names=organisations.names(db, {row.vendor for row in page.rows}),
        )
