"""What a buyer would pay for a purpose, so many seats, so much use."""

from listings.instruments import Instrument
from listings.licences import Licence, Terms
from listings.plans import Plan, Tier
from marketplace.pricing.costs import Wanted, costs
from marketplace.pricing.menus import of_menu, territory
from marketplace.trading.reads import Best

TEXT = ("L", "1", None, "甲", "A", "文", "text", "")


def unit(number, mode="whole", purposes=(), days=365, **rest):
    """Return an instrument."""
    licence = Licence(*TEXT, Terms(("analysis",), purposes))
    facts = (number, 1, 9, f"S{number}", 1, 1, 1, mode, days, None, False, "listed")
    return Instrument(*facts, licence, **rest)


def test_the_cheapest_that_the_purpose_permits_comes_first():
    units = [unit(1, purposes=("display",)), unit(2), unit(3)]
    best = {1: Best(None, 5), 2: Best(None, 9), 3: Best(None, 7)}
    found = costs(units, best, Wanted("model_training"))
    assert [cost.unit.id for cost in found] == [3, 2, 1]
    assert not found[-1].permitted


def test_seats_are_bought_in_packs():
    team = unit(1, "seat", plan=Plan(seats=10))
    (cost,) = costs([team], {1: Best(None, 100)}, Wanted(seats=21))
    assert (cost.quantity, cost.total) == (3, 300)


def test_use_is_charged_on_top_of_the_right():
    metered = unit(1, "per_call", plan=Plan(10, (Tier(None, 5),), free_units=10))
    (cost,) = costs([metered], {1: Best(None, 100)}, Wanted(units=31))
    assert cost.total == 100 + 11


def test_nobody_offers_no_total():
    (cost,) = costs([unit(1)], {}, Wanted())
    assert cost.total is None


def test_the_menu_leaves_out_trials_and_what_depends_on_use():
    metered = unit(3, "per_call", plan=Plan(tiers=(Tier(None, 5),)))
    units = [unit(1, days=366), unit(2, days=183), metered, unit(4, "trial")]
    found = of_menu(units, {1: 1_000, 2: 450, 3: 1, 4: 0})
    (finding,) = found.findings
    assert (finding.item.name, finding.cost) == ("S1", 900)


def test_a_right_for_everybody_undercuts_a_team_but_one_seat_no_right_for_all():
    team = unit(2, "seat", plan=Plan(seats=10))
    found = of_menu([unit(1), team, unit(3, "seat")], {1: 100, 2: 120, 3: 15})
    (finding,) = found.findings
    assert (finding.item.name, finding.saved) == ("S2", 20)


def test_the_world_has_every_country_and_province():
    assert territory("CN") < territory("world")
    assert territory("31") < territory("CN")
