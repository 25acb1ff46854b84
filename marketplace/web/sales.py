"""The vendor's desk: bids that wait for the vendor, and the buyers of its products."""

from flask import render_template
from flask.typing import ResponseReturnValue

from listings import catalogue
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import sales
from marketplace.web.layout import before
from marketplace.web.vendor import bp


@bp.get("/bids")
@needs("vendor")
def bids() -> ResponseReturnValue:
    """Show every bid that waits for the vendor, each with a way to sell to it."""
    with services().reads.connect() as db:
        page = sales.bids_on(db, me().member, before())
        return render_template(
            "vendor/bids.html",
            page=page,
            known=catalogue.traded(db, {row.instrument for row in page.rows}),
        )


@bp.get("/buyers")
@needs("vendor")
def buyers() -> ResponseReturnValue:
    """Show who holds rights to the vendor's products, for what and until when."""
    with services().reads.connect() as db:
        page = sales.rights_from(db, me().member, before())
        return render_template(
            "vendor/buyers.html",
            page=page,
            known=catalogue.traded(db, {row.instrument for row in page.rows}),
            names=organisations.names(db, {row.holder for row in page.rows}),
        )
