"""The assessor's desk: invitations, what there is to assess, and the opinion."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import fields

from listings import catalogue, products
from listings.registration import opinions
from listings.registration.opinions import Given
from listings.steps import REASON_MAX
from marketplace.evidence import case, give
from marketplace.members import organisations
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web import drafts
from marketplace.web.evidence import NO_FILE
from marketplace.web.forms import Day, Form, again, choice, read, text
from settlement import ids
from settlement.errors import Invalid, NotFound

bp = Blueprint("assessments", __name__, url_prefix="/assessments")


class OpinionForm(Form):
    """What an assessor found; the signed file comes beside it."""

    kind = choice(opinions.KINDS)
    outcome = choice(opinions.OUTCOMES)
    summary = text(REASON_MAX)
    valid_until = Day(required=True)
    methods = fields.List(choice(opinions.METHODS))


@bp.get("/")
@needs("assessor")
def show() -> ResponseReturnValue:
    """Show the invitations of the assessor, and which still wait for an opinion."""
    with services().reads.connect() as db:
        invited = opinions.engagements_with(db, me().member)
        found = {row.product: catalogue.product(db, row.product) for row in invited}
        said = {
            (one.product, one.kind): one
            for product in found
            for one in opinions.of_product(db, product)
            if one.assessor == me().member
        }
        return render_template(
            "assessments/desk.html",
            engagements=invited,
            products=found,
            said=said,
            vendors=organisations.names(db, {row.vendor for row in found.values()}),
        )


@bp.get("/<product>")
@needs("assessor")
def one(product: str) -> ResponseReturnValue:
    """Show a product to its assessor: facts, what is declared, evidence, the form."""
    number = ids.decode("product", product)
    with services().reads.connect() as db:
        if not opinions.engaged(db, number, me().member):
            raise NotFound("product", product)
        found = catalogue.product(db, number)
        evidence = case(db, number)
        facts = products.facts_of(products.find(db, number))
        return render_template(
            "assessments/product.html",
            product=found,
            facts=facts,
            written=drafts.values(facts),
            vendor=organisations.get(db, found.vendor),
            evidence=evidence,
            kinds=[
                (row.kind, opinions.KINDS[row.kind])
                for row in evidence["engagements"]
                if row.assessor == me().member
            ],
            outcomes=opinions.OUTCOMES,
            methods=opinions.METHODS,
        )


@bp.post("/<product>")
@needs("assessor")
@again(one)
def sign(product: str) -> ResponseReturnValue:
    """Give the opinion, under the account of who gives it."""
    typed, file = read(OpinionForm()), request.files.get("file")
    if file is None or not file.filename:
        raise Invalid({"file": [NO_FILE]})
    given = Given(
        typed["outcome"],
        typed["summary"],
        typed["valid_until"],
        tuple(method for method in typed["methods"] if method),
    )
    number = ids.decode("product", product)
    signed = (file.filename, file.stream)
    give(services(), number, typed["kind"], given, signed, me())
    flash(gettext("Your opinion is recorded, with your name and the hash."), "success")
    return redirect(url_for(".one", product=product), HTTPStatus.SEE_OTHER)
