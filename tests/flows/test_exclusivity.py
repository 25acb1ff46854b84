"""An exclusive licence on the pages: sold once, and the listing says until when."""

import pytest

from listings import admission, instruments, licences, standard
from listings.instruments import Unit
from marketplace.admission import tell_market
from marketplace.pricing import changes
from marketplace.trading import reads
from marketplace.trading.commands import GrantRight, Line, PlaceOrder
from marketplace.trading.venue import SoldOut
from settlement import ids
from settlement.errors import Invalid
from tests.flows.market import listed
from tests.visitors import app, bearer, config, parts, people, visit

__all__ = ["app", "bearer", "config", "parts", "people", "visit"]


@pytest.fixture
def alone(visit, parts, people):
    """The product, and the exclusive instrument that is listed beside the usual one."""
    product = listed(visit("vendor"), visit("registrar"))
    number = ids.decode("product", product)
    with parts.writes.begin() as db:
        text = standard.variant("internal", "exclusive", territory="31")
        (licence,) = licences.ensure(db, [text]).values()
        unit = Unit("ALONE", licence, "per_term", term_days=30)
        with pytest.raises(Invalid) as refused:
            instruments.add(db, number, unit._replace(transferable=True))
        assert set(refused.value.problems) == {"transferable"}
        made = instruments.add(db, number, unit)
        admission.admit_added(db, number, people["registrar"])
    tell_market(parts, number, people["registrar"].id)
    return product, made


def test_the_listing_says_until_when_the_exclusive_right_is_sold(
    visit, parts, people, alone
):
    product, number = alone
    changes.set_price(parts, people["vendor"], number, 12_000)
    page = visit("buyer").get(f"/listings/{product}").text
    assert "120.00" in page
    assert "独占权已售出" not in page
    other, buyer = people["other"], people["buyer"]
    grant = GrantRight(other.id, other.member, number, 1, "internal_analysis")
    parts.gateway.submit(grant)
    page = visit("buyer").get(f"/listings/{product}").text
    assert "前不可得" in page  # the exclusive one
    assert "独占权已售出，至" in page  # the usual one overlaps it
    assert "独占权已售出" not in visit("other").get(f"/listings/{product}").text
    line = Line(number, "buy", 12_000, 1, purpose="internal_analysis")
    with pytest.raises(SoldOut):
        parts.gateway.submit(PlaceOrder(buyer.id, buyer.member, line))


def test_a_new_price_takes_the_place_of_the_old_one(parts, people, alone):
    _, number = alone
    first = changes.set_price(parts, people["vendor"], number, 12_000)
    second = changes.set_price(parts, people["vendor"], number, 11_000)
    assert first.remaining == second.remaining == 1
    with parts.reads.connect() as db:
        assert reads.posted_prices(db, [number]) == {number: 11_000}
        assert reads.order(db, first.order, people["vendor"].member).reason == (
            "replaced"
        )
