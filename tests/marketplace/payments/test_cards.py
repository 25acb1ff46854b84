"""Pay-ins by card against a provider of our own that fails as it is told."""

from itertools import permutations

import pytest
from sqlalchemy import select

from marketplace.payments import checkouts, messages
from marketplace.payments.tables import checkouts as checkouts_table
from marketplace.trading import commands as c
from marketplace.trading.market import Market
from settlement import statements
from settlement import tables as s
from settlement.errors import IllegalMove, InsufficientBalance, NotFound
from settlement.ledger import COSTS
from settlement.payments.cards import (
    CARD_MIN,
    OPEN_MAX,
    CardMismatch,
    CardReserve,
    OverCardLimit,
    TooManyCards,
    UnderCardLimit,
)
from settlement.payments.provider import BadSignature, ProviderDown, ProviderRefused
from tests.card_house import AMOUNT, OPEN, housed, now_s
from tests.fake_stripe import FAULTS
from tests.floor import (
    BUY,
    CASH,
    CAT,
    CNY,
    DAN,
    PRICE,
    STAFF,
    bid,
    money,
    opening,
    proven,
)


@pytest.fixture
def house(sqlite_url):
    with housed(sqlite_url) as found:
        yield found


def test_money_by_card_counts_once_the_provider_has_it(house):
    number = house.ask()
    session = house.open(number)
    assert house.state(number) == "created"
    assert money(house.reads, CAT) == CASH
    house.fake.pay(session)
    assert house.desk.look() == 1
    assert house.desk.look() == 0
    assert house.state(number) == "succeeded"
    assert money(house.reads, CAT) == CASH + AMOUNT
    assert house.at(COSTS) == -AMOUNT * 290 // 10_000
    house.reconciled()


def test_a_pay_in_by_card_is_out_of_the_hands_of_staff(house):
    number = house.ask()
    for step in (c.ConfirmPayin, c.ApprovePayin, c.RejectPayin):
        with pytest.raises(NotFound):
            house.gateway.submit(step(STAFF, number))
    with house.reads.connect() as db:
        assert not statements.payins_in(db, "created").rows
    with pytest.raises(OverCardLimit):
        house.ask(50_001 * 100)


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_becomes_of_an_answer_there_is_one_page_and_one_charge(house, fault):
    number = house.ask()
    house.fake.faults = [fault]
    with pytest.raises(ProviderDown):
        house.open(number)
    house.gateway.submit(BUY)  # buying from the balance goes on
    house.desk.look()  # asks again, under the same key
    assert len(house.fake.sessions) == 1
    session = house.open(number)
    house.fake.pay(session)
    for again in (fault, ""):
        house.fake.faults = [again]
        try:
            house.desk.look()
        except ProviderDown:
            assert again
    assert money(house.reads, CAT) == CASH + AMOUNT - PRICE
    house.reconciled()


def test_the_library_asks_again_by_itself(sqlite_url):
    with housed(sqlite_url, retries=1) as house:
        house.fake.faults = ["lost_after"]
        house.open(house.ask())
        assert len(house.fake.sessions) == 1
        assert [method for method, _ in house.fake.asked] == ["POST", "POST"]


def test_a_chargeback_takes_money_then_rights_and_what_is_lost_stays_lost(house):
    house.gateway.submit(c.RequestPayout(CAT, CAT, CNY, CASH, "bank"))
    number, payment = house.paid()
    house.gateway.submit(bid(9, 10))
    trade = house.gateway.submit(BUY._replace(line=BUY.line._replace(quantity=1_000)))
    assert trade.result.trades
    right = _rights(house)[-1]
    assert right.state == "active"
    house.fake.dispute(payment, AMOUNT)
    house.desk.look()
    assert house.state(number) == "disputed"
    assert (money(house.reads, CAT), house.at(CAT)) == (0, -1_000 * PRICE)
    assert money(house.reads, CAT, 1) == CASH  # the payout's; the bid was cancelled
    assert _rights(house)[-1].state == "suspended"
    with pytest.raises(InsufficientBalance):
        house.gateway.submit(c.RequestPayout(CAT, CAT, CNY, 1, "bank"))
    house.fake.decide(payment, AMOUNT, won=False)
    house.desk.look()
    assert house.state(number) == "charged_back"
    assert _rights(house)[-1].state == "revoked"
    house.gateway.submit(c.CancelPayout(CAT, CAT, 1))  # frees money: it pays the debt
    assert (money(house.reads, CAT), house.at(CAT)) == (CASH - 1_000 * PRICE, 0)
    house.reconciled()


def test_a_chargeback_that_is_won_gives_money_and_rights_back(house):
    house.gateway.submit(c.RequestPayout(CAT, CAT, CNY, CASH, "bank"))
    number, payment = house.paid()
    house.gateway.submit(BUY)
    house.fake.dispute(payment, AMOUNT)
    house.desk.look()
    assert _rights(house)[-1].state == "suspended"
    house.fake.decide(payment, AMOUNT, won=True)
    house.desk.look()
    assert house.state(number) == "succeeded"
    assert (money(house.reads, CAT), house.at(CAT)) == (AMOUNT - PRICE, 0)
    assert _rights(house)[-1].state == "active"
    assert house.at(COSTS) == -AMOUNT * 290 // 10_000
    house.reconciled()


def _rights(house):
    with house.reads.connect() as db:
        return db.execute(select(s.entitlements).order_by(s.entitlements.c.id)).all()


def test_who_owes_sells_on_and_pays_with_what_it_earns(house):
    house.gateway.submit(c.RequestPayout(CAT, CAT, CNY, CASH, "bank"))
    _, payment = house.paid(1_200)
    house.gateway.submit(BUY._replace(line=BUY.line._replace(quantity=100)))
    house.gateway.submit(c.RequestPayin(DAN, DAN, CNY, 1, "x"))
    house.fake.refund(payment, 1_200)
    house.desk.look()
    assert house.at(CAT) == -1_200
    payin = house.gateway.submit(c.RequestPayin(CAT, CAT, CNY, 700, "x")).result
    house.gateway.submit(c.ConfirmPayin(STAFF, payin))
    assert (money(house.reads, CAT), house.at(CAT)) == (0, -500)
    house.reconciled()


def test_money_by_card_is_not_paid_out_at_once(house):
    house.paid()
    with pytest.raises(CardReserve) as refused:
        house.gateway.submit(c.RequestPayout(CAT, CAT, CNY, CASH + 1, "bank"))
    assert refused.value.reserved == AMOUNT
    house.gateway.submit(c.RequestPayout(CAT, CAT, CNY, CASH, "bank"))


def test_every_order_of_the_same_lines_comes_to_the_same(sqlite_url):
    lines = [
        ("charge", AMOUNT, 580), ("refund", -5_000, 0), ("refund_back", 5_000, 0),
        ("dispute", -AMOUNT, 1_500), ("dispute_back", AMOUNT, -1_500),
    ]  # fmt: skip
    floor, market = opening(), Market()
    for seq, command in enumerate(floor, start=1):
        market.apply(command, seq, 1)
    ends = set()
    for at, order in enumerate(permutations(range(len(lines)))):
        number = market.apply(c.RequestCardPayin(DAN, DAN, CNY, AMOUNT), seq, 1)
        for place in order:
            kind, amount, fee = lines[place]
            named = (f"txn_{at}_{place}", kind, number, f"pi_{at}")
            market.apply(c.RecordLine(0, *named, CNY, amount, fee, 5), seq, 1)
        ends.add(market.apply(c.CloseDispute(0, number, won=True), seq, 1))
        total = CASH + (at + 1) * AMOUNT
        assert market.ledger.balance(DAN, CNY) == total
        assert market.ledger.balance(DAN, CNY, OPEN) == 0
    assert ends == {"succeeded"}


def test_what_does_not_fit_is_parked_and_moves_nothing(house):
    number = house.ask()
    house.fake.pay(house.open(number), amount=100)  # attack 22: less than asked for
    other = house.ask()
    house.fake.pay(house.open(other), currency="jpy")
    unknown = house.ask()
    house.fake.pay(house.open(unknown), currency="xau")
    house.fake.charge_us(7, "climate_order_purchase")
    house.desk.look()
    assert house.refused() == [
        "card_mismatch", "card_mismatch", "unknown_currency", "unknown_kind",
    ]  # fmt: skip
    assert money(house.reads, CAT) == CASH
    proven(house.reads)


def test_a_line_is_booked_once_whatever_its_key(house):
    number = house.ask()
    line = c.RecordLine(0, "txn_1", "charge", number, "pi_1", CNY, AMOUNT, 0, 5)
    assert house.gateway.submit(line, "a").result == "succeeded"
    with pytest.raises(CardMismatch):
        house.gateway.submit(line, "b")
    general = line._replace(line="po_1", kind="payout", payin=0, amount=-50)
    house.gateway.submit(general, "c")
    for wrong in (general, line._replace(line="txn_2", reference="pi_2")):
        with pytest.raises(CardMismatch):
            house.gateway.submit(wrong)
    with pytest.raises(IllegalMove):
        house.gateway.submit(c.EndCard(0, number))
    with pytest.raises(IllegalMove):
        house.gateway.submit(c.CloseDispute(0, number, won=True))
    proven(house.reads)


def test_a_page_that_was_left_ends_the_pay_in(house):
    number = house.ask()
    house.fake.expire(house.open(number))
    house.desk.look()
    assert house.state(number) == "created"  # its time is not over
    _make_late(house)
    house.desk.look()
    assert house.state(number) == "failed"
    house.desk.look()
    proven(house.reads)


def _make_late(house):
    with house.writes.begin() as db:
        db.execute(checkouts_table.update().values(until_us=1))


def test_messages_are_kept_once_and_are_only_a_reason_to_look(house):
    number = house.ask()
    house.fake.pay(house.open(number))
    genuine, header = house.fake.signed(house.fake.events[0], now_s())
    message = house.provider.message(genuine, header)
    with house.writes.begin() as db:
        assert messages.keep(db, message, live=False)
        assert not messages.keep(db, message, live=False)
        assert messages.keep(db, message._replace(id="evt_live", live=True), live=False)
        waiting = messages.newest_waiting(db)
    assert waiting is not None
    assert house.desk.step() == 1
    assert house.state(number) == "succeeded"
    with house.writes.begin() as db:
        assert messages.newest_waiting(db) is None
        assert messages.replay(db, 0) == 1
    house.desk.step()
    house.reconciled()


def test_only_a_genuine_and_fresh_message_is_taken(house):
    event = {"id": "evt_1", "type": "x", "livemode": False, "object": "event"}
    body, header = house.fake.signed(event, now_s())
    assert house.provider.message(body, header).id == "evt_1"
    old = house.fake.signed(event, now_s() - 301)[1]
    other = header.replace("v1=", "v1=0")
    for wrong in ("", "t=1", "nonsense", old, other):
        with pytest.raises(BadSignature):
            house.provider.message(body, wrong)
    for changed in (body.replace(b'"x"', b'"y"'), body.replace(b": ", b":"), b"\xff"):
        with pytest.raises(BadSignature):
            house.provider.message(changed, header)


def test_a_payment_that_the_provider_refuses_ends_and_holds_up_no_other(house):
    house.fake.refuses = {777}
    refused, other = house.ask(777), house.ask()
    payment = house.fake.pay(house.open(other))
    assert house.desk.look() == 1
    assert (house.state(refused), house.state(other)) == ("failed", "succeeded")
    with pytest.raises(ProviderRefused):
        house.open(refused)
    house.fake.dispute(payment, AMOUNT)
    house.fake.decide(payment, AMOUNT, won=True)
    house.desk.look()
    assert house.state(other) == "succeeded"
    house.reconciled()


def test_one_question_without_an_answer_holds_up_no_other(house, caplog):
    numbers, payments = zip(*[house.paid() for _ in range(2)], strict=True)
    for payment in payments:
        house.fake.dispute(payment, AMOUNT)
    house.desk.look()
    for payment in payments:
        house.fake.decide(payment, AMOUNT, won=True)
    late, asked = house.ask(), house.fake.asked
    untold = f"disputes?payment_intent={payments[0]}"
    house.fake.fault = lambda: "down" if untold in asked[-1][1] else ""
    house.desk.look()
    assert [house.state(number) for number in numbers] == ["disputed", "succeeded"]
    assert f"dispute of ({numbers[0]}," in caplog.text
    house.fake.fault = lambda: ""
    house.fake.faults = ["down"]
    house.desk._looked_us = 0
    assert house.desk.step() == 0
    assert "lines of cards" in caplog.text
    assert house.state(late) == "created"
    house.desk.look()
    house.reconciled()


def test_lines_of_what_the_provider_does_not_know_are_kept_unbooked(house):
    _, payment = house.paid()
    house.fake.refund(payment, 100)
    del house.fake.payments[payment]
    house.desk.look()
    assert house.refused() == ["not_found"]


def test_a_pay_in_that_was_cut_short_before_its_page_ends(house):
    command = c.RequestCardPayin(CAT, CAT, CNY, AMOUNT)
    number = house.gateway.submit(command).result
    house.desk.look()
    assert house.state(number) == "created"  # its page may still be on its way
    with house.writes.begin() as db:
        late = s.payins.update().where(s.payins.c.id == number)
        db.execute(late.values(at_us=1))
    house.desk.look()
    assert house.state(number) == "failed"
    assert not house.fake.sessions
    with house.writes.begin() as db:
        checkouts.note(db, number, "Pay-in", "http://127.0.0.1/back")
    with pytest.raises(ProviderRefused):
        house.open(number)


def test_a_payment_by_card_has_a_least_amount_and_few_are_open_at_once(house):
    with pytest.raises(UnderCardLimit):
        house.ask(CARD_MIN - 1)
    numbers = [house.ask(CARD_MIN) for _ in range(OPEN_MAX)]
    with pytest.raises(TooManyCards):
        house.ask()
    house.ask(member=DAN)
    house.gateway.submit(c.EndCard(0, numbers[0]))
    house.ask()


def test_a_payment_may_be_disputed_twice(house):
    number, payment = house.paid()
    half = AMOUNT // 2
    for won, state in ((True, "succeeded"), (False, "charged_back")):
        house.fake.dispute(payment, half)
        house.desk.look()
        assert house.state(number) == "disputed"
        house.fake.decide(payment, half, won=won)
        house.desk.look()
        assert house.state(number) == state
    house.reconciled()
