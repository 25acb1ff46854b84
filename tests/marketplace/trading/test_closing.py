"""The close of a month: in turn, when it is over, with nothing open, and for good."""

import pytest

from marketplace.trading import closings, summaries
from marketplace.trading import commands as c
from marketplace.trading.closing import ClosePeriod, bounds, following
from marketplace.trading.control import Decide, Propose
from marketplace.trading.market import Market
from marketplace.trading.snapshot import digest
from marketplace.trading.venue import WrongOrder
from settlement.closings import CHECKLIST, NotInTurn, NotReady, PeriodClosed
from settlement.errors import OwnWork
from tests.floor import BUY, CAT, CNY, SECOND, STAFF, Clock, opening, proven, trading

OCTOBER, NOVEMBER = "2026-10", "2026-11"
BEGINS_US, ENDS_US = bounds(OCTOBER)
CLEAR = tuple((item, 0) for item in CHECKLIST)
DAY_US = 86_400_000_000


class Desk:
    """A market in whose October CAT bought one unit for 12, of which 1 is the fee."""

    def __init__(self) -> None:
        self.market, self.seq, self.at_us = Market(), 0, BEGINS_US + DAY_US
        for command in (*opening(), BUY):
            self.do(command)
        self.at_us = ENDS_US + DAY_US

    def do(self, command):
        self.seq += 1
        return self.market.apply(command, self.seq, self.at_us)

    def told(self):
        """What October ended with, as the ledger of this market has it."""
        found = {}
        ledger = self.market.ledger
        for account, balance in zip(ledger.accounts, ledger.balances, strict=True):
            if account.asset == CNY and balance:
                place = {
                    (0, 3): "bank", (0, 0): "income"
                }.get((account.owner, account.pocket), "free")  # fmt: skip
                found[place] = found.get(place, 0) + balance
        return tuple((place, CNY, amount) for place, amount in sorted(found.items()))

    def propose(self, month=OCTOBER, balances=None, checks=CLEAR):
        told = self.told() if balances is None else balances
        return self.do(Propose(STAFF, "ClosePeriod", (month, told, checks), "done"))

    def close(self, **values):
        return self.do(Decide(SECOND, self.propose(**values), approve=True))


@pytest.fixture
def desk():
    return Desk()


def test_months_follow_each_other_in_the_exchanges_zone():
    assert bounds("1970-01") == (-28_800_000_000, 31 * DAY_US - 28_800_000_000)
    assert bounds("2026-12")[1] == bounds("2027-01")[0]
    assert (following("2026-12"), following("2026-09")) == ("2027-01", "2026-10")
    for odd in ("2026-13", "2026", "", "2026-1", 3):
        with pytest.raises(WrongOrder):
            bounds(odd)


def test_a_second_person_closes_the_month_and_nothing_is_posted_into_it(desk):
    number = desk.propose()
    with pytest.raises(OwnWork):
        desk.do(Decide(STAFF, number, approve=True))
    sha256 = desk.do(Decide(SECOND, number, approve=True))
    (closing,) = desk.market.closings.new
    assert (closing.month, closing.by_user, closing.sha256) == (OCTOBER, STAFF, sha256)
    before = digest(desk.market)
    desk.at_us = ENDS_US - 1
    with pytest.raises(PeriodClosed):
        desk.do(BUY)
    assert digest(desk.market) == before
    desk.at_us = ENDS_US
    assert desk.do(BUY).trades


def test_a_month_is_closed_when_it_is_over_and_after_the_one_before(desk):
    desk.at_us = ENDS_US - 1
    number = desk.propose()
    with pytest.raises(NotInTurn):
        desk.do(Decide(SECOND, number, approve=True))
    desk.at_us = ENDS_US
    desk.do(Decide(SECOND, number, approve=True))
    for month in ("2026-12", OCTOBER, "2026-09"):
        with pytest.raises(NotInTurn):
            desk.propose(month=month)
    desk.at_us = bounds(NOVEMBER)[1]
    desk.close(month=NOVEMBER)
    assert desk.market.closings.month == NOVEMBER


def test_what_is_open_keeps_a_month_open(desk):
    for item in CHECKLIST:
        checks = tuple((name, int(name == item)) for name in CHECKLIST)
        with pytest.raises(NotReady) as refused:
            desk.propose(checks=checks)
        assert (refused.value.item, refused.value.open) == (item, 1)
    for odd in (CLEAR[1:], (), (("audit", 0),), (*CLEAR[:-1], ("audit", "0"))):
        with pytest.raises(WrongOrder):
            desk.propose(checks=odd)
    desk.at_us = ENDS_US - 1  # a proposal from within the month
    waits = desk.do(Propose(STAFF, "SetTaxes", (RATES,), "up"))
    desk.at_us = ENDS_US
    with pytest.raises(NotReady):
        desk.propose()
    desk.do(Decide(SECOND, waits, approve=False))
    desk.do(Propose(STAFF, "SetTaxes", (RATES,), "of November"))
    assert desk.close()


RATES = tuple((kind, 600) for kind in ("dataset", "service", "application", "fee"))


@pytest.mark.parametrize(
    "balances",
    [
        (("bank", CNY, -5),),
        (("free", CNY, -5), ("bank", CNY, 5)),
        (("free", CNY, 5), ("free", CNY, -5)),
        (("vault", CNY, 5), ("bank", CNY, -5)),
        (("free", 77, 5), ("bank", 77, -5)),
        (("free", CNY, "5"), ("bank", CNY, -5)),
        ((1, 2),),
        7,
    ],
)
def test_balances_that_cannot_be_are_refused(desk, balances):
    with pytest.raises(WrongOrder):
        desk.propose(balances=balances)


def test_a_correction_of_a_closed_month_says_why(desk):
    def mend(*more):
        values = (1, "bank", "member", CAT, CNY, 7, *more)
        return desk.do(Propose(STAFF, "Correct", values, "late"))

    for odd in ((OCTOBER, "late"), ("", "late"), ("2026", "late")):
        with pytest.raises(WrongOrder):  # October is not closed yet
            mend(*odd)
    desk.close()
    for odd in ((OCTOBER, ""), (OCTOBER, "whim"), (NOVEMBER, "late")):
        with pytest.raises(WrongOrder):
            mend(*odd)
    desk.do(Decide(SECOND, mend(OCTOBER, "late"), approve=True))
    desk.do(Decide(SECOND, mend(), approve=True))
    assert [one.code for one in desk.market.corrections.new] == ["late", ""]


def test_the_records_keep_what_was_closed_and_what_it_began_with(tmp_path):
    hands = Clock(BEGINS_US + DAY_US)
    with trading(f"sqlite:///{tmp_path / 'closing.db'}", now_us=hands) as gateway:

        def do(command):
            return gateway.submit(command).result

        do(BUY)
        hands.at_us = ENDS_US + DAY_US
        reads = gateway._reads
        with reads.connect() as db:
            october = closings.lines(db, summaries.span(db, BEGINS_US, ENDS_US))
            told = closings.told(october)
            assert closings.after(db, OCTOBER) == OCTOBER
        values = (OCTOBER, told, CLEAR)
        number = do(Propose(STAFF, "ClosePeriod", values, "all in order"))
        do(Decide(SECOND, number, approve=True))
        do(BUY)
        with reads.connect() as db:
            again = closings.lines(db, summaries.span(db, BEGINS_US, ENDS_US))
            november = closings.lines(db, summaries.span(db, *bounds(NOVEMBER)))
            (kept,) = closings.closed(db)
            assert closings.after(db, "") == NOVEMBER
        assert proven(reads) > 0
    assert {str(one.place): one.closing for one in october} == {
        "bank": -200_000, "free": 199_999, "income": 1
    }  # fmt: skip
    assert again == october
    assert {one.place: one.opening for one in november} == {
        one.place: one.closing for one in october
    }
    assert (kept.month, kept.approved_by) == (OCTOBER, SECOND)


def test_a_close_is_a_step_of_two_persons_only(desk):
    assert ClosePeriod.__name__ not in c.KINDS
