"""Detectors: pure functions from what was seen to alerts with their evidence.

Each looks for one pattern of manipulation (domain § 14, reliability § 4: 11–13, 18).
An alert is a question for the desk, not a verdict. Thresholds have names, so that they
can be argued about.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from statistics import median_low
from typing import NamedTuple, TypeVar

from marketplace.surveillance.seen import (
    Bid,
    Placed,
    Review,
    Seen,
    Tendered,
    Traded,
)
from settlement.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US

ROUND_US = DAY_US  # within which units come back
ROUND_MIN = 2  # round trips of the same two members
NEAR_BPS = 200  # prices that count as the same
ALIKE_BPS = 2_000  # quantities that count as the same
FAR_BPS = 4_000  # from the median of the trades before
FAR_BEFORE = 10  # trades that a median needs
LAYERS_MIN = 3  # orders at different prices, cancelled untraded
LAYER_US = 2 * MINUTE_US  # that such an order waits
STUFF_MIN = 60  # orders of one member in one instrument
STUFF_US = 10 * SECOND_US
STUFF_FILLED_BPS = 500  # of them that traded, at most
CLOSE_US = 5 * MINUTE_US  # before the day ends
CLOSE_BPS = 500  # that the last trades move the price
CLOSE_SHARE_BPS = 1_000  # of the day's units, at most
CLOSE_BEFORE = 5  # trades earlier in the day
SHILL_CONTESTS = 3  # of one vendor, bid in and never won
TENDERS_MIN = 3  # in which the same bidders meet
COVER_BPS = 300  # above the winner, at most, is a bid that covers it
RING_MIN = 2  # reviews with full points from each member of a ring to the next
FULL = 5
ZONE_US = 8 * HOUR_US  # the exchange's day is Beijing's
WHOLE_BPS = 10_000


Item = TypeVar("Item", Traded, Placed, Bid, Tendered)


class Alert(NamedTuple):
    """What a detector found."""

    detector: str
    instrument: int | None
    members: tuple[int, ...]
    evidence: Mapping[str, tuple[int, ...]]  # trades, orders, contests, ratings
    facts: Mapping[str, int]


def self_dealing(seen: Seen) -> list[Alert]:
    """Find trades between members behind whom the same owner stands."""
    return [
        _traded("self_dealing", [deal], owner=seen.owner(deal.buyer))
        for deal in seen.deals
        if seen.owner(deal.buyer) == seen.owner(deal.seller)
    ]


def round_trips(seen: Seen) -> list[Alert]:
    """Find two members who again and again trade the same units to and fro."""
    trips: dict[tuple[int, ...], list[Traded]] = defaultdict(list)
    for deals in _by(seen.deals, lambda deal: deal.instrument).values():
        waiting: dict[tuple[int, int], list[Traded]] = defaultdict(list)
        for deal in deals:
            back = waiting[deal.buyer, deal.seller]
            out = next((one for one in back if _returns(one, deal)), None)
            if out is None:
                waiting[deal.seller, deal.buyer].append(deal)
            else:
                back.remove(out)
                pair = sorted((deal.buyer, deal.seller))
                trips[deal.instrument, *pair] += [out, deal]
    return [
        _traded("round_trips", deals, trips=len(deals) // 2)
        for deals in trips.values()
        if len(deals) >= 2 * ROUND_MIN
    ]


def circular(seen: Seen) -> list[Alert]:
    """Find units that went round three members and came back to the first."""
    found = []
    for deals in _by(seen.deals, lambda deal: deal.instrument).values():
        sold: dict[int, list[Traded]] = defaultdict(list)
        for deal in deals:
            sold[deal.seller].append(deal)
        found += [
            _traded("circular", [first, second, third], members=3)
            for first in deals
            for second in sold[first.buyer]
            if _follows(first, second) and second.buyer != first.seller
            for third in sold[second.buyer]
            if _follows(second, third)
            and third.buyer == first.seller
            and _returns(first, third, same_price=False)
        ]
    return found


def far_prices(seen: Seen) -> list[Alert]:
    """Find trades far from the median of those before them in the instrument."""
    found = []
    for deals in _by(seen.deals, lambda deal: deal.instrument).values():
        for place in range(FAR_BEFORE, len(deals)):
            before = [deal.price for deal in deals[place - FAR_BEFORE : place]]
            usual, deal = median_low(before), deals[place]
            away = abs(deal.price - usual) * WHOLE_BPS
            if usual and away > FAR_BPS * usual:
                bps = away // usual
                found.append(_traded("far_prices", [deal], median=usual, bps=bps))
    return found


def layering(seen: Seen) -> list[Alert]:
    """Find orders at several prices, soon cancelled, while the other side trades."""
    found = []
    for orders in _by(seen.orders, lambda o: (o.member, o.instrument)).values():
        for side in ("buy", "sell"):
            layers = [one for one in orders if one.side == side and _flashed(one)]
            filled = [one for one in orders if one.side != side and one.filled]
            for one in filled:
                around = [
                    layer
                    for layer in layers
                    if layer.at_us <= one.at_us <= (layer.cancelled_us or 0)
                ]
                if len({layer.price for layer in around}) >= LAYERS_MIN:
                    found.append(_ordered("layering", [*around, one]))
    return found


def quote_stuffing(seen: Seen) -> list[Alert]:
    """Find a flood of orders of one member in one instrument that hardly trade."""
    found = []
    for orders in _by(seen.orders, lambda o: (o.member, o.instrument)).values():
        start = 0
        for end, last in enumerate(orders):
            while last.at_us - orders[start].at_us > STUFF_US:
                start += 1
            burst = orders[start : end + 1]
            traded = sum(1 for one in burst if one.filled)
            share = traded * WHOLE_BPS
            if len(burst) >= STUFF_MIN and share <= STUFF_FILLED_BPS * len(burst):
                found.append(_ordered("quote_stuffing", burst))
                start = end + 1
    return found


def marking_the_close(seen: Seen) -> list[Alert]:
    """Find small last trades of a day that move the price away from the day's."""
    found = []
    days = _by(seen.deals, lambda d: (d.instrument, (d.at_us + ZONE_US) // DAY_US))
    for deals in days.values():
        ends_us = (deals[-1].at_us + ZONE_US) // DAY_US * DAY_US + DAY_US - ZONE_US
        last = [deal for deal in deals if deal.at_us >= ends_us - CLOSE_US]
        early = deals[: len(deals) - len(last)]
        if not last or len(early) < CLOSE_BEFORE:
            continue
        usual = median_low(deal.price for deal in early)
        units = sum(deal.quantity for deal in deals)
        small = sum(deal.quantity for deal in last) * WHOLE_BPS
        moved = abs(last[-1].price - usual) * WHOLE_BPS
        if small <= CLOSE_SHARE_BPS * units and moved > CLOSE_BPS * usual:
            bps = moved // usual
            found.append(_traded("marking_the_close", last, median=usual, bps=bps))
    return found


def shill_bids(seen: Seen) -> list[Alert]:
    """Find bidders who raise a vendor's prices and never win, or belong to it."""
    found = []
    for bids in _by(seen.bids, lambda bid: (bid.vendor, bid.member)).values():
        first = bids[0]
        contests = tuple(sorted({bid.contest for bid in bids}))
        own = seen.owner(first.vendor) == seen.owner(first.member)
        never = not any(bid.won for bid in bids)
        if own or (never and len(contests) >= SHILL_CONTESTS):
            members = (first.vendor, first.member)
            evidence, facts = {"contests": contests}, {"bids": len(bids)}
            found.append(Alert("shill_bids", None, members, evidence, facts))
    return found


def collusive_tenders(seen: Seen) -> list[Alert]:
    """Find bidders who are one owner's, cover each other's bids, or take turns."""
    tenders = _by(seen.tenders, lambda bid: bid.tender).values()
    won = [bids for bids in tenders if any(bid.won for bid in bids)]
    return [*_one_owner(seen, tenders), *_covered(won), *_in_turns(won)]


def _one_owner(seen: Seen, tenders: Iterable[list[Tendered]]) -> list[Alert]:
    """Find tenders in which two bidders have the same owner."""
    found = []
    for bids in tenders:
        owners = _by(bids, lambda bid: seen.owner(bid.vendor)).values()
        together = [one for of_owner in owners if len(of_owner) > 1 for one in of_owner]
        if together:
            owner = seen.owner(together[0].vendor)
            found.append(_tendered([together], together, owner=owner))
    return found


def _covered(tenders: Iterable[list[Tendered]]) -> list[Alert]:
    """Find who again and again bids a little above the same winner, and never wins."""
    winners = {bid.vendor for bids in tenders for bid in bids if bid.won}
    pairs: dict[tuple[int, int], list[list[Tendered]]] = defaultdict(list)
    for bids in tenders:
        best = next(bid for bid in bids if bid.won)
        for bid in bids:
            above = (bid.value - best.value) * WHOLE_BPS
            if 0 <= above <= COVER_BPS * best.value and bid.vendor not in winners:
                pairs[best.vendor, bid.vendor].append([best, bid])
    return [
        _tendered(met, met[0], covered=len(met))
        for met in pairs.values()
        if len(met) >= TENDERS_MIN
    ]


def _in_turns(tenders: Iterable[list[Tendered]]) -> list[Alert]:
    """Find the same bidders, and nobody else, of whom each wins in turn."""
    rounds: dict[frozenset[int], list[list[Tendered]]] = defaultdict(list)
    for bids in tenders:
        rounds[frozenset(bid.vendor for bid in bids)].append(bids)
    found = []
    for bidders, met in rounds.items():
        turns = [bid.vendor for bids in met for bid in bids if bid.won]
        each = all(one != after for one, after in pairwise(turns))
        if len(turns) >= TENDERS_MIN <= len(bidders) and set(turns) == bidders and each:
            found.append(_tendered(met, met[0], turns=len(turns)))
    return found


def _tendered(
    met: list[list[Tendered]], bids: Iterable[Tendered], **facts: int
) -> Alert:
    evidence = {"tenders": tuple(sorted({one[0].tender for one in met}))}
    members = tuple(sorted({bid.vendor for bid in bids}))
    return Alert("collusive_tenders", None, members, evidence, facts)


def review_rings(seen: Seen) -> list[Alert]:
    """Find members who give each other's products full points, in a ring of any size.

    Two who praise each other, or three and more of whom each praises the next, until it
    comes back to the first: what hangs together so is one ring.
    """
    given: dict[tuple[int, int], list[Review]] = defaultdict(list)
    for review in seen.reviews:
        giver, taker = seen.owner(review.member), seen.owner(review.vendor)
        if review.points == FULL and giver != taker:
            given[giver, taker].append(review)
    praised = {pair: some for pair, some in given.items() if len(some) >= RING_MIN}
    rings = _rings(praised)
    of_ring = {member: at for at, ring in enumerate(rings) for member in ring}
    inside: list[list[int]] = [[] for _ in rings]
    for (giver, taker), some in praised.items():
        at = of_ring.get(giver)
        if at is not None and at == of_ring.get(taker):
            inside[at] += [review.rating for review in some]
    return [
        Alert(
            *("review_rings", None, ring),
            {"ratings": tuple(sorted(numbers))},
            {"members": len(ring), "reviews": len(numbers)},
        )
        for ring, numbers in zip(rings, inside, strict=True)
    ]


def _rings(pairs: Iterable[tuple[int, int]]) -> list[tuple[int, ...]]:
    """Return the groups in which everybody is reached from everybody, by the pairs.

    By two walks, as Kosaraju has it: each pair is looked at twice, however many are.
    """
    after: dict[int, list[int]] = defaultdict(list)
    before: dict[int, list[int]] = defaultdict(list)
    for giver, taker in pairs:
        after[giver].append(taker)
        before[taker].append(giver)
    seen: set[int] = set()
    left = [one for start in sorted(after) for one in _walk(after, start, seen)]
    seen = set()
    groups = [tuple(sorted(_walk(before, start, seen))) for start in reversed(left)]
    return sorted(group for group in groups if len(group) > 1)


def _walk(ways: Mapping[int, list[int]], start: int, seen: set[int]) -> Iterator[int]:
    """Yield who is reached from *start* and not *seen*, in the order they are left."""
    if start in seen:
        return
    seen.add(start)
    path = [(start, iter(ways.get(start, ())))]
    while path:
        here, more = path[-1]
        step = next((one for one in more if one not in seen), None)
        if step is None:
            yield here
            path.pop()
        else:
            seen.add(step)
            path.append((step, iter(ways.get(step, ()))))


DETECTORS: dict[str, Callable[[Seen], list[Alert]]] = {
    detector.__name__: detector
    for detector in (
        self_dealing,
        round_trips,
        circular,
        far_prices,
        layering,
        quote_stuffing,
        marking_the_close,
        shill_bids,
        collusive_tenders,
        review_rings,
    )
}


def detect(seen: Seen) -> list[Alert]:
    """Return what all detectors find."""
    return [alert for detector in DETECTORS.values() for alert in detector(seen)]


def _by(
    items: Iterable[Item], key: Callable[[Item], object]
) -> dict[object, list[Item]]:
    found: dict[object, list[Item]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return found


def _follows(first: Traded, second: Traded) -> bool:
    return first.trade < second.trade and second.at_us - first.at_us <= ROUND_US


def _returns(out: Traded, back: Traded, *, same_price: bool = True) -> bool:
    """Tell whether *back* undoes *out*: soon, as many units, at about the price."""
    quantity = abs(out.quantity - back.quantity) * WHOLE_BPS
    price = abs(out.price - back.price) * WHOLE_BPS
    return (
        back.at_us - out.at_us <= ROUND_US
        and quantity <= ALIKE_BPS * out.quantity
        and (not same_price or price <= NEAR_BPS * out.price)
    )


def _flashed(one: Placed) -> bool:
    """Tell whether an order was soon cancelled without a trade."""
    ended = one.cancelled_us
    return ended is not None and not one.filled and ended - one.at_us <= LAYER_US


def _traded(detector: str, deals: list[Traded], **facts: int) -> Alert:
    members = tuple(sorted({m for deal in deals for m in (deal.buyer, deal.seller)}))
    evidence = {"trades": tuple(deal.trade for deal in deals)}
    return Alert(detector, deals[0].instrument, members, evidence, facts)


def _ordered(detector: str, orders: list[Placed]) -> Alert:
    numbers = tuple(one.order for one in orders)
    times = [one.at_us for one in orders]
    facts = {"orders": len(orders), "seconds": (max(times) - min(times)) // SECOND_US}
    where = orders[0].instrument, (orders[0].member,)
    return Alert(detector, *where, {"orders": numbers}, facts)
