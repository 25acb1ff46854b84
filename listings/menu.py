"""The lint of a price menu: which plan do cheaper ones together undercut, by how much?

A menu without arbitrage is monotone (more rights never cost less) and sub-additive (no
parts are cheaper than the whole) over term × territory × purposes × uses × seats ×
volume: Koutris et al., PODS 2012; Deep & Koutris, ICDT 2017 (features N9, §5.7).

A combination serves a plan if every pair of its use, purpose and territory is served by
plans that permit it: one after another for the whole term, each with enough seats side
by side, with as many deliveries in sum. The cheapest combination is found by uniform-
cost search over what is still to be served; the search is bounded and says so.
"""

import heapq
from collections.abc import Iterable
from itertools import count, product
from typing import NamedTuple

ITEMS_MAX = 50  # of one product
STATES_MAX = 4_000  # looked at for one plan; beyond, the answer is "not fully searched"
NEEDS_MAX = 64  # different needs of one plan


class Item(NamedTuple):
    """One plan of the menu, as a box of rights with a price."""

    name: str
    price: int  # minor units
    uses: frozenset[str]
    purposes: frozenset[str]
    territory: frozenset[str]  # the smallest regions
    term_days: int | None = None  # None: without end
    seats: int = 1
    volume: int | None = None  # deliveries; None: without limit
    # What else makes a right worth more, each the higher the better.
    ranks: tuple[int, ...] = ()


class Finding(NamedTuple):
    """A plan and the cheaper combination that serves it."""

    item: Item
    parts: tuple[tuple[Item, int], ...]  # plan, how often it is bought
    cost: int  # of the parts, minor units

    @property
    def saved(self) -> int:
        """Return by how much the parts are cheaper."""
        return self.item.price - self.cost


class Lint(NamedTuple):
    """What was found, dearest mistake first, and plans not fully searched."""

    findings: tuple[Finding, ...]
    unsearched: tuple[str, ...]


class _Offer(NamedTuple):
    """One round of a plan for one target: enough of it side by side."""

    item: Item
    copies: int
    cost: int
    days: int
    volume: int


def lint(items: Iterable[Item]) -> Lint:
    """Return every plan that cheaper ones undercut, with the cheapest way to do it."""
    menu = list(items)[:ITEMS_MAX]
    findings: list[Finding] = []
    unsearched: list[str] = []
    for item in menu:
        found, complete = cheapest(item, [other for other in menu if other is not item])
        if found is not None:
            findings.append(found)
        elif not complete:
            unsearched.append(item.name)
    findings.sort(key=lambda finding: (-finding.saved, finding.item.name))
    return Lint(tuple(findings), tuple(unsearched))


def cheapest(item: Item, others: list[Item]) -> tuple[Finding | None, bool]:
    """Return the cheapest combination below the price, and whether all was seen."""
    rounds = [offer for other in others if (offer := _round(item, other)) is not None]
    needs = _needs(item, rounds)
    if needs is None:
        return None, True
    if len(needs) > NEEDS_MAX:
        return None, False
    return _search(item, rounds, needs)


def _round(item: Item, other: Item) -> _Offer | None:
    """Return what one round of *other* does for *item*; None if it cannot help."""
    if any(had < wanted for had, wanted in zip(other.ranks, item.ranks, strict=True)):
        return None
    copies = -(-item.seats // other.seats)
    cost = copies * other.price
    endless = item.term_days is None and other.term_days is not None
    unlimited = item.volume is None and other.volume is not None
    if endless or unlimited or cost >= item.price:
        return None
    days, volume = item.term_days or 1, item.volume or 1
    return _Offer(
        other,
        copies,
        cost,
        days if other.term_days is None else other.term_days,
        volume if other.volume is None else copies * other.volume,
    )


def _needs(item: Item, rounds: list[_Offer]) -> list[int] | None:
    """Return who can serve each part of the scope, as bits; None if nobody can.

    Parts with the same servers are one need, and whoever serves the part with fewer
    servers serves the one with more.
    """
    masks = {
        uses & purposes & territory
        for uses, purposes, territory in product(
            _servers(item.uses, [r.item.uses for r in rounds]),
            _servers(item.purposes, [r.item.purposes for r in rounds]),
            _servers(item.territory, [r.item.territory for r in rounds]),
        )
    }
    if not masks or 0 in masks:
        return None
    return sorted(m for m in masks if not any(m != n and m & n == n for n in masks))


def _servers(wanted: frozenset[str], offered: list[frozenset[str]]) -> set[int]:
    """Return for the atoms of one dimension which offers have them, each set once."""
    return {
        sum(1 << place for place, has in enumerate(offered) if atom in has)
        for atom in wanted
    }


Left = tuple[tuple[int, int], ...]  # days and deliveries still needed, need by need


def _search(
    item: Item, rounds: list[_Offer], needs: list[int]
) -> tuple[Finding | None, bool]:
    """Uniform-cost search: the first state with nothing left is the cheapest."""
    start: Left = tuple((item.term_days or 1, item.volume or 1) for _ in needs)
    turn = count()
    heap: list[tuple[int, int, Left, tuple[int, ...]]] = [(0, next(turn), start, ())]
    seen: set[Left] = set()
    while heap:
        cost, _, left, chosen = heapq.heappop(heap)
        if left in seen:
            continue
        if len(seen) >= STATES_MAX:
            return None, False
        seen.add(left)
        open_needs = [n for n, (days, vol) in enumerate(left) if days or vol]
        if not open_needs:
            return _finding(item, rounds, chosen, cost), True
        for place, offer in enumerate(rounds):
            dearer = cost + offer.cost
            if needs[open_needs[0]] >> place & 1 and dearer < item.price:
                after = tuple(
                    (max(0, days - offer.days), max(0, volume - offer.volume))
                    if needs[n] >> place & 1
                    else (days, volume)
                    for n, (days, volume) in enumerate(left)
                )
                heapq.heappush(heap, (dearer, next(turn), after, (*chosen, place)))
    return None, True


def _finding(
    item: Item, rounds: list[_Offer], chosen: tuple[int, ...], cost: int
) -> Finding:
    parts = tuple(
        (rounds[place].item, rounds[place].copies * chosen.count(place))
        for place in sorted(set(chosen))
    )
    return Finding(item, parts, cost)
