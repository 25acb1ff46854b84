"""Group buys: the price falls with the licensees, the same for all at the close."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.trading import commands as c
from marketplace.trading.contests import HALT_US
from marketplace.trading.market import Market
from marketplace.trading.pools import (
    AlreadyJoined,
    PoolJoined,
    TooManyPools,
    is_schedule,
    price_for,
)
from marketplace.trading.snapshot import state
from marketplace.trading.venue import NotVerified, WrongOrder
from settlement import clock, store
from settlement.errors import InsufficientBalance, NotFound
from settlement.ledger import Pocket
from tests.floor import (
    CASH,
    CAT,
    CNY,
    DAN,
    STAFF,
    SUN,
    VERA,
    Clock,
    opening,
    proven,
    trading,
)

BEGIN_US = 20_000 * clock.DAY_US
TIERS = ((1, 900), (2, 700), (5, 400))
OPEN = c.OpenPool(VERA, VERA, SUN, TIERS, 2, BEGIN_US + clock.DAY_US)
EVE, FAY = 4, 5


class Room:
    """A market with a group buy, and a clock that only goes on."""

    def __init__(self) -> None:
        self.market, self.seq, self.at_us = Market(), 0, BEGIN_US
        for command in opening(CASH, (CAT, DAN, EVE)):
            self.do(command)
        assert self.do(OPEN) == 1

    def do(self, command):
        self.seq += 1
        return self.market.apply(command, self.seq, self.at_us)

    def join(self, *members):
        return [self.do(c.JoinPool(m, m, 1, "analysis")) for m in members]

    def close(self):
        self.at_us = max(self.at_us, OPEN.closes_us)
        self.do(c.Tick())

    def money(self, owner, pocket=Pocket.FREE):
        return self.market.ledger.balance(owner, CNY, pocket)


@pytest.fixture
def room():
    return Room()


def test_all_pay_the_price_that_their_number_reaches_and_get_the_rest_back(room):
    assert room.join(CAT, DAN) == [1, 2]
    assert (room.money(CAT), room.money(CAT, Pocket.HELD)) == (CASH - 900, 900)
    room.close()
    assert {trade.price for trade in room.market.trades_new} == {700}
    assert {trade.origin for trade in room.market.trades_new} == {"group"}
    for buyer in (CAT, DAN):
        assert (room.money(buyer), room.money(buyer, Pocket.HELD)) == (CASH - 700, 0)
        assert room.market.ledger.balance(buyer, SUN) == 1
    assert str(room.market.pools.changed[1].state) == "sold"


def test_too_few_get_all_back(room):
    room.join(CAT)
    room.close()
    assert str(room.market.pools.changed[1].state) == "failed"
    assert (room.money(CAT), room.market.trades_new) == (CASH, [])


def test_who_lost_the_standing_does_not_count_and_gets_the_money_back(room):
    room.join(CAT, DAN, EVE)
    room.do(c.SetStanding(STAFF, EVE, False))
    room.close()
    assert len(room.market.trades_new) == 2
    assert room.money(EVE) == CASH


def test_the_close_waits_while_trading_is_halted(room):
    room.join(CAT, DAN)
    room.do(c.SuspendInstrument(STAFF, SUN))
    room.close()
    assert room.market.pools.live[1].due_us == OPEN.closes_us + HALT_US
    room.do(c.ResumeInstrument(STAFF, SUN))
    with pytest.raises(NotFound):
        room.join(EVE)
    room.at_us += HALT_US
    room.close()
    assert len(room.market.trades_new) == 2


def test_delisting_gives_all_back(room):
    room.join(CAT, DAN)
    room.do(c.DelistInstrument(STAFF, SUN))
    assert str(room.market.pools.changed[1].state) == "cancelled"
    assert room.money(CAT) == CASH


def test_nobody_calls_off_what_buyers_have_joined(room):
    room.do(OPEN)
    room.do(c.CancelPool(VERA, VERA, 2))
    assert str(room.market.pools.changed[2].state) == "cancelled"
    room.join(CAT)
    with pytest.raises(PoolJoined):
        room.do(c.CancelPool(VERA, VERA, 1))


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (OPEN._replace(member=CAT), NotFound),
        (OPEN._replace(tiers=()), WrongOrder),
        (OPEN._replace(tiers=((2, 5),)), WrongOrder),
        (OPEN._replace(tiers=((1, 5), (2, 5))), WrongOrder),
        (OPEN._replace(tiers=((1, 5), (1, 4))), WrongOrder),
        (OPEN._replace(tiers=((1, 5), (2, 0))), WrongOrder),
        (OPEN._replace(tiers=((1,),)), WrongOrder),
        (OPEN._replace(tiers=((1, "5"),)), WrongOrder),
        (OPEN._replace(least=0), WrongOrder),
        (OPEN._replace(closes_us=BEGIN_US + 9), WrongOrder),
        (c.JoinPool(VERA, VERA, 1, "analysis"), WrongOrder),
        (c.JoinPool(FAY, FAY, 1, "analysis"), NotVerified),
        (c.JoinPool(CAT, CAT, 7, "analysis"), NotFound),
        (c.CancelPool(CAT, CAT, 1), NotFound),
    ],
)
def test_a_refused_step_leaves_no_trace(room, command, refusal):
    before = state(room.market)
    with pytest.raises(refusal):
        room.do(command)
    assert state(room.market) == before


def test_nobody_joins_twice_or_without_the_money(room):
    room.join(CAT)
    with pytest.raises(AlreadyJoined):
        room.join(CAT)
    room.do(c.RequestPayout(DAN, DAN, CNY, CASH - 899, "bank"))
    with pytest.raises(InsufficientBalance):
        room.join(DAN)


def test_a_vendor_has_so_many_open(room, monkeypatch):
    monkeypatch.setattr("marketplace.trading.pools.OPEN_MAX", 1)
    with pytest.raises(TooManyPools):
        room.do(OPEN)


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 99)), min_size=1, max_size=5),
    st.integers(1, 60),
)
def test_more_licensees_never_pay_more(steps, licensees):
    """The schedule is built from growing thresholds and falling prices."""
    least, price, tiers = 1, 1_000, []
    for more, cheaper in steps:
        tiers.append((least, price))
        least, price = least + more, price - cheaper
    assert is_schedule(tuple(tiers), 1)
    pays = [price_for(tuple(tiers), number) for number in range(1, licensees + 1)]
    assert pays == sorted(pays, reverse=True)
    assert pays[0] == tiers[0][1]


def test_group_buys_are_rebuilt_from_the_journal(tmp_path):
    url, hands = f"sqlite:///{tmp_path / 'market.db'}", Clock(BEGIN_US)
    with trading(url, now_us=hands) as gateway:
        for _ in range(3):
            gateway.submit(OPEN)
        for member, pool in ((CAT, 1), (DAN, 1), (CAT, 2)):
            gateway.submit(c.JoinPool(member, member, pool, "analysis"))
        hands.at_us = OPEN.closes_us
        gateway.submit(c.Tick())
        gateway.submit(OPEN._replace(closes_us=hands.at_us + clock.DAY_US))
        gateway.submit(c.JoinPool(DAN, DAN, 4, "analysis"))
        reads = store.connect(url)
        assert proven(reads) > 0
        reads.dispose()
