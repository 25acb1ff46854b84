"""Scenarios of trading: each docstring is played (see tests/scenario.py)."""

import pytest

from tests.scenario import play


@pytest.fixture(autouse=True)
def _scenario(request: pytest.FixtureRequest) -> None:
    """Play the test's own docstring."""
    play(request.function.__doc__)


def test_the_cheapest_offer_fills_first():
    """
    ann has 5 SUN
    bob has 5 SUN
    cat has 100 CNY
    ann offers 5 SUN @ 12
    bob offers 5 SUN @ 11
    cat bids 7 SUN @ 12
    ---
    cat buys 5 SUN @ 11 from bob
    cat buys 2 SUN @ 12 from ann
    """


def test_a_posted_price_does_not_run_out():
    """
    cat has 100 CNY
    dan has 100 CNY
    vera posts SUN @ 10
    cat buys 3 SUN @ 10
    dan buys 4 SUN @ 10
    ---
    cat buys 3 SUN @ 10 from vera
    dan buys 4 SUN @ 10 from vera
    cat has 3 SUN
    dan has 60 CNY
    vera has 68 CNY
    house has 2 CNY
    """


def test_a_bid_below_the_posted_price_waits_with_its_money_held():
    """
    cat has 100 CNY
    vera posts SUN @ 10
    cat bids 5 SUN @ 9
    ---
    cat has 55 CNY free and 45 CNY held
    """


def test_a_vendor_who_lowers_the_price_fills_the_bids_that_wait_at_their_price():
    """
    cat has 100 CNY
    dan has 100 CNY
    vera posts SUN @ 10
    cat bids 5 SUN @ 9
    dan bids 1 SUN @ 8
    vera posts SUN @ 8
    ---
    cat buys 5 SUN @ 9 from vera
    dan buys 1 SUN @ 8 from vera
    cat has 55 CNY free and 0 CNY held
    """


def test_first_come_is_first_served_at_one_price():
    """
    ann has 5 SUN
    bob has 5 SUN
    cat has 100 CNY
    bob offers 2 SUN @ 10
    ann offers 2 SUN @ 10
    cat buys 3 SUN @ 10
    ---
    cat buys 2 SUN @ 10 from bob
    cat buys 1 SUN @ 10 from ann
    """


def test_a_bid_without_the_money_is_refused_and_leaves_no_trace():
    """
    cat has 10 CNY
    vera posts SUN @ 12
    cat buys 1 SUN @ 12 ✗ insufficient_balance
    ---
    cat has 10 CNY free and 0 CNY held
    """


def test_a_cancelled_bid_gives_everything_back():
    """
    cat has 100 CNY
    cat bids 5 SUN @ 9
    cat cancels
    ---
    cat has 100 CNY free and 0 CNY held
    """


def test_the_rest_of_an_immediate_order_is_cancelled():
    """
    ann has 2 SUN
    cat has 100 CNY
    ann offers 2 SUN @ 10
    cat buys 5 SUN @ 10
    ---
    cat buys 2 SUN @ 10 from ann
    cat has 80 CNY free and 0 CNY held
    """


def test_a_market_order_pays_what_the_book_asks():
    """
    ann has 4 SUN
    cat has 45 CNY
    ann offers 2 SUN @ 10
    ann offers 2 SUN @ 11
    cat buys 4 SUN
    ---
    cat buys 2 SUN @ 10 from ann
    cat buys 2 SUN @ 11 from ann
    cat has 3 CNY
    """


def test_a_market_order_that_costs_more_than_is_free_is_refused():
    """
    ann has 4 SUN
    cat has 41 CNY
    ann offers 2 SUN @ 10
    ann offers 2 SUN @ 11
    cat buys 4 SUN ✗ insufficient_balance
    ---
    cat has 41 CNY
    """


def test_nobody_sells_what_they_do_not_hold():
    """
    ann has 2 SUN
    ann offers 3 SUN @ 10 ✗ insufficient_balance
    ann offers 2 SUN @ 10
    ann offers 1 SUN @ 10 ✗ insufficient_balance
    ---
    ann has 0 SUN free and 2 SUN held
    """


def test_a_member_does_not_trade_with_itself():
    """
    ann has 2 SUN
    ann has 100 CNY
    ann offers 2 SUN @ 10
    ann bids 1 SUN @ 10
    ---
    ann has 100 CNY free and 0 CNY held
    """


def test_the_vendors_finite_offer_ends_when_it_is_sold():
    """
    cat has 100 CNY
    vera offers 2 SUN @ 10
    cat bids 3 SUN @ 10
    ---
    cat buys 2 SUN @ 10 from vera
    cat has 70 CNY free and 10 CNY held
    vera has 0 SUN
    """


def test_the_fee_is_rounded_up_so_that_small_pieces_are_never_cheaper():
    """
    cat has 100 CNY
    vera posts SUN @ 1
    cat buys 1 SUN @ 1
    cat buys 1 SUN @ 1
    ---
    cat buys 1 SUN @ 1 from vera
    cat buys 1 SUN @ 1 from vera
    house has 2 CNY
    """


def test_a_free_licence_moves_no_money():
    """
    vera posts SUN @ 0
    cat buys 1 SUN @ 0
    ---
    cat buys 1 SUN @ 0 from vera
    cat has 1 SUN
    house has 0 CNY
    """
