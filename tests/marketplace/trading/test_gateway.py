"""The one door: keys, repeats, and the same answer for the same question."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.gateway import check_key
from marketplace.trading.ticket import principal
from settlement import tables as s
from settlement.errors import Invalid, KeyReuse, NotFound
from tests.floor import BUY, CAT, DAN, bid, count, line, trading


@pytest.fixture
def floor(sqlite_url):
    """A gateway with the floor open."""
    with trading(sqlite_url) as gateway:
        yield gateway


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "é", "\x00", "１", "\x7f"])
def test_a_key_that_is_not_printable_ascii_is_invalid(floor, key):
    recorded = count(floor._reads, s.journal)
    with pytest.raises(Invalid):
        floor.submit(BUY, key=key)
    assert count(floor._reads, s.journal) == recorded


@pytest.mark.parametrize("key", [" ", "x" * 255, "~!\"'\\%s?{}"])
def test_any_printable_key_will_do(floor, key):
    check_key(key)
    assert floor.submit(BUY, key=key) == floor.submit(BUY, key=key)
    assert count(floor._reads, s.trades) == 1


@pytest.mark.parametrize(
    "other",
    [
        c.PlaceOrder(CAT, CAT, BUY.line._replace(quantity=2)),
        c.PlaceOrder(CAT, CAT, BUY.line._replace(purpose="analysis ")),
        c.PlaceOrder(CAT + 90, CAT, BUY.line),
        c.PlaceBasket(CAT, CAT, (BUY.line,)),
        c.CancelAll(CAT, CAT),
    ],
)
def test_a_key_stands_for_one_command_of_one_user(floor, other):
    floor.submit(BUY, key="k")
    recorded = count(floor._reads, s.journal)
    with pytest.raises(KeyReuse):
        floor.submit(other, key="k")
    assert count(floor._reads, s.journal) == recorded


def test_members_do_not_share_their_keys(floor):
    first = floor.submit(BUY, key="k")
    second = floor.submit(bid(member=DAN), key="k")
    assert second.seq == first.seq + 1


def test_without_a_key_the_same_command_is_done_again(floor):
    assert floor.submit(BUY).result.order + 1 == floor.submit(BUY).result.order


def test_a_refused_command_stays_refused_when_it_would_succeed_by_now(floor):
    cancel = c.CancelOrder(CAT, CAT, 2)
    with pytest.raises(NotFound) as first:
        floor.submit(cancel, key="k")
    assert floor.submit(bid()).result.order == 2
    with pytest.raises(NotFound) as again:
        floor.submit(cancel, key="k")
    assert again.value.facts() == first.value.facts()
    assert floor.submit(cancel, key="k2").result == 1


def test_a_repeated_basket_gives_the_answer_of_each_line_again(floor):
    basket = c.PlaceBasket(CAT, CAT, (BUY.line, line("buy", 9, 10**8), bid().line))
    first = floor.submit(basket, key="k")
    again = floor.submit(basket, key="k")
    assert again == first
    assert [type(x) for x in again.result] == [c.Placed, c.Refused, c.Placed]


def test_staff_keys_belong_to_the_house():
    assert principal(c.PublishFees(901, 1)) == 0
    assert principal(BUY) == CAT
