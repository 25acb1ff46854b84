"""Auctions of one right: bids, the moving close, deposits, default, sealed kinds."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.contests import (
    HALT_US,
    PAY_US,
    AlreadyLeading,
    BidsStand,
    BidTooLow,
    ContestOver,
    OwnContest,
)
from marketplace.trading.market import Market
from marketplace.trading.stops import OWN, TradingStopped
from marketplace.trading.timetable import MINUTE_US
from marketplace.trading.venue import (
    InstrumentClosed,
    NotVerified,
    PurposeNotPermitted,
    WrongOrder,
)
from settlement.errors import InsufficientBalance, NotFound
from tests.floor import CASH, CAT, CNY, DAN, SECOND, STAFF, SUN, VERA, opening

CLOSE_US = 10 * MINUTE_US
OPEN = c.OpenContest(
    VERA, VERA, SUN, "ascending", 1, 1_000, 1_500, 100, CLOSE_US, MINUTE_US
)
HELD, EVE = 1, 77


class Room:
    """A market with one contest, number 1, and a clock that moves on."""

    def __init__(self, **changed):
        self.market, self.seq = Market(), 0
        for command in opening():
            self.do(command, self.seq)
        self.do(OPEN._replace(**changed), 50)
        self.contest = self.market.contests.live[1]

    def do(self, command, at_us=100):
        self.seq += 1
        return self.market.apply(command, self.seq, at_us)

    def bid(self, member, price, at_us=100, purpose="analysis"):
        return self.do(c.BidInContest(member, member, 1, price, purpose), at_us)

    def pass_to(self, at_us):
        self.do(c.Tick(), at_us)

    def money(self, member, pocket=0):
        return self.market.ledger.balance(member, CNY, pocket)


def test_the_highest_bid_takes_the_right_at_its_price_and_others_get_their_deposit():
    room = Room()
    room.bid(CAT, 1_000)
    assert (room.money(CAT), room.money(CAT, HELD)) == (CASH - 100, 100)
    room.bid(DAN, 1_500)
    assert room.market.next_due_us() == CLOSE_US
    room.pass_to(CLOSE_US)
    assert (str(room.contest.state), room.contest.winner) == ("sold", DAN)
    (trade,) = room.market.trades_new
    assert (trade.origin, trade.price, trade.quantity) == ("contest", 1_500, 1)
    assert room.money(CAT) == CASH
    assert (room.money(DAN), room.money(DAN, HELD)) == (CASH - 1_500, 0)
    assert room.market.ledger.balance(DAN, SUN) == 1
    assert not any(room.market.ledger.totals().values())


def test_a_bid_tops_the_last_by_the_increment_and_nobody_tops_themselves():
    room = Room()
    with pytest.raises(BidTooLow):
        room.bid(CAT, 999)
    room.bid(CAT, 1_000)
    with pytest.raises(AlreadyLeading):
        room.bid(CAT, 2_000)
    with pytest.raises(BidTooLow) as low:
        room.bid(DAN, 1_099)
    assert low.value.facts() == {"price": 1_099, "least": 1_100}
    room.bid(DAN, 1_100)


def test_a_bid_in_the_last_minute_moves_the_close():
    room = Room()
    assert room.bid(CAT, 1_000, CLOSE_US - MINUTE_US) == (1, CLOSE_US)
    late_us = CLOSE_US - 5
    assert room.bid(DAN, 1_500, late_us) == (2, late_us + MINUTE_US)
    room.pass_to(CLOSE_US)
    assert str(room.contest.state) == "open"
    room.pass_to(late_us + MINUTE_US)
    assert str(room.contest.state) == "sold"
    with pytest.raises(NotFound):
        room.bid(CAT, 9_000, late_us + MINUTE_US)


def test_below_the_reserve_or_without_a_bid_nothing_is_sold():
    room = Room()
    room.bid(CAT, 1_400)
    room.pass_to(CLOSE_US)
    assert str(room.contest.state) == "failed"
    assert (room.money(CAT), room.contest.winner) == (CASH, None)
    empty = Room()
    empty.pass_to(CLOSE_US)
    assert str(empty.contest.state) == "failed"


@pytest.fixture
def unpaid():
    """DAN has won at 200,000, which is not there; CAT is next at 50,000."""
    room = Room()
    room.bid(CAT, 50_000)
    room.bid(DAN, 200_000)
    room.pass_to(CLOSE_US)
    assert (str(room.contest.state), room.contest.winner) == ("awarded", DAN)
    assert room.money(CAT, HELD) == room.money(DAN, HELD) == 100
    return room


def test_who_does_not_pay_loses_the_deposit_to_the_vendor_and_the_next_gets_it(unpaid):
    with pytest.raises(InsufficientBalance):
        unpaid.do(c.PayContest(DAN, DAN, 1), CLOSE_US + 1)
    before = unpaid.money(VERA)
    unpaid.pass_to(CLOSE_US + PAY_US)
    assert (str(unpaid.contest.state), unpaid.contest.winner) == ("sold", CAT)
    assert unpaid.money(DAN) == CASH - 100
    assert unpaid.money(CAT) == CASH - 50_000
    (trade,) = unpaid.market.trades_new
    assert unpaid.money(VERA) - before == 100 + 50_000 - trade.fee


def test_the_winner_may_bring_the_money_in_time(unpaid):
    with pytest.raises(NotFound):
        unpaid.do(c.PayContest(CAT, CAT, 1), CLOSE_US + 1)
    with pytest.raises(ContestOver):
        unpaid.bid(CAT, 300_000, CLOSE_US + 1)
    payin = unpaid.do(c.RequestPayin(DAN, DAN, CNY, 200_000, "x"), CLOSE_US + 2)
    unpaid.do(c.ConfirmPayin(STAFF, payin), CLOSE_US + 3)
    assert unpaid.do(c.PayContest(DAN, DAN, 1), CLOSE_US + 4) == 1
    assert (str(unpaid.contest.state), unpaid.money(CAT)) == ("sold", CASH)
    assert unpaid.money(DAN) == CASH
    with pytest.raises(NotFound):
        unpaid.do(c.PayContest(DAN, DAN, 1), CLOSE_US + 5)


def test_a_winner_who_may_not_trade_any_more_is_passed_over_with_the_deposit(unpaid):
    unpaid.do(c.SetStanding(STAFF, DAN, verified=False), CLOSE_US + 1)
    unpaid.pass_to(CLOSE_US + PAY_US)
    assert unpaid.contest.winner == CAT
    assert unpaid.money(DAN) == CASH


def test_the_next_after_a_default_pays_the_price_of_the_one_after():
    room = Room(kind="second", increment=0, extension_us=0)
    room.do(c.SetStanding(STAFF, EVE, verified=True))
    room.do(c.ConfirmPayin(STAFF, room.do(c.RequestPayin(EVE, EVE, CNY, CASH, "x"))))
    room.do(c.RequestPayout(CAT, CAT, CNY, CASH - 1_000, "away"))
    for member, price in ((DAN, 9_900), (EVE, 9_000), (CAT, 500_000)):
        room.bid(member, price)
    room.pass_to(CLOSE_US)
    assert (room.contest.winner, room.money(EVE)) == (CAT, CASH)
    room.pass_to(CLOSE_US + PAY_US)
    assert (room.contest.winner, room.contest.price) == (DAN, 9_000)


def test_a_stop_of_ones_own_is_no_way_out_of_a_bid(unpaid):
    unpaid.do(c.StopTrading(DAN, DAN, True, "enough", OWN), CLOSE_US + 1)
    unpaid.pass_to(CLOSE_US + PAY_US)
    assert unpaid.money(DAN) == CASH - 100
    assert unpaid.contest.winner == CAT


def test_a_vendor_cannot_hold_an_auction_open_or_choose_its_bidders_afterwards():
    room = Room()
    room.bid(CAT, 1_500)
    room.do(c.StopTrading(VERA, VERA, True, "too cheap", OWN))
    room.do(c.SetAudience(STAFF, SUN, (DAN,), hidden=False))
    room.pass_to(CLOSE_US)
    assert (str(room.contest.state), room.contest.winner) == ("sold", CAT)


def test_of_a_vendor_that_may_not_sell_no_bid_is_taken_and_deposits_go_back():
    room = Room()
    room.bid(CAT, 1_500)
    room.do(c.StopTrading(STAFF, VERA, True, "under inquiry"))
    with pytest.raises(TradingStopped):
        room.bid(DAN, 2_000)
    room.pass_to(CLOSE_US)
    assert (str(room.contest.state), room.money(CAT)) == ("failed", CASH)


@pytest.mark.parametrize(("kind", "price"), [("first", 3_000), ("second", 2_000)])
def test_sealed_bids_replace_each_other_and_the_best_pays_by_its_kind(kind, price):
    room = Room(kind=kind, increment=0, extension_us=0)
    room.bid(CAT, 9_000)
    room.bid(CAT, 3_000)
    room.bid(DAN, 2_000)
    room.pass_to(CLOSE_US)
    assert (room.contest.winner, room.contest.price) == (CAT, price)
    assert room.money(CAT) == CASH - price
    assert room.money(CAT, HELD) == 0


def test_of_equal_sealed_bids_the_earlier_wins_and_the_second_price_is_the_reserve():
    room = Room(kind="second", increment=0, extension_us=0)
    room.bid(DAN, 2_000)
    room.bid(CAT, 2_000)
    room.pass_to(CLOSE_US)
    assert (room.contest.winner, room.contest.price) == (DAN, 2_000)
    alone = Room(kind="second", increment=0, extension_us=0)
    alone.bid(CAT, 2_000)
    alone.pass_to(CLOSE_US)
    assert alone.contest.price == 1_500


def test_a_halt_postpones_the_close():
    room = Room()
    room.bid(CAT, 1_500)
    room.do(c.SuspendInstrument(STAFF, SUN))
    with pytest.raises(InstrumentClosed):
        room.bid(DAN, 2_000)
    room.pass_to(CLOSE_US)
    assert (str(room.contest.state), room.contest.closes_us) == (
        "open",
        CLOSE_US + HALT_US,
    )
    room.do(c.ResumeInstrument(STAFF, SUN), CLOSE_US + 1)
    room.pass_to(CLOSE_US + HALT_US)
    assert str(room.contest.state) == "sold"


def test_it_is_called_off_when_what_is_sold_changes_or_is_delisted():
    for change in (
        c.DelistInstrument(STAFF, SUN),
        c.ListInstrument(
            STAFF, SUN, "SUN", VERA, CNY, 1, 1, '{"title":"Moon"}', ("analysis",),
            None, None, transferable=True,
        ),
    ):  # fmt: skip
        room = Room()
        room.bid(CAT, 1_500)
        room.do(change)
        assert (str(room.contest.state), room.money(CAT)) == ("cancelled", CASH)
        assert room.market.contests.live == {}


def test_only_before_the_first_bid_may_the_vendor_withdraw_it():
    room = Room()
    with pytest.raises(NotFound):
        room.do(c.CancelContest(CAT, CAT, 1))
    room.bid(CAT, 1_000)
    with pytest.raises(BidsStand):
        room.do(c.CancelContest(VERA, VERA, 1))
    fresh = Room()
    fresh.do(c.CancelContest(VERA, VERA, 1))
    assert str(fresh.contest.state) == "cancelled"
    assert fresh.market.next_due_us() is None


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"member": CAT}, NotFound),
        ({"kind": "dutch"}, WrongOrder),
        ({"quantity": 0}, WrongOrder),
        ({"start": 0}, WrongOrder),
        ({"reserve": 999}, WrongOrder),
        ({"increment": 0}, WrongOrder),
        ({"kind": "first"}, WrongOrder),
        ({"kind": "first", "increment": 0}, WrongOrder),
        ({"closes_us": 51}, WrongOrder),
        ({"closes_us": 10**15}, WrongOrder),
        ({"extension_us": 61 * MINUTE_US}, WrongOrder),
    ],
)
def test_an_auction_that_cannot_be_is_refused(changed, refusal):
    with pytest.raises(refusal):
        Room(**changed)


def test_who_may_not_bid_is_refused_and_nothing_is_held():
    room = Room()
    for member, refusal in ((VERA, OwnContest), (77, NotVerified)):
        with pytest.raises(refusal):
            room.bid(member, 1_500)
    with pytest.raises(PurposeNotPermitted):
        room.bid(CAT, 1_500, purpose="resale")
    room.do(c.StopTrading(STAFF, CAT, False, "drill"))
    with pytest.raises(TradingStopped):
        room.bid(CAT, 1_500)
    room.do(c.AllowTrading(SECOND, CAT))
    dear = Room(start=10**7, reserve=10**7)
    with pytest.raises(InsufficientBalance):
        dear.bid(CAT, 10**7)
    assert dear.contest.bidders == {}
    assert room.money(CAT, HELD) == 0
