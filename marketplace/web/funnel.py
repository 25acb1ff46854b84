"""The vendor's funnel: how many members looked at each product, asked, and bought."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue

from listings import catalogue
from listings.catalogue import Summary
from marketplace.community.funnel import PERIOD_DAYS, Stages, of_products
from marketplace.language import bilingual
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web import charts
from marketplace.web.layout import before
from marketplace.web.vendor import bp
from marketplace.web.words import word

SHOWN = 20
MEMBERS = ("looked", "asked", "bought")  # of the bars: all of them count members


@bp.get("/funnel")
@needs("vendor")
def funnel() -> ResponseReturnValue:
    """Show the stages of the vendor's products, newest first."""
    vendor = me().member
    with services().reads.connect() as db:
        products = catalogue.products_of(db, vendor, before(), limit=SHOWN)
        found = of_products(db, vendor, [product.id for product in products])
    return render_template(
        "vendor/funnel.html",
        products=products,
        before=products[-1].id if len(products) == SHOWN else None,
        funnel=found,
        stages=Stages._fields,
        days=PERIOD_DAYS,
        bars=_bars(products, found),
    )


def _bars(products: Sequence[Summary], found: Mapping[int, Stages]) -> dict[str, Any]:
    rows = [
        {"title": bilingual(product, "title"), **found[product.id]._asdict()}
        for product in products
    ]
    names = {name: word(name, "stage") for name in MEMBERS}
    return charts.bars("", rows, "title", names, flat=True)
