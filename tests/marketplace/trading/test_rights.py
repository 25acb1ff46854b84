"""Commands on rights: who gets one, what it opens, what its end takes with it."""

import pytest

from marketplace.trading import commands as c
from marketplace.trading.venue import (
    NotTransferable,
    NotVerified,
    PurposeNotPermitted,
    UnknownInstrument,
    WrongOrder,
)
from settlement.entitlements import EntitlementState, QuotaUsedUp, RightEnded
from settlement.errors import IllegalMove, InsufficientBalance, NotFound
from settlement.ledger import Pocket
from tests.scenario import PURPOSE, STAFF, SUN, VERA, Play

MET = 1_001  # metered: two deliveries, fifty microseconds, not transferable
ANN, BOB = 11, 12
HASH = "ab" * 32


@pytest.fixture
def stage():
    """A market with vera's SUN and MET, and the verified members ANN and BOB."""
    play = Play()
    for member in (ANN, BOB):
        play.do(c.SetStanding(STAFF, member, verified=True))
    play.do(
        c.ListInstrument(
            STAFF, MET, "MET", VERA, 1, 1, 1, '{"title":"Met"}', (PURPOSE,), 50, 2,
            transferable=False,
        )
    )  # fmt: skip
    payin = play.do(c.RequestPayin(BOB, BOB, 1, 1_000, "cash"))
    play.do(c.ConfirmPayin(STAFF, payin))
    return play


def grant(stage, member=ANN, instrument=SUN, quantity=1, purpose=PURPOSE):
    """Give a right; its number."""
    return stage.do(c.GrantRight(STAFF, member, instrument, quantity, purpose))


def offer(stage, member, quantity, price=10, **rest):
    """Let *member* offer SUN."""
    line = c.Line(SUN, "sell", price, quantity, **rest)
    return stage.do(c.PlaceOrder(member, member, line))


def bid(stage, member, quantity, price=10):
    """Let *member* bid for SUN."""
    line = c.Line(SUN, "buy", price, quantity, purpose=PURPOSE)
    return stage.do(c.PlaceOrder(member, member, line))


def units(stage, member, pocket=Pocket.FREE, instrument=SUN):
    """Return the units in an account."""
    return stage.market.ledger.balance(member, instrument, pocket)


def deliver(stage, member, number):
    """Ask for a delivery; the receipt's number."""
    return stage.do(c.Deliver(member, member, number, 5, HASH, 99))


def test_a_granted_right_is_a_balance_issued_by_the_vendor(stage):
    number = grant(stage, quantity=3)
    assert (units(stage, ANN), units(stage, VERA, Pocket.OPEN)) == (3, -3)
    right = stage.market.rights.get(number)
    assert (right.holder, right.quantity, right.until_us) == (ANN, 3, None)


@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ({"member": 99}, NotVerified),
        ({"instrument": 1_999}, UnknownInstrument),
        ({"quantity": 0}, WrongOrder),
        ({"quantity": -1}, WrongOrder),
        ({"quantity": 10**9 + 1}, WrongOrder),
        ({"member": VERA}, WrongOrder),
        ({"instrument": MET, "purpose": "resale"}, PurposeNotPermitted),
        ({"purpose": ""}, PurposeNotPermitted),
    ],
)
def test_a_grant_that_cannot_be_leaves_no_trace(stage, facts, refusal):
    with pytest.raises(refusal):
        grant(stage, **facts)
    assert stage.market.rights.last == 0
    assert set(stage.market.ledger.totals().values()) <= {0}


def test_a_delivery_leaves_a_receipt_of_what_was_opened(stage):
    number = grant(stage, instrument=MET)
    assert [deliver(stage, ANN, number) for _ in range(2)] == [1, 2]
    with pytest.raises(QuotaUsedUp):
        deliver(stage, ANN, number)
    assert [row[3:] for row in stage.market.receipts_new] == 2 * [
        (number, ANN, 5, HASH, 99)
    ]


def test_another_members_right_is_not_even_there(stage):
    number = grant(stage)
    with pytest.raises(NotFound) as refused:
        deliver(stage, BOB, number)
    with pytest.raises(NotFound) as unknown:
        deliver(stage, BOB, 77)
    assert refused.value.facts().keys() == unknown.value.facts().keys()


def test_who_is_no_longer_verified_gets_nothing_delivered(stage):
    number = grant(stage)
    stage.do(c.SetStanding(STAFF, ANN, verified=False))
    with pytest.raises(NotFound):
        deliver(stage, ANN, number)


def test_a_suspended_right_delivers_nothing_until_it_is_restored(stage):
    number = grant(stage)
    stage.do(c.SuspendRight(STAFF, number))
    with pytest.raises(RightEnded):
        deliver(stage, ANN, number)
    with pytest.raises(IllegalMove):
        stage.do(c.SuspendRight(STAFF, number))
    stage.do(c.RestoreRight(STAFF, number))
    assert deliver(stage, ANN, number) == 1


def test_suspending_a_right_withdraws_what_was_offered_of_it(stage):
    number = grant(stage, quantity=5)
    order = offer(stage, ANN, 3).order
    stage.do(c.SuspendRight(STAFF, number))
    assert order not in stage.market.orders
    assert (units(stage, ANN), units(stage, ANN, Pocket.HELD)) == (5, 0)


def test_the_units_of_a_suspended_right_cannot_be_sold(stage):
    frozen, active = grant(stage, quantity=5), grant(stage, quantity=2)
    stage.do(c.SuspendRight(STAFF, frozen))
    with pytest.raises(InsufficientBalance) as refused:
        offer(stage, ANN, 3)
    assert (refused.value.needed, refused.value.available) == (3, 2)
    offer(stage, ANN, 2)
    with pytest.raises(InsufficientBalance) as refused:
        offer(stage, ANN, 1)
    assert refused.value.available == 0
    assert bid(stage, BOB, 2).state == "filled"
    rights = stage.market.rights
    assert [right.number for right in rights.of(ANN, SUN)] == [frozen]
    assert active not in rights.live


def test_a_restored_right_can_be_sold_again(stage):
    number = grant(stage, quantity=5)
    stage.do(c.SuspendRight(STAFF, number))
    stage.do(c.RestoreRight(STAFF, number))
    offer(stage, ANN, 5)
    assert bid(stage, BOB, 5).state == "filled"


def test_a_revoked_right_goes_back_to_the_vendor_with_all_its_units(stage):
    number = grant(stage, quantity=5)
    offer(stage, ANN, 3)
    stage.do(c.RevokeRight(STAFF, number))
    assert (units(stage, ANN), units(stage, ANN, Pocket.HELD)) == (0, 0)
    assert units(stage, VERA, Pocket.OPEN) == 0
    for command in (c.RevokeRight, c.SuspendRight, c.RestoreRight):
        with pytest.raises(NotFound):
            stage.do(command(STAFF, number))


def test_what_supervision_does_with_a_right_is_on_record_with_its_reason(stage):
    number = grant(stage)
    stage.do(c.SuspendRight(STAFF, number, "a complaint"))
    stage.do(c.RestoreRight(STAFF, number))
    stage.do(c.RevokeRight(STAFF, number, "stolen\ndata"))
    assert [row[2:] for row in stage.market.measures_new] == [
        (number, STAFF, "suspend", "a complaint"),
        (number, STAFF, "restore", ""),
        (number, STAFF, "revoke", "stolen\ndata"),
    ]


@pytest.mark.parametrize("reason", ["x" * 2_001, "a\0b", "\ud800"])
def test_a_reason_that_cannot_be_kept_changes_nothing(stage, reason):
    number = grant(stage)
    for command in (c.SuspendRight, c.RevokeRight):
        with pytest.raises(WrongOrder):
            stage.do(command(STAFF, number, reason))
    assert stage.market.rights.get(number).state is EntitlementState.ACTIVE
    assert stage.market.measures_new == []


def test_a_buyer_of_a_holders_units_gets_the_rest_of_their_time_and_terms(stage):
    stage.do(
        c.ListInstrument(
            STAFF, SUN, "SUN", VERA, 1, 1, 1, '{"title":"Sun 2"}', (), 500, None,
            transferable=True,
        )
    )  # fmt: skip
    first = stage.market.rights.get(grant(stage, quantity=2))
    grant(stage, quantity=2)
    offer(stage, ANN, 3)
    bid(stage, BOB, 3)
    (bought,) = stage.market.rights.of(BOB, SUN)
    assert (bought.quantity, bought.until_us) == (3, first.until_us)
    assert bought.terms == first.terms
    assert [right.quantity for right in stage.market.rights.of(ANN, SUN)] == [1]


def test_what_may_not_be_passed_on_is_not_sold_by_a_holder(stage):
    grant(stage, instrument=MET)
    with pytest.raises(NotTransferable):
        stage.do(c.PlaceOrder(ANN, ANN, c.Line(MET, "sell", 10, 1)))


def test_a_vendor_whose_own_right_ends_goes_on_selling(stage):
    grant(stage, quantity=2)
    offer(stage, ANN, 2)
    payin = stage.do(c.RequestPayin(VERA, VERA, 1, 100, "cash"))
    stage.do(c.ConfirmPayin(STAFF, payin))
    bid(stage, VERA, 2)
    posted = offer(stage, VERA, 1, price=20, evergreen=True).order
    (held,) = stage.market.rights.of(VERA, SUN)
    stage.do(c.RevokeRight(STAFF, held.number))
    assert posted in stage.market.orders
    assert units(stage, VERA) == 0


def test_a_right_expires_by_the_passing_of_time_and_gives_its_units_back(stage):
    number = grant(stage, instrument=MET, quantity=4)
    right = stage.market.rights.get(number)
    stage.at_us = right.until_us - 2
    assert stage.do(c.Tick()) == (0, 0)
    assert stage.do(c.Tick()) == (0, 1)
    assert right.state is EntitlementState.EXPIRED
    assert units(stage, ANN, instrument=MET) == 0
    assert units(stage, VERA, Pocket.OPEN, instrument=MET) == 0
    with pytest.raises(NotFound):
        deliver(stage, ANN, number)


@pytest.fixture
def packs(stage):
    """The stage where SUN comes in packs of two deliveries, to be passed on."""
    stage.do(
        c.ListInstrument(
            STAFF, SUN, "SUN", VERA, 1, 1, 1, '{"title":"Pack"}', (), None, 2,
            transferable=True,
        )
    )  # fmt: skip
    return stage


def test_every_unit_brings_its_own_deliveries(packs):
    offer(packs, VERA, 1, evergreen=True)
    bid(packs, BOB, 3)
    (bought,) = packs.market.rights.of(BOB, SUN)
    granted = packs.market.rights.get(grant(packs, quantity=4))
    assert (bought.deliveries_max, granted.deliveries_max) == (6, 8)


def test_what_was_delivered_under_is_not_passed_on(packs):
    """Else two members would fill their quotas up by selling a right to and fro."""
    number = grant(packs)
    deliver(packs, ANN, number)
    with pytest.raises(InsufficientBalance) as refused:
        offer(packs, ANN, 1)
    assert refused.value.available == 0


def test_unused_units_take_their_deliveries_along(packs):
    number = grant(packs, quantity=3)
    deliver(packs, ANN, number)
    with pytest.raises(InsufficientBalance):
        offer(packs, ANN, 3)
    offer(packs, ANN, 2)
    bid(packs, BOB, 2)
    (bought,) = packs.market.rights.of(BOB, SUN)
    kept = packs.market.rights.get(number)
    assert (bought.deliveries, bought.deliveries_max) == (0, 4)
    assert (kept.quantity, kept.deliveries, kept.deliveries_max) == (1, 1, 2)
    deliver(packs, ANN, number)
    with pytest.raises(QuotaUsedUp):
        deliver(packs, ANN, number)


def test_a_delivery_takes_back_the_offer_of_its_unit(packs):
    number = grant(packs, quantity=2)
    offer(packs, ANN, 1)
    deliver(packs, ANN, number)
    assert units(packs, ANN, Pocket.HELD) == 1  # the other unit is still whole
    deliver(packs, ANN, number)
    deliver(packs, ANN, number)
    assert units(packs, ANN, Pocket.HELD) == 0
    assert bid(packs, BOB, 1).trades == ()


def test_rights_under_different_quotas_are_passed_on_under_the_tightest(packs):
    grant(packs)
    packs.do(
        c.ListInstrument(
            STAFF, SUN, "SUN", VERA, 1, 1, 1, '{"title":"Large"}', (), None, 50,
            transferable=True,
        )
    )  # fmt: skip
    grant(packs)
    offer(packs, ANN, 2)
    bid(packs, BOB, 2)
    (bought,) = packs.market.rights.of(BOB, SUN)
    assert (bought.quantity, bought.deliveries_max) == (2, 4)
