"""Each detector finds its own pattern in a seeded market, nothing in a clean one."""

from random import Random

import pytest

from marketplace.api.staff.surveillance import KINDS
from marketplace.surveillance.detectors import DETECTORS, detect
from marketplace.surveillance.seen import (
    Bid,
    Placed,
    Review,
    Seen,
    Tendered,
    Traded,
    grouped,
)
from settlement.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US

SEED = 20_261
SUN, VERA, MAKERS = 1_000, 9, (11, 12, 13, 14, 15, 16)
MORNING_US = 20_000 * DAY_US  # 8 o'clock in Beijing


def deal(number, at_us, buyer, seller, price=100, quantity=10):
    where = number, MORNING_US + at_us, SUN
    return Traded(*where, price, quantity, buyer, seller, "buy", number, number + 1)


def placed(number, at_us, side="sell", price=110, *, lasts_us=None, filled=0):
    ended_us = None if lasts_us is None else MORNING_US + at_us + lasts_us
    where = number, MORNING_US + at_us, 11, SUN
    return Placed(*where, side, price, 10, filled, ended_us, evergreen=False)


def clean():
    """Return a lively market without manipulation: one vendor, six who buy of it.

    Prices wander a little; some bids are cancelled, slowly; each auction has another
    winner; reviews differ.
    """
    random = Random(SEED)
    price, deals, orders = 100, [], []
    for number in range(1, 400):
        at_us = number * 20 * MINUTE_US + random.randrange(MINUTE_US)
        price = max(80, min(120, price + random.choice((-1, 0, 1))))
        deals.append(
            deal(
                number, at_us, random.choice(MAKERS), VERA, price, random.randint(1, 9)
            )
        )
        lasts_us = random.choice((None, HOUR_US, 5 * HOUR_US))
        side = random.choice(("buy", "sell"))
        orders.append(placed(number, at_us, side, price, lasts_us=lasts_us))
    bids = [
        Bid(contest, VERA, member, contest * HOUR_US, 100 + member, won=member == wins)
        for contest, wins in enumerate(MAKERS)
        for member in (wins, MAKERS[contest - 1])
    ]
    reviews = [
        Review(number, number, member, VERA, random.randint(2, 5))
        for number, member in enumerate(MAKERS)
    ]
    tenders = [
        Tendered(tender, tender, 50, member, 1_000 + 61 * place, won=not place)
        for tender in range(40)
        for place, member in enumerate(random.sample(MAKERS, 3 + tender % 2))
    ]
    return Seen(
        tuple(deals), tuple(orders), tuple(bids), tuple(reviews), tuple(tenders)
    )


def seeded():
    """Return for each detector what trips it, to be added to the clean market."""
    n, day = 1_000, 10 * DAY_US
    trips = [
        deal(n + 2 * k, day + k * HOUR_US, *pair)
        for k, pair in enumerate(((31, 32), (32, 31), (31, 32), (32, 31)))
    ]
    ring = [
        deal(n, day, 31, 32),
        deal(n + 2, day + 1, 33, 31),
        deal(n + 4, day + 2, 32, 33),
    ]
    close_us = day + 16 * HOUR_US - MINUTE_US  # 23:59 in Beijing
    early = [deal(n + k, day + k * HOUR_US, 11 + k, VERA) for k in range(6)]
    layers = [
        placed(n + k, day + k * SECOND_US, "sell", 110 + k, lasts_us=MINUTE_US)
        for k in range(3)
    ]
    flood = [placed(n + k, day + k * SECOND_US // 10) for k in range(80)]
    full = [
        Review(n + k, k, *pair, 5) for k, pair in enumerate([(31, 32), (32, 31)] * 2)
    ]
    wider = [
        Review(n + k, 30 * k * DAY_US, *pair, 5)
        for k, pair in enumerate([(31, 32), (32, 33), (33, 34), (34, 31)] * 2)
    ]
    shill = [Bid(n + k, VERA, 31, k, 100, won=False) for k in range(3)]
    return {
        "self_dealing": Seen((deal(n, day, 31, 32),), group={31: 31, 32: 31}),
        "round_trips": Seen(tuple(trips)),
        "circular": Seen(tuple(ring)),
        "far_prices": Seen((deal(n, day, 31, VERA, price=300),)),
        "layering": Seen(
            orders=(*layers, placed(n + 9, day + 5 * SECOND_US, "buy", filled=10))
        ),
        "quote_stuffing": Seen(orders=tuple(flood)),
        "marking_the_close": Seen(
            (*early, deal(n + 20, close_us, 31, VERA, price=125, quantity=1))
        ),
        "shill_bids": Seen(bids=tuple(shill)),
        "collusive_tenders": Seen(tenders=tuple(rigged())),
        "review_rings": Seen(reviews=tuple(full)),
        "review_rings of four": Seen(reviews=tuple(wider)),
    }


def rigged(*, tenders=3, above=20):
    """Return tenders that 31 wins, of which 32 covers it and 33 knows nothing."""
    return [
        Tendered(1_000 + n, n, 50, *bid)
        for n in range(tenders)
        for bid in ((31, 1_000, True), (32, 1_000 + above, False), (33, 1_200, False))
    ]


def with_clean(more):
    """Return the clean market and, after it, something more."""
    base = clean()
    joined = (old + new for old, new in zip(base[:5], more[:5], strict=True))
    return Seen(*joined, more.group)


def test_a_clean_market_raises_no_alert():
    assert detect(clean()) == []


def test_every_detector_has_a_scenario():
    assert {name.split()[0] for name in seeded()} == DETECTORS.keys()


@pytest.mark.parametrize("name", seeded())
def test_a_detector_finds_its_pattern_and_the_others_do_not(name):
    found = detect(with_clean(seeded()[name]))
    assert {alert.detector for alert in found} == {name.split()[0]}
    assert len(found) == 1
    (alert,) = found
    assert any(alert.evidence.values())
    assert alert.evidence.keys() <= KINDS.keys(), "the API names what it points to"
    assert all(
        number >= 1_000 for numbers in alert.evidence.values() for number in numbers
    )


@pytest.mark.parametrize("name", DETECTORS)
def test_the_same_market_is_judged_alike_each_time(name):
    market = with_clean(seeded()[name])
    assert detect(market) == detect(market)


def test_a_ring_of_three_or_more_is_one_alert_and_a_chain_is_none():
    def praised(*pairs, points=5):
        each = [pair for pair in pairs for _ in range(2)]
        return Seen(
            reviews=tuple(
                Review(n, n, *pair, points) for n, pair in enumerate(each, start=1)
            )
        )

    look = DETECTORS["review_rings"]
    ring = ((31, 32), (32, 33), (33, 31))
    (alert,) = look(praised(*ring, (33, 35), (36, 31)))
    assert (alert.members, alert.facts) == ((31, 32, 33), {"members": 3, "reviews": 6})
    assert look(praised(*ring[:2])) == [], "the last praises nobody of them"
    assert look(praised(*ring, points=4)) == []
    assert look(Seen(reviews=praised(*ring).reviews[1:])) == [], "once is no pattern"
    many = 20_000  # in one ring, found in a walk as long
    (great,) = look(praised(*((n, n % many + 1) for n in range(1, many + 1))))
    assert great.members == tuple(range(1, many + 1))
    two = look(praised((31, 32), (32, 31), (41, 42), (42, 41)))
    assert [alert.members for alert in two] == [(31, 32), (41, 42)]


def test_members_are_grouped_through_chains():
    assert grouped([(5, 4), (4, 3), (8, 9)]) == {5: 3, 4: 3, 3: 3, 8: 8, 9: 8}


def test_an_owner_stands_behind_the_vendor_of_an_auction():
    bids = (Bid(1, VERA, 31, 5, 100, won=True),)
    (alert,) = DETECTORS["shill_bids"](Seen(bids=bids, group={VERA: VERA, 31: VERA}))
    assert alert.members == (VERA, 31)


def test_bids_cover_a_winner_in_three_tenders_closely_and_never_win():
    look = DETECTORS["collusive_tenders"]
    (alert,) = look(Seen(tenders=tuple(rigged())))
    assert (alert.members, alert.facts) == ((31, 32), {"covered": 3})
    assert alert.evidence == {"tenders": (1_000, 1_001, 1_002)}
    assert look(Seen(tenders=tuple(rigged(tenders=2)))) == []
    assert look(Seen(tenders=tuple(rigged(above=31)))) == []
    once = Tendered(1, 1, 50, 32, 900, won=True)
    assert look(Seen(tenders=(once, *rigged()))) == []


def test_bidders_of_one_owner_in_one_tender_are_found():
    (alert,) = DETECTORS["collusive_tenders"](
        Seen(tenders=tuple(rigged(tenders=1)), group={32: 32, 33: 32})
    )
    assert (alert.members, alert.facts) == ((32, 33), {"owner": 32})


def test_the_same_three_who_win_in_turn_are_found():
    def rounds(*winners):
        return Seen(
            tenders=tuple(
                Tendered(
                    n, n, 50, member, 1_000 + 400 * (member != wins), member == wins
                )
                for n, wins in enumerate(winners)
                for member in (31, 32, 33)
            )
        )

    look = DETECTORS["collusive_tenders"]
    (alert,) = look(rounds(31, 32, 33, 31))
    assert alert.facts == {"turns": 4}
    assert look(rounds(31, 31, 32)) == [], "the best may win twice"
    assert look(rounds(31, 32, 31, 32)) == [], "the third never does"
