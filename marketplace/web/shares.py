"""Shares: the vendor's agreements on them, and each party's statement."""

from http import HTTPStatus
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import ValidationError

from listings import catalogue
from listings.marking import N_
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.trading import proceeds
from marketplace.trading.commands import Command
from marketplace.trading.splits import (
    ROLES,
    AgreeSplit,
    Part,
    ProposeSplit,
    RejectSplit,
)
from marketplace.web import cash
from marketplace.web.fees import rate_of
from marketplace.web.forms import Form, PublicId, again, read
from marketplace.web.layout import before
from marketplace.web.months import months, of_month
from marketplace.web.vendor import bp
from settlement import ids
from settlement.errors import Invalid, NotFound
from settlement.money import BPS

ROWS = 8  # parts in the form; the API takes more
NOBODY = N_("Give the number of a member or of a product, or a credit code.")
HALF = N_("A part has a party and a percentage.")


class SplitForm(Form):
    """Which product's proceeds; the parts are in numbered fields."""

    product = PublicId("product", required=True)


@bp.get("/shares")
@needs("vendor")
def agreements() -> ResponseReturnValue:
    """Show how the vendor's products share their proceeds, and propose a change."""
    member = me().member
    with services().reads.connect() as db:
        page = proceeds.agreements_of(db, member, before())
        owned = catalogue.products_of(db, member, None, limit=50)
        return render_template(
            "vendor/shares.html",
            page=page,
            owned=owned,
            roles=ROLES,
            rows=range(1, ROWS + 1),
            **_names(db, page.rows),
        )


@bp.post("/shares")
@needs("vendor")
@again(agreements)
def propose_split() -> ResponseReturnValue:
    """Propose an agreement; it counts once all have consented."""
    product = read(SplitForm())["product"]
    with services().reads.connect() as db:
        parts = tuple(_parts(db))
    services().gateway.submit(ProposeSplit(me().id, me().member, product, parts))
    flash(gettext("Proposed. It counts once every party has consented."), "success")
    return redirect(url_for(".agreements"), HTTPStatus.SEE_OTHER)


def _parts(db: Any) -> Any:
    """Yield the parts that were typed; Invalid at the first that is none."""
    for row in range(1, ROWS + 1):
        names = [f"{name}-{row}" for name in ("party", "role", "percent")]
        party, role, percent = (request.form.get(n, "").strip() for n in names)
        if not party and not percent:
            continue
        if not (party and percent):
            raise Invalid({names[0] if percent else names[2]: [HALF]})
        try:
            bps = rate_of(percent, BPS)
        except ValidationError as error:
            raise Invalid({names[2]: list(map(str, error.messages))}) from error
        yield Part(*_party(db, party, names[0]), role, bps)


def _party(db: Any, typed: str, field: str) -> tuple[int, int]:
    """Return the member or the product that was named."""
    try:
        if typed.startswith("prd_"):
            return 0, ids.decode("product", typed)
        return organisations.by_id_or_code(db, typed), 0
    except NotFound as error:
        raise Invalid({field: [NOBODY]}) from error


@cash.bp.get("/shares")
@needs()
def statement() -> ResponseReturnValue:
    """Show a month's shares in trades, and the agreements that wait for consent."""
    member = me().member
    month, from_us, until_us = of_month(request.args.get("month", ""))
    with services().reads.connect() as db:
        agreed = proceeds.agreements_of(db, member, limit=20)
        lines = proceeds.lines_of(db, member, from_us, until_us, before())
        used = proceeds.uses_of(db, member, from_us, until_us)
        sellers = {row.seller for row in lines.rows} | {row.vendor for row in used}
        return render_template(
            "cash/shares.html",
            month=month,
            months=months(),
            totals=proceeds.totals_of(db, member, from_us, until_us),
            lines=lines,
            used=used,
            agreements=agreed.rows,
            sellers=organisations.names(db, sellers),
            **_names(db, agreed.rows),
        )


@cash.bp.post("/splits/<split>/agree")
@needs("buyer", "vendor")
@again(statement)
def agree_split(split: str) -> ResponseReturnValue:
    """Consent to an agreement."""
    return _step(AgreeSplit(me().id, me().member, ids.decode("split", split)))


@cash.bp.post("/splits/<split>/reject")
@needs("buyer", "vendor")
@again(statement)
def reject_split(split: str) -> ResponseReturnValue:
    """Decline an agreement, or withdraw one's own."""
    return _step(RejectSplit(me().id, me().member, ids.decode("split", split)))


def _step(command: Command) -> ResponseReturnValue:
    services().gateway.submit(command)
    flash(gettext("Done and recorded."), "success")
    return redirect(url_for("cash.statement"), HTTPStatus.SEE_OTHER)


def _names(db: Any, rows: Any) -> dict[str, Any]:
    """Return the names of the members and products in some agreements."""
    members = {m for row in rows for m in (row.vendor, *row.consents)}
    products = {p.product for row in rows for p in row.parts if p.product}
    products |= {row.product for row in rows}
    return {
        "names": organisations.names(db, members),
        "titles": catalogue.summaries(db, products, me().member),
    }
