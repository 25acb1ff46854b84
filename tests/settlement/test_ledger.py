"""The ledger: everything or nothing, never below zero, nothing from nothing."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.errors import InsufficientBalance
from settlement.ledger import HOUSE, Account, Ledger, Pocket, Transfer

ANN, BOB, CNY, SUN = 1, 2, 1, 1_000
FREE, HELD, OPEN = Pocket.FREE, Pocket.HELD, Pocket.OPEN


def move(ledger, source, target, amount, asset=CNY):
    """Return a transfer between two (owner, pocket) of one asset."""
    debit, credit = (
        ledger.number(owner, asset, pocket) for owner, pocket in (source, target)
    )
    return Transfer(debit, credit, amount, "test", 1)


@pytest.fixture
def ledger():
    """A ledger in which ann has 100 CNY from outside."""
    opened = Ledger()
    opened.post(1, [move(opened, (HOUSE, OPEN), (ANN, FREE), 100)])
    return opened


def test_an_account_that_was_never_opened_is_empty_and_stays_unopened(ledger):
    assert ledger.balance(BOB, CNY) == 0
    assert Account(BOB, CNY, FREE) not in ledger.accounts


def test_a_number_belongs_to_one_owner_asset_and_pocket():
    ledger = Ledger()
    keys = [
        (owner, asset, pocket)
        for owner in (0, 1, 2**40)
        for asset in (1, 1_000, 2**40 - 1)
        for pocket in Pocket
    ]
    numbers = [ledger.number(*key) for key in keys]
    assert numbers == list(range(len(keys)))
    assert [ledger.number(*key) for key in keys] == numbers
    assert [tuple(account) for account in ledger.accounts] == keys


def test_moves_take_from_one_and_give_to_the_other(ledger):
    ledger.post(2, [move(ledger, (ANN, FREE), (BOB, FREE), 30)])
    assert (ledger.balance(ANN, CNY), ledger.balance(BOB, CNY)) == (70, 30)


def test_a_refused_posting_says_what_was_there_and_leaves_no_trace(ledger):
    moves = [
        move(ledger, (ANN, FREE), (BOB, FREE), 60),
        move(ledger, (BOB, FREE), (ANN, HELD), 60),
        move(ledger, (ANN, FREE), (BOB, FREE), 60),
        move(ledger, (HOUSE, OPEN), (ANN, FREE), 500),
    ]
    balances, posted = ledger.balances.copy(), len(ledger.posted)
    with pytest.raises(InsufficientBalance) as refused:
        ledger.post(2, moves)
    assert (refused.value.needed, refused.value.available) == (60, 40)
    assert (ledger.balances, len(ledger.posted)) == (balances, posted)
    assert ledger.transfers == 1


def test_later_moves_of_a_posting_may_spend_what_earlier_ones_brought(ledger):
    ledger.post(
        2,
        [
            move(ledger, (ANN, FREE), (BOB, FREE), 100),
            move(ledger, (BOB, FREE), (BOB, HELD), 99),
        ],
    )
    assert (ledger.balance(BOB, CNY), ledger.balance(BOB, CNY, HELD)) == (1, 99)


@pytest.mark.parametrize("pocket", [FREE, HELD, Pocket.ESCROW])
def test_only_the_open_pocket_goes_below_zero(pocket):
    ledger = Ledger()
    with pytest.raises(InsufficientBalance):
        ledger.post(1, [move(ledger, (ANN, pocket), (BOB, FREE), 1)])
    ledger.post(1, [move(ledger, (ANN, OPEN), (BOB, FREE), 1)])
    assert ledger.balance(ANN, CNY, OPEN) == -1


def test_what_must_be_free_is_told_with_the_currency(ledger):
    ledger.require(ANN, CNY, 100)
    with pytest.raises(InsufficientBalance) as refused:
        ledger.require(ANN, CNY, 101)
    assert refused.value.facts() == {"asset": "CNY", "needed": 101, "available": 100}
    with pytest.raises(InsufficientBalance) as refused:
        ledger.require(ANN, SUN, 1)
    assert refused.value.asset == "1000"


def test_transfers_are_numbered_without_a_gap_and_carry_their_cause(ledger):
    step = move(ledger, (ANN, FREE), (BOB, FREE), 1)
    ledger.post(7, [step, step])
    ledger.post(9, [step])
    assert [(number, seq) for number, seq, _ in ledger.posted] == [
        (1, 1), (2, 7), (3, 7), (4, 9),
    ]  # fmt: skip


def test_a_restored_ledger_goes_on_where_the_first_one_was(ledger):
    again = Ledger()
    again.restore(
        zip(copy.deepcopy(ledger.accounts), ledger.balances, strict=True),
        ledger.transfers,
    )
    assert (again.accounts, again.balances) == (ledger.accounts, ledger.balances)
    assert again.touched == set()
    step = move(ledger, (ANN, FREE), (BOB, FREE), 1)
    for either in (ledger, again):
        either.number(BOB, CNY, FREE)
        either.post(2, [step])
    assert again.posted[-1] == ledger.posted[-1]


accounts = st.tuples(st.integers(0, 3), st.sampled_from([FREE, HELD, OPEN]))
postings = st.lists(
    st.lists(
        st.tuples(accounts, accounts, st.integers(1, 50), st.sampled_from([CNY, SUN])),
        min_size=1,
        max_size=6,
    ),
    max_size=30,
)


@given(postings)
def test_nothing_is_created_and_refusals_change_nothing(flow):
    ledger = Ledger()
    for seq, moves in enumerate(flow, start=1):
        steps = [move(ledger, *step) for step in moves]
        before = ledger.balances.copy()
        try:
            ledger.post(seq, steps)
        except InsufficientBalance:
            assert ledger.balances == before
        assert set(ledger.totals().values()) <= {0}
        assert all(
            balance >= 0 or account.pocket == OPEN
            for account, balance in zip(ledger.accounts, ledger.balances, strict=True)
        )
    folded = [0] * len(ledger.accounts)
    for _, _, step in ledger.posted:
        folded[step.debit] -= step.amount
        folded[step.credit] += step.amount
    assert folded == ledger.balances
    touched = {number for _, _, step in ledger.posted for number in step[:2]}
    assert touched <= ledger.touched


@pytest.mark.parametrize("amount", [0, -1])
def test_a_move_of_nothing_or_backwards_is_a_programmers_mistake(ledger, amount):
    with pytest.raises(AssertionError):
        ledger.post(2, [move(ledger, (ANN, FREE), (BOB, FREE), amount)])
