"""Specification sheets: a product's page of facts, also on paper in both languages."""

from flask import Blueprint, Response, render_template, url_for
from flask.typing import ResponseReturnValue

from marketplace import sheets
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.sheets import Sheet
from settlement import ids

bp = Blueprint("sheets", __name__)


@bp.get("/listings/<product>/sheet")
def show(product: str) -> ResponseReturnValue:
    """Show the specification sheet of a registered product."""
    return render_template("listings/sheet.html", sheet=_sheet(product))


@bp.get("/listings/<product>/sheet/pdf")
def printed(product: str) -> ResponseReturnValue:
    """Give the sheet as PDF."""
    address = url_for(".show", product=product, _external=True)
    answer = Response(
        sheets.printed(_sheet(product), address), mimetype="application/pdf"
    )
    name = f"{product}-sheet.pdf"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _sheet(product: str) -> Sheet:
    with services().reads.connect() as db:
        return sheets.sheet(db, ids.decode("product", product), me())
