"""A member's records, read back from a market in which everything happened once."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from settlement import moves, statements, store
from settlement.errors import NotFound
from settlement.store import Page
from tests.invariants.conftest import (
    ANN,
    BOB,
    CALLED,
    CAT,
    POSTED,
    RESALE,
    VENDOR,
    open_market,
    terms,
)

HOUSE = 0


@pytest.fixture
def db(database_url: str) -> Iterator[Connection]:
    open_market(database_url, scarce=False)
    engine = store.connect(database_url)
    with engine.connect() as db:
        yield db
    engine.dispose()


def numbers(page: Page) -> list[int]:
    return [row.id for row in page.rows]


def test_balances_tell_free_and_held_of_money_and_rights(db: Connection) -> None:
    money, posted, resale, called = statements.balances(db, ANN)
    assert money == statements.Balance(1, 50_098_894, 70, 0)
    assert money.total == 50_098_964
    assert called == statements.Balance(CALLED, 3, 0, 0)
    assert posted == statements.Balance(POSTED, 8, 0, 0)
    assert resale == statements.Balance(RESALE, 2, 3, 0)
    assert statements.cash(db, ANN) == (money,)
    assert statements.balances(db, 77) == ()


def test_the_outside_world_is_not_what_the_house_has(db: Connection) -> None:
    assert statements.cash(db, HOUSE) == (statements.Balance(1, 59, 0, 0),)


def test_the_trial_balance_is_zero_line_by_line(db: Connection) -> None:
    (money,) = statements.trial_balance(db)
    assert money.total == 0
    assert money.house == 59
    assert money.open == -50_299_950
    assert money.free + money.held + money.escrow + money.house == -money.open
    every = statements.trial_balance(db, rights=True)
    assert len(every) == 8
    assert {line.total for line in every} == {0}


def test_a_member_reads_what_changed_and_with_whom(db: Connection) -> None:
    rows = moves.transfers_of(db, BOB, limit=100).rows
    told = [(r.reason, r.amount, r.free, r.held, r.other) for r in rows]
    assert told == [
        ("hold", 0, -33, 33, BOB),
        ("payment", -40, -40, 0, VENDOR),
        ("hold", 0, -90, 90, BOB),
        ("payment", -52, -52, 0, ANN),
        ("payment", -200, -200, 0, VENDOR),
        ("payment", -200, -200, 0, VENDOR),
        ("payment", -180, 0, -180, VENDOR),
        ("release", 0, 180, -180, BOB),
        ("hold", 0, -720, 720, BOB),
        ("payin", 100_000, 100_000, 0, HOUSE),
    ]
    (balance,) = statements.cash(db, BOB)
    assert sum(r.amount for r in rows) == balance.total
    assert sum(r.free for r in rows) == balance.free
    assert sum(r.held for r in rows) == balance.held
    assert all(r.at_us > 0 for r in rows)


def test_transfers_go_on_where_the_page_ended(db: Connection) -> None:
    whole = numbers(moves.transfers_of(db, ANN, limit=100))
    seen: list[int] = []
    before = None
    while True:
        page = moves.transfers_of(db, ANN, before=before, limit=3)
        seen += numbers(page)
        before = page.before
        if before is None:
            break
    assert seen == whole == sorted(whole, reverse=True)


def test_the_house_reads_its_fees(db: Connection) -> None:
    rows = moves.transfers_of(db, HOUSE).rows
    assert {row.reason for row in rows} == {"fee"}
    assert sum(row.amount for row in rows) == 59


def test_rights_are_read_by_their_holder_only(db: Connection) -> None:
    assert numbers(statements.entitlements_of(db, BOB)) == [14, 13, 10, 7, 6, 4, 3]
    assert statements.entitlement(db, 9, CAT).deliveries == 1
    assert statements.entitlement(db, 9).holder == CAT
    for number, holder in ((9, ANN), (99, None)):
        with pytest.raises(NotFound):
            statements.entitlement(db, number, holder)


def test_terms_are_read_as_they_were_frozen(db: Connection) -> None:
    assert statements.terms(db, 2) == {"n": RESALE, "release": None}
    both = statements.terms_of(db, [1, 2, 9])
    assert {number: found["n"] for number, found in both.items()} == {
        1: POSTED,
        2: RESALE,
    }
    with pytest.raises(NotFound):
        statements.terms(db, 9)


def test_a_contract_tells_the_trade_the_terms_and_the_purpose(db: Connection) -> None:
    contract = statements.contract(db, 2)
    assert (contract.price, contract.quantity, contract.purpose) == (90, 5, "analysis")
    assert (contract.fee_schedule, contract.terms) == (2, 1)
    assert contract.terms_body == terms(POSTED)
    with pytest.raises(NotFound):
        statements.contract(db, 99)


def test_receipts_are_read_by_holder_and_by_right(db: Connection) -> None:
    assert numbers(statements.receipts_of(db, CAT)) == [1]
    assert numbers(statements.receipts_of(db, CAT, under=9)) == [1]
    assert numbers(statements.receipts_of(db, CAT, under=8)) == []
    assert numbers(statements.receipts_of(db, ANN)) == []


def test_payins_and_payouts_are_read_newest_first(db: Connection) -> None:
    assert numbers(statements.payins_of(db, ANN)) == [5, 4, 1]
    assert numbers(statements.payouts_of(db, ANN, limit=2)) == [4, 3]
    assert numbers(statements.payouts_of(db, ANN, before=3)) == [2]


def test_a_queue_has_the_oldest_first(db: Connection) -> None:
    page = statements.payins_in(db, "succeeded", limit=3)
    assert numbers(page) == [1, 2, 3]
    assert numbers(statements.payins_in(db, "succeeded", after=page.before)) == [4]
    assert numbers(statements.payouts_in(db, "requested")) == [2]


def test_a_payment_is_read_by_its_member_and_by_staff(db: Connection) -> None:
    assert statements.payin(db, 4, ANN).amount == 50_000_000
    assert statements.payout(db, 2).amount == 70
    with pytest.raises(NotFound):
        statements.payin(db, 4, BOB)
    with pytest.raises(NotFound):
        statements.payout(db, 2, BOB)


def test_the_states_of_a_payout_are_told_in_order(db: Connection) -> None:
    states = [row.state for row in statements.arrivals_of(db, "payout", 1)]
    assert states[:2] == ["requested", "approved"]
    assert set(states[2:]) == {"submitted", "paid"}


def test_income_is_what_was_sold_less_the_fee(db: Connection) -> None:
    posted, resale, capped, called, metered, trial = statements.income_of(db, VENDOR)
    assert posted == statements.Income(POSTED, 1, 4, 12, 1_130, 34, 1_096)
    assert (resale.gross, resale.fee) == (500, 15)
    assert (capped.net, called.net, metered.net, trial.net) == (76, 45, 7, 0)
    assert statements.income_of(db, BOB) == ()
