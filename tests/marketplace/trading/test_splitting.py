"""Shares: agreed on by all, frozen with the trade, followed by what comes and goes."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.control import Decide, Propose
from marketplace.trading.market import Market
from marketplace.trading.records import drain, load, write
from marketplace.trading.snapshot import digest
from marketplace.trading.splits import (
    LineageCycle,
    Part,
    SplitWaits,
    TooManyShares,
)
from marketplace.trading.splitting import stakes
from marketplace.trading.venue import NotVerified, WrongOrder
from settlement.errors import InsufficientBalance, NotFound
from settlement.invariants import violations
from settlement.ledger import HOUSE
from settlement.refunds import Sale
from settlement.sharing import Stake
from tests import sharing
from tests.floor import CASH, CAT, CNY, DAN, SECOND, STAFF, VERA, opened, opening
from tests.sharing import PRODUCT, SHARED, SLOW, UPSTREAM

EVE, FAY, PAT = 4, 5, 6  # a source, an operator, who licenses what is upstream


class Desk:
    """A market with two products, and money for the buyers."""

    def __init__(self):
        self.market, self.seq, self.at_us = Market(), 0, 20_000 * 86_400_000_000
        for member in (EVE, FAY, PAT):
            self.do(c.SetStanding(STAFF, member, verified=True))
        for command in (*opening(), *sharing.products(VERA, PAT)):
            self.do(command)

    def do(self, command):
        self.seq, self.at_us = self.seq + 1, self.at_us + 1
        return self.market.apply(command, self.seq, self.at_us)

    def agree(self, parts, parties, product=PRODUCT, vendor=VERA):
        number = self.do(c.ProposeSplit(vendor, vendor, product, parts))
        for party in parties:
            self.do(c.AgreeSplit(party, party, number))
        return number

    def money(self, *members):
        return tuple(self.market.ledger.balance(one, CNY) for one in members)

    def sold(self, instrument=SHARED, quantity=1, member=CAT):
        ((trade, _, _),) = self.do(sharing.buy(instrument, member, quantity)).trades
        return trade

    def refund(self, trade, paid, amount, instrument=SHARED):
        right = next(
            r.number for r in self.market.rights.live.values() if r.trade == trade
        )
        sale = Sale(trade, CAT, VERA, instrument, CNY, paid, 1, right)
        number = self.do(c.OfferRefund(VERA, VERA, sale, amount, "late"))
        return self.do(Decide(SECOND, number, approve=True))


@pytest.fixture
def desk():
    return Desk()


def source(bps, member=EVE):
    return Part(member, 0, "source", bps)


def test_an_agreement_counts_once_every_party_has_consented(desk):
    parts = (source(2_000), Part(FAY, 0, "operator", 1_000))
    number = desk.do(c.ProposeSplit(VERA, VERA, PRODUCT, parts))
    desk.do(c.AgreeSplit(EVE, EVE, number))
    desk.sold()
    assert desk.money(VERA, EVE, FAY) == (94, 0, 0)
    assert desk.do(c.AgreeSplit(FAY, FAY, number)) == "in_force"
    desk.sold()  # 97 less a fee of 3
    assert desk.money(VERA, EVE, FAY) == (94 + 66, 19, 9)


def test_who_loses_a_part_must_agree_to_it_too(desk):
    desk.agree((source(2_000),), (EVE,))
    number = desk.do(c.ProposeSplit(VERA, VERA, PRODUCT, (source(500, FAY),)))
    assert desk.do(c.AgreeSplit(FAY, FAY, number)) == "waiting"
    desk.sold()
    assert desk.money(EVE, FAY) == (19, 0)
    assert desk.do(c.AgreeSplit(EVE, EVE, number)) == "in_force"
    desk.sold()
    assert desk.money(EVE, FAY) == (19, 5)


def test_who_declines_ends_it_and_so_does_who_proposed_it(desk):
    number = desk.do(c.ProposeSplit(VERA, VERA, PRODUCT, (source(1),)))
    with pytest.raises(SplitWaits):
        desk.do(c.ProposeSplit(VERA, VERA, PRODUCT, ()))
    for stranger in (FAY, 0, 99):
        with pytest.raises(NotFound):
            desk.do(c.AgreeSplit(stranger, stranger, number))
    with pytest.raises(WrongOrder):
        desk.do(c.AgreeSplit(VERA, VERA, number))
    assert desk.do(c.RejectSplit(EVE, EVE, number)) == "declined"
    again = desk.do(c.ProposeSplit(VERA, VERA, PRODUCT, (source(1),)))
    assert desk.do(c.RejectSplit(VERA, VERA, again)) == "withdrawn"
    assert not desk.market.splits.waiting


@pytest.mark.parametrize(
    "parts",
    [
        (source(0),),
        (source(10_001),),
        (source(6_000), source(6_000, FAY)),
        (source(10), source(20)),
        (source(10, VERA),),
        (Part(EVE, UPSTREAM, "licensor", 5),),
        (Part(0, 0, "licensor", 5),),
        (Part(EVE, 0, "vendor", 5),),
        (Part(0, UPSTREAM, "source", 5),),
        tuple(source(1, EVE + i) for i in range(20)),
    ],
)
def test_parts_that_cannot_be_are_refused(desk, parts):
    with pytest.raises((WrongOrder, NotVerified)):
        desk.do(c.ProposeSplit(VERA, VERA, PRODUCT, parts))


def test_only_members_share_and_only_the_vendor_proposes(desk):
    with pytest.raises(NotVerified):
        desk.do(c.ProposeSplit(VERA, VERA, PRODUCT, (source(5, 77),)))
    with pytest.raises(NotFound):
        desk.do(c.ProposeSplit(CAT, CAT, PRODUCT, (source(5),)))
    with pytest.raises(NotFound):
        upstream = Part(0, 999, "licensor", 5)
        desk.do(c.ProposeSplit(VERA, VERA, PRODUCT, (upstream,)))


def test_a_royalty_goes_upstream_and_on_to_those_who_share_there(desk):
    desk.agree((source(5_000),), (EVE,), UPSTREAM, PAT)
    royalty = Part(0, UPSTREAM, "licensor", 2_000)
    desk.agree((royalty,), (PAT,))
    assert stakes(desk.market, PRODUCT) == (
        Stake(VERA, "vendor", 8),
        Stake(PAT, "licensor", 1),
        Stake(EVE, "source", 1),
    )
    desk.sold(quantity=10)  # 970 less 25
    assert desk.money(VERA, PAT, EVE) == (756, 95, 94)


def test_a_royalty_in_a_circle_is_refused(desk):
    desk.agree((Part(0, UPSTREAM, "licensor", 100),), (PAT,))
    back = Part(0, PRODUCT, "licensor", 100)
    with pytest.raises(LineageCycle):
        desk.do(c.ProposeSplit(PAT, PAT, UPSTREAM, (back,)))
    itself = Part(0, PRODUCT, "licensor", 100)
    with pytest.raises(LineageCycle):
        desk.do(c.ProposeSplit(VERA, VERA, PRODUCT, (itself,)))


def test_two_that_wait_cannot_close_a_circle_either(desk):
    up = desk.do(
        c.ProposeSplit(VERA, VERA, PRODUCT, (Part(0, UPSTREAM, "licensor", 9),))
    )
    down = desk.do(
        c.ProposeSplit(PAT, PAT, UPSTREAM, (Part(0, PRODUCT, "licensor", 9),))
    )
    desk.do(c.AgreeSplit(PAT, PAT, up))
    with pytest.raises(LineageCycle):
        desk.do(c.AgreeSplit(VERA, VERA, down))
    assert desk.market.splits.waiting[down].consents == {VERA: None}


def test_a_trade_is_shared_among_twenty_at_most(desk):
    crowd = range(10, 29)
    for member in crowd:
        desk.do(c.SetStanding(STAFF, member, verified=True))
    desk.agree(tuple(source(10, m) for m in crowd), crowd, UPSTREAM, PAT)
    with pytest.raises(TooManyShares):
        desk.do(
            c.ProposeSplit(VERA, VERA, PRODUCT, (Part(0, UPSTREAM, "licensor", 9),))
        )


def test_shares_follow_what_is_accepted_and_what_is_given_back(desk):
    desk.agree((source(3_333),), (EVE,))
    trade = desk.sold(SLOW, 5)
    assert desk.money(VERA, EVE) == (0, 0)
    desk.do(c.AcceptDelivery(CAT, CAT, trade, 2))  # 194 less 5
    assert desk.money(VERA, EVE) == (126, 63)
    desk.do(c.ReturnSale(VERA, VERA, trade))
    assert desk.money(VERA, EVE) == (126, 63)
    assert desk.market.shares.of[trade].total == 189
    desk.refund(trade, 194, 94, SLOW)  # the fee of 100 is 3
    assert desk.money(VERA, EVE) == (65, 32)
    desk.refund(trade, 194, 100, SLOW)
    assert desk.money(VERA, EVE, 0) == (0, 0, 0)


def test_a_refund_waits_until_every_party_has_its_part(desk):
    desk.agree((source(5_000),), (EVE,))
    trade = desk.sold(quantity=10)
    before = digest(desk.market)
    desk.do(c.RequestPayout(EVE, EVE, CNY, 400, "bank"))
    with pytest.raises(InsufficientBalance):
        desk.refund(trade, 970, 970)
    assert desk.money(EVE) == (72,)
    assert desk.market.shares.of[trade].total == 945
    assert before != digest(desk.market)


def test_holders_who_sell_on_share_nothing(desk):
    """The floor's SUN is of no product; shared instruments are not transferable."""
    desk.agree((source(5_000),), (EVE,))
    desk.do(
        c.PlaceOrder(CAT, CAT, c.Line(1_000, "buy", 12, 1, "IOC", purpose="analysis"))
    )
    assert not desk.market.shares.of


def test_shares_and_taxes_are_loaded_as_they_were(tmp_path):
    engine, market, seq = opened(f"sqlite:///{tmp_path / 'shares.db'}"), Market(), 0

    def do(command):
        nonlocal seq
        seq += 1
        return market.apply(command, seq, seq)

    for command in opening():
        do(command)
    sharing.live(do, VERA, DAN, CAT, DAN)
    with engine.begin() as db:
        write(db, drain(market))
    with engine.connect() as db:
        loaded = load(db)
        checks = [v for v in violations(db) if v.code in ("M8", "S2", "H3", "M3")]
    assert digest(loaded) == digest(market)
    assert checks == []
    assert loaded.taxes.rate("service") == 300
    engine.dispose()


def test_rates_of_tax_need_every_kind_once(desk):
    for rates in ((), sharing.RATES[:3], (*sharing.RATES, ("fee", 1)), (("fee", "x"),)):
        with pytest.raises(WrongOrder):
            desk.do(Propose(STAFF, "SetTaxes", (rates,), "law"))
    assert desk.money(CAT) == (CASH,)


def test_who_only_loses_a_part_agrees_without_being_verified(desk):
    desk.agree((source(2_000),), (EVE,))
    desk.do(c.SetStanding(STAFF, EVE, verified=False))
    less = desk.do(c.ProposeSplit(VERA, VERA, PRODUCT, ()))
    assert desk.do(c.AgreeSplit(EVE, EVE, less)) == "in_force"


def test_who_has_a_part_agrees_verified(desk):
    number = desk.do(c.ProposeSplit(VERA, VERA, PRODUCT, (source(2_000),)))
    desk.do(c.SetStanding(STAFF, EVE, verified=False))
    with pytest.raises(NotVerified):
        desk.do(c.AgreeSplit(EVE, EVE, number))


def test_a_refused_refund_leaves_no_trace_in_the_shares(desk):
    """The house has no money for the fee that it would give back."""
    desk.agree((source(2_000),), (EVE,))
    trade = desk.sold()
    reserve = desk.do(Propose(STAFF, "SetReserve", (CNY, desk.money(HOUSE)[0]), "all"))
    desk.do(Decide(SECOND, reserve, approve=True))
    before = desk.market.shares.of[trade].rows()
    with pytest.raises(InsufficientBalance):
        desk.refund(trade, 97, 97)
    assert desk.market.shares.of[trade].rows() == before
    assert desk.money(EVE) == (19,)


def test_what_use_brings_is_shared_to_the_cent_as_it_is_counted(desk):
    operator = Part(FAY, 0, "operator", 1_000)
    desk.agree((source(1_500), operator), (EVE, FAY))
    sharing.use(desk.do, VERA, CAT)
    brought = desk.money(VERA, EVE, FAY)
    period = next(iter(desk.market.usage.periods.values()))
    assert (period.amount, period.fee) == (91, 3)
    assert brought == (66, 13, 9)  # 88 at 75, 15 and 10 %
    assert sum(brought) == period.amount - period.fee


def test_a_period_keeps_the_shares_that_held_as_it_was_first_used(desk):
    sharing.use(desk.do, VERA, CAT)
    desk.agree((source(1_500),), (EVE,))
    right = desk.market.rights.last
    line = (right, 0, 1, 1, 1)
    desk.do(c.SetBudget(CAT, CAT, right, 100))
    desk.do(c.CountUse(0, "shared", 100, 150, (line,)))
    assert desk.money(EVE) == (0,)
    desk.do(c.CountUse(0, "shared", 150, 200, ((right, 1, 9, 9, 9),)))
    assert desk.money(EVE) == (9,)  # 15 % of 63 less the fee
    assert list(desk.market.usage.shares) == [(right, 1)]
