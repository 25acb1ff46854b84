"""A member is told what changed since it looked, on the listing and in its list."""

import io
from datetime import timedelta

import time_machine
from sqlalchemy import func, select

from marketplace.community import looks
from marketplace.community.tables import looks as table
from settlement import clock
from tests.flows.market import instrument, listed, location


def test_a_visit_is_told_what_changed_since_the_one_before(visit, parts):
    product = listed(visit("vendor"), visit("registrar"))
    listing, page = f"/listings/{product}", f"/vendor/products/{product}"
    location(visit("buyer").post(f"{listing}/watch"))
    assert 'id="changed"' not in visit("buyer").get(listing).text
    vendor = visit("vendor")
    unit = instrument(vendor, page)
    location(vendor.post(f"{page}/instruments/{unit}/price", price="110.00"))
    file = (io.BytesIO(b"port,day\nShanghai,2026-02-01\n"), "ports.csv")
    location(vendor.post(f"{page}/releases", label="2026-02", files=file))
    assert 'id="changed"' not in visit("buyer").get(listing).text  # the same visit
    assert "¥110.00" in visit("buyer").get("/changes").text
    start = clock.moment(clock.now_us())
    with time_machine.travel(start + timedelta(hours=2), tick=True):
        for _ in range(2):  # it stays for the whole visit
            shown = visit("buyer").get(listing).text
            assert 'id="changed"' in shown
            for said in ("2026-02", "¥120.00", "¥110.00"):
                assert said in shown.partition('id="changed"')[2][:900], said
        assert 'id="changed"' not in visit("").get(listing).text
        assert 'id="changed"' not in visit("other").get(listing).text
    with time_machine.travel(start + timedelta(hours=4), tick=True):
        assert 'id="changed"' not in visit("buyer").get(listing).text


def test_a_member_has_so_many_looks_and_the_oldest_go(visit, parts, monkeypatch):
    products = [listed(visit("vendor"), visit("registrar")) for _ in range(2)]
    monkeypatch.setattr(looks, "OF_MEMBER_MAX", 1)
    for product in products:
        assert visit("buyer").get(f"/listings/{product}").status_code == 200
    with parts.reads.connect() as db:
        assert db.scalar(select(func.count()).select_from(table)) == 1
