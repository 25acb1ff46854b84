"""Announced rises come into force once, at their time, however often it is tried."""

import pytest
from sqlalchemy import select, update

from listings import admission, instruments
from listings.instruments import Unit
from listings.tables import instruments as instruments_table
from marketplace.admission import tell_market
from marketplace.pricing import changes
from marketplace.pricing.changes import Notice, NoticeNeeded, Rise, Rises
from marketplace.pricing.tables import price_changes
from marketplace.trading import reads
from marketplace.trading.commands import (
    CancelAll,
    GrantRight,
    Line,
    OfferPrice,
    PlaceBasket,
    PlaceOrder,
)
from settlement.errors import NotFound
from tests.flows.market import instrument, listed
from tests.visitors import app, bearer, config, parts, people, visit

__all__ = ["app", "bearer", "config", "parts", "people", "visit"]


@pytest.fixture
def number(visit, parts):
    """A listed instrument at 120.00 that is sold by the term."""
    from listings.tables import instruments
    from settlement import ids

    product = listed(visit("vendor"), visit("registrar"))
    found = instrument(visit("vendor"), f"/vendor/products/{product}")
    with parts.writes.begin() as db:
        db.execute(update(instruments).values(mode="per_term"))
    return ids.decode("instrument", found)


def state(parts):
    """Return the states of all announced prices."""
    with parts.reads.connect() as db:
        query = select(price_changes.c.state).order_by(price_changes.c.id)
        return list(db.execute(query).scalars())


def due(parts):
    """Let the notice period of everything be over."""
    with parts.writes.begin() as db:
        db.execute(update(price_changes).values(announced_us=1, effective_us=2))


def posted(parts, number):
    with parts.reads.connect() as db:
        return reads.posted_prices(db, [number]).get(number)


def test_a_rise_waits_and_then_holds_once(parts, people, number):
    vendor = people["vendor"]
    rise = changes.set_price(parts, vendor, number, 15_000)
    assert isinstance(rise, Rise)
    follower = Rises(parts.reads, parts.writes, parts.gateway)
    assert follower.step() == 0
    assert posted(parts, number) == 12_000
    due(parts)
    assert follower.step() == 1
    assert posted(parts, number) == 15_000
    assert state(parts) == ["applied"]
    assert follower.step() == 0


def test_a_crash_between_posting_and_noting_it_posts_nothing_twice(
    parts, people, number
):
    changes.set_price(parts, people["vendor"], number, 15_000)
    due(parts)
    follower = Rises(parts.reads, parts.writes, parts.gateway)
    follower.step()
    before = parts.gateway.status().seq
    with parts.writes.begin() as db:  # as if the note had been lost
        db.execute(update(price_changes).values(state="pending"))
    follower.step()
    assert parts.gateway.status().seq == before
    assert posted(parts, number) == 15_000
    assert state(parts) == ["applied"]


def test_a_fall_holds_at_once_and_replaces_what_was_announced(parts, people, number):
    changes.set_price(parts, people["vendor"], number, 15_000)
    changes.set_price(parts, people["vendor"], number, 16_000)
    assert state(parts) == ["withdrawn", "pending"]
    changes.set_price(parts, people["vendor"], number, 11_000)
    assert posted(parts, number) == 11_000
    assert state(parts) == ["withdrawn", "withdrawn"]


def test_who_stops_selling_announces_nothing_more(parts, people, number):
    vendor = people["vendor"]
    changes.set_price(parts, vendor, number, 15_000)
    parts.gateway.submit(CancelAll(vendor.id, vendor.member))
    due(parts)
    Rises(parts.reads, parts.writes, parts.gateway).step()
    assert state(parts) == ["withdrawn"]
    assert posted(parts, number) is None


def test_a_price_taken_down_and_put_up_higher_is_a_rise_too(parts, people, number):
    vendor = people["vendor"]
    parts.gateway.submit(CancelAll(vendor.id, vendor.member))
    assert isinstance(changes.set_price(parts, vendor, number, 15_000), Rise)


def guarded(parts, user, line):
    """Place an order by the door that everybody uses."""
    return parts.gateway.submit(PlaceOrder(user.id, user.member, line)).result


def test_no_offer_rises_without_notice_whatever_it_is_called(parts, people, number):
    vendor = people["vendor"]
    tag = Line(number, "sell", 15_000, 1, evergreen=True)
    with pytest.raises(NoticeNeeded) as refusal:
        guarded(parts, vendor, tag)
    told = {"posted": 12_000, "price": 15_000, "notice_days": 30}
    assert refusal.value.facts() == told
    parts.gateway.submit(CancelAll(vendor.id, vendor.member))
    for line in (tag, tag._replace(evergreen=False)):
        with pytest.raises(NoticeNeeded):
            guarded(parts, vendor, line)
        with pytest.raises(NoticeNeeded):
            basket = PlaceBasket(vendor.id, vendor.member, (line,))
            parts.gateway.submit(basket)
    offer = OfferPrice(
        *(vendor.id, vendor.member, number, people["buyer"].member),
        *(15_000, 1, "need", "custom", 4_000_000_000_000_000),
    )
    with pytest.raises(NoticeNeeded):
        parts.gateway.submit(offer)
    assert parts.gateway.submit(offer._replace(price=11_000)).result == 1
    assert guarded(parts, vendor, tag._replace(price=12_000)).remaining == 1


def test_a_second_symbol_for_the_same_right_inherits_its_price(parts, people, number):
    vendor = people["vendor"]
    with parts.writes.begin() as db:
        unit = instruments.get(db, number)
        twin = Unit("TWIN", unit.licence.id, "per_term", term_days=60)
        second = instruments.add(db, unit.product, twin)
        days = update(instruments_table).where(instruments_table.c.id == number)
        db.execute(days.values(term_days=30))
        admission.admit_added(db, unit.product, people["registrar"])
    tell_market(parts, unit.product, people["registrar"].id)
    dear = Line(second, "sell", 24_001, 1, evergreen=True)  # twice the term
    with pytest.raises(NoticeNeeded):
        guarded(parts, vendor, dear)
    holder = people["other"]
    parts.gateway.submit(
        GrantRight(holder.id, holder.member, number, 1, "internal_analysis")
    )
    parts.gateway.submit(CancelAll(vendor.id, vendor.member))
    with pytest.raises(NoticeNeeded) as refusal:  # its holder is protected still
        guarded(parts, vendor, dear)
    assert refusal.value.posted == 24_000
    assert guarded(parts, vendor, dear._replace(price=24_000)).remaining == 1


def test_another_s_price_is_not_found(parts, people, number):
    with pytest.raises(NotFound):
        changes.set_price(parts, people["buyer"], number, 15_000)


def test_what_is_sold_once_needs_no_notice():
    assert Notice().days("whole") == 0
    assert Notice().days("per_hit") == 90
    assert Notice().days("seat") == 30
