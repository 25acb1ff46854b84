"""Certificates of trades and deliveries: for their parties; anybody verifies them."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace import credentials
from marketplace.evidencepack import pack
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web.certificates import attached, bp
from settlement import ids


@bp.get("/certificates/trades/<trade>")
def trade_status(trade: str) -> ResponseReturnValue:
    """Show whether the certificate of a trade is in force: its QR code leads here.

    Neither the parties nor the price: those show who has the certificate.
    """
    number = ids.decode("trade", trade)
    with services().reads.connect() as db:
        found = credentials.status(db, number)
    return render_template(
        "certificates/trade.html", number=number, status=found, told=None, kind="trade"
    )


@bp.get("/certificates/trades/<trade>/<kind>.pdf")
@needs()
def trade_pdf(trade: str, kind: str) -> ResponseReturnValue:
    """Give a party the certificate of its trade, or of the delivery, as PDF."""
    number = ids.decode("trade", trade)
    said = credentials.certified(services(), kind, number, me().member)
    body = credentials.printed(said, _address(number))
    return attached(body, "application/pdf", f"{trade}-{kind}.pdf")


@bp.get("/certificates/trades/<trade>/<kind>.sd-jwt")
@needs()
def trade_token(trade: str, kind: str) -> ResponseReturnValue:
    """Give it as SD-JWT VC that shows the parts in *show* alone."""
    number = ids.decode("trade", trade)
    said = credentials.certified(services(), kind, number, me().member)
    issuer = url_for("home.show", _external=True)
    shown = request.args.getlist("show")
    made = credentials.token(services(), said, issuer, shown)
    return attached(made.encode(), "application/dc+sd-jwt", f"{trade}-{kind}.sd-jwt")


@bp.get("/certificates/trades/<trade>/evidence.zip")
@needs()
def evidence_pack(trade: str) -> ResponseReturnValue:
    """Give a party all that proves its trade, in one ZIP."""
    number = ids.decode("trade", trade)
    issuer = url_for("home.show", _external=True)
    made = pack(services(), number, me().member, issuer, _address(number))
    return attached(made, "application/zip", f"{trade}-evidence.zip")


def _address(trade: int) -> str:
    number = ids.encode("trade", trade)
    return url_for("certificates.trade_status", trade=number, _external=True)
