"""Announced rises come into force once, at their time, however often it is tried."""

import pytest
from sqlalchemy import select, update

from marketplace.pricing import changes
from marketplace.pricing.changes import Notice, NoticeNeeded, Rise, Rises
from marketplace.pricing.tables import price_changes
from marketplace.trading import reads
from marketplace.trading.commands import CancelAll, Line
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


def test_a_price_tag_among_orders_may_not_rise_without_notice(parts, people, number):
    member = people["vendor"].member
    tag = Line(number, "sell", 15_000, 1, evergreen=True)
    fine = (tag._replace(price=12_000), tag._replace(price=None))
    changes.check_tags(parts, member, [*fine, tag._replace(evergreen=False)])
    changes.check_tags(parts, people["buyer"].member, [tag])  # the market refuses it
    with pytest.raises(NoticeNeeded) as refusal:
        changes.check_tags(parts, member, [*fine, tag])
    told = {"posted": 12_000, "price": 15_000, "notice_days": 30}
    assert refusal.value.facts() == told


def test_another_s_price_is_not_found(parts, people, number):
    with pytest.raises(NotFound):
        changes.set_price(parts, people["buyer"], number, 15_000)


def test_what_is_sold_once_needs_no_notice():
    assert Notice().days("whole") == 0
    assert Notice().days("per_hit") == 90
    assert Notice().days("seat") == 30
