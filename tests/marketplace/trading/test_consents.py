"""Purposes on request: the vendor's word admits an order, its end cancels the bid."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.consents import restored, stored
from marketplace.trading.orders import Reason
from marketplace.trading.venue import PurposeNotPermitted, WrongOrder
from tests.scenario import PURPOSE, STAFF, VERA, Play

ANN, CAT, MOON = 11, 12, 1_001
OTHER = "display"
LISTING = c.ListInstrument(
    STAFF, MOON, "MOON", VERA, 1, 1, 1, '{"title":"Moon"}', (PURPOSE,), 100, 3,
    transferable=False,
)  # fmt: skip


@pytest.fixture
def stage():
    """A market where CAT and ANN have 1,000 fen each; MOON is for one purpose."""
    play = Play()
    play.do(LISTING)
    for member in (ANN, CAT):
        play.do(c.SetStanding(STAFF, member, verified=True))
        asked = play.do(c.RequestPayin(member, member, 1, 1_000, "cash"))
        play.do(c.ConfirmPayin(STAFF, asked))
    return play


def bid(stage, member, purpose):
    line = c.Line(MOON, "buy", 9, 10, purpose=purpose)
    return stage.do(c.PlaceOrder(member, member, line)).order


def test_a_purpose_on_request_is_admitted_with_the_vendors_consent(stage):
    with pytest.raises(PurposeNotPermitted):
        bid(stage, CAT, OTHER)
    assert stage.do(c.SetConsents(STAFF, MOON, ((CAT, OTHER),))) == 0
    assert bid(stage, CAT, OTHER) in stage.market.orders
    with pytest.raises(PurposeNotPermitted):
        bid(stage, ANN, OTHER)  # it was not asked for ann
    with pytest.raises(PurposeNotPermitted):
        bid(stage, CAT, "resale")


def test_the_end_of_a_consent_cancels_its_bids_and_no_others(stage):
    both = ((ANN, OTHER), (CAT, OTHER))
    stage.do(c.SetConsents(STAFF, MOON, both))
    gone, kept = bid(stage, CAT, OTHER), bid(stage, ANN, OTHER)
    plain = bid(stage, CAT, PURPOSE)
    assert stage.do(c.SetConsents(STAFF, MOON, both[:1])) == 1
    assert list(stage.market.orders) == [kept, plain]
    assert stage.market.orders_changed[gone][1] is Reason.CONSENT


@pytest.mark.parametrize(
    "wrong",
    [((0, OTHER),), ((CAT, "no code"),), ((CAT, ""),), ((CAT, OTHER), (CAT, OTHER))],
)
def test_consents_that_make_no_sense_are_refused(stage, wrong):
    with pytest.raises(WrongOrder):
        stage.do(c.SetConsents(STAFF, MOON, wrong))


def test_consents_survive_the_records():
    given = frozenset({(9, OTHER), (11, OTHER), (9, "resale")})
    assert restored(stored(given)) == given
    assert restored("") == frozenset()
