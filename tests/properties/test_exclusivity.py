"""Whatever members do, no right runs beside another buyer's that excludes it."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.trading import commands as c
from marketplace.trading.market import Market
from marketplace.trading.orders import BUY
from marketplace.trading.records import drain, load, write
from marketplace.trading.scope import Scope
from marketplace.trading.snapshot import digest
from settlement.errors import Refusal
from tests.scratch import scratch

VENDOR, STAFF, MEMBERS, TERM_US = 1, 901, (1, 2, 3), 20
# The naive twin: every right is the set of places and fields that it reaches.
PLACES, FIELDS = {"31", "11", "DE"}, {"health", "energy"}
REACH = {
    1_000: (True, {"31", "11"}, FIELDS),
    1_001: (False, {"31"}, FIELDS),
    1_002: (False, PLACES, {"energy"}),
    1_003: (True, {"DE"}, {"health"}),
}
SCOPES = {
    1_000: Scope(7, True, "", "CN"),
    1_001: Scope(7, False, "", "CN/31"),
    1_002: Scope(7, False, "energy", ""),
    1_003: Scope(7, True, "health", "DE"),
}
traded, member = st.sampled_from(tuple(SCOPES)), st.sampled_from(MEMBERS)
lines = st.builds(
    c.Line,
    instrument=traded,
    side=st.sampled_from(["buy", "sell"]),
    price=st.none() | st.integers(1, 4),
    quantity=st.sampled_from([1, 1, 1, 2]),
    time_in_force=st.sampled_from(["GTC", "GTC", "IOC", "FOK"]),
    evergreen=st.booleans(),
    purpose=st.just("a"),
)
flows = st.lists(
    st.one_of(
        st.builds(c.PlaceOrder, member, member, lines),
        st.builds(c.PlaceOrder, st.just(1), st.just(1), lines),
        st.builds(c.PlaceBasket, member, member, st.lists(lines).map(tuple)),
        st.builds(c.GrantRight, member, member, traded, st.just(1), st.just("a")),
        st.builds(c.RevokeRight, member, st.integers(1, 9)),
        st.builds(c.SuspendRight, member, st.integers(1, 9)),
        st.builds(
            c.OfferPrice, member, st.just(1), traded, member, st.just(1),
            st.just(1), st.just("need"), st.just("custom"), st.just(900),
        ),
        st.builds(c.TakeOffer, member, member, st.integers(1, 5), st.just("a")),
        st.builds(
            c.SetPhase, member, traded, st.sampled_from(["call", "continuous"]),
            st.just(2),
        ),
        st.builds(c.Uncross, member, traded),
        st.just(c.Tick()),
    ),
    max_size=40,
)  # fmt: skip


def opened():
    """Yield the commands of a market with one product in four kinds of rights."""
    for number in MEMBERS:
        yield c.SetStanding(STAFF, number, verified=True)
        yield c.RequestPayin(number, number, 1, 500, "cash")
        yield c.ConfirmPayin(STAFF, number)
    for number, scope in SCOPES.items():
        yield c.ListInstrument(
            STAFF, number, f"I{number}", VENDOR, 1, 1, 1, "{}", (), TERM_US, None,
            transferable=number == 1_001, scope=scope,
        )  # fmt: skip


def exclude(one, other):
    """Tell by sets whether two instruments' rights are for one buyer at a time."""
    (alone, places, fields), (also, there, those) = REACH[one], REACH[other]
    return bool((alone or also) and places & there and fields & those)


@given(flows)
@settings(max_examples=200, deadline=None)
def test_no_two_buyers_hold_what_excludes_the_other(flow):
    market = Market()
    for seq, command in enumerate((*opened(), *flow), start=1):
        at_us = seq * 2
        before = digest(market)
        try:
            market.apply(command, seq, at_us)
        except Refusal:
            assert digest(market) == before, command
        live = [r for r in market.rights.live.values() if r.until_us > at_us]
        for one, other in combinations(live, 2):
            assert one.holder == other.holder or not exclude(
                one.instrument, other.instrument
            )
        for order in market.orders.values():
            if order.side is BUY:
                assert all(
                    right.holder == order.member
                    or not exclude(right.instrument, order.instrument)
                    for right in live
                )
    with scratch() as db:
        write(db, drain(market))
        assert digest(load(db)) == digest(market)
