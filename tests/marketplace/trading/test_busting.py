"""Busts and adjustments: by two, in time, money, fee, right and price go back."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.control import Decide, Propose
from marketplace.trading.mistakes import struck_trade
from marketplace.trading.records import drain, load, write
from marketplace.trading.snapshot import digest
from marketplace.trading.venue import WrongOrder
from settlement.busts import AlreadyBusted, NotWhole, RightUsed, TooLate
from settlement.errors import InsufficientBalance, NotFound, OwnWork
from settlement.invariants import violations
from settlement.refunds import MoreThanPaid, Sale
from tests.floor import CASH, CAT, DAN, SECOND, STAFF, SUN, VERA, line, opened
from tests.marketplace.trading.test_accepting import Desk

WHY = "a slip of the finger: 900 for 9.00"


class Floor(Desk):
    """The market, with its records beside it: facts are read there."""

    def __init__(self, url):
        super().__init__()
        self.engine = opened(url)
        self.market.ledger.touched.update(range(len(self.market.ledger.accounts)))

    def settle(self):
        """Write down what happened; memory, records and audit must agree."""
        with self.engine.begin() as db:
            write(db, drain(self.market))
        with self.engine.connect() as db:
            assert digest(load(db)) == digest(self.market)
            found = [v for v in violations(db) if v.code not in {"A1", "A4", "B6"}]
            assert found == []

    def struck(self, trade):
        self.settle()
        with self.engine.connect() as db:
            return struck_trade(db, trade)

    def question(self, trade, price=None, by=STAFF):
        return self.do(c.QuestionTrade(by, self.struck(trade), price, WHY))

    def correct(self, trade, price=None):
        done = self.do(Decide(SECOND, self.question(trade, price), approve=True))
        self.settle()
        return done

    def trade(self, price, quantity, buyer=CAT, seller=None):
        """Let *seller* (the vendor) sell on the book; the trade's number."""
        seller = seller or VERA
        self.do(c.PlaceOrder(seller, seller, line("sell", price, quantity)))
        bid = line("buy", price, quantity, time_in_force="IOC")
        (made,) = self.do(c.PlaceOrder(buyer, buyer, bid)).trades
        return made[0]

    def last(self):
        venue = self.market.venues[SUN]
        return venue.last, venue.before


@pytest.fixture
def floor(sqlite_url):
    floor = Floor(sqlite_url)
    yield floor
    floor.engine.dispose()


def test_a_bust_gives_money_fee_and_right_back_at_once(floor):
    first, wrong = floor.trade(10, 2), floor.trade(9, 100)
    assert (floor.money(CAT), floor.money(VERA), floor.money(0)) == (
        *(CASH - 920, 920 - 24, 24),
    )
    assert floor.last() == (9, None)
    assert floor.correct(wrong) == 1
    assert (floor.money(CAT), floor.money(VERA), floor.money(0)) == (
        *(CASH - 20, 20 - 1, 1),
    )
    assert floor.market.ledger.balance(CAT, SUN) == 2
    assert floor.last() == (10, None), "the price before it is the last one again"
    with pytest.raises(AlreadyBusted):
        floor.question(wrong, 8)
    floor.correct(first)
    assert floor.last() == (None, None)
    assert (floor.money(CAT), floor.money(0)) == (CASH, 0)


def test_an_adjustment_moves_the_difference_and_the_fee_either_way(floor):
    wrong = floor.trade(9, 100)
    floor.do(c.PublishFees(STAFF, 900))  # the trade keeps the fee it was struck under
    floor.correct(wrong, 5)
    assert (floor.money(CAT), floor.money(VERA), floor.money(0)) == (
        *(CASH - 500, 500 - 13, 13),
    )
    assert floor.last() == (5, None)
    floor.correct(wrong, 12)
    assert (floor.money(CAT), floor.money(VERA), floor.money(0)) == (
        *(CASH - 1_200, 1_200 - 30, 30),
    )
    floor.correct(wrong)
    assert (floor.money(CAT), floor.money(VERA), floor.money(0)) == (CASH, 0, 0)
    assert floor.market.ledger.balance(CAT, SUN) == 0


def test_a_second_person_decides_and_one_question_waits_at_a_time(floor):
    wrong = floor.trade(9, 1)
    number = floor.question(wrong)
    with pytest.raises(WrongOrder):
        floor.question(wrong, 5, by=SECOND)
    with pytest.raises(OwnWork):
        floor.do(Decide(STAFF, number, approve=True))
    floor.do(Decide(SECOND, number, approve=False))
    assert floor.money(CAT) == CASH - 9, "turned down, nothing moves"
    with pytest.raises(WrongOrder):
        floor.do(Propose(STAFF, "BustTrade", (floor.struck(wrong),), WHY))
    with pytest.raises(WrongOrder):
        floor.do(c.QuestionTrade(STAFF, floor.struck(wrong), None, " "))


@pytest.mark.parametrize("price", [9, -1, 10**13, "5"])
def test_a_price_that_cannot_be_is_refused(floor, price):
    with pytest.raises(WrongOrder):
        floor.question(floor.trade(9, 1), price)


def test_a_trade_may_be_questioned_for_three_working_days(floor):
    wrong = floor.trade(9, 1)
    floor.pass_days(4)  # over the weekend: Friday to Tuesday
    floor.do(Decide(SECOND, floor.question(wrong), approve=False))
    floor.pass_days(3)
    with pytest.raises(TooLate):
        floor.question(wrong)


def test_what_was_used_or_passed_on_is_adjusted_not_busted(floor):
    used, sold = floor.trade(9, 1), floor.trade(9, 2)
    floor.do(c.Deliver(CAT, CAT, 1, 1, "ab" * 32, 10))
    passed = floor.trade(11, 2, DAN, CAT)
    for number in (used, sold):
        with pytest.raises(RightUsed):
            floor.question(number)
    floor.correct(used, 7)
    # What a holder sold goes back to the holder, who can sell it again.
    floor.correct(passed)
    units = [floor.market.ledger.balance(who, SUN) for who in (CAT, DAN)]
    assert units == [3, 0]
    floor.trade(10, 1, DAN, CAT)
    floor.settle()


def test_who_lacks_the_money_keeps_the_question_waiting(floor):
    wrong = floor.trade(9, 100)
    payout = floor.do(c.RequestPayout(VERA, VERA, 1, 800, "bank"))
    number = floor.question(wrong)
    with pytest.raises(InsufficientBalance):
        floor.do(Decide(SECOND, number, approve=True))
    floor.settle()
    floor.do(c.CancelPayout(VERA, VERA, payout))
    floor.do(Decide(SECOND, number, approve=True))
    floor.settle()


def test_a_refund_and_a_bust_together_move_what_was_paid_once(floor):
    wrong = floor.trade(9, 100)
    sale = Sale(wrong, CAT, VERA, SUN, 1, 900, 1, 1)
    refund = floor.do(c.OfferRefund(VERA, VERA, sale, 300, "late"))
    floor.do(Decide(SECOND, refund, approve=True))
    with pytest.raises(WrongOrder):
        floor.question(wrong, 2)  # less than was refunded
    floor.correct(wrong, 6)
    assert (floor.money(CAT), floor.money(0)) == (CASH - 300, 8)
    with pytest.raises(MoreThanPaid):
        floor.do(c.OfferRefund(VERA, VERA, sale, 301, "stale facts"))
    refund = floor.do(c.OfferRefund(VERA, VERA, sale, 100, "late"))
    floor.do(Decide(SECOND, refund, approve=True))
    floor.correct(wrong)
    assert (floor.money(CAT), floor.money(VERA), floor.money(0)) == (CASH, 0, 0)
    with pytest.raises(WrongOrder):
        floor.do(c.OfferRefund(VERA, VERA, sale, 1, "busted"))


def test_money_in_escrow_goes_back_whole_and_its_price_stays(floor):
    escrow = floor.buy(2)
    with pytest.raises(NotWhole):
        floor.question(escrow.number, 5)
    begun = floor.buy(2)
    floor.accept(begun, 1)
    with pytest.raises(NotWhole):
        floor.question(begun.number)
    floor.correct(escrow.number)
    assert str(escrow.state) == "unwound"
    assert (floor.money(CAT), floor.units(CAT)) == (CASH - 2_000, 2)
    floor.accept(begun)
    done = floor.buy()
    floor.accept(done)
    floor.correct(done.number, 400)
    assert floor.market.ledger.balance(CAT, 1, 2) == 0


def test_the_last_prices_are_those_of_the_trades_that_stand(floor):
    first = floor.trade(6, 1)
    floor.pass_days(1)
    second, third = floor.trade(7, 1), floor.trade(8, 1)
    floor.pass_days(1)
    fourth = floor.trade(9, 1)
    assert floor.last() == (9, 8)
    floor.correct(third)
    assert floor.last() == (9, 7)
    floor.correct(second, 5)
    assert floor.last() == (9, 5)
    floor.correct(fourth)
    assert floor.last() == (5, 6)
    floor.correct(first)
    assert floor.last() == (5, None)


def test_facts_that_are_stale_are_asked_again(floor):
    first, second = floor.trade(7, 1), floor.trade(8, 1)
    number = floor.question(second)
    floor.correct(first)
    with pytest.raises(WrongOrder):
        floor.do(Decide(SECOND, number, approve=True))
    floor.do(Decide(SECOND, number, approve=False))
    floor.correct(second)
    assert floor.last() == (None, None)


def test_facts_are_of_a_trade_that_there_is(floor):
    with pytest.raises(NotFound):
        floor.struck(77)
    lie = floor.struck(floor.trade(9, 1))._replace(schedule=9)
    with pytest.raises(WrongOrder):
        floor.do(c.QuestionTrade(STAFF, lie, None, WHY))


def test_a_question_does_not_outlive_that_its_trade_was_paid_whole(floor):
    """A dispute that ends in part between question and decision: no second refund."""
    escrow = floor.buy(2)
    asked = floor.question(escrow.number)
    facts = floor.struck(escrow.number)
    floor.do(c.OpenDispute(CAT, CAT, escrow.number, "quality", "half is empty"))
    floor.do(c.AnswerDispute(VERA, VERA, 1, "take a half", 1_000))
    floor.do(c.AgreeDispute(CAT, CAT, 1))
    before = floor.money(CAT)
    assert before == CASH - 1_000
    with pytest.raises(NotWhole):
        floor.do(Decide(SECOND, asked, approve=True))
    floor.do(Decide(SECOND, asked, approve=False))
    for price in (None, 400):  # facts that were read before it ended
        with pytest.raises(NotWhole):
            floor.do(c.QuestionTrade(STAFF, facts, price, WHY))
    assert floor.money(CAT) == before
    floor.settle()


def test_what_was_given_back_whole_has_no_price_to_adjust(floor):
    escrow = floor.buy(1)
    facts = floor.struck(escrow.number)
    floor.do(c.ReturnSale(VERA, VERA, escrow.number))
    with pytest.raises(NotWhole):
        floor.do(c.QuestionTrade(STAFF, facts, 400, WHY))
    floor.settle()
