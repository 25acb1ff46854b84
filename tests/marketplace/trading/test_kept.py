"""A posted price that rises does not hurt who has seen the lower one, for a while."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.kept import KEPT_US, QuoteOver
from marketplace.trading.market import Market
from marketplace.trading.orders import SELL
from marketplace.trading.snapshot import state
from tests.floor import CASH, CAT, CNY, SUN, VERA, line, opening

POSTED = 1  # the first order of the floor, at 12
RISEN_US = 1_000


def placed(market, price, **changed):
    """Buy three at once up to *price*, having seen the posted order."""
    wanted = line("buy", price, 3, time_in_force="IOC", quote=POSTED)
    command = c.PlaceOrder(CAT, CAT, wanted._replace(**changed))
    return market.apply(command, 50, RISEN_US + 1)


def post(market, price, seq):
    """Let the vendor post another price, as its desk does."""
    higher = line("sell", price, 1, evergreen=True)
    market.apply(c.PlaceOrder(VERA, VERA, higher), seq, RISEN_US)
    market.apply(c.CancelOrder(VERA, VERA, POSTED), seq + 1, RISEN_US)


@pytest.fixture
def market():
    """A floor where SUN is posted at 12."""
    market = Market()
    for seq, command in enumerate(opening(), start=1):
        market.apply(command, seq, seq)
    return market


def test_who_saw_the_lower_price_pays_it_though_it_rose(market):
    post(market, 20, 40)
    bought = placed(market, 12)
    assert bought.trades == ((1, 12, 3),)
    assert market.ledger.balance(CAT, CNY) == CASH - 36
    (trade,) = market.trades_new
    assert (trade.origin, trade.sell_order) == ("pinned", POSTED)
    assert market.venue(SUN).last is None  # it says nothing of the price now


def test_who_names_nothing_or_a_lower_limit_gets_nothing_of_it(market):
    post(market, 20, 40)
    assert placed(market, 12, quote=None).trades == ()
    assert placed(market, 11).trades == ()


def test_a_price_that_fell_is_paid_as_it_is_now(market):
    post(market, 9, 40)
    assert placed(market, 12).trades == ((1, 9, 3),)


def test_what_was_seen_is_over_after_its_time_or_when_nothing_is_offered(market):
    post(market, 20, 40)
    late = RISEN_US + KEPT_US
    wanted = line("buy", 12, 1, time_in_force="IOC", quote=POSTED)
    before = state(market)
    with pytest.raises(QuoteOver):
        market.apply(c.PlaceOrder(CAT, CAT, wanted), 50, late)
    assert state(market) == before
    assert market.next_due_us() == late
    market.apply(c.Tick(), 51, late)
    assert market.kept.live == {}
    with pytest.raises(QuoteOver):
        market.apply(c.PlaceOrder(CAT, CAT, wanted._replace(quote=99)), 52, late)


def test_a_price_taken_down_for_none_is_not_kept(market):
    market.apply(c.CancelOrder(VERA, VERA, POSTED), 40, RISEN_US)
    assert market.kept.live == {}
    with pytest.raises(QuoteOver):
        placed(market, 12)


def test_a_market_order_takes_nothing_that_the_book_does_not_cover(market):
    post(market, 20, 40)
    higher = market.venue(SUN).book.best(SELL).id
    market.apply(c.CancelOrder(VERA, VERA, higher), 45, RISEN_US)
    wanted = line("buy", None, CASH, time_in_force="IOC", quote=POSTED)
    bought = market.apply(c.PlaceOrder(CAT, CAT, wanted), 50, RISEN_US + 1)
    assert bought.trades == ()
    assert market.ledger.balance(CAT, CNY) == CASH


def test_a_vendor_that_may_not_trade_sells_nothing_at_a_kept_price(market):
    post(market, 20, 40)
    market.apply(c.SetStanding(901, VERA, verified=False), 45, RISEN_US)
    before = market.ledger.balance(VERA, CNY)
    assert not placed(market, 12).trades
    assert market.ledger.balance(VERA, CNY) == before
