"""The lint finds the cheapest undercutting combination: as a search of all would."""

from itertools import product
from math import ceil

from hypothesis import given, settings
from hypothesis import strategies as st

from listings.menu import Item, cheapest, lint

USES, PURPOSES, PLACES = "ad", "xy", "ns"


def some(letters: str) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(letters), min_size=1)


items = st.builds(
    Item,
    name=st.just("plan"),
    price=st.integers(0, 40),
    uses=some(USES),
    purposes=some(PURPOSES),
    territory=some(PLACES),
    term_days=st.none() | st.sampled_from([30, 90, 180]),
    seats=st.integers(1, 3),
    volume=st.none() | st.sampled_from([5, 10]),
    ranks=st.tuples(st.integers(0, 1)),
)


def serves(item: Item, others: list[Item], rounds: tuple[int, ...]) -> bool:
    """Tell by definition whether so many rounds of *others* serve *item*."""
    for use, purpose, place in product(item.uses, item.purposes, item.territory):
        days = volume = 0.0
        for other, times in zip(others, rounds, strict=True):
            if (
                use in other.uses
                and purpose in other.purposes
                and place in (other.territory)
            ):
                side_by_side = ceil(item.seats / other.seats)
                days += times * (other.term_days or float("inf")) if times else 0
                each = other.volume or float("inf")
                volume += times * side_by_side * each if times else 0
        if days < (item.term_days or float("inf")):
            return False
        if volume < (item.volume or float("inf")):
            return False
    return True


def brute(item: Item, others: list[Item]) -> int | None:
    """Return the lowest cost below the price of *item*: every combination is tried."""
    useful = [
        other
        for other in others
        if other.ranks >= item.ranks
        and not (item.volume is None and other.volume is not None)
        and not (item.term_days is None and other.term_days is not None)
    ]
    costs = [
        sum(
            times * ceil(item.seats / other.seats) * other.price
            for other, times in zip(useful, rounds, strict=True)
        )
        for rounds in product(range(7), repeat=len(useful))
        if serves(item, useful, rounds)
    ]
    lower = [cost for cost in costs if cost < item.price]
    return min(lower, default=None)


@given(items, st.lists(items, max_size=3))
@settings(max_examples=150, deadline=None)
def test_the_search_finds_what_trying_everything_finds(
    item: Item, others: list[Item]
) -> None:
    found, complete = cheapest(item, others)
    assert complete
    assert (None if found is None else found.cost) == brute(item, others)
    if found is not None:
        paid = sum(part.price * copies for part, copies in found.parts)
        assert paid == found.cost == item.price - found.saved


@given(st.lists(items, max_size=5))
@settings(max_examples=60, deadline=None)
def test_a_menu_stays_clean_if_every_price_is_what_its_parts_cost(
    menu: list[Item],
) -> None:
    for _ in range(60):  # lowering prices ends: each step lowers one of them
        found = lint(menu).findings
        if not found:
            break
        place = next(n for n, item in enumerate(menu) if item is found[0].item)
        menu[place] = menu[place]._replace(price=found[0].cost)
    assert not lint(menu).findings
