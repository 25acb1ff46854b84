"""Mandates: what an agent or a colleague may spend, judged with every command."""

import random

import pytest
from sqlalchemy import create_engine

from marketplace.schema import metadata
from marketplace.trading import commands as c
from marketplace.trading import records
from marketplace.trading.mandates import (
    AlreadyHeld,
    HasMandate,
    MandateOver,
    OutsideMandate,
    OverBudget,
)
from marketplace.trading.market import Market
from marketplace.trading.permitting import AGENTS
from marketplace.trading.snapshot import digest
from marketplace.trading.venue import WrongOrder
from settlement import clock
from settlement.errors import NotFound, Refusal
from settlement.ledger import Pocket
from tests.floor import CAT, CNY, DAN, PRICE, SUN, VERA, bid, line, opening

AGENT, SECOND = 77, 78
# Two minutes before midnight in Shanghai, wherever the test runs.
NIGHT_US = 20_000 * clock.DAY_US + 16 * clock.HOUR_US - 2 * clock.MINUTE_US
BOUNDS = c.GiveMandate(
    CAT, CAT, AGENT, "sun", True, CNY, PRICE, 100, None, None, False, (SUN,),
    ("analysis",), NIGHT_US + 30 * clock.DAY_US,
)  # fmt: skip


class Room:
    """A market in which CAT has given an agent a mandate over 100 a day."""

    def __init__(self, **bounds) -> None:
        self.market, self.seq, self.at_us = Market(), 0, NIGHT_US
        for command in opening():
            self.do(command)
        self.number = self.do(BOUNDS._replace(**bounds))

    def do(self, command):
        self.seq += 1
        return self.market.apply(command, self.seq, self.at_us)

    def order(self, price=PRICE, quantity=1, by=AGENT, **rest):
        wanted = line("buy", price, quantity, **rest)
        return self.do(c.PlaceOrder(by, CAT, wanted))

    def mandate(self):
        return self.market.mandates.of[AGENT]

    def held(self):
        return self.market.ledger.balance(CAT, CNY, Pocket.HELD)


@pytest.fixture
def room():
    return Room()


def test_what_waits_and_what_was_paid_count_against_the_day(room):
    room.order(PRICE, 4)  # 48 are paid
    resting = room.order(9, 5)  # 45 wait
    with pytest.raises(OverBudget) as refused:
        room.order(9, 1)
    assert (refused.value.cost, refused.value.left) == (9, 7)
    room.order(7, 1)
    room.do(c.CancelOrder(AGENT, CAT, resting.order))
    room.order(9, 5)
    with pytest.raises(OverBudget):
        room.order(1, 1)
    assert (room.mandate().today, room.mandate().spent) == (48, 48)


def test_a_new_day_begins_at_midnight_in_shanghai_and_what_waits_is_carried_over(room):
    room.order(9, 11)
    room.at_us += 2 * clock.MINUTE_US
    with pytest.raises(OverBudget):
        room.order(9, 1)
    room.do(c.PlaceOrder(VERA, VERA, line("sell", 9, 11, time_in_force="IOC")))
    assert (room.mandate().today, room.mandate().spent) == (99, 99)
    with pytest.raises(OverBudget):
        room.order(9, 1)
    room.at_us += clock.DAY_US
    room.order(PRICE, 8)
    assert (room.mandate().today, room.mandate().spent) == (96, 195)


def test_the_whole_is_bounded_beside_the_day():
    room = Room(total_max=120)
    room.order(PRICE, 8)
    room.at_us += clock.DAY_US
    with pytest.raises(OverBudget) as refused:
        room.order(PRICE, 3)
    assert refused.value.left == 24
    room.order(PRICE, 2)


def test_a_basket_counts_as_a_whole_and_by_its_total(room):
    lines = (line("buy", 9, 6), line("buy", 9, 6))
    with pytest.raises(OverBudget):
        room.do(c.PlaceBasket(AGENT, CAT, lines))
    free = line("buy", None, 2)
    with pytest.raises(OutsideMandate):  # no highest price could be kept
        room.do(c.PlaceBasket(AGENT, CAT, (free,), 100))
    room = Room(price_max=None)
    with pytest.raises(OverBudget):
        room.do(c.PlaceBasket(AGENT, CAT, (free,), 101))
    room.do(c.PlaceBasket(AGENT, CAT, (free,), 100))
    assert room.mandate().today == 2 * PRICE


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"price": PRICE + 1}, "price"),
        ({"price": None, "time_in_force": "IOC"}, "price"),
        ({"purpose": "training"}, "purpose"),
    ],
)
def test_price_and_purpose_are_kept(room, changed, field):
    with pytest.raises(OutsideMandate) as refused:
        room.order(**changed)
    assert refused.value.field == field


def test_another_instrument_or_selling_is_outside(room):
    moon = next(x for x in opening() if isinstance(x, c.ListInstrument))
    room.do(moon._replace(instrument=SUN + 1, symbol="MOON"))
    other = c.Line(SUN + 1, "buy", 5, 1, purpose="analysis")
    with pytest.raises(OutsideMandate) as refused:
        room.do(c.PlaceOrder(AGENT, CAT, other))
    assert refused.value.field == "instrument"
    room.order(PRICE, 1)
    with pytest.raises(OutsideMandate):
        room.do(c.PlaceOrder(AGENT, CAT, line("sell", 9, 1)))


def test_an_agent_may_do_nothing_but_what_agents_may(room):
    """Every kind of command that there is: what is not listed is refused before all."""
    for kind in c.KINDS.values():
        if kind in AGENTS or "by" not in kind._fields:
            continue
        values = {"by": AGENT, "member": CAT}
        blank = [values.get(field) for field in kind._fields]
        with pytest.raises(OutsideMandate):
            room.do(kind(*blank))
    with pytest.raises(OutsideMandate):  # for another member than its own
        room.do(c.PlaceOrder(AGENT, DAN, line("buy", 5, 1)))
    mine = room.do(bid(5))  # its member's order, not its own
    for command in (
        c.CancelOrder(AGENT, CAT, mine.order),
        c.ReduceOrder(AGENT, CAT, mine.order, 1),
        c.ReplaceOrder(AGENT, CAT, mine.order, 5, 1),
    ):
        with pytest.raises(NotFound):
            room.do(command)


def test_its_own_order_is_changed_within_the_budget(room):
    order = room.order(9, 5).order
    with pytest.raises(OverBudget):
        room.do(c.ReplaceOrder(AGENT, CAT, order, 9, 12))
    order = room.do(c.ReplaceOrder(AGENT, CAT, order, 9, 11)).order
    room.do(c.ReduceOrder(AGENT, CAT, order, 10))
    room.order(9, 10)


def test_nothing_is_bought_twice_that_is_held_or_ordered():
    room = Room(unique=True)
    order = room.order(9, 1).order
    with pytest.raises(AlreadyHeld):
        room.order(PRICE, 1)
    room.do(c.ReplaceOrder(AGENT, CAT, order, 8, 1))
    room.do(c.CancelAll(CAT, CAT))
    twice = (line("buy", 9, 1), line("buy", 8, 1))
    with pytest.raises(OutsideMandate):
        room.do(c.PlaceBasket(AGENT, CAT, twice))
    room.order(PRICE, 1)
    with pytest.raises(AlreadyHeld):
        room.order(9, 1)


def test_a_quote_is_accepted_within_the_mandate(room):
    until_us = NIGHT_US + clock.DAY_US
    for price, quantity in ((11, 5), (11, 5), (13, 1)):
        offer = c.OfferPrice(
            VERA, VERA, SUN, CAT, price, quantity, "need", "a test", until_us
        )
        room.do(offer)
    room.do(c.TakeOffer(AGENT, CAT, 1, "analysis"))
    assert room.mandate().today == 55
    with pytest.raises(OverBudget):
        room.do(c.TakeOffer(AGENT, CAT, 2, "analysis"))
    with pytest.raises(OutsideMandate):
        room.do(c.TakeOffer(AGENT, CAT, 3, "analysis"))
    with pytest.raises(NotFound):
        room.do(c.TakeOffer(AGENT, CAT, 9, "analysis"))


@pytest.mark.parametrize("expires", [False, True])
def test_its_end_cancels_what_waits_and_refuses_what_is_under_way(room, expires):
    room.order(9, 3)
    room.order(8, 3)
    others = room.do(bid(5))
    assert room.held() == 27 + 24 + 5
    if expires:
        room.at_us = BOUNDS.until_us
        room.do(c.Tick())
    else:
        assert room.do(c.EndMandate(SECOND, CAT, room.number)) == 2
    assert room.held() == 5
    assert set(room.market.orders) == {1, others.order}  # 1: the posted price
    with pytest.raises(MandateOver):
        room.order(1, 1)
    with pytest.raises(NotFound):
        room.do(c.EndMandate(SECOND, CAT, room.number))
    with pytest.raises(HasMandate):  # an agent has one, for ever
        room.do(BOUNDS._replace(until_us=room.at_us + 1))


def test_a_colleague_with_a_budget_is_bounded_in_what_it_spends_only():
    room = Room(agent=False, user=AGENT)
    mine = room.do(bid(5))
    room.do(c.CancelOrder(AGENT, CAT, mine.order))  # as its roles allow
    room.order(9, 11)
    with pytest.raises(OverBudget):
        room.order(9, 1)
    joined = c.BidInContest(AGENT, CAT, 1, 5, "analysis")
    with pytest.raises(OutsideMandate):  # nobody knows what it will cost
        room.do(joined)
    room.do(c.EndMandate(CAT, CAT, room.number))
    assert room.held() == 99  # its orders stay
    room.order(9, 1)
    with pytest.raises(NotFound):
        room.do(c.EndMandate(CAT, DAN, room.number))


def test_a_colleagues_budget_that_ran_out_lets_nothing_through():
    room = Room(agent=False, user=AGENT)
    room.at_us = BOUNDS.until_us
    room.do(c.Tick())
    with pytest.raises(MandateOver):
        room.order(1, 1)
    room.do(BOUNDS._replace(agent=False, until_us=room.at_us + 1))
    room.order(1, 1)


@pytest.mark.parametrize("expired", [False, True])
def test_who_is_bounded_makes_nobody_less_bounded(expired):
    room = Room(agent=False, user=AGENT)
    if expired:
        room.at_us = BOUNDS.until_us
        room.do(c.Tick())
    given = BOUNDS._replace(by=AGENT, user=SECOND, until_us=room.at_us + 9)
    other = room.do(given._replace(by=CAT, user=79))
    for command in (
        given,
        given._replace(agent=False, user=AGENT),
        c.SetBudget(AGENT, CAT, 1, 5),
        c.DeclareUse(AGENT, CAT, 1, 0, 5, "more"),
    ):
        with pytest.raises(OutsideMandate) as refused:
            room.do(command)
        assert refused.value.field == "command"
    if not expired:
        with pytest.raises(OutsideMandate):
            room.do(c.EndMandate(AGENT, CAT, room.number))
    room.do(c.EndMandate(AGENT, CAT, other))  # an agent is ended by any of the member


def test_what_is_ordered_twice_is_refused_before_the_books_are_looked_through():
    class Watched(dict):
        looks = 0

        def values(self):
            Watched.looks += 1
            return super().values()

    room = Room(unique=True)
    room.market.orders_of[CAT] = Watched()
    with pytest.raises(OutsideMandate):
        room.do(c.PlaceBasket(AGENT, CAT, (line("buy", 1, 1),) * 50))
    assert Watched.looks == 0
    room.order(1, 1)
    assert Watched.looks == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"name": " "},
        {"user": 0},
        {"user": CAT},
        {"currency": 99},
        {"daily_max": -1},
        {"price_max": 10**17},
        {"instruments": (SUN, SUN)},
        {"purposes": ("b", "a")},
        {"until_us": NIGHT_US},
        {"until_us": NIGHT_US + 400 * clock.DAY_US},
    ],
)
def test_a_mandate_that_cannot_be_is_refused(room, changed):
    with pytest.raises(WrongOrder):
        room.do(BOUNDS._replace(**{"user": SECOND} | changed))


def test_whatever_agents_do_a_day_never_costs_more_and_the_records_agree():
    """Random flows with a clock: budget, holds, replay from the tables."""
    for seed in range(6):
        dice = random.Random(seed)
        room = Room()
        engine = create_engine("sqlite://")
        metadata.create_all(engine)
        for _ in range(120):
            room.at_us += dice.choice((0, 0, clock.MINUTE_US, 5 * clock.HOUR_US))
            price, quantity = dice.randint(5, 13), dice.randint(1, 6)
            order = dice.randint(1, room.market.last_order + 1)
            command = dice.choice(
                (
                    c.PlaceOrder(AGENT, CAT, line("buy", price, quantity)),
                    c.PlaceOrder(
                        VERA, VERA, line("sell", price, quantity, time_in_force="IOC")
                    ),
                    c.ReplaceOrder(AGENT, CAT, order, price, quantity),
                    c.ReplaceOrder(CAT, CAT, order, price, quantity),
                    c.CancelOrder(AGENT, CAT, order),
                    c.Tick(),
                )
            )
            try:
                room.do(command)
            except Refusal:
                continue
            mandate = room.mandate()
            assert mandate.today <= mandate.daily_max
            desk = room.market.mandates
            assert set(desk.orders) <= set(room.market.orders)
            by_user = {o: user for user, own in desk.waiting.items() for o in own}
            assert by_user == desk.orders
        if seed % 2:
            room.do(c.EndMandate(CAT, CAT, room.number))
        with engine.begin() as db:
            records.write(db, records.drain(room.market))
            again = records.load(db)
        assert room.market.mandates.orders == again.mandates.orders
        assert room.market.mandates.waiting == again.mandates.waiting
        assert room.mandate().row() == again.mandates.of[AGENT].row()
        assert digest(again) == digest(room.market)
