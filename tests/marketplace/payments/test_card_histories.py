"""Random histories of a provider: nothing of them may stay unexplained."""

import random
from contextlib import suppress

from marketplace.payments import messages
from settlement.errors import InsufficientBalance
from settlement.ledger import PROVIDER
from settlement.payments.provider import ProviderDown
from tests.card_house import housed, now_s
from tests.fake_stripe import FAULTS
from tests.floor import CAT, DAN, bid
from tests.seeds import sample


def act(house, chance, open_pages, payments):
    """Do something at random that payers, banks or the provider may do."""
    fake = house.fake
    kind = chance.choice(("ask", "pay", "refund", "dispute", "decide", "payout", "buy"))
    if kind == "ask":
        open_pages.append(
            house.ask(chance.randrange(500, 5_000), chance.choice((CAT, DAN)))
        )
    elif kind == "pay" and open_pages:
        number = open_pages.pop(0)
        try:
            payment = fake.pay(house.open(number))
        except ProviderDown:
            open_pages.append(number)
            return
        payments[payment] = [number, fake.lines[-1]["amount"], 0, ""]
    elif kind in ("refund", "dispute", "decide") and payments:
        payment = chance.choice(sorted(payments))
        facts = payments[payment]
        _, amount, gone, disputed = facts
        if kind == "refund" and gone < amount and not disputed:
            part = chance.randrange(1, amount - gone + 1)
            fake.refund(payment, part)
            facts[2] += part
        elif kind == "dispute" and not gone and not disputed:
            fake.dispute(payment, amount)
            facts[3] = "open"
        elif kind == "decide" and disputed == "open":
            won = chance.random() < 0.5
            fake.decide(payment, amount, won=won)
            facts[3] = "won" if won else "lost"
    elif kind == "payout" and fake.balance() > 10:
        fake.pay_out(chance.randrange(1, 10))
    elif kind == "buy":
        buying = bid(12, chance.randrange(1, 50), time_in_force="IOC")
        with suppress(InsufficientBalance):
            house.gateway.submit(buying)


def deliver(house, chance, told):
    """Deliver messages: duplicated, in any order, late, or never."""
    waiting = house.fake.events[told:]
    chance.shuffle(waiting)
    for event in waiting:
        for _ in range(chance.choice((0, 1, 1, 2))):
            body, header = house.fake.signed(event, now_s())
            message = house.provider.message(body, header)
            with house.writes.begin() as db:
                messages.keep(db, message, live=False)


def live_through(house, chance):
    """Let a history happen with faults, then without; nothing may be unexplained."""
    open_pages, payments, told = [], {}, len(house.fake.events)
    house.fake.fault = lambda: chance.choice(FAULTS) if chance.random() < 0.2 else ""
    for _ in range(12):
        act(house, chance, open_pages, payments)
        if chance.random() < 0.4:
            deliver(house, chance, told)
            told = len(house.fake.events)
            house.fake.hidden = chance.choice((0, 0, 1))
            with suppress(ProviderDown):
                house.desk.look(thorough=chance.random() < 0.5)
    house.fake.fault, house.fake.hidden = (lambda: ""), 0
    house.desk.look()
    assert house.refused() == []
    assert -house.at(PROVIDER) == house.fake.balance()
    for payment, (number, amount, gone, disputed) in payments.items():
        expected = {"open": "disputed", "won": "succeeded", "lost": "charged_back"}
        state = expected.get(disputed) or (
            "refunded" if gone == amount else "succeeded"
        )
        assert house.state(number) == state, payment


def test_random_histories_reconcile_to_nothing_unexplained(sqlite_url):
    """2,000 of them by `make full`; the seed of the first that fails is said."""
    seed, histories = sample(short=12, full=2_000)
    with housed(sqlite_url) as house:
        for history in range(histories):
            try:
                live_through(house, random.Random(seed + history))
            except Exception as failure:
                failure.add_note(f"DATABOURSE_TEST_SEED={seed + history}")
                raise
        house.reconciled()
