"""What differs between two views of a listing."""

from marketplace.community.looks import Change, Sold, View, compared

PORTS = Sold("PORTS", "internal 1.0", 100, 1)
BEFORE = View("listed", 1, "2026-01", {7: PORTS, 8: Sold("OLD", "display 1.0", 5, 1)})


def test_the_same_view_has_no_changes():
    assert compared(BEFORE, BEFORE) == []


def test_each_difference_is_named_once():
    added = Sold("NEW", "display 1.0", 5, 1)
    now = View("suspended", 2, "2026-02", {7: PORTS._replace(price=120), 9: added})
    assert compared(BEFORE, now) == [
        Change("state", "suspended"),
        Change("release", "2026-02"),
        Change("facts"),
        Change("price", "PORTS", 100, 120, 1),
        Change("added", "NEW · display 1.0"),
        Change("gone", "OLD"),
    ]


def test_a_release_that_is_gone_and_a_price_that_is_gone_are_told():
    now = View("listed", 1, "", {**BEFORE.sold, 7: PORTS._replace(price=None)})
    assert compared(BEFORE, now) == [
        Change("no_release", "2026-01"),
        Change("price", "PORTS", 100, None, 1),
    ]
