"""The yearly disclosure of public data, as a page and as files."""

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from listings.publicdata import MODES, SOURCE_KINDS, USE_CLASSES
from marketplace.pricing import disclosure
from marketplace.pricing.dispersion import month_of
from marketplace.services import services
from marketplace.spreadsheet import XLSX, as_csv, as_workbook
from settlement import clock

bp = Blueprint("disclosure", __name__, url_prefix="/disclosure")


@bp.get("/")
def newest() -> ResponseReturnValue:
    """Show the disclosure of the present year."""
    return show(_present())


def _present() -> int:
    return int(month_of(clock.now_us())[:4])


@bp.get("/<int:year>")
def show(year: int) -> ResponseReturnValue:
    """Show authorisations, products, ceilings and what was paid in *year*."""
    with services().reads.connect() as db:
        return render_template(
            "disclosure/year.html",
            year=year,
            present=_present(),
            rows=disclosure.of_year(db, year),
            modes=MODES,
            kinds=SOURCE_KINDS,
            classes=USE_CLASSES,
        )


@bp.get("/<int:year>.csv")
def csv(year: int) -> ResponseReturnValue:
    """Give the disclosure as CSV."""
    with services().reads.connect() as db:
        rows = disclosure.table(disclosure.of_year(db, year))
    return _file(as_csv(disclosure.COLUMNS, rows), "text/csv", f"{year}.csv")


@bp.get("/<int:year>.xlsx")
def xlsx(year: int) -> ResponseReturnValue:
    """Give the disclosure as a workbook."""
    with services().reads.connect() as db:
        rows = disclosure.table(disclosure.of_year(db, year))
    return _file(as_workbook(disclosure.COLUMNS, rows), XLSX, f"{year}.xlsx")


def _file(body: str | bytes, kind: str, name: str) -> Response:
    answer = Response(body, mimetype=kind)
    disposition = f"attachment; filename=public-data-{name}"
    answer.headers["Content-Disposition"] = disposition
    return answer
