"""The menu's lint says which plan, by which combination, by how much."""

from listings import menu
from listings.menu import Item, lint

ALL = frozenset({"analysis", "training"})
PLACES = frozenset({"31", "32", "33"})


def plan(name, price, days=None, **rest):
    """Return a plan for every purpose everywhere, unless said otherwise."""
    facts = {"uses": frozenset({"use"}), "purposes": ALL, "territory": PLACES}
    return Item(name, price, **(facts | rest), term_days=days)


def said(items):
    """Return the findings as text."""
    return [
        f"{f.item.name}: "
        + " + ".join(f"{copies} × {part.name}" for part, copies in f.parts)
        + f" = {f.cost}, {f.saved} less"
        for f in lint(items).findings
    ]


def test_two_half_years_below_a_year():
    items = [plan("year", 1_000, 360), plan("half", 450, 180)]
    assert said(items) == ["year: 2 × half = 900, 100 less"]


def test_all_provinces_below_the_country():
    each = [plan(place, 30, territory=frozenset({place})) for place in sorted(PLACES)]
    assert said([plan("all", 100), *each]) == [
        "all: 1 × 31 + 1 × 32 + 1 × 33 = 90, 10 less"
    ]


def test_more_rights_for_less():
    narrow = plan("analysis", 500, purposes=frozenset({"analysis"}))
    assert said([narrow, plan("both", 400)]) == ["analysis: 1 × both = 400, 100 less"]


def test_single_seats_below_the_team():
    assert said([plan("team", 60, seats=5), plan("one", 10)]) == [
        "team: 5 × one = 50, 10 less"
    ]


def test_small_packs_below_the_large():
    assert said([plan("large", 100, volume=1_000), plan("small", 9, volume=100)]) == [
        "large: 10 × small = 90, 10 less"
    ]


def test_a_sound_menu_has_no_finding():
    items = [
        plan("year", 900, 360),
        plan("half", 500, 180),
        plan("analysis", 700, 360, purposes=frozenset({"analysis"})),
    ]
    assert lint(items) == ((), ())


def test_a_lesser_right_undercuts_nothing():
    items = [plan("resale", 900, ranks=(1,)), plan("own", 100, ranks=(0,))]
    assert said(items) == []


def test_a_search_that_is_too_long_says_so(monkeypatch):
    monkeypatch.setattr(menu, "STATES_MAX", 3)
    found = lint([plan("year", 10_000, 360), plan("day", 1, 1)])
    assert found.findings == ()
    assert found.unsearched == ("year",)
