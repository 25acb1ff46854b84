"""Whatever members do, nothing is created or destroyed, and the journal tells all."""

import contextlib
import json
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.trading import commands as c
from marketplace.trading.market import Market
from marketplace.trading.orders import BUY, SELL
from marketplace.trading.records import drain, load, write
from marketplace.trading.snapshot import digest, state
from marketplace.trading.timetable import Timetable
from settlement.canonical import canonical
from settlement.errors import Refusal
from settlement.ledger import Pocket
from tests.scratch import scratch

VENDOR, STAFF, SECOND = 1, 901, 902
MEMBERS = (1, 2, 3)
INSTRUMENTS = (1_000, 1_001, 1_002)  # evergreen class, transferable, with an end
ACCEPTED = 1_004  # paid after acceptance, two days after the vendor has delivered
TRIAL, CEILING = 1_003, 9  # the free trial of 1_000; what 1_002 may cost at most
TERM_US = 40
DAY_US = 86_400_000_000
LATER_US = 60_000_000  # a contest lasts a minute at least


class Later(NamedTuple):
    """No command: a minute, or some days, pass before the next."""

    by_us: int


lines = st.builds(
    c.Line,
    instrument=st.sampled_from((*INSTRUMENTS, TRIAL, ACCEPTED, ACCEPTED, 1_009)),
    side=st.sampled_from(["buy", "sell", "give"]),
    price=st.none() | st.integers(-1, 12),
    quantity=st.integers(-1, 6),
    time_in_force=st.sampled_from(["GTC", "IOC", "FOK", "GTD"]),
    expires_us=st.none() | st.integers(0, 300),
    evergreen=st.booleans(),
    post_only=st.booleans(),
    purpose=st.sampled_from(["", "analysis", "resale"]),
    quote=st.none() | st.integers(1, 30),
)
member = st.sampled_from((*MEMBERS, 4))  # the fourth is not verified
number = st.integers(1, 30)
amount = st.integers(-1, 60)
user = st.sampled_from((11, STAFF, SECOND))
words = st.text(max_size=3)
traded = st.sampled_from((*INSTRUMENTS, TRIAL, ACCEPTED))
timetables = st.builds(
    Timetable,
    st.sampled_from([0, 480]),
    st.sampled_from([(0, 1, 2, 3, 4, 5, 6), (3,), ()]),
    st.sampled_from([(), (0,)]),
    st.lists(
        st.tuples(
            st.integers(0, 1_440),
            st.sampled_from(["call", "uncross", "continuous", "closed", "lunch"]),
        ),
        max_size=3,
    ).map(lambda steps: tuple(sorted(steps))),
)
phases = st.one_of(
    st.builds(
        c.SetPhase, user, traded,
        st.sampled_from(["call", "call", "call", "continuous", "closed", "lunch"]),
        st.none() | st.integers(-1, 12),
    ),
    st.builds(c.Uncross, user, traded),
    st.builds(
        c.Propose, user, st.just("SetLimits"),
        st.tuples(
            st.sampled_from((0, *INSTRUMENTS)),
            st.tuples(
                *(
                    st.sampled_from((None, 0, most))
                    for most in (2_000, 4_000, 3, 30, 6, 4)
                )
            ),
        ),
        st.just("why"),
    ),
    st.builds(c.Decide, user, st.integers(0, 3), st.booleans()),
    st.builds(
        c.StopTrading, user, st.sampled_from((0, 0, 1, 2)), st.booleans(),
        st.just("why"), st.sampled_from((0, 1, 1_000, 1_001, -1)),
    ),
    st.builds(
        c.AllowTrading, user, st.sampled_from((0, 0, 1, 2)),
        st.sampled_from((0, 1, 1_000, 1_001, -1)),
    ),
    st.builds(c.SetTimetable, user, traded, st.none() | timetables),
)  # fmt: skip
flows = st.lists(
    st.one_of(
        st.builds(c.PlaceOrder, user, member, lines),
        st.builds(c.PlaceOrder, user, member, lines),
        st.builds(c.PlaceBasket, user, member, st.lists(lines, max_size=4).map(tuple)),
        st.builds(c.CancelOrder, user, member, number),
        st.builds(c.CancelAll, user, member, st.none() | st.sampled_from(INSTRUMENTS)),
        st.builds(c.ReduceOrder, user, member, number, st.integers(-1, 4)),
        st.builds(
            c.ReplaceOrder, user, member, number, st.none() | st.integers(-1, 12),
            st.integers(-1, 6), st.booleans(),
        ),
        st.builds(c.RequestPayin, user, member, st.integers(0, 2), amount, words),
        st.builds(c.ConfirmPayin, user, number),
        st.builds(c.ApprovePayin, user, number),
        st.builds(c.RejectPayin, user, number),
        st.builds(c.RequestPayout, user, member, st.just(1), amount, st.just("bank")),
        st.builds(c.ApprovePayout, user, number),
        st.builds(c.PayPayout, user, number),
        st.builds(c.FailPayout, user, number),
        st.builds(c.CancelPayout, user, member, number),
        st.builds(
            c.GrantRight, user, member, traded, st.integers(0, 3), st.just("analysis")
        ),
        st.builds(
            c.OfferPrice, user, st.sampled_from((1, 1, 1, 2)), traded, member,
            st.integers(-1, 12), st.integers(0, 3), st.sampled_from(["need", "", "x"]),
            st.sampled_from(["long-standing custom", " "]), st.integers(1, 400),
        ),
        *[
            st.builds(
                c.OfferPrice, user, member, traded, member, st.integers(-1, 12),
                st.integers(0, 3), st.just("asked"), st.just("x"), st.integers(1, 400),
                st.integers(0, 1), st.sampled_from(["", "analysis", "analysis"]),
            ),
            st.builds(
                c.CounterOffer, user, member, st.integers(1, 4), st.integers(-1, 12),
                st.integers(0, 3), st.just("y"), st.integers(1, 400),
                st.sampled_from(["", "analysis"]),
            ),
            st.builds(c.DeclineOffer, user, member, st.integers(1, 4)),
        ],
        st.builds(c.TakeOffer, user, member, st.integers(1, 4), st.just("analysis")),
        st.builds(c.TakeOffer, user, member, st.integers(1, 4), st.just("analysis")),
        st.builds(c.WithdrawOffer, user, st.sampled_from((1, 2)), st.integers(1, 4)),
        *[
            st.builds(
                c.OpenContest, user, st.sampled_from((1, 1, 1, 2)), traded,
                st.sampled_from(["ascending", "first", "second", "dutch"]),
                st.integers(0, 3), st.integers(0, 9), st.integers(1, 9),
                st.integers(0, 2), st.sampled_from([60_000_000, 9, 60_000_200]),
                st.sampled_from([0, 0, 60]),
            ),
            st.builds(
                c.BidInContest, user, member, st.integers(1, 3), st.integers(0, 90),
                st.just("analysis"),
            ),
            st.builds(
                c.BidInContest, user, member, st.integers(1, 3), st.integers(0, 90),
                st.just("analysis"),
            ),
            st.builds(c.PayContest, user, member, st.integers(1, 3)),
            st.builds(c.CancelContest, user, member, st.integers(1, 3)),
            st.builds(Later, st.sampled_from((LATER_US, 3 * DAY_US))),
        ],
        st.builds(c.ReportDelivery, user, member, number, st.integers(0, 4)),
        st.builds(c.ReportDelivery, user, st.just(1), number, st.integers(1, 2)),
        st.builds(
            c.AcceptDelivery, user, member, number, st.none() | st.integers(0, 4)
        ),
        st.builds(
            c.SetWorkdays, user,
            st.lists(st.tuples(st.integers(-1, 9), st.booleans()), max_size=3).map(
                tuple
            ),
        ),
        st.builds(c.SuspendRight, user, number),
        st.builds(c.RestoreRight, user, number),
        st.builds(c.RevokeRight, user, number),
        st.builds(c.Deliver, user, member, number, number, st.just("00"), number),
        st.builds(c.SetStanding, user, member, st.booleans()),
        st.builds(
            c.SetAudience, user, st.sampled_from(INSTRUMENTS),
            st.none() | st.lists(member, max_size=2).map(sorted).map(tuple),
            st.booleans(),
        ),
        st.builds(
            c.SetConsents, user, st.sampled_from(INSTRUMENTS),
            st.lists(st.tuples(member, st.sampled_from(["analysis", "display"])),
                     max_size=2).map(sorted).map(tuple),
        ),
        st.builds(c.SuspendInstrument, user, st.sampled_from(INSTRUMENTS)),
        st.builds(c.ResumeInstrument, user, st.sampled_from(INSTRUMENTS)),
        st.builds(c.PublishFees, user, st.integers(-1, 400), st.just(())),
        st.just(c.Tick()),
        phases,
        phases,
        phases,
        st.builds(
            c.StopTrading, user, st.sampled_from((-1, 0, 2)), st.booleans(),
            st.sampled_from(["drill", ""]),
        ),
        st.builds(c.AllowTrading, user, st.sampled_from((0, 2))),
        st.builds(c.AllowTrading, user, st.sampled_from((0, 2))),
    ),
    max_size=60,
)  # fmt: skip


def opened() -> tuple[Market, list[tuple[c.Command, int]]]:
    """Return a market with members, money and three instruments, and its commands."""
    market = Market()
    first: list[c.Command] = [c.SetStanding(STAFF, m, verified=True) for m in MEMBERS]
    first += [
        c.ListInstrument(
            STAFF, instrument, f"I{instrument}", VENDOR, 1, 1, 1, '{"n":1}',
            ("analysis",) if instrument == INSTRUMENTS[1] else (),
            TERM_US if instrument == INSTRUMENTS[2] else None, 2,
            transferable=instrument != INSTRUMENTS[0],
            price_max=CEILING if instrument == INSTRUMENTS[2] else None,
        )
        for instrument in INSTRUMENTS
    ]  # fmt: skip
    first.append(
        c.ListInstrument(
            STAFF, TRIAL, "TRY", VENDOR, 1, 1, 1, '{"n":2}', (), TERM_US, 1,
            transferable=False, price_max=0, trial_of=INSTRUMENTS[0],
        )
    )  # fmt: skip
    first.append(
        c.ListInstrument(
            STAFF, ACCEPTED, "ACC", VENDOR, 1, 1, 1, '{"n":3}', (), TERM_US, 2,
            transferable=False, acceptance=c.Acceptance(2, 1),
        )
    )  # fmt: skip
    first.append(c.PlaceOrder(11, 1, c.Line(TRIAL, "sell", 0, 1, evergreen=True)))
    for m in (2, 3):
        first += [c.RequestPayin(m, m, 1, 500, "cash"), c.ConfirmPayin(STAFF, m - 1)]
    for at_us, command in enumerate(first, start=1):
        market.apply(command, at_us, at_us)
    return market, [(command, at) for at, command in enumerate(first, start=1)]


def run(flow: list[c.Command | Later]) -> tuple[Market, list[tuple[c.Command, int]]]:
    """Apply a flow; the market and what was applied when."""
    market, done = opened()
    late_us = 0
    for command in flow:
        if isinstance(command, Later):
            late_us += command.by_us
            continue
        seq = len(done) + 1
        at_us = seq * 3 + late_us
        done.append((command, at_us))
        before = canonical(state(market))
        try:
            market.apply(command, seq, at_us)
        except Refusal:
            assert canonical(state(market)) == before, command
    return market, done


@given(flows)
@settings(max_examples=150, deadline=None)
def test_nothing_is_created_destroyed_overdrawn_or_crossed(
    flow: list[c.Command | Later],
) -> None:
    market, _ = run(flow)
    assert set(market.ledger.totals().values()) <= {0}
    for account, balance in zip(
        market.ledger.accounts, market.ledger.balances, strict=True
    ):
        assert account.pocket == Pocket.OPEN or balance >= 0, account
    for venue in market.venues.values():
        bid, offer = venue.book.best(BUY), venue.book.best(SELL)
        if venue.call is None and bid is not None and offer is not None:
            assert bid.price < offer.price


@given(flows)
@settings(max_examples=100, deadline=None)
def test_what_is_held_is_what_the_waiting_orders_and_payouts_need(
    flow: list[c.Command | Later],
) -> None:
    market, _ = run(flow)
    needed: dict[tuple[int, int], int] = {}
    for order in market.orders.values():
        venue = market.venue(order.instrument)
        asset = venue.currency if order.side is BUY else order.instrument
        units = 0 if order.evergreen else order.remaining
        limit = venue.call.ceiling if order.price is None else order.price
        worth = limit * units if order.side is BUY else units
        needed[order.member, asset] = needed.get((order.member, asset), 0) + worth
    for contest in market.contests.live.values():
        currency = market.venue(contest.instrument).currency
        for bidder in contest.ranking():
            key = (bidder.member, currency)
            needed[key] = needed.get(key, 0) + contest.deposit
    for payout in market.payouts.waiting.values():
        key = (payout.member, payout.currency)
        needed[key] = needed.get(key, 0) + payout.amount
    for offer in market.offers.live.values():
        if offer.maker == offer.member:
            key = (offer.member, market.venue(offer.instrument).currency)
            needed[key] = needed.get(key, 0) + offer.price * offer.quantity
    held = {
        (account.owner, account.asset): balance
        for account, balance in zip(
            market.ledger.accounts, market.ledger.balances, strict=True
        )
        if account.pocket == Pocket.HELD
    }
    assert {k: v for k, v in needed.items() if v} == {
        k: v for k, v in held.items() if v
    }


@given(flows)
@settings(max_examples=100, deadline=None)
def test_what_waits_in_escrow_is_owed_by_open_trades(
    flow: list[c.Command | Later],
) -> None:
    market, _ = run(flow)
    for buyer in (2, 3):
        waits = sum(
            e.left for e in market.escrows.live.values() if e.trade.buyer == buyer
        )
        assert market.ledger.balance(buyer, 1, Pocket.ESCROW) == waits
    for escrow in market.escrows.live.values():
        assert escrow.left > 0
        assert escrow.due_us is not None


@given(flows)
@settings(max_examples=100, deadline=None)
def test_a_right_follows_its_balance(flow: list[c.Command | Later]) -> None:
    market, _ = run(flow)
    units: dict[tuple[int, int], int] = {}
    for right in market.rights.live.values():
        key = (right.holder, right.instrument)
        units[key] = units.get(key, 0) + right.quantity
    for account, balance in zip(
        market.ledger.accounts, market.ledger.balances, strict=True
    ):
        key = (account.owner, account.asset)
        if account.asset in (*INSTRUMENTS, ACCEPTED) and account.owner != VENDOR:
            both = sum(market.ledger.balance(*key, pocket) for pocket in (0, 1))
            assert units.get(key, 0) == both, (account, balance)


@given(flows)
@settings(max_examples=100, deadline=None)
def test_prices_keep_to_ceilings_offers_and_one_trial(
    flow: list[c.Command | Later],
) -> None:
    market, _ = run(flow)
    assert all(
        trade.price <= CEILING
        for trade in market.trades_new
        if trade.instrument == INSTRUMENTS[2]
    )
    assert all(not t.price for t in market.trades_new if t.instrument == TRIAL)
    tried = [r.holder for r in market.rights.granted if r.instrument == TRIAL]
    assert len(tried) == len(set(tried))
    negotiated = [t for t in market.trades_new if t.origin == "negotiated"]
    taken = [offer for offer in market.offers.opened if offer.trade is not None]
    assert {(t.number, t.seller, t.buyer, t.price, t.quantity) for t in negotiated} == {
        (o.trade, o.vendor, o.member, o.price, o.quantity) for o in taken
    }
    assert all(offer.reason and offer.note.strip() for offer in market.offers.opened)


@given(flows)
@settings(max_examples=60, deadline=None)
def test_replayed_loaded_and_live_are_one_state(flow: list[c.Command | Later]) -> None:
    market, done = run(flow)
    again = Market()
    for seq, (command, at_us) in enumerate(done, start=1):
        kind, values = type(command).__name__, _json(command)
        with contextlib.suppress(Refusal):
            again.apply(c.decode(kind, values), seq, at_us)
    assert digest(again) == digest(market)
    with scratch() as db:
        write(db, drain(market))
        assert digest(load(db)) == digest(market)


def _json(command: c.Command) -> Any:
    """Return the command as the journal would give it back."""
    return json.loads(canonical(command))
