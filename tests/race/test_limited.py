"""Twenty at the same moment want what only one can have: eighteen such things (G9)."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from marketplace.trading import commands as c
from settlement.errors import Refusal
from tests.crash.life import WAITED, opening
from tests.floor import (
    BUY,
    CAT,
    CNY,
    DAN,
    SECOND,
    STAFF,
    SUN,
    VERA,
    bid,
    proven,
    trading,
)

CROWD = 20
THIRD = 903
FAR_US = 9 * 10**15
SHA = "ab" * 32


def at_once(gateway, command):
    """Submit the same command CROWD times at the same moment; count the answers."""
    barrier = threading.Barrier(CROWD)

    def ask():
        barrier.wait()
        try:
            gateway.submit(command)
        except Refusal as refusal:
            return refusal.code
        return "ok"

    with ThreadPoolExecutor(CROWD) as pool:
        return Counter(one.result() for one in [pool.submit(ask) for _ in range(CROWD)])


def payments(do):
    """Yield things of money: each with the command that wants it, and how many may."""
    payin = do(c.RequestPayin(CAT, CAT, CNY, 90, "a"))
    yield "a pay-in confirmed", c.ConfirmPayin(STAFF, payin), 1
    payin = do(c.RequestPayin(CAT, CAT, CNY, 90, "a"))
    yield "a pay-in rejected", c.RejectPayin(STAFF, payin), 1
    payout = do(c.RequestPayout(CAT, CAT, CNY, 9, "bank"))
    yield "a payout approved", c.ApprovePayout(SECOND, payout), 1
    yield "a payout paid", c.PayPayout(THIRD, payout), 1
    payout = do(c.RequestPayout(CAT, CAT, CNY, 9, "bank"))
    yield "a payout cancelled", c.CancelPayout(CAT, CAT, payout), 1
    yield "a balance", c.RequestPayout(DAN, DAN, CNY, 30_000, "bank"), 3
    card = do(c.RequestCardPayin(CAT, CAT, CNY, 500))
    charge = c.RecordLine(0, "txn_1", "charge", card, "pi_1", CNY, 500, 9, 5)
    yield "a line of a card", charge, 1
    do(charge._replace(line="txn_2", kind="dispute", amount=-500))
    yield "a dispute closed", c.CloseDispute(0, card, won=True), 1
    general = c.RecordLine(0, "po_1", "payout", 0, "", CNY, -5, 0, 5)
    yield "a payout of the provider", general, 1
    card = do(c.RequestCardPayin(CAT, CAT, CNY, 500))
    yield "a card ended", c.EndCard(0, card), 1
    journal = (1, "bank", "suspense", 0, CNY, 1)
    mend = do(c.Propose(STAFF, "Correct", journal, "whose?"))
    yield "a correction approved", c.Decide(SECOND, mend, approve=True), 1


def rights(do):
    """Yield things of trades and rights."""
    order = do(bid(9, 2)).order
    yield "an order cancelled", c.CancelOrder(CAT, CAT, order), 1
    offer = do(c.OfferPrice(VERA, VERA, SUN, CAT, 5, 1, "need", "x", FAR_US))
    yield "an offer taken", c.TakeOffer(CAT, CAT, offer, "analysis"), 1
    want = c.Line(WAITED, "buy", 3, 2, "IOC", purpose="analysis")
    (part, *_), *_ = do(c.PlaceOrder(CAT, CAT, want)).trades
    yield "a delivery reported", c.ReportDelivery(VERA, VERA, part, 2), 1
    yield "a delivery accepted", c.AcceptDelivery(CAT, CAT, part, 2), 1
    (part, *_), *_ = do(c.PlaceOrder(CAT, CAT, want)).trades
    do(c.ReportDelivery(VERA, VERA, part, 2))
    yield "a dispute opened", c.OpenDispute(CAT, CAT, part, "quality", "empty"), 1
    right = do(c.GrantRight(STAFF, CAT, WAITED, 1, "analysis"))
    yield "five deliveries", c.Deliver(CAT, CAT, right, 1, SHA, 9), 5
    yield "a right revoked", c.RevokeRight(STAFF, right, "by mistake"), 1


def test_twenty_at_once_get_what_there_is_and_no_more(database_url):
    with trading(database_url) as floor:
        for command in opening():
            floor.submit(command)

        def do(command):
            return floor.submit(command).result

        do(BUY)
        seen = 0
        for things in (payments(do), rights(do)):
            for name, command, most in things:
                answers = at_once(floor, command)
                assert answers["ok"] == most, (name, answers)
                assert answers.total() == CROWD
                seen += 1
        assert seen == 18
        proven(floor._reads)
