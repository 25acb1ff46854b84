"""Contracts: signed in any order, returned, paid in stages, ended by both sides."""

import json
from itertools import permutations

import pytest
from sqlalchemy import select

from marketplace.trading import commands as c
from marketplace.trading.agreement_tables import agreements
from marketplace.trading.agreements import (
    OPEN_MAX,
    AlreadySigned,
    AnotherText,
    TooManyContracts,
    amounts,
)
from marketplace.trading.drafting import Stage
from marketplace.trading.market import Market
from marketplace.trading.offers import ASKED
from marketplace.trading.records import drain
from marketplace.trading.snapshot import state
from marketplace.trading.venue import AlreadyExpired, NotVerified, WrongOrder
from settlement import clock, store
from settlement.canonical import canonical, sha256_of
from settlement.errors import IllegalMove, InsufficientBalance, NotFound
from settlement.ledger import HOUSE, Pocket
from tests.floor import CAT, CNY, DAN, STAFF, SUN, VERA, opening, proven, trading

DAY_US = clock.DAY_US
BEGIN_US = 20_000 * DAY_US  # a Thursday
STAGES = (Stage("First", 3_000, 0), Stage("Middle", 4_000, 5), Stage("Last", 3_000, 9))
TEXT = canonical({"title": "Sun for a year"})
DRAFT = c.DraftContract(
    VERA, VERA, CAT, SUN, 1_200_000, 1, "analysis", STAGES, 3, 365 * DAY_US,
    BEGIN_US + DAY_US, True, TEXT,
)  # fmt: skip
CASH = 2_000_000


class Room:
    """A market with a contract in it, and a clock that only goes on."""

    def __init__(self) -> None:
        self.market, self.seq, self.at_us = Market(), 0, BEGIN_US
        for command in opening(CASH):
            self.do(command)
        self.do(c.PublishFees(STAFF, 300))

    def do(self, command):
        self.seq += 1
        return self.market.apply(command, self.seq, self.at_us)

    def sign(self, *parties, number=1):
        sha256 = self.market.agreements.live[number].sha256
        return [
            self.do(c.SignContract(STAFF if p == HOUSE else p, p, number, sha256))
            for p in parties
        ]

    def money(self, owner, pocket=Pocket.FREE):
        return self.market.ledger.balance(owner, CNY, pocket)


@pytest.fixture
def room():
    room = Room()
    assert room.do(DRAFT) == 1
    return room


@pytest.fixture
def signed(room):
    *_, trade = room.sign(CAT, VERA, HOUSE)
    assert trade == room.market.trades_new[-1].number
    return room


@pytest.mark.parametrize("order", list(permutations((VERA, CAT, HOUSE))))
def test_the_last_of_three_signatures_in_any_order_makes_the_trade(room, order):
    *first, last = room.sign(*order)
    assert first == [None, None]
    (trade,) = room.market.trades_new
    assert (trade.number, trade.origin, trade.state) == (last, "negotiated", "escrowed")
    assert (room.money(CAT), room.money(CAT, Pocket.HELD)) == (CASH - 1_200_000, 0)
    assert room.money(CAT, Pocket.ESCROW) == 1_200_000
    (right,) = room.market.rights.granted
    assert right.until_us == BEGIN_US + 365 * DAY_US


def test_twelve_thousand_in_30_40_30_pays_the_fees_of_the_domain(signed):
    fees, paid = [], []
    for _ in STAGES:
        escrow = signed.market.escrows.live[1]
        if not escrow.unaccepted:
            signed.do(c.ReportDelivery(VERA, VERA, 1, 1))
        before = signed.money(HOUSE), signed.money(VERA)
        signed.do(c.AcceptDelivery(CAT, CAT, 1))
        fees.append(signed.money(HOUSE) - before[0])
        paid.append(signed.money(VERA) - before[1])
    assert fees == [10_800, 14_400, 10_800]
    assert paid == [349_200, 465_600, 349_200]
    assert str(signed.market.escrows.changed[1].state) == "settled"


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        (1_200_000, (360_000, 480_000, 360_000)),
        (2_000_000, (600_000, 800_000, 600_000)),
        (10_001, (3_000, 4_000, 3_001)),
    ],
)
def test_the_last_stage_takes_the_remainder(value, parts):
    assert amounts(value, STAGES) == parts


def test_text_and_facts_have_one_hash(room):
    agreement = room.market.agreements.live[1]
    body = room.market.frozen(agreement.terms).body
    assert sha256_of(body) == agreement.sha256
    said = json.loads(body)["contract"]
    assert [stage["amount"] for stage in said["stages"]] == [360_000, 480_000, 360_000]
    assert (said["number"], said["clauses"]) == (
        "agr_0000001",
        {"title": "Sun for a year"},
    )


def test_the_buyers_signature_holds_the_money_until_it_is_returned(room):
    room.sign(CAT)
    assert room.money(CAT, Pocket.HELD) == 1_200_000
    room.do(c.ReturnContract(VERA, VERA, 1, ""))
    assert str(room.market.agreements.changed[1].state) == "withdrawn"
    assert room.money(CAT) == CASH
    room.do(DRAFT._replace(follows=1))
    room.sign(CAT, number=2)
    with pytest.raises(WrongOrder):
        room.do(c.ReturnContract(STAFF, HOUSE, 2, " "))
    room.do(c.ReturnContract(STAFF, HOUSE, 2, "no source named"))
    ended = room.market.agreements.changed[2]
    assert (str(ended.state), ended.reason) == ("returned", "no source named")
    assert room.money(CAT) == CASH


def test_it_ends_by_itself_at_its_deadline(room):
    room.sign(CAT)
    room.at_us += DAY_US
    with pytest.raises(AlreadyExpired):
        room.sign(VERA)
    room.do(c.Tick())
    assert str(room.market.agreements.changed[1].state) == "expired"
    assert room.money(CAT) == CASH


def test_two_parties_settle_at_once_what_needs_no_acceptance(room):
    once = (Stage("All", 10_000, 0),)
    two = DRAFT._replace(stages=once, days=0, house=False, price=1_000)
    room.do(two)
    room.sign(VERA, CAT, number=2)
    (trade,) = room.market.trades_new
    assert (trade.state, trade.fee) == ("settled", 30)
    assert room.money(VERA) == 970


def test_a_stage_that_is_not_delivered_goes_back_and_the_right_stays(signed):
    signed.do(c.AcceptDelivery(CAT, CAT, 1))
    signed.at_us += 10 * DAY_US
    signed.do(c.Tick())
    escrow = signed.market.escrows.changed[1]
    assert (str(escrow.state), escrow.refunded) == ("settled", 840_000)
    assert signed.money(CAT) == CASH - 360_000
    assert str(signed.market.rights.granted[0].state) == "active"


def test_a_contract_of_which_nothing_is_accepted_ends_with_its_right(signed):
    signed.do(c.CancelSale(CAT, CAT, 1, True, "plans have changed"))
    with pytest.raises(IllegalMove):
        signed.do(c.CancelSale(CAT, CAT, 1, True, "again"))
    signed.do(c.CancelSale(VERA, VERA, 1, False, "we have begun"))
    with pytest.raises(IllegalMove):
        signed.do(c.CancelSale(VERA, VERA, 1, False, ""))
    signed.do(c.CancelSale(VERA, VERA, 1, True, "we cannot"))
    assert signed.do(c.CancelSale(CAT, CAT, 1, True, "")) == 1_200_000
    assert str(signed.market.escrows.changed[1].state) == "unwound"
    assert signed.money(CAT) == CASH
    assert str(signed.market.rights.granted[0].state) == "revoked"


def test_what_was_accepted_before_both_end_it_stays_paid(signed):
    signed.do(c.AcceptDelivery(CAT, CAT, 1))
    signed.do(c.CancelSale(CAT, CAT, 1, True, "enough"))
    assert signed.do(c.CancelSale(VERA, VERA, 1, True, "")) == 840_000
    assert str(signed.market.escrows.changed[1].state) == "settled"
    assert signed.money(VERA) == 349_200
    assert str(signed.market.rights.granted[0].state) == "active"


def test_a_contract_carries_out_an_offer_and_ends_the_others(room):
    asked = (ASKED, "", BEGIN_US + 9 * DAY_US, 7)
    offer = room.do(c.OfferPrice(VERA, VERA, SUN, CAT, 1_000, 2, *asked))
    other = room.do(c.OfferPrice(VERA, VERA, SUN, CAT, 1_100, 2, *asked))
    wrong = DRAFT._replace(by=CAT, member=CAT, to=VERA, offer=offer, house=False)
    with pytest.raises(WrongOrder):
        room.do(wrong)
    room.do(wrong._replace(price=1_000, quantity=2))
    room.sign(VERA, CAT, number=2)
    assert room.market.offers.changed[offer].trade == 1
    assert str(room.market.offers.changed[other].state) == "declined"


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (DRAFT._replace(to=VERA), WrongOrder),
        (DRAFT._replace(to=99), NotVerified),
        (DRAFT._replace(member=DAN, to=CAT), NotFound),
        (DRAFT._replace(quantity=0), WrongOrder),
        (DRAFT._replace(stages=STAGES[:2]), WrongOrder),
        (DRAFT._replace(stages=STAGES[::-1]), WrongOrder),
        (DRAFT._replace(stages=()), WrongOrder),
        (DRAFT._replace(stages=((1,),)), WrongOrder),
        (DRAFT._replace(stages=(Stage(" ", 10_000, 0),)), WrongOrder),
        (DRAFT._replace(price=1), WrongOrder),  # two stages would pay nothing
        (DRAFT._replace(days=0), WrongOrder),
        (DRAFT._replace(days=91), WrongOrder),
        (DRAFT._replace(term_us=0), WrongOrder),
        (DRAFT._replace(expires_us=BEGIN_US), AlreadyExpired),
        (DRAFT._replace(expires_us=1 << 62), WrongOrder),
        (DRAFT._replace(text="{}, "), WrongOrder),
        (DRAFT._replace(text="[" * 30_000), WrongOrder),
        (DRAFT._replace(text=canonical("x" * 60_000)), WrongOrder),
        (DRAFT._replace(evidence="x"), WrongOrder),
        (DRAFT._replace(offer=5), NotFound),
        (DRAFT._replace(follows=2), WrongOrder),
        (c.SignContract(CAT, CAT, 1, "ab" * 32), AnotherText),
        (c.SignContract(DAN, DAN, 1, "ab" * 32), NotFound),
        (c.SignContract(CAT, CAT, -1, "ab" * 32), NotFound),
        (c.ReturnContract(CAT, CAT, 1, ""), WrongOrder),
        (c.ReturnContract(DAN, DAN, 1, "no"), NotFound),
        (c.CancelSale(CAT, CAT, 1, True, "no"), NotFound),
    ],
)
def test_a_refused_step_leaves_no_trace(room, command, refusal):
    before = state(room.market)
    with pytest.raises(refusal):
        room.do(command)
    assert state(room.market) == before


def test_nobody_signs_twice_or_with_money_that_is_not_there(room):
    room.sign(VERA)
    with pytest.raises(AlreadySigned):
        room.sign(VERA)
    room.do(c.RequestPayout(CAT, CAT, CNY, CASH - 5, "bank"))
    before = state(room.market)
    with pytest.raises(InsufficientBalance):
        room.sign(CAT)
    assert state(room.market) == before


def test_a_third_party_cannot_end_a_sale(signed):
    for member in (DAN, HOUSE):
        with pytest.raises(NotFound):
            signed.do(c.CancelSale(member, member, 1, True, "mine"))


def test_a_member_has_so_many_out(room):
    for _ in range(OPEN_MAX - 1):
        room.do(DRAFT)
    with pytest.raises(TooManyContracts):
        room.do(DRAFT)
    drain(room.market)


def test_contracts_are_rebuilt_from_the_journal(tmp_path):
    url = f"sqlite:///{tmp_path / 'market.db'}"
    with trading(url, now_us=lambda: BEGIN_US) as gateway:
        reads = store.connect(url)

        def do(command):
            return gateway.submit(command).result

        def sign(number, party):
            with reads.connect() as db:
                texts = select(agreements.c.sha256).where(agreements.c.id == number)
                sha256 = db.scalar(texts)
            return do(c.SignContract(STAFF, party, number, sha256))

        small = DRAFT._replace(price=1_000)
        assert [do(small) for _ in range(3)] == [1, 2, 3]
        for number, parties in ((1, (CAT, VERA, HOUSE)), (2, (CAT,)), (3, (CAT,))):
            for party in parties:
                sign(number, party)
        do(c.ReturnContract(STAFF, HOUSE, 3, "no"))
        do(c.CancelSale(CAT, CAT, 1, True, "why not"))
        with pytest.raises(NotFound):
            sign(3, CAT)
        assert proven(reads) > 0
        reads.dispose()
