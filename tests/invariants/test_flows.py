"""Whatever members and staff do, in whatever order, no invariant breaks."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from marketplace.schema import metadata
from marketplace.trading import commands as c
from marketplace.trading.gateway import open_gateway
from marketplace.trading.market import Market
from settlement import store
from settlement.errors import Refusal
from settlement.invariants import violations

MEMBERS = (1, 2, 3, 4)
VENDORS = {1_000: 1, 1_001: 1, 1_002: 2}
STAFF = (901, 902, 903)
COMMANDS = 1_200


def opening() -> Iterator[c.Command]:
    """Yield what makes a market: verified members with money, three instruments."""
    for member in MEMBERS:
        yield c.SetStanding(901, member, verified=True)
        yield c.RequestPayin(member * 10, member, 1, 2_000_000, "start")
        yield c.ConfirmPayin(901, member)
    for number, vendor in VENDORS.items():
        yield c.ListInstrument(
            901, number, f"I{number}", vendor, 1, 1, 1, f'{{"n":{number}}}', (),
            2_000_000 if number == 1_002 else None, 2, number != 1_000,
        )  # fmt: skip


def line(dice: random.Random) -> c.Line:
    return c.Line(
        dice.choice(tuple(VENDORS)),
        dice.choice(("buy", "sell")),
        dice.choice((None, *range(45, 56), *range(45, 56))),
        dice.randint(1, 9),
        dice.choice(("GTC", "GTC", "GTC", "IOC", "FOK")),
        evergreen=dice.random() < 0.05,
        post_only=dice.random() < 0.1,
        purpose="analysis",
    )


def any_command(dice: random.Random, number: int) -> c.Command:
    """Return a command, most often an order; many of them will be refused."""
    member, staff = dice.choice(MEMBERS), dice.choice(STAFF)
    user, order = member * 10, dice.randint(max(1, number - 60), number + 1)
    small, instrument = dice.randint(1, 30), dice.choice(tuple(VENDORS))
    kind = dice.random()
    if kind < 0.8:
        return c.PlaceOrder(user, member, line(dice))
    if kind < 0.85:
        phase = dice.choice(("call", "continuous"))
        change = c.SetPhase(staff, instrument, phase, dice.choice((None, 50)))
        return dice.choice((change, c.Uncross(staff, instrument)))
    return dice.choice(
        (
            c.PlaceBasket(user, member, tuple(line(dice) for _ in range(4))),
            c.CancelOrder(user, member, order),
            c.ReduceOrder(user, member, order, dice.randint(1, 4)),
            c.ReplaceOrder(user, member, order, dice.randint(45, 55), small),
            c.CancelAll(user, member, instrument),
            c.RequestPayin(user, member, 1, small * 100, "more"),
            c.ConfirmPayin(staff, small),
            c.RejectPayin(staff, small),
            c.RequestPayout(user, member, 1, small, "bank"),
            c.ApprovePayout(staff, small),
            c.PayPayout(staff, small),
            c.FailPayout(staff, small),
            c.CancelPayout(user, member, small),
            c.GrantRight(staff, member, instrument, small, "trial"),
            c.SuspendRight(staff, small),
            c.RestoreRight(staff, small),
            c.RevokeRight(staff, order),
            c.Deliver(user, member, order, 1, "00", 1),
            c.SetStanding(staff, member, verified=False),
            *(c.SetStanding(staff, m, verified=True) for m in MEMBERS * 2),
            c.SuspendInstrument(staff, instrument),
            *(c.ResumeInstrument(staff, i) for i in VENDORS),
            c.ResumeInstrument(staff, instrument),
            c.PublishFees(staff, dice.randint(0, 400)),
            c.Tick(),
        )
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_order_of_events_breaks_an_invariant(tmp_path: Path, seed: int) -> None:
    url = f"sqlite:///{tmp_path / 'market.db'}"
    writes, reads = store.connect(url, write=True), store.connect(url)
    metadata.create_all(writes)
    gateway = open_gateway("inline:", writes, reads)
    dice, applied = random.Random(seed), 0
    for command in opening():
        gateway.submit(command)
    for number in range(COMMANDS):
        try:
            gateway.submit(any_command(dice, number // 2))
            applied += 1
        except Refusal:
            pass  # the journal has it
    gateway.close()
    with reads.connect() as db:
        assert list(violations(db)) == []
        trades = db.exec_driver_sql("SELECT COUNT(*) FROM trades").scalar()
        called = db.exec_driver_sql("SELECT SUM(quantity) FROM auctions").scalar()
    assert applied > COMMANDS // 3
    assert trades > COMMANDS // 40
    assert called > 0
    writes.dispose()
    reads.dispose()


def test_a_suspended_right_cannot_be_sold() -> None:
    market = Market()
    flow = [
        *opening(),
        c.GrantRight(901, 3, 1_001, 5, "trial"),
        c.SuspendRight(901, 1),
        c.PlaceOrder(40, 4, c.Line(1_001, "buy", 10, 5, purpose="analysis")),
    ]
    for seq, command in enumerate(flow, start=1):
        market.apply(command, seq, 0)
    with pytest.raises(Refusal):
        market.apply(c.PlaceOrder(30, 3, c.Line(1_001, "sell", 10, 5)), 99, 0)
