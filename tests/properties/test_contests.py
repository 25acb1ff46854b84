"""Properties of contests: to the best who pays, every deposit ends once."""

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.trading import commands as c
from settlement.errors import Refusal
from settlement.ledger import Pocket
from tests.properties.test_market import (
    INSTRUMENTS,
    LATER_US,
    MEMBERS,
    STAFF,
    VENDOR,
    opened,
)

competitions = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from((2, 3, 4)), st.integers(1, 90)),
    max_size=12,
)


@given(competitions, st.sampled_from(["ascending", "first", "second"]))
@settings(max_examples=150, deadline=None)
def test_a_contest_goes_to_the_best_who_pays_and_every_deposit_ends_once(
    wanted: list[tuple[int, int, int]], kind: str
) -> None:
    market, _ = opened()
    market.apply(c.SetStanding(STAFF, 4, verified=True), 90, 90)
    step = 1 if kind == "ascending" else 0
    close = c.OpenContest(
        1, VENDOR, INSTRUMENTS[0], kind, 3, 10, 20, step, LATER_US + 100, 0
    )
    market.apply(close, 91, 91)
    money = {m: market.ledger.balance(m, 1) for m in (VENDOR, *MEMBERS[1:], 4)}
    stands: dict[int, tuple[int, int]] = {}
    for seq, (_, who, price) in enumerate(wanted, start=92):
        with contextlib.suppress(Refusal):
            market.apply(c.BidInContest(who, who, 1, price, "analysis"), seq, seq)
            stands[who] = (-price, seq)
    contest = market.contests.live[1]
    market.apply(c.Tick(), 200, contest.closes_us)
    market.apply(c.Tick(), 201, contest.closes_us + 10**12)
    assert contest.state in ("sold", "failed")
    ranked = sorted((-p, s, m) for m, (p, s) in stands.items() if -p >= 20)
    ranked = [
        (price, m) for price, _, m in sorted(ranked, key=lambda one: (-one[0], one[1]))
    ][:2]
    paid = {m: b.state for m, b in contest.bidders.items()}
    for place, (price, m) in enumerate(ranked):
        due = price
        if kind == "second":
            rest = sorted(
                (
                    -p
                    for w, (p, _) in stands.items()
                    if w != m and (place == 0 or w != ranked[0][1])
                ),
                reverse=True,
            )
            due = max(20, *rest, 20)
        if money[m] >= due * 3:
            assert (contest.winner, contest.price) == (m, due)
            assert market.ledger.balance(m, 1) == money[m] - due * 3
            break
        assert paid[m] == "forfeited"
    else:
        assert contest.state == "failed"
    for m, state_now in paid.items():
        if state_now in ("returned", "excluded"):
            assert market.ledger.balance(m, 1) == money[m]
        assert market.ledger.balance(m, 1, Pocket.HELD) == 0
