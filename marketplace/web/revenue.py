"""The allowed revenue of public data: for staff, and for whoever operates it."""

from http import HTTPStatus

from flask import Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from listings import publicdata
from marketplace.exporting import SHEETS
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.pricing import allowance
from marketplace.pricing.allowance import Account
from marketplace.services import services
from marketplace.web import staff, vendor
from marketplace.web.forms import Form, Whole, again, amount, choice, read, text
from settlement import ids
from settlement.money import BY_CODE, CURRENCIES

YEAR_MAX = 2_999


class AllowanceForm(Form):
    """The revenue allowed for a year, and by which document."""

    year = Whole(2_000, YEAR_MAX, required=True)
    currency = choice(BY_CODE)
    amount = text(24)
    basis = text(allowance.BASIS_MAX)


@staff.bp.get("/public-data/<authorisation>/revenue")
@needs(*STAFF)
def revenue(authorisation: str) -> ResponseReturnValue:
    """Show what an authorisation may take, took, and carries on, by year."""
    number = ids.decode("authorisation", authorisation)
    with services().reads.connect() as db:
        return render_template(
            "staff/revenue.html",
            row=publicdata.get(db, number),
            accounts=allowance.accounts(db, number),
            currencies=[(one.code, one.code) for one in CURRENCIES],
            suffixes=tuple(SHEETS),
        )


@staff.bp.post("/public-data/<authorisation>/revenue")
@needs("registrar")
@again(revenue)
def allow_revenue(authorisation: str) -> ResponseReturnValue:
    """Set the revenue allowed for a year; what was said before stays on record."""
    number, typed = ids.decode("authorisation", authorisation), read(AllowanceForm())
    much = amount(typed, "amount", typed["currency"])
    with services().writes.begin() as db:
        allowance.allow(
            db, number, typed["year"], typed["currency"], much, typed["basis"], me().id
        )
    flash(gettext("In force."), "success")
    where = url_for("staff.revenue", authorisation=authorisation)
    return redirect(where, HTTPStatus.SEE_OTHER)


@staff.bp.get("/public-data/<authorisation>/revenue.csv", defaults={"suffix": "csv"})
@staff.bp.get("/public-data/<authorisation>/revenue.xlsx", defaults={"suffix": "xlsx"})
@needs(*STAFF)
def revenue_file(authorisation: str, suffix: str) -> ResponseReturnValue:
    """Hand an authorisation's account out as a table; amounts in minor units."""
    number = ids.decode("authorisation", authorisation)
    with services().reads.connect() as db:
        return _file(allowance.accounts(db, number), suffix, authorisation)


@vendor.bp.get("/revenue")
@needs("vendor")
def own_revenue() -> ResponseReturnValue:
    """Show the accounts of the authorisations under which the vendor's products are."""
    with services().reads.connect() as db:
        rows = allowance.of_vendor(db, me().member)
        return render_template(
            "vendor/revenue.html",
            rows=rows,
            accounts={row.id: allowance.accounts(db, row.id) for row in rows},
            suffixes=tuple(SHEETS),
        )


@vendor.bp.get("/revenue.csv", defaults={"suffix": "csv"})
@vendor.bp.get("/revenue.xlsx", defaults={"suffix": "xlsx"})
@needs("vendor")
def own_revenue_file(suffix: str) -> ResponseReturnValue:
    """Hand these accounts out as a table; amounts in minor units."""
    with services().reads.connect() as db:
        rows = allowance.of_vendor(db, me().member)
        found = [one for row in rows for one in allowance.accounts(db, row.id)]
    return _file(found, suffix, ids.encode("member", me().member))


def _file(found: list[Account], suffix: str, name: str) -> Response:
    sheet = SHEETS[suffix]
    content = sheet.write(allowance.COLUMNS, allowance.table(found))
    answer = Response(content, mimetype=sheet.media_type)
    filename = f'attachment; filename="revenue-{name}.{suffix}"'
    answer.headers["Content-Disposition"] = filename
    answer.headers["Cache-Control"] = "no-store"
    return answer
